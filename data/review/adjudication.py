"""Use cases: settling a contested frame, and taking the last settlement back."""

from __future__ import annotations

from sqlmodel import Session, col, select

from data.errors import ReviewRefused
from data.people.permissions import Act, require
from data.review.blind_audits import follow_audit
from data.review.gold import gold_from
from data.review.reviews import has_reviewed
from data.store.opening import Store
from data.store.tables import (
    Adjudication,
    AdjudicationWithdrawal,
    AuditEnd,
    AuditFrame,
    FrameStatus,
    GoldFrame,
    Person,
    RandomShare,
)
from data.verification.standing import not_withdrawn
from data.verification.status import hold, refresh
from data.vocabulary import (
    Action,
    FromOutside,
    PersonRole,
    Reasoning,
    TriageLevel,
    VerificationState,
)

UNDO_S = 15 * 60
"""How long a settlement can be taken back: what others have made of it since is not undone."""


class Settlement(FromOutside):
    """A lead's answer on a contested frame. `reasoning` and `action` are None where a reviewer's words stand;
    `as_gold`: the frame tests people from then on."""

    frame_id: str
    level: TriageLevel
    reasoning: Reasoning | None = None
    action: Action | None = None
    reason: Reasoning
    as_gold: bool = False


def adjudicate(store: Store, person_id: int, settlement: Settlement) -> Adjudication:
    """Settle a contested frame, or one of the random share whatever people said of it. Raises NotAllowed, and
    ReviewRefused: the frame is neither, or this lead has reviewed it and another lead could settle it."""
    with store.write() as session:
        require(session, person_id, Act.ADJUDICATE)
        hold(session, settlement.frame_id)
        status = session.get(FrameStatus, settlement.frame_id)
        if status is None or not (
            status.state is VerificationState.CONTESTED or _measures_people(session, status)
        ):
            raise ReviewRefused("This frame is not contested, so there is nothing to settle.")
        if has_reviewed(session, person_id, settlement.frame_id) and other_leads(session, person_id):
            raise ReviewRefused("You have reviewed this frame, so another lead has to settle it.")
        row = Adjudication(
            frame_id=settlement.frame_id,
            person_id=person_id,
            level=settlement.level,
            reasoning=settlement.reasoning,
            action=settlement.action,
            reason=settlement.reason,
            adjudicated_at_us=store.now_us(session),
        )
        session.add(row)
        session.flush()
        refresh(session, [settlement.frame_id])
        follow_audit(session, settlement.frame_id, person_id, row.adjudicated_at_us)
        if settlement.as_gold:
            gold_from(session, row, person_id, row.adjudicated_at_us)
        return row


def _measures_people(session: Session, status: FrameStatus) -> bool:
    """Whether it is a verified frame of the random share that no lead has settled: what people said of such frames is
    held against a level that does not follow from it."""
    if status.state is not VerificationState.VERIFIED or session.get(RandomShare, status.frame_id) is None:
        return False
    settled = (
        select(Adjudication.id).where(Adjudication.frame_id == status.frame_id, not_withdrawn()).limit(1)
    )
    return session.exec(settled).first() is None


def other_leads(session: Session, person_id: int) -> list[Person]:
    """The leads beside this one who can sign in or, being scripted, settle frames."""
    query = select(Person).where(
        Person.role == PersonRole.LEAD, col(Person.is_disabled).is_(False), Person.id != person_id
    )
    return list(session.exec(query))


def take_back(store: Store, person_id: int, adjudication_id: int, *, within_s: float = UNDO_S) -> str:
    """Take the own last settlement back, and return its frame's id: the frame stands as if it had not been settled.

    Raises NotAllowed, and ReviewRefused: it is another lead's or too long ago, a later one was written, it is taken
    back already, the frame tests people by now, or the settlement ended a lot of an audit.
    """
    with store.write() as session:
        require(session, person_id, Act.ADJUDICATE)
        row = session.get(Adjudication, adjudication_id)
        if row is None or row.person_id != person_id:
            raise ReviewRefused("You can take back your own last settlement only.")
        hold(session, row.frame_id)
        _require_latest(session, row)
        if store.now_us(session) - row.adjudicated_at_us > 1e6 * within_s:
            raise ReviewRefused(
                f"This was settled more than {within_s / 60:g} minutes ago. Send the frame back to settle it anew."
            )
        if session.get(GoldFrame, row.frame_id) is not None:
            raise ReviewRefused("This frame is a hidden test now, so its settlement cannot be taken back.")
        if _ended_a_lot(session, row):
            raise ReviewRefused(
                "This settlement ended a lot of the audit, so it cannot be taken back. Send the frame back to settle "
                "it anew."
            )
        now_us = store.now_us(session)
        session.add(
            AdjudicationWithdrawal(
                adjudication_id=adjudication_id, person_id=person_id, withdrawn_at_us=now_us
            )
        )
        session.flush()
        refresh(session, [row.frame_id])
        return row.frame_id


def last_settlement(session: Session, person_id: int) -> Adjudication | None:
    """The latest settlement of a lead; None where there is none or it was taken back."""
    query = select(Adjudication).where(Adjudication.person_id == person_id)
    row = session.exec(query.order_by(col(Adjudication.id).desc()).limit(1)).first()
    if row is None or session.get(AdjudicationWithdrawal, row.id) is not None:
        return None
    return row


def _require_latest(session: Session, row: Adjudication) -> None:
    if session.get(AdjudicationWithdrawal, row.id) is not None:
        raise ReviewRefused("This settlement is taken back already.")
    of_frame = select(Adjudication.id).where(
        Adjudication.frame_id == row.frame_id, col(Adjudication.id) > row.id
    )
    by_lead = select(Adjudication.id).where(
        Adjudication.person_id == row.person_id, col(Adjudication.id) > row.id
    )
    if session.exec(of_frame.limit(1)).first() or session.exec(by_lead.limit(1)).first():
        raise ReviewRefused(
            "A later settlement was written, so this one cannot be taken back. Send the frame back."
        )


def _ended_a_lot(session: Session, row: Adjudication) -> bool:
    query = (
        select(AuditEnd.lot_id)
        .join(AuditFrame, col(AuditFrame.lot_id) == AuditEnd.lot_id)
        .where(AuditFrame.frame_id == row.frame_id, AuditEnd.ended_at_us >= row.adjudicated_at_us)
    )
    return session.exec(query.limit(1)).first() is not None
