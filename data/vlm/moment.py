"""A question with time: which earlier pictures stand before a frame's own, and in which words the message times them.

Pure. Pictures are chosen by their times alone, so that a store, a folder and a live feed choose alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from data.errors import ProposalError

MOST_FRAMES = 8
SHORTEST_SPACING_S, LONGEST_SPACING_S = 0.1, 10.0
TOLERANCE_S = 0.25
"""How far from its time an earlier picture may be: half the distance of nuScenes' keyframes."""

Picture = TypeVar("Picture")


@dataclass(frozen=True)
class Earlier(Generic[Picture]):
    """A picture that was taken `before_s` seconds before the frame's own: a file, its address, or what it shows."""

    picture: Picture
    before_s: float


@dataclass(frozen=True)
class AskedFrame:
    """A frame to ask about: its picture, and earlier ones, oldest first."""

    frame_id: str
    image: Path
    earlier: tuple[Earlier[Path], ...] = ()


@dataclass(frozen=True)
class Lookback:
    """How far a question looks back: `frames` pictures in all, the frame's own among them, `spacing_s` apart.

    Raises ProposalError for a number of frames or a spacing that no question has.
    """

    frames: int = 1
    spacing_s: float = 0.5

    def __post_init__(self) -> None:
        if not 1 <= self.frames <= MOST_FRAMES:
            raise ProposalError(f"A question holds 1 to {MOST_FRAMES} frames, not {self.frames}.")
        if not SHORTEST_SPACING_S <= self.spacing_s <= LONGEST_SPACING_S:
            raise ProposalError(
                f"Frames of a question are {SHORTEST_SPACING_S:g} to {LONGEST_SPACING_S:g} seconds apart, not "
                f"{self.spacing_s:g}."
            )

    @property
    def due_s(self) -> tuple[float, ...]:
        """How long before the frame each earlier picture is due, the longest first."""
        return tuple(self.spacing_s * back for back in range(self.frames - 1, 0, -1))

    @property
    def words(self) -> str:
        """As people read it."""
        return "1 frame" if self.frames == 1 else f"{self.frames} frames {self.spacing_s:g} s apart"

    def as_dict(self) -> dict[str, Any]:
        """As part of a run's parameters: nothing for a single picture, so that such runs keep the ids they have."""
        return {} if self.frames == 1 else {"frames": self.frames, "spacing_s": self.spacing_s}

    @classmethod
    def of(cls, parameters: dict[str, Any]) -> Self:
        """The lookback that `as_dict` left among a run's parameters, or that a training's record names."""
        if parameters.get("frames", 1) == 1:
            return cls()
        return cls(parameters["frames"], parameters["spacing_s"])

    def choose(self, before_s: Sequence[float]) -> list[int]:
        """Places of the earlier pictures to show, the oldest first, of pictures taken so long before the frame.

        For each time that is due the nearest picture within the tolerance; a time without one has none.
        """
        chosen = [self._nearest(due, before_s) for due in self.due_s]
        return [place for place in chosen if place is not None]

    def missing_s(self, before_s: Sequence[float]) -> tuple[float, ...]:
        """The times that are due and have none of these pictures."""
        return tuple(due for due in self.due_s if self._nearest(due, before_s) is None)

    def shows(self, before_s: Sequence[float]) -> bool:
        """Whether a question may show exactly these earlier pictures, in this order."""
        return self.choose(before_s) == list(range(len(before_s)))

    def _nearest(self, due_s: float, before_s: Sequence[float]) -> int | None:
        places = [place for place, before in enumerate(before_s) if self._is_near(due_s, before)]
        return min(places, key=lambda place: abs(before_s[place] - due_s), default=None)

    def _is_near(self, due_s: float, before_s: float) -> bool:
        """Strictly within half a spacing, so that no picture is near two times."""
        distance = abs(before_s - due_s)
        return distance <= TOLERANCE_S and distance < self.spacing_s / 2


STILL = Lookback()
"""A single picture."""


@dataclass(frozen=True)
class Moment:
    """The times that a message names, in words: of earlier pictures, oldest first, and of those that are missing."""

    earlier: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @classmethod
    def of(cls, lookback: Lookback, before_s: Sequence[float] = ()) -> Self:
        """Of a question that shows earlier pictures taken so long before the frame."""
        return cls(_words(before_s), _words(lookback.missing_s(before_s)))


NOW = Moment()
"""A message that names no time."""


def _words(times_s: Sequence[float]) -> tuple[str, ...]:
    """Seconds as the message says them.

    >>> _words([1.04, 0.5])
    ('1.0 s before', '0.5 s before')
    """
    return tuple(f"{math.floor(seconds * 10 + 0.5) / 10:.1f} s before" for seconds in times_s)
