"""Which feed is asked about next. Pure: newest frame wins, bounded work under way, fair, raised feeds more often.

There is no queue. Each feed has one place for a frame that waits; a newer frame takes it, and the older one is
dropped and counted. A free request goes to the feed that has waited longest since it was last asked, its wait
counted double at SUPERVISION and fourfold at TELEOPERATION; a wait grows without end, so no feed starves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from data.vocabulary import TriageLevel

T = TypeVar("T")
URGENCY = {None: 2.0, TriageLevel.AUTONOMY: 1.0, TriageLevel.SUPERVISION: 2.0, TriageLevel.TELEOPERATION: 4.0}
"""By how much a feed's wait counts; None: nothing is known of it, which is no reason to look away."""


class NewestFrame(Generic[T]):
    """The one place where a feed's frame waits."""

    def __init__(self) -> None:
        self._waiting: T | None = None
        self.dropped = 0

    @property
    def is_waiting(self) -> bool:
        return self._waiting is not None

    def put(self, frame: T) -> T | None:
        """Let a frame wait; returns the older one that gave way, if any."""
        before, self._waiting = self._waiting, frame
        self.dropped += before is not None
        return before

    def take(self) -> T | None:
        """The frame that waits, which then no longer does."""
        frame, self._waiting = self._waiting, None
        return frame


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the choice needs to know of a feed. `last_asked_s` is minus infinity for one never asked about."""

    feed: str
    last_asked_s: float
    level: TriageLevel | None
    is_waiting: bool
    under_way: int


def next_feed(candidates: Iterable[Candidate], now_s: float, *, per_feed: int) -> str | None:
    """The feed to ask about next, None if none has both a frame waiting and a request to spare.

    >>> calm = Candidate("calm", 0.0, TriageLevel.AUTONOMY, is_waiting=True, under_way=0)
    >>> raised = Candidate("raised", 6.0, TriageLevel.TELEOPERATION, is_waiting=True, under_way=0)
    >>> next_feed([calm, raised], 7.0, per_feed=1), next_feed([calm, raised], 10.0, per_feed=1)
    ('calm', 'raised')
    """
    best, most = None, -1.0
    for one in candidates:
        if not one.is_waiting or one.under_way >= per_feed:
            continue
        wait = (now_s - one.last_asked_s) * URGENCY[one.level]
        if wait > most:
            best, most = one.feed, wait
    return best
