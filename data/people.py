"""People: adding them, signing them in and out. Passwords are kept as argon2id hashes, sign-ins as hashes of
a random secret that only the browser has."""

from __future__ import annotations

import hashlib
import re
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Session, col, func, select

from data.errors import SignInRefused, StoreError
from data.store import Store
from data.tables import Person, SignIn, SignInAttempt
from data.vocabulary import PersonRole

SIGN_IN_HOURS = 12
ATTEMPTS_PER_MINUTE = 5
MIN_PASSWORD_CHARS = 10
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_HOUR_US = 3_600_000_000
_MINUTE_US = 60_000_000


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


def add_person(
    store: Store, name: str, role: PersonRole, *, password: str, display_name: str | None = None
) -> Person:
    """Add someone who can sign in. Raises StoreError: the name is taken or unfit, the password too short."""
    if len(password) < MIN_PASSWORD_CHARS:
        raise StoreError(f"A password needs at least {MIN_PASSWORD_CHARS} characters.")
    return _add(store, name, role, display_name or name, password_hash=_hasher().hash(password))


def add_scripted_reviewer(store: Store, name: str, role: PersonRole = PersonRole.ANNOTATOR) -> Person:
    """Add a scripted stand-in for a person; it is marked as such and can never sign in."""
    with store.read() as session:
        known = session.exec(select(Person).where(Person.name == name, col(Person.is_scripted))).first()
    return known or _add(store, name, role, name, password_hash=None)


def _add(
    store: Store, name: str, role: PersonRole, display_name: str, *, password_hash: str | None
) -> Person:
    if not _NAME.fullmatch(name):
        raise StoreError(
            f"{name!r} cannot be a name: up to 64 of a-z, 0-9 and . _ @ + -, starting with a letter or digit."
        )
    with store.write() as session:
        if session.exec(select(Person).where(Person.name == name)).first():
            raise StoreError(f"There is already somebody called {name}.")
        person = Person(
            name=name,
            display_name=display_name,
            role=role,
            password_hash=password_hash,
            is_scripted=password_hash is None,
            created_at_us=store.now_us(session),
        )
        session.add(person)
        return person


def set_password(store: Store, name: str, password: str) -> None:
    """Give somebody a new password and end their sign-ins. Raises StoreError for an unknown name."""
    if len(password) < MIN_PASSWORD_CHARS:
        raise StoreError(f"A password needs at least {MIN_PASSWORD_CHARS} characters.")
    with store.write() as session:
        person = session.exec(select(Person).where(Person.name == name)).first()
        if person is None or person.is_scripted:
            raise StoreError(f"Nobody who can sign in is called {name}.")
        person.password_hash = _hasher().hash(password)
        now_us = store.now_us(session)
        for sign_in in session.exec(select(SignIn).where(SignIn.person_id == person.id)):
            sign_in.ended_at_us = sign_in.ended_at_us or now_us


def list_people(store: Store) -> list[Person]:
    """Everybody, scripted reviewers included, by name."""
    with store.read() as session:
        return list(session.exec(select(Person).order_by(Person.name)))


def sign_in(store: Store, name: str, password: str) -> str:
    """Check a password and open a sign-in; returns the secret that the browser keeps.

    Raises SignInRefused, with the same sentence for a wrong name and a wrong password.
    """
    with store.write() as session:
        now_us = store.now_us(session)
        _throttle(session, name, now_us)
        person = session.exec(select(Person).where(Person.name == name)).first()
        if not _matches(person, password) or person is None:
            session.add(SignInAttempt(name=name[:64], attempted_at_us=now_us))
            session.commit()
            raise SignInRefused("The name or the password is not right.")
        return open_sign_in(session, person, now_us)


def open_sign_in(session: Session, person: Person, now_us: int, *, how: str = "password") -> str:
    """Open a sign-in for somebody whose identity is established; returns the secret that the browser keeps."""
    secret = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            secret_sha256=_sha256(secret),
            person_id=int(person.id or 0),
            created_at_us=now_us,
            expires_at_us=now_us + SIGN_IN_HOURS * _HOUR_US,
        )
    )
    return secret


def _throttle(session: Session, name: str, now_us: int) -> None:
    recent = session.exec(
        select(func.count())
        .select_from(SignInAttempt)
        .where(SignInAttempt.name == name[:64], col(SignInAttempt.attempted_at_us) > now_us - _MINUTE_US)
    ).one()
    if recent >= ATTEMPTS_PER_MINUTE:
        raise SignInRefused("Too many attempts with this name; wait a minute and try again.")


def _matches(person: Person | None, password: str) -> bool:
    """Whether the password is this person's; takes the same time when there is no such person."""
    known = person is not None and not person.is_disabled and person.password_hash is not None
    stored = person.password_hash if person and known else None
    try:
        return _hasher().verify(stored or _decoy_hash(), password) and known
    except (VerificationError, InvalidHashError):
        return False


def person_signed_in(store: Store, secret: str | None) -> Person | None:
    """Who holds this secret now, if anybody: known, not expired, not ended, not disabled."""
    if not secret:
        return None
    with store.read() as session:
        row = session.exec(
            select(Person, SignIn)
            .join(SignIn, col(SignIn.person_id) == Person.id)
            .where(SignIn.secret_sha256 == _sha256(secret))
        ).first()
        if row is None:
            return None
        person, opened = row
        is_open = opened.ended_at_us is None and opened.expires_at_us > store.now_us(session)
        return person if is_open and not person.is_disabled else None


def sign_out(store: Store, secret: str | None) -> None:
    """End a sign-in; nothing happens for an unknown secret."""
    if not secret:
        return
    with store.write() as session:
        opened = session.exec(select(SignIn).where(SignIn.secret_sha256 == _sha256(secret))).first()
        if opened is not None and opened.ended_at_us is None:
            opened.ended_at_us = store.now_us(session)


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
