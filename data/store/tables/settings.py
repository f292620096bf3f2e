"""What leads set for the whole store, and the keys that belong to it."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class Setting(SQLModel, table=True):
    """What leads set for the whole store."""

    name: str = Field(primary_key=True, max_length=32)
    value: float


class Secret(SQLModel, table=True):
    """A random key of this store, made when the store is made (signing image addresses)."""

    name: str = Field(primary_key=True, max_length=32)
    value: str = Field(max_length=128)
