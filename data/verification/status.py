"""Keeping every sampled frame's status in step with its reviews and adjudications."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, delete, select

from data.proposals.runs import proposals_for_review
from data.store.opening import Store
from data.store.tables import Adjudication, Frame, FrameStatus, SampledFrame, SecondLook
from data.verification.policy import AdjudicationFact, ReviewFact, Verification, VerificationPolicy, verify
from data.verification.standing import adjudications_by_frame, paused_people, reviews_by_frame
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
    sent_back, paused = _sent_back(session, adjudications, frame_ids), paused_people(session)
    results = []
    for row in ready:
        proposal = proposals.get(row.frame_id)
        result = verify(
            [ReviewFact.of(review, paused) for review in reviews.get(row.frame_id, [])],
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
    status.split, status.state = row.split, result.state
    status.level = result.level
    status.reviews_needed = result.reviews_needed
    return status


def _adjudication_fact(adjudication: Adjudication | None) -> AdjudicationFact | None:
    if adjudication is None:
        return None
    return AdjudicationFact(int(adjudication.id or 0), adjudication.level)
