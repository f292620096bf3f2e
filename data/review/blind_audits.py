"""Use cases: auditing the frames that nobody has reviewed, in lots, purely at random and blind.

A lot is every unreviewed training frame for which less than TELEOPERATION was proposed, in a random order that is
drawn when the lot is opened. A miss ends the lot: the frames around it are reviewed first, and what is left is the
next lot. `eval.certificate.bound` says what a lot proves.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import case
from sqlmodel import Session, col, func, select

from data.errors import ReviewRefused
from data.people.permissions import Act, require
from data.proposals.runs import latest_run
from data.store.opening import Store
from data.store.tables import AuditFrame, AuditLot, Frame, FrameStatus, Proposal, Review
from data.vocabulary import ModelRole, Split, TriageLevel

NEIGHBOUR_REACH = 3
LIMIT = 0.01
LARGEST_LIMIT = 0.2


@dataclass(frozen=True)
class LotState:
    """Where a lot stands. `audited`: the frames of the random order, from its start, that people have judged;
    `missed`: those of them on which somebody said TELEOPERATION."""

    lot: AuditLot
    audited: list[str]
    missed: list[str]
    waiting: list[str]

    @property
    def is_spent(self) -> bool:
        return bool(self.missed)


def open_audit(store: Store, person_id: int, *, limit: float = LIMIT) -> AuditLot:
    """Begin to audit what is left unreviewed, against a miss rate of `limit`.

    Raises NotAllowed, and ReviewRefused: an audit is open already, nothing is left, the limit makes no sense.
    """
    if not 0 < limit <= LARGEST_LIMIT:
        raise ReviewRefused(
            f"The limit is a miss rate above 0 and up to {LARGEST_LIMIT:.0%}, not {limit:.1%}."
        )
    with store.write(alone=True) as session:
        require(session, person_id, Act.ADJUDICATE)
        state = lot_state(session)
        if state is not None and not state.is_spent and state.waiting:
            raise ReviewRefused("An audit is open already; it goes on until it certifies or finds a miss.")
        lot = _open(session, store.now_us(session), limit, "opened by a lead", person_id)
        if lot is None:
            raise ReviewRefused("Nothing is left to audit: every frame below TELEOPERATION has a review.")
        return lot


def renew_spent_lot(session: Session, now_us: int) -> AuditLot | None:
    """Open the next lot if a miss ended the latest one, inside the caller's act."""
    state = lot_state(session)
    if state is None or not state.is_spent:
        return None
    missed = session.get_one(Frame, state.missed[0])
    reason = f"a TELEOPERATION was missed on {missed.filename}"
    return _open(session, now_us, state.lot.limit, reason, None)


def _open(session: Session, now_us: int, limit: float, reason: str, person_id: int | None) -> AuditLot | None:
    frames = unreviewed_frames(session)
    near = _near_a_found_miss(session)
    left = sorted(frame_id for frame_id, at in frames.items() if at not in near)
    if not left:
        return None
    lot = AuditLot(opened_by_id=person_id, limit=limit, frames=len(left), reason=reason, opened_at_us=now_us)
    session.add(lot)
    session.flush()
    random.Random(f"audit|{lot.id}|{now_us}").shuffle(left)
    session.add_all(
        AuditFrame(lot_id=int(lot.id or 0), frame_id=frame_id, place=place)
        for place, frame_id in enumerate(left)
    )
    session.flush()
    return lot


def unreviewed_frames(session: Session) -> dict[str, tuple[str, int]]:
    """Scene and place of every real training frame that nobody has reviewed and that was proposed below
    TELEOPERATION."""
    teacher = latest_run(session, ModelRole.TEACHER)
    query = (
        select(Frame.id, Frame.scene_id, Frame.position)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .join(Proposal, col(Proposal.frame_id) == Frame.id)
        .where(
            Proposal.run_id == (teacher.id if teacher else ""),
            col(Proposal.level).in_([TriageLevel.AUTONOMY, TriageLevel.SUPERVISION]),
            FrameStatus.split == Split.TRAIN,
            col(Frame.generated_clip_id).is_(None),
            col(FrameStatus.reviews_needed) > 0,
            col(Frame.id).not_in(select(Review.frame_id)),
        )
    )
    return {frame_id: (scene_id, position) for frame_id, scene_id, position in session.exec(query)}


def _near_a_found_miss(session: Session) -> set[tuple[str, int]]:
    return {
        (scene_id, position + step)
        for scene_id, position in found_misses(session).values()
        for step in range(-NEIGHBOUR_REACH, NEIGHBOUR_REACH + 1)
    }


def found_misses(session: Session) -> Mapping[str, tuple[str, int]]:
    """Scene and place of every training frame on which a person said TELEOPERATION and the teacher less."""
    teacher = latest_run(session, ModelRole.TEACHER)
    query = (
        select(Frame.id, Frame.scene_id, Frame.position)
        .join(Review, col(Review.frame_id) == Frame.id)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .join(Proposal, col(Proposal.frame_id) == Frame.id)
        .where(
            Proposal.run_id == (teacher.id if teacher else ""),
            col(Proposal.level).in_([TriageLevel.AUTONOMY, TriageLevel.SUPERVISION]),
            Review.level == TriageLevel.TELEOPERATION,
            FrameStatus.split == Split.TRAIN,
        )
    )
    return {frame_id: (scene_id, position) for frame_id, scene_id, position in session.exec(query)}


def latest_lot(session: Session) -> AuditLot | None:
    return session.exec(select(AuditLot).order_by(col(AuditLot.id).desc()).limit(1)).first()


def lots(session: Session) -> list[AuditLot]:
    """Every lot ever opened, oldest first."""
    return list(session.exec(select(AuditLot).order_by(col(AuditLot.id))))


def lot_state(session: Session, lot: AuditLot | None = None) -> LotState | None:
    """Where a lot, by default the latest one, stands. None where no audit was ever opened."""
    lot = lot or latest_lot(session)
    if lot is None:
        return None
    query = select(AuditFrame.frame_id).where(AuditFrame.lot_id == lot.id).order_by(col(AuditFrame.place))
    order = list(session.exec(query))
    said = _said_since(session, lot)
    judged = next((place for place, frame_id in enumerate(order) if frame_id not in said), len(order))
    escalated = [frame_id for frame_id in order if said.get(frame_id)]
    return LotState(lot, order[:judged], escalated, [one for one in order[judged:] if one not in said])


def _said_since(session: Session, lot: AuditLot) -> dict[str, bool]:
    """Frames of the lot that were reviewed since it was opened, and whether anybody said TELEOPERATION."""
    is_miss = func.max(case((col(Review.level) == TriageLevel.TELEOPERATION, 1), else_=0))
    query = (
        select(Review.frame_id, is_miss)
        .join(AuditFrame, col(AuditFrame.frame_id) == Review.frame_id)
        .where(AuditFrame.lot_id == lot.id, Review.reviewed_at_us >= lot.opened_at_us)
        .group_by(col(Review.frame_id))
    )
    return {frame_id: bool(missed) for frame_id, missed in session.exec(query)}
