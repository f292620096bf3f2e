"""What operators acknowledge, hand over and confirm."""

from __future__ import annotations

from typing import Any

from sqlmodel import Field, SQLModel

from data.store.tables.columns import json_column, text_column, time_column


class AlertAcknowledgement(SQLModel, table=True):
    """Somebody has seen that an alert ended without an answer. Appended only; `token` is made once per act, which may
    acknowledge several."""

    __tablename__ = "alert_acknowledgement"

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(max_length=64)
    alert_id: str = Field(foreign_key="alert.id", unique=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    note: str = text_column(default="")
    acknowledged_at_us: int = time_column()


class ShiftHandover(SQLModel, table=True):
    """What an operator leaves to the next: their words, and in `state` what was open then. Appended only."""

    __tablename__ = "shift_handover"

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True, max_length=64)
    person_id: int = Field(foreign_key="person.id", index=True)
    words: str = text_column(default="")
    state: dict[str, Any] = json_column()
    handed_over_at_us: int = time_column()


class HandoverConfirmation(SQLModel, table=True):
    """The next operator has read a handover. Appended only."""

    __tablename__ = "handover_confirmation"

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True, max_length=64)
    handover_id: int = Field(foreign_key="shift_handover.id", unique=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    confirmed_at_us: int = time_column()
