"""The reviewed frames of the random share: the one sample of the training side that the review order leaves alone."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from data.proposals.runs import latest_run
from data.store.tables import Frame, FrameStatus, Proposal, RandomShare, Review
from data.verification.standing import is_standing, of_the_frame
from data.vocabulary import ModelRole, Split, TriageLevel


@dataclass(frozen=True)
class DrawnFrame:
    """A reviewed frame of the random share. `level`: the verified one, else (not `is_settled`) the highest that a
    standing review gives. `student`: what the latest student run said, None where it gave no level."""

    frame_id: str
    scene_id: str
    level: TriageLevel
    is_settled: bool
    student: TriageLevel | None


def reviewed_random_share(session: Session) -> list[DrawnFrame]:
    """Every frame of the random share that somebody has reviewed, by its place in the random order.

    Frames whose second review or adjudication is still open are in it with what was said: leaving them out would leave
    out TELEOPERATION before all.
    """
    said = _highest_level(session)
    student = latest_run(session, ModelRole.STUDENT)
    query = (
        select_columns(col(Frame.id), col(Frame.scene_id), col(FrameStatus.level), col(Proposal.level))
        .select_from(RandomShare)
        .join(Frame, col(Frame.id) == RandomShare.frame_id)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .join(
            Proposal,
            (col(Proposal.frame_id) == Frame.id) & (col(Proposal.run_id) == (student.id if student else "")),
            isouter=True,
        )
        .order_by(col(RandomShare.place))
    )
    rows = session.connection().execute(query).all()
    return [
        DrawnFrame(frame_id, scene_id, level or said[frame_id], level is not None, student_level)
        for frame_id, scene_id, level, student_level in rows
        if frame_id in said
    ]


def drawn_from(session: Session) -> int:
    """How many training frames the random share is drawn from: those that a camera took and that came from no feed."""
    share = select(RandomShare.frame_id)
    query = (
        select(func.count(col(FrameStatus.frame_id)))
        .join(Frame, col(Frame.id) == FrameStatus.frame_id)
        .where(FrameStatus.split == Split.TRAIN, col(Frame.generated_clip_id).is_(None))
    )
    return int(session.exec(query).one()) if session.exec(share.limit(1)).first() else 0


def _highest_level(session: Session) -> dict[str, TriageLevel]:
    query = (
        select_columns(col(Review.frame_id), col(Review.level))
        .join(RandomShare, col(RandomShare.frame_id) == Review.frame_id)
        .where(is_standing())
    )
    highest: dict[str, TriageLevel] = {}
    for frame_id, level in session.connection().execute(of_the_frame(query)).all():
        highest[frame_id] = max(level, highest.get(frame_id, level), key=lambda one: one.rank)
    return highest
