"""Use case: settling a contested frame."""

from __future__ import annotations

from sqlmodel import Session, col, select

from data.errors import ReviewRefused
from data.people.permissions import Act, require
from data.review.blind_audits import follow_audit
from data.review.reviews import has_reviewed
from data.store.opening import Store
from data.store.tables import Adjudication, FrameStatus, Person, RandomShare
from data.verification.status import hold, refresh
from data.vocabulary import (
    Action,
    FromOutside,
    PersonRole,
    Reasoning,
    TriageLevel,
    VerificationState,
)


class Settlement(FromOutside):
    """A lead's answer on a contested frame. `reasoning` and `action` are None where a reviewer's words stand."""

    frame_id: str
    level: TriageLevel
    reasoning: Reasoning | None = None
    action: Action | None = None
    reason: Reasoning


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
        return row


def _measures_people(session: Session, status: FrameStatus) -> bool:
    """Whether it is a verified frame of the random share that no lead has settled: what people said of such frames is
    held against a level that does not follow from it."""
    if status.state is not VerificationState.VERIFIED or session.get(RandomShare, status.frame_id) is None:
        return False
    settled = select(Adjudication.id).where(Adjudication.frame_id == status.frame_id).limit(1)
    return session.exec(settled).first() is None


def other_leads(session: Session, person_id: int) -> list[Person]:
    """The leads beside this one who can sign in or, being scripted, settle frames."""
    query = select(Person).where(
        Person.role == PersonRole.LEAD, col(Person.is_disabled).is_(False), Person.id != person_id
    )
    return list(session.exec(query))
