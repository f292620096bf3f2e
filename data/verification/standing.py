"""Which reviews and adjudications of a frame count, and whose answers are paused.

A review stands until a later one supersedes it. That rule is here in three forms and nowhere else: for objects and
rows, for NumPy columns, and as a condition of a query.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from data.store.tables import (
    Adjudication,
    AdjudicationWithdrawal,
    AnswerPause,
    AnswerRelease,
    GoldFrame,
    Review,
)


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
    """The latest adjudication of each frame that has one which was not taken back."""
    query = select(Adjudication).where(not_withdrawn()).order_by(col(Adjudication.id))
    if frame_ids is not None:
        query = query.where(col(Adjudication.frame_id).in_(frame_ids))
    return {adjudication.frame_id: adjudication for adjudication in session.exec(query)}


def not_withdrawn() -> ColumnElement[bool]:
    """A condition of a query: the lead did not take this adjudication back."""
    return col(Adjudication.id).not_in(select(AdjudicationWithdrawal.adjudication_id))


def paused_people(session: Session) -> frozenset[int]:
    """Those whose answers verify nothing now, because a lead has paused them."""
    released = select(AnswerRelease.pause_id)
    return frozenset(session.exec(select(AnswerPause.person_id).where(col(AnswerPause.id).not_in(released))))


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


def standing_flags(ids: npt.NDArray[np.int64], supersedes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """(reviews,) as `standing`, for columns; `supersedes` is negative where a review supersedes none."""
    return ~np.isin(ids, supersedes[supersedes >= 0])


def is_standing() -> ColumnElement[bool]:
    """As `standing`, a condition of a query: no review in the whole store supersedes this one, nor takes one back."""
    superseded = select(Review.supersedes_id).where(col(Review.supersedes_id).is_not(None))
    return and_(col(Review.id).not_in(superseded), col(Review.is_taken_back).is_(None))
