"""The store's keys: what signs picture addresses and Streamlit's cookies, and what opens the monitor."""

from __future__ import annotations

from sqlmodel import Session, delete

from data.store.opening import Store
from data.store.tables import Secret
from data.store.trail import note_act
from data.vocabulary import TrailAct


def rotate_keys(store: Store) -> None:
    """Forget every key; new ones are made as they are needed. The app and the monitor have to be started again."""
    with store.write() as session:
        forget_keys(session)
        note_act(session, TrailAct.ROTATED_KEYS, by=None, subject="store")


def forget_keys(session: Session) -> None:
    """Forget every key, in somebody else's act."""
    session.exec(delete(Secret))
