"""What a person's own day looks like to that person: how many frames today and at what pace. Never anybody else's."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from sqlmodel import col, select

from data.store import Store
from data.tables import Review

_DAY_US, _MINUTE_US = 86_400_000_000, 60_000_000


@dataclass(frozen=True)
class OwnDay:
    """`reviewed`: frames first reviewed today. `median_s`: median seconds on screen over `timed` of them, None
    where none was timed."""

    reviewed: int
    median_s: float | None
    timed: int


def day_start_us(now_us: int, offset_min: int) -> int:
    """When the day began where the clock is offset_min ahead of UTC.

    >>> day_start_us(90_000_000_000, 60) == 82_800_000_000
    True
    """
    offset_us = max(-840, min(840, offset_min)) * _MINUTE_US
    return (now_us + offset_us) // _DAY_US * _DAY_US - offset_us


def own_day(store: Store, person_id: int, *, offset_min: int = 0) -> OwnDay:
    """Count a person's first reviews of frames since their midnight."""
    with store.read() as session:
        start_us = day_start_us(store.now_us(session), offset_min)
        query = select(Review.seconds_shown).where(
            Review.person_id == person_id,
            col(Review.reviewed_at_us) >= start_us,
            col(Review.supersedes_id).is_(None),
        )
        seconds = list(session.exec(query))
    timed = [one for one in seconds if one is not None]
    return OwnDay(len(seconds), median(timed) if timed else None, len(timed))
