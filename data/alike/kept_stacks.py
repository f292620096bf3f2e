"""The stacks that `embed` leaves in the store, so that a card and a grid look them up instead of comparing pictures."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import insert
from sqlmodel import Session, col, delete, select

from data.alike.more_like import stack_of_each
from data.alike.vectors import Vectors
from data.store.opening import Store
from data.store.tables import FrameStack

_AT_ONCE = 5_000


def keep_stacks(store: Store, vectors: Vectors) -> int:
    """Put the stacks of these vectors in place of those that were kept; returns how many there are."""
    with store.read() as session:
        first_of = stack_of_each(session, vectors)
    rows = [{"frame_id": frame_id, "first_id": first} for frame_id, first in first_of.items()]
    with store.write() as session:
        session.exec(delete(FrameStack))
        for start in range(0, len(rows), _AT_ONCE):
            session.connection().execute(insert(FrameStack), rows[start : start + _AT_ONCE])
    return len(set(first_of.values()))


def stacks_of(session: Session, frame_ids: Collection[str]) -> dict[str, list[str]]:
    """By frame that is in a stack: every frame of its stack, itself among them."""
    own = dict(
        session.exec(
            select(FrameStack.frame_id, FrameStack.first_id).where(col(FrameStack.frame_id).in_(frame_ids))
        ).all()
    )
    frames: dict[str, list[str]] = {first: [] for first in own.values()}
    query = select(FrameStack.frame_id, FrameStack.first_id).where(col(FrameStack.first_id).in_(list(frames)))
    for frame_id, first in session.exec(query.order_by(FrameStack.frame_id)):
        frames[first].append(frame_id)
    return {frame_id: frames[first] for frame_id, first in own.items()}
