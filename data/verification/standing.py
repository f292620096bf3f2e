"""Which reviews and adjudications of a frame count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import or_
from sqlmodel import Session, col, select

from data.store.tables import Adjudication, GoldFrame, Review
from data.verification.policy import ReviewFact


def reviews_by_frame(session: Session, frame_ids: Sequence[str] | None = None) -> dict[str, list[Review]]:
    """Every review of each frame, oldest first, superseded ones included, as far as it says something of it."""
    query = of_the_frame(select(Review)).order_by(col(Review.id))
    if frame_ids is not None:
        query = query.where(col(Review.frame_id).in_(frame_ids))
    grouped: dict[str, list[Review]] = defaultdict(list)
    for review in session.exec(query):
        grouped[review.frame_id].append(review)
    return grouped


def of_the_frame(query: Any) -> Any:
    """A query for reviews without those that say nothing of their frame: what was said after it became gold tests
    the person."""
    query = query.join(GoldFrame, col(GoldFrame.frame_id) == Review.frame_id, isouter=True)
    return query.where(
        or_(col(GoldFrame.made_at_us).is_(None), col(Review.reviewed_at_us) < GoldFrame.made_at_us)
    )


def adjudications_by_frame(
    session: Session, frame_ids: Sequence[str] | None = None
) -> dict[str, Adjudication]:
    """The latest adjudication of each frame that has one."""
    query = select(Adjudication).order_by(col(Adjudication.id))
    if frame_ids is not None:
        query = query.where(col(Adjudication.frame_id).in_(frame_ids))
    return {adjudication.frame_id: adjudication for adjudication in session.exec(query)}


class Supersedes(Protocol):
    """A review, or a row with these columns of one."""

    @property
    def id(self) -> int | None: ...
    @property
    def supersedes_id(self) -> int | None: ...


AnyReview = TypeVar("AnyReview", bound=Supersedes)


def standing(reviews: Iterable[AnyReview]) -> list[AnyReview]:
    """Those of the reviews that none of them supersedes, in their order."""
    every = list(reviews)
    superseded = {review.supersedes_id for review in every}
    return [review for review in every if review.id not in superseded]


def review_fact(review: Review) -> ReviewFact:
    """What verification needs to know of a stored review."""
    return ReviewFact(int(review.id or 0), review.person_id, review.level, review.mode, review.supersedes_id)
