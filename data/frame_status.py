"""Keeping every sampled frame's status in step with its reviews and adjudications."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import or_
from sqlmodel import Session, col, delete, select

from data.proposals import proposals_for_review
from data.store import Store
from data.tables import Adjudication, Frame, FrameStatus, GoldFrame, Review, SampledFrame, SecondLook
from data.verification import AdjudicationFact, ReviewFact, Verification, VerificationPolicy, verify
from data.vocabulary import Split

POLICY = VerificationPolicy()


def refresh_statuses(store: Store) -> int:
    """Derive the status of every frame that can be reviewed; returns how many there are.

    A training frame can be reviewed once the teacher has answered, be it with a failure; a held-out frame, and one
    that came back from a live feed, at once.
    A frame that was set aside since has no status any more; its reviews stay.
    """
    with store.write(alone=True) as session:
        return refresh(session, None)


def refresh(session: Session, frame_ids: Sequence[str] | None) -> int:
    """As `refresh_statuses`, inside the caller's act, for some frames or (None) for all."""
    results = derived(session, frame_ids)
    if frame_ids is None or len(results) < len(frame_ids):
        _drop_set_aside(session, frame_ids)
    known = _known(session, frame_ids)
    for row, result in results:
        session.add(_updated(known.get(row.frame_id), row, result))
    return len(results)


def derived(
    session: Session, frame_ids: Sequence[str] | None = None
) -> list[tuple[SampledFrame, Verification]]:
    """What the reviews and adjudications of every frame that can be reviewed add up to."""
    sampled = _sampled(session, frame_ids)
    proposals = proposals_for_review(session, frame_ids)
    reviews = reviews_by_frame(session, frame_ids)
    adjudications = adjudications_by_frame(session, frame_ids)
    ready = [row for row in sampled if row.split is Split.HELD_OUT or row.frame_id in proposals]
    sent_back = _sent_back(session, adjudications, frame_ids)
    results = []
    for row in ready:
        proposal = proposals.get(row.frame_id)
        result = verify(
            [review_fact(review) for review in reviews.get(row.frame_id, [])],
            proposed=proposal.level if proposal else None,
            split=row.split,
            adjudication=_adjudication_fact(adjudications.get(row.frame_id)),
            policy=POLICY,
            is_sent_back=row.frame_id in sent_back,
        )
        results.append((row, result))
    return results


def hold(session: Session, *frame_ids: str) -> None:
    """Let nobody else decide on these frames until the caller's act ends, so that its status follows from all.

    Does nothing on SQLite, where writers come one at a time anyway.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    query = select(FrameStatus.frame_id).where(col(FrameStatus.frame_id).in_(frame_ids))
    session.exec(query.order_by(FrameStatus.frame_id).with_for_update()).all()


def _sampled(session: Session, frame_ids: Sequence[str] | None) -> list[SampledFrame]:
    query = select(SampledFrame).join(Frame, col(Frame.id) == SampledFrame.frame_id)
    query = query.where(col(Frame.set_aside).is_(None))
    if frame_ids is not None:
        query = query.where(col(SampledFrame.frame_id).in_(frame_ids))
    return list(session.exec(query))


def _drop_set_aside(session: Session, frame_ids: Sequence[str] | None) -> None:
    aside = select(Frame.id).where(col(Frame.set_aside).is_not(None))
    if frame_ids is not None:  # a review must not look through every frame there is
        aside = aside.where(col(Frame.id).in_(frame_ids))
    session.exec(delete(FrameStatus).where(col(FrameStatus.frame_id).in_(aside)))


def _known(session: Session, frame_ids: Sequence[str] | None) -> dict[str, FrameStatus]:
    query = select(FrameStatus)
    if frame_ids is not None:
        query = query.where(col(FrameStatus.frame_id).in_(frame_ids))
    return {status.frame_id: status for status in session.exec(query)}


def _sent_back(
    session: Session, adjudications: dict[str, Adjudication], frame_ids: Sequence[str] | None
) -> set[str]:
    """Frames sent back that no later adjudication has settled."""
    query = select(SecondLook)
    if frame_ids is not None:
        query = query.where(col(SecondLook.frame_id).in_(frame_ids))
    settled = {frame_id: int(row.id or 0) for frame_id, row in adjudications.items()}
    return {
        look.frame_id
        for look in session.exec(query)
        if settled.get(look.frame_id, 0) <= look.after_adjudication_id
    }


def _updated(status: FrameStatus | None, row: SampledFrame, result: Verification) -> FrameStatus:
    if status is None:
        status = FrameStatus(
            frame_id=row.frame_id, split=row.split, state=result.state, reviews_needed=result.reviews_needed
        )
    status.state = result.state
    status.level = result.level
    status.reviews_needed = result.reviews_needed
    return status


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


def _adjudication_fact(adjudication: Adjudication | None) -> AdjudicationFact | None:
    if adjudication is None:
        return None
    return AdjudicationFact(int(adjudication.id or 0), adjudication.level)
