"""Accounts, their sign-ins, and how each wants the review screen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from data.store.tables.columns import enum_column, json_column, text_column, time_column
from data.vocabulary import PersonRole


class Person(SQLModel, table=True):
    """Someone who signs in, or a scripted stand-in (`is_scripted`), which never can. `temporary_since_us`: when
    somebody else set the password; None once it is the person's own."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=64)
    display_name: str = Field(max_length=120)
    role: PersonRole = enum_column(PersonRole)
    password_hash: str | None = text_column(default=None)
    temporary_since_us: int | None = time_column(default=None)
    is_scripted: bool = False
    is_disabled: bool = False
    created_at_us: int = time_column()


class SignIn(SQLModel, table=True):
    """An open session of a person: the hash of the browser's secret, and when it ends. `is_for_password_change`: True
    where it serves for nothing else, else None."""

    __tablename__ = "sign_in"

    id: int | None = Field(default=None, primary_key=True)
    secret_sha256: str = Field(unique=True, max_length=64)
    person_id: int = Field(foreign_key="person.id", index=True)
    created_at_us: int = time_column()
    expires_at_us: int = time_column()
    ended_at_us: int | None = time_column(default=None)
    is_for_password_change: bool | None = None


class SignInAttempt(SQLModel, table=True):
    """A failed sign-in, kept for a day to throttle guessing. `name`: a keyed hash of what was typed, which may have
    been a password."""

    __tablename__ = "sign_in_attempt"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=64, index=True)
    attempted_at_us: int = time_column()


class ProviderIdentity(SQLModel, table=True):
    """Who an account is at the identity provider since it first signed in there: an address can pass to somebody else,
    a subject cannot."""

    __tablename__ = "provider_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    person_id: int = Field(foreign_key="person.id", primary_key=True)
    issuer: str = text_column()
    subject: str = text_column()
    linked_at_us: int = time_column()


class UsedProviderAnswer(SQLModel, table=True):
    """The hash of what a provider said, once it was exchanged for a sign-in: it serves for no other."""

    __tablename__ = "used_provider_answer"

    sha256: str = Field(primary_key=True, max_length=64)
    used_at_us: int = time_column()


class PersonSettings(SQLModel, table=True):
    """How one person wants the review screen; a preference, not an act, so it is overwritten."""

    __tablename__ = "person_settings"

    person_id: int = Field(foreign_key="person.id", primary_key=True)
    settings: dict[str, Any] = json_column(default_factory=dict)
    changed_at_us: int = time_column()
