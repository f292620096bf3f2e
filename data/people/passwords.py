"""Passwords: kept as argon2id hashes, checked in a time that says nothing about who exists."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from data.errors import StoreError

MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 256


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _decoy_hash() -> str:
    return _hasher().hash(secrets.token_hex(16))


def random_password() -> str:
    """A password that can be read out and typed: four groups of four letters and digits, 80 bits."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))


def require_fit(password: str) -> None:
    """Raises StoreError for a password that is too short, or longer than the forms take."""
    if len(password) < MIN_PASSWORD_CHARS:
        raise StoreError(f"A password needs at least {MIN_PASSWORD_CHARS} characters.")
    if len(password) > MAX_PASSWORD_CHARS:
        raise StoreError(f"A password has at most {MAX_PASSWORD_CHARS} characters.")


def password_hash(password: str) -> str:
    """The hash that the store keeps. Raises StoreError as `require_fit` does."""
    require_fit(password)
    return _hasher().hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether a password belongs to a stored hash; takes the same time where there is none."""
    decoy = _decoy_hash()  # for everybody, so that making it slows down no particular one
    try:
        return _hasher().verify(stored or decoy, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
