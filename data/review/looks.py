"""Looking at everything said of a frame: not while one reviews it, and whoever has looked is not asked about it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from data.errors import ReviewRefused
from data.people.permissions import Act, require
from data.store.opening import Store
from data.store.tables import FrameLook, Lease
from data.vocabulary import Mode


def note_look(store: Store, person_id: int, frame_id: str) -> None:
    """Write down, once, that a person sees the proposals and reviews of a frame. Raises NotAllowed, and ReviewRefused
    while the frame is reserved for them."""
    with store.write() as session:
        require(session, person_id, Act.SEE_PROGRESS)
        if _reserved(session, store, person_id, [frame_id]):
            raise ReviewRefused(
                "You are reviewing this frame: decide on it first, or skip it, then look at it."
            )
        _write(session, store, person_id, [frame_id])


def note_looks(store: Store, person_id: int, frame_ids: Sequence[str]) -> set[str]:
    """As `note_look` for many frames at once; returns those that are reserved for the person, which they must not see.
    Raises NotAllowed."""
    with store.read() as session:
        if not (_reserved(session, store, person_id, frame_ids) or _new(session, person_id, frame_ids)):
            return set()
    with store.write() as session:
        require(session, person_id, Act.SEE_PROGRESS)
        reserved = _reserved(session, store, person_id, frame_ids)
        _write(session, store, person_id, [one for one in frame_ids if one not in reserved])
        return reserved


def require_own_answer(session: Session, person_id: int, frame_id: str) -> None:
    """Raises ReviewRefused where what the data set says of a frame would come before its person's own answer: while it
    is with them blind, or to be decided first and not yet decided."""
    lease = session.get(Lease, frame_id)
    if lease is None or lease.person_id != person_id:
        return
    if lease.mode is Mode.BLIND:
        raise ReviewRefused("This frame is judged blind: boxes and other cameras come after your answer.")
    if lease.mode is Mode.DECIDE_FIRST and lease.first_level is None:
        raise ReviewRefused("Choose your level first: boxes and other cameras come after it.")


def _reserved(session: Session, store: Store, person_id: int, frame_ids: Sequence[str]) -> set[str]:
    query = select(Lease.frame_id).where(
        Lease.person_id == person_id,
        col(Lease.until_us) > store.now_us(session),
        col(Lease.frame_id).in_(frame_ids),
    )
    return set(session.exec(query))


def _new(session: Session, person_id: int, frame_ids: Sequence[str]) -> list[str]:
    """Those that the person has not looked at."""
    known = select(FrameLook.frame_id).where(
        FrameLook.person_id == person_id, col(FrameLook.frame_id).in_(frame_ids)
    )
    seen = set(session.exec(known))
    return [one for one in frame_ids if one not in seen]


def _write(session: Session, store: Store, person_id: int, frame_ids: Sequence[str]) -> None:
    now_us = store.now_us(session)
    session.add_all(
        FrameLook(frame_id=one, person_id=person_id, looked_at_us=now_us)
        for one in _new(session, person_id, frame_ids)
    )
