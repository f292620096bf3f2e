"""Pictures that people had erased."""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from data.store.tables.columns import enum_column, text_column, time_column
from data.vocabulary import ErasureKind


class Erasure(SQLModel, table=True):
    """Somebody had the pictures of a frame, a scene or a feed erased, and says why. Appended only.

    `subject_key`: the id of the frame or the scene, the feed's name. `frames`, `alerts`: how many lost their picture
    by this act; frames of the same picture and those that were generated of it count too.
    """

    id: int | None = Field(default=None, primary_key=True)
    kind: ErasureKind = enum_column(ErasureKind)
    subject_key: str = text_column()
    why: str = text_column()
    frames: int
    alerts: int
    person_id: int = Field(foreign_key="person.id", index=True)
    erased_at_us: int = time_column()
