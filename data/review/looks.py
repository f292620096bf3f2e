"""Looking at everything said of a frame: not while one reviews it, and whoever has looked is not asked about it."""

from __future__ import annotations

from data.errors import ReviewRefused
from data.people.permissions import Act, require
from data.store.opening import Store
from data.store.tables import FrameLook, Lease


def note_look(store: Store, person_id: int, frame_id: str) -> None:
    """Write down, once, that a person sees the proposals and reviews of a frame. Raises NotAllowed, and ReviewRefused
    while the frame is reserved for them."""
    with store.write() as session:
        require(session, person_id, Act.SEE_PROGRESS)
        lease = session.get(Lease, frame_id)
        if lease is not None and lease.person_id == person_id and lease.until_us > store.now_us(session):
            raise ReviewRefused(
                "You are reviewing this frame: decide on it first, or skip it, then look at it."
            )
        if session.get(FrameLook, (frame_id, person_id)) is None:
            look = FrameLook(frame_id=frame_id, person_id=person_id, looked_at_us=store.now_us(session))
            session.add(look)
