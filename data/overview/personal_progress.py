"""A person's own progress, shown to nobody else: frames reviewed today, pace, recent reviews."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from sqlmodel import col, func, select

from data.store.opening import Store
from data.store.tables import Frame, Review, Scene
from data.verification.standing import standing

_DAY_US, _MINUTE_US = 86_400_000_000, 60_000_000


@dataclass(frozen=True)
class ReviewsToday:
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


def reviews_today(store: Store, person_id: int, *, offset_min: int = 0) -> ReviewsToday:
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
    return ReviewsToday(len(seconds), median(timed) if timed else None, len(timed))


@dataclass(frozen=True)
class RecentReview:
    """One of a person's own recent reviews."""

    review: Review
    scene_name: str
    position: int


def recent_reviews(store: Store, person_id: int, *, n: int = 5) -> list[RecentReview]:
    """A person's latest standing reviews, newest first."""
    with store.read() as session:
        query = (
            select(Review, Frame, Scene)
            .join(Frame, col(Frame.id) == Review.frame_id)
            .join(Scene, col(Scene.id) == Frame.scene_id)
            .where(Review.person_id == person_id)
            .order_by(col(Review.id).desc())
            .limit(4 * n)
        )
        rows = session.exec(query).all()
    current = {review.id for review in standing(review for review, _, _ in rows)}
    recent = [row for row in rows if row[0].id in current][:n]
    return [RecentReview(review, scene.name, frame.position) for review, frame, scene in recent]


def frames_reviewed(store: Store, person_id: int) -> int:
    """How many frames a person has reviewed."""
    with store.read() as session:
        query = select(func.count(func.distinct(Review.frame_id))).where(Review.person_id == person_id)
        return int(session.exec(query).one())
