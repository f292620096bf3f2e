"""The store's keys: what signs picture addresses and Streamlit's cookies, what opens the monitor, and what draws modes
and gold."""

from __future__ import annotations

import secrets

from sqlalchemy import text
from sqlmodel import Session, select

from data.store.opening import Store
from data.store.sealing import note_inserted
from data.store.tables import Secret
from data.store.trail import note_act
from data.vocabulary import TrailAct

SERVING = "serving"
"""Draws modes and gold. It opens nothing, and with another one a frame would be drawn a second mode: it stays."""


def serving_key(session: Session) -> bytes:
    """The key of the store's draws, made on first use; the session is an act's. Of several first users one makes it."""
    row = session.get(Secret, SERVING)
    if row is None:
        made = {"name": SERVING, "value": secrets.token_hex(32)}
        done = session.connection().execute(
            text("INSERT INTO secret (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING"), made
        )
        if done.rowcount:
            note_inserted(session, Secret, made)
        row = session.get_one(Secret, SERVING)
    return bytes.fromhex(row.value)


def draw_repeatably(store: Store) -> None:
    """Give a store a serving key that everybody knows, for demos and tests: all of their stores draw alike."""
    with store.write() as session:
        if session.get(Secret, SERVING) is None:
            session.add(Secret(name=SERVING, value="00" * 32))


def rotate_keys(store: Store) -> None:
    """Forget every key that opens something; new ones are made as they are needed. The app and the monitor have to be
    started again."""
    with store.write() as session:
        forget_keys(session)
        note_act(session, TrailAct.ROTATED_KEYS, by=None, subject="store")


def forget_keys(session: Session) -> None:
    """Forget every key that opens something, in somebody else's act."""
    for key in session.exec(select(Secret).where(Secret.name != SERVING)):
        session.delete(key)
