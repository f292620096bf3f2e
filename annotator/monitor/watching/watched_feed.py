"""One feed while it is being watched: its newest frame, what is under way, its level, its alert."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from annotator.monitor.rules.attention import Candidate, NewestFrame
from annotator.monitor.rules.fail_safe import NEVER, Signs
from annotator.monitor.rules.levels import FeedLevel
from annotator.monitor.rules.situation import NotNeeded
from annotator.monitor.sources.past import Past
from annotator.monitor.sources.picture import Look, Signature, is_still
from annotator.monitor.sources.recorded import Picture
from annotator.monitor.watching.news import News
from data.vlm.answer import Sample
from data.vocabulary import Assessment, FeedKind, ManualReason, Response, TriageLevel


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

    `level` is what raised it, or what an answer covers; `reasoning` the model's words, `reason` the brief ones.
    `watchers`: who said that they are watching; `handled`: who took it over or said that nothing is needed.
    `cause`: the same for alerts that are told in the same words.
    """

    id: str
    level: TriageLevel
    reasoning: str
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
    cause: str = ""
    not_needed: NotNeeded | None = None

    @property
    def is_open(self) -> bool:
        return self.handled is None

    def answer(self, response: Response, who: str, now_s: float, said_last: str) -> None:
        """Take in what an operator did. said_last: the model's newest words about the feed."""
        if response is Response.WATCHING:
            self.watchers = [*dict.fromkeys([*self.watchers, who])]
            return
        self.handled = who
        if response is Response.TAKEN_OVER:  # whatever comes now, somebody is there
            self.level = TriageLevel.TELEOPERATION
        else:
            self.not_needed = NotNeeded(self.level, (self.reasoning, said_last), now_s)


@dataclass(frozen=True, slots=True)
class Answered:
    """The last answer that ended an alert of a feed."""

    response: Response
    who: str
    at_s: float


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
    answered: Answered | None = None
    newest: Captured | None = None
    shown_news: News = field(default_factory=News)
    look_closely: Callable[[], None] = field(default=lambda: None)
    boundary_s: float = NEVER
    past: Past = field(default_factory=Past)

    @property
    def shown(self) -> TriageLevel | None:
        """The level on the console; None while the feed needs a person's eyes."""
        return None if self.manual else self.level.shown

    def candidate(self) -> Candidate:
        """What the choice of the next feed needs to know."""
        return Candidate(
            self.name, self.last_asked_s, self.level.shown, self.slot.is_waiting, len(self.under_way)
        )

    def shows(self, picture: Picture, now_s: float) -> None:
        """Hold the newest picture as it came, for whoever looks at this feed alone; most are not asked about."""
        self.shown_news.tell()
        self.newest = Captured(picture, now_s, self.shown_news.version)

    def came(self, picture: Picture, now_s: float) -> Captured:
        """Number a picture that is accepted."""
        self.accepted_s = self.signs.picture_s = now_s
        self.pictures += 1
        self.past.add(picture, now_s)
        return Captured(picture, now_s, self.pictures)

    def begin_request(self, number: int, now_s: float) -> None:
        """A request about the picture of this number is under way."""
        self.last_asked_s = self.under_way[number] = now_s
        self.signs.asked_s = min(self.under_way.values())

    def end_request(self, number: int) -> None:
        """It no longer is, however it ended."""
        del self.under_way[number]
        self.signs.asked_s = min(self.under_way.values(), default=None)

    def unreadable(self, captured: Captured, now_s: float, reason: str) -> None:
        """Take in that a picture cannot be decoded."""
        self.is_looking = False
        self.broken = captured.number
        self.signs.unreadable_s, self.detail = now_s, reason

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
        signs.looked_s = max(signs.looked_s, captured.captured_s)
        if look.wall is not None:
            self.small, self.small_number, self.small_s = look.wall, captured.number, captured.captured_s


def sha256(content: bytes) -> str:
    """The hash under which a picture is kept."""
    return hashlib.sha256(content).hexdigest()
