"""The audit trail."""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from data.store.tables.columns import enum_column, text_column, time_column
from data.vocabulary import TrailAct


class TrailEntry(SQLModel, table=True):
    """One act in the audit trail, chained to the entry before it. Appended only.

    `id` counts from 1 without a gap. `person_id` is None for somebody at the command line or not signed in;
    `subject` is what it was done to, such as `review:12`; `details` is canonical JSON. Where the act is a row of its
    own, `row_sha256` is the hash of that row.
    """

    __tablename__ = "trail_entry"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    act: TrailAct = enum_column(TrailAct)
    person_id: int | None = Field(default=None, foreign_key="person.id")
    subject: str = text_column()
    details: str = text_column()
    row_sha256: str | None = Field(default=None, max_length=64)
    at_us: int = time_column()
    previous_sha256: str = Field(unique=True, max_length=64)
    sha256: str = Field(unique=True, max_length=64)
