"""What leads and trainers put on frames to find them again: tags, named lists, and views."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from data.store.tables.columns import enum_column, text_column, time_column
from data.vocabulary import MarkKind


class FrameMark(SQLModel, table=True):
    """Somebody put a tag on a frame or the frame on a named list, or took it off (`is_set` False). Appended only; the
    latest of a frame, kind and name counts."""

    __tablename__ = "frame_mark"
    __table_args__ = (Index("ix_frame_mark_name", "kind", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    person_id: int = Field(foreign_key="person.id")
    kind: MarkKind = enum_column(MarkKind)
    name: str = Field(max_length=64)
    is_set: bool
    marked_at_us: int = time_column()


class SavedView(SQLModel, table=True):
    """A question about frames under a name, by its owner, or (`address` empty) forgotten. Appended only; the latest of
    an owner and name counts."""

    __tablename__ = "saved_view"

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    name: str = Field(max_length=64)
    address: str = text_column()
    saved_at_us: int = time_column()


class FrameStack(SQLModel, table=True):
    """A frame that looks like others of a standing vehicle, and the first of them; itself for that one. Made anew by
    every `embed`."""

    __tablename__ = "frame_stack"

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    first_id: str = Field(foreign_key="frame.id", index=True)
