"""One feed while it is being watched: its newest frame, what is under way, its level, its alert."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from annotator.monitor.rules.attention import Candidate, NewestFrame
from annotator.monitor.rules.fail_safe import NEVER, Signs
from annotator.monitor.rules.levels import FeedLevel
from annotator.monitor.sources.picture import Look, Signature, is_still
from annotator.monitor.sources.recorded import Picture
from data.vlm.answer import Sample
from data.vocabulary import Assessment, FeedKind, ManualReason, TriageLevel


@dataclass(frozen=True, slots=True)
class Captured:
    """A picture with the time it came, on the monitor's steady clock. `number` counts the feed's pictures."""

    picture: Picture
    captured_s: float
    number: int


@dataclass(frozen=True, slots=True)
class Said:
    """The newest answer about a feed that could be used, and when it was asked for."""

    captured: Captured
    sample: Sample
    assessment: Assessment
    asked_s: float


@dataclass
class OpenAlert:
    """An alert that is on the console, or was answered and is kept until the feed calms.

    `level` is what raised it. `watchers`: who said that they are watching; `handled`: who took it over or said that
    nothing is needed.
    """

    id: str
    level: TriageLevel
    reason: str
    action: str
    image_sha256: str
    small: bytes
    captured_s: float
    raised_s: float
    changed_s: float
    raised_at_us: int
    watchers: list[str] = field(default_factory=list)
    handled: str | None = None

    @property
    def is_open(self) -> bool:
        return self.handled is None


@dataclass
class WatchedFeed:
    """All that the monitor knows of one feed."""

    name: str
    kind: FeedKind
    feed_id: int
    place: int
    signs: Signs
    slot: NewestFrame[Captured] = field(default_factory=NewestFrame)
    level: FeedLevel = field(default_factory=FeedLevel)
    manual: ManualReason | None = ManualReason.STARTING
    detail: str | None = None
    since_us: int = 0
    pictures: int = 0
    applied: int = 0
    broken: int = 0
    last_asked_s: float = NEVER
    accepted_s: float = NEVER
    under_way: dict[int, float] = field(default_factory=dict)
    is_looking: bool = False
    signature: Signature | None = None
    small: bytes = b""
    small_number: int = 0
    small_s: float = NEVER
    alert: OpenAlert | None = None
    said: Said | None = None
    boundary_s: float = NEVER

    @property
    def shown(self) -> TriageLevel | None:
        """The level on the console; None while the feed needs a person's eyes."""
        return None if self.manual else self.level.shown

    def candidate(self) -> Candidate:
        """What the choice of the next feed needs to know."""
        return Candidate(
            self.name, self.last_asked_s, self.level.shown, self.slot.is_waiting, len(self.under_way)
        )

    def looked(self, look: Look, captured: Captured) -> None:
        """Take in what a picture looks like."""
        self.is_looking = False
        signs = self.signs
        signs.is_black = look.is_black
        if is_still(self.signature, look.signature):
            signs.still_frames += 1
        else:
            signs.still_since_s, signs.still_frames = captured.captured_s, 1
        self.signature = look.signature
        if look.wall is not None:
            self.small, self.small_number, self.small_s = look.wall, captured.number, captured.captured_s


def sha256(content: bytes) -> str:
    """The hash under which a picture is kept."""
    return hashlib.sha256(content).hexdigest()
