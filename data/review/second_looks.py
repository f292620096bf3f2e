"""Use case: sending a verified frame back to a lead, because its level may be wrong. One appended row per act.

The frame is contested until it is adjudicated again, and so leaves every export meanwhile; an evaluation keeps its
level, marked. What a model said of it is not part of the act: whoever looks again decides on the picture.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError
from sqlmodel import Session, col, select

from data.errors import ReviewRefused
from data.people.permissions import Act, require
from data.store.opening import Store
from data.store.tables import FrameStatus, Person, SecondLook
from data.verification.standing import adjudications_by_frame
from data.verification.status import hold, refresh
from data.vocabulary import VerificationState, storable_text

_REASON: TypeAdapter[str] = TypeAdapter(
    Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=600)]
)


def send_back(store: Store, person_id: int, frame_id: str, reason: str) -> SecondLook:
    """Send a verified frame back. Raises NotAllowed, and ReviewRefused: no reason, or a frame not verified."""
    try:
        told = _REASON.validate_python(storable_text(reason))
    except ValidationError as error:
        raise ReviewRefused("Say in a few words why the frame should be looked at again.") from error
    with store.write() as session:
        require(session, person_id, Act.SEND_BACK)
        hold(session, frame_id)
        status = session.get(FrameStatus, frame_id)
        if status is None or status.state is not VerificationState.VERIFIED:
            raise ReviewRefused(
                f"Frame {frame_id} is not verified yet: it waits for reviews, so there is nothing to send back."
            )
        latest = adjudications_by_frame(session, [frame_id]).get(frame_id)
        look = SecondLook(
            frame_id=frame_id,
            person_id=person_id,
            reason=told,
            after_adjudication_id=int(latest.id or 0) if latest else 0,
            sent_back_at_us=store.now_us(session),
        )
        session.add(look)
        session.flush()
        refresh(session, [frame_id])
        return look


def standing_looks(session: Session, frame_id: str) -> list[tuple[str, str]]:
    """Who sent a frame back since it was last settled, by the name shown, and why; oldest first."""
    latest = adjudications_by_frame(session, [frame_id]).get(frame_id)
    query = (
        select(Person.display_name, SecondLook.reason)
        .join(Person, col(Person.id) == SecondLook.person_id)
        .where(
            SecondLook.frame_id == frame_id,
            SecondLook.after_adjudication_id >= (int(latest.id or 0) if latest else 0),
        )
    )
    return list(session.exec(query.order_by(col(SecondLook.id))))
