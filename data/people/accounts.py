"""People: adding them, what they are, signing them in and out. Sign-ins are kept as hashes of a random secret that only
the browser has.

`by` names the administrator who acts in the app; None is somebody at the command line, who owns the store anyway.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Any

from sqlmodel import Session, col, delete, func, or_, select

from data.errors import NotAllowed, SignInRefused, StoreError
from data.hashing import signature
from data.people.passwords import matches, password_hash
from data.people.permissions import Act, require
from data.store.keys import serving_key
from data.store.opening import Queue, Store, queue_for
from data.store.tables import Lease, Person, SignIn, SignInAttempt
from data.store.trail import note_act
from data.vocabulary import PersonRole, TrailAct, storable_text

SIGN_IN_HOURS = 12
ATTEMPTS_PER_MINUTE = 5
STRANGERS_PER_MINUTE = 20
"""Failed attempts of names that nobody has, beyond which a minute's trail names no more."""
MAX_DISPLAY_CHARS = 120
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_HOUR_US = 3_600_000_000
_MINUTE_US = 60_000_000
_CLOCK_SLACK_US = 5 * _MINUTE_US
"""How far the clock may be set back before open sign-ins, which would then last longer, end."""


def add_person(
    store: Store,
    name: str,
    role: PersonRole,
    *,
    password: str | None,
    is_temporary: bool = False,
    display_name: str | None = None,
    by: int | None = None,
) -> Person:
    """Add someone who can sign in. Raises NotAllowed, and StoreError: the name is taken or unfit, the password too
    short.

    password: None for somebody who signs in through the identity provider alone, under a verified e-mail address.
    is_temporary: whether somebody else knows it, so that the person has to choose another one first.
    """
    if password is None and "@" not in name:
        raise StoreError(
            f"{name!r} could never sign in: without a password the name has to be the e-mail address that the "
            "identity provider verifies."
        )
    hashed = None if password is None else password_hash(password)
    return _add(store, name, role, display_name or name, hashed=hashed, is_temporary=is_temporary, by=by)


def add_scripted_reviewer(store: Store, name: str, role: PersonRole = PersonRole.ANNOTATOR) -> Person:
    """Add a scripted stand-in for a person; it is marked as such and can never sign in."""
    with store.read() as session:
        known = session.exec(select(Person).where(Person.name == name, col(Person.is_scripted))).first()
    return known or _add(store, name, role, name, hashed=None, is_scripted=True)


def _add(
    store: Store,
    name: str,
    role: PersonRole,
    display_name: str,
    *,
    hashed: str | None,
    is_temporary: bool = False,
    is_scripted: bool = False,
    by: int | None = None,
) -> Person:
    if not _NAME.fullmatch(name):
        raise StoreError(
            f"{name!r} cannot be a name: up to 64 of a-z, 0-9 and . _ @ + -, starting with a letter or digit."
        )
    if not 0 < len(display_name) <= MAX_DISPLAY_CHARS or display_name != storable_text(display_name):
        raise StoreError(f"A name to show has 1 to {MAX_DISPLAY_CHARS} characters, none of them NUL.")
    with store.write() as session:
        _require_manager(session, by)
        if session.exec(select(Person).where(Person.name == name)).first():
            raise StoreError(f"There is already somebody called {name}.")
        now_us = store.now_us(session)
        person = Person(
            name=name,
            display_name=display_name,
            role=role,
            password_hash=hashed,
            temporary_since_us=now_us if is_temporary and hashed else None,
            is_scripted=is_scripted,
            created_at_us=now_us,
        )
        session.add(person)
        session.flush()
        _note(session, TrailAct.ADDED_PERSON, person, by, role=role.value, scripted=person.is_scripted)
        return person


def set_password(
    store: Store, name: str, password: str, *, is_temporary: bool = False, by: int | None = None
) -> None:
    """Give somebody a new password and end their sign-ins. Raises NotAllowed, and StoreError for an unknown name.

    is_temporary: as for `add_person`.
    """
    hashed = password_hash(password)
    with store.write() as session:
        person = to_be_changed(session, name, by)
        now_us = store.now_us(session)
        person.password_hash = hashed
        person.temporary_since_us = now_us if is_temporary else None
        close_sign_ins(session, person, now_us)
        _note(session, TrailAct.SET_PASSWORD, person, by)


def change_role(store: Store, name: str, role: PersonRole, *, by: int | None = None) -> Person:
    """Make somebody something else from their next act on; who is that already stays so, and no act is noted. Raises
    NotAllowed, also for one's own role and for the last administrator, and StoreError for an unknown name."""
    with store.write() as session:
        person = to_be_changed(session, name, by)
        if person.role is role:
            return person
        if role is not PersonRole.ADMIN:
            _keep_an_administrator(session, person)
        _note(session, TrailAct.CHANGED_ROLE, person, by, before=person.role.value, after=role.value)
        person.role = role
        return person


def disable_person(store: Store, name: str, *, by: int | None = None) -> Person:
    """Disable an account: their sign-ins end, the frames they hold are free, what they wrote stays.

    Raises NotAllowed, also for oneself and for the last administrator, and StoreError for an unknown name.
    """
    with store.write() as session:
        person = to_be_changed(session, name, by)
        _keep_an_administrator(session, person)
        person.is_disabled = True
        close_sign_ins(session, person, store.now_us(session))
        for lease in session.exec(select(Lease).where(Lease.person_id == person.id).with_for_update()):
            session.delete(lease)
        _note(session, TrailAct.DISABLED_PERSON, person, by)
        return person


def enable_person(store: Store, name: str, *, by: int | None = None) -> Person:
    """Let somebody sign in again. Raises NotAllowed, and StoreError for an unknown name."""
    with store.write() as session:
        person = to_be_changed(session, name, by)
        person.is_disabled = False
        _note(session, TrailAct.ENABLED_PERSON, person, by)
        return person


def end_sign_ins(store: Store, name: str, *, by: int | None = None) -> int:
    """Sign somebody out everywhere; returns how many sign-ins were open. Raises as `enable_person` does."""
    with store.write() as session:
        person = to_be_changed(session, name, by)
        ended = close_sign_ins(session, person, store.now_us(session))
        _note(session, TrailAct.ENDED_SIGN_INS, person, by, ended=ended)
        return ended


def _require_manager(session: Session, by: int | None) -> None:
    if by is not None:
        require(session, by, Act.MANAGE_PEOPLE)


def to_be_changed(session: Session, name: str, by: int | None) -> Person:
    """Whoever is called so, held until the act ends; nobody changes themselves."""
    _hold_with_administrators(session, name)
    _require_manager(session, by)
    person = session.exec(select(Person).where(Person.name == name)).first()
    if person is None or person.is_scripted:
        raise StoreError(f"There is no account named {name}.")
    if person.id == by:
        raise NotAllowed(f"You are {name}; another administrator has to do this.")
    return person


def _hold_with_administrators(session: Session, name: str) -> None:
    """Whoever is called so, and everybody who could change them, in one order: two administrators who change each
    other wait, and neither is refused for a deadlock."""
    held = select(Person.id).where(or_(Person.name == name, Person.role == PersonRole.ADMIN))
    session.exec(held.order_by(col(Person.id)).with_for_update(key_share=True)).all()


def _keep_an_administrator(session: Session, person: Person) -> None:
    """Raises NotAllowed where nobody else could manage people. Whoever acts in the app is another administrator, so
    only the command line can come to this. All are held, so that two of these acts wait for each other."""
    if person.role is not PersonRole.ADMIN or person.is_disabled:
        return
    is_active = ~col(Person.is_disabled) & ~col(Person.is_scripted)
    query = select(Person.id).where(Person.role == PersonRole.ADMIN, is_active).order_by(col(Person.id))
    if list(session.exec(query)) == [person.id]:
        raise NotAllowed(f"{person.name} is the last administrator; add another one first.")


def close_sign_ins(session: Session, person: Person, now_us: int, *, but: int | None = None) -> int:
    """End somebody's open sign-ins, except the one with the id `but`; returns how many."""
    query = select(SignIn).where(
        SignIn.person_id == person.id, col(SignIn.ended_at_us).is_(None), col(SignIn.id).is_distinct_from(but)
    )
    open_ones = list(session.exec(query.where(SignIn.expires_at_us > now_us)))
    for opened in open_ones:
        opened.ended_at_us = now_us
    return len(open_ones)


def _note(session: Session, act: TrailAct, person: Person, by: int | None, **details: object) -> None:
    note_act(session, act, by=by, subject=f"person:{person.name}", details=details)


def list_people(store: Store) -> list[Person]:
    """Everybody, scripted reviewers included, by name."""
    with store.read() as session:
        return list(session.exec(select(Person).order_by(Person.name)))


def sign_in(store: Store, name: str, password: str) -> str:
    """Check a password and open a sign-in; returns the secret that the browser keeps.

    Raises SignInRefused, with the same sentence for a wrong name and a wrong password. The password is checked
    outside of any transaction: it is slow on purpose, and nobody else's act should wait for it.
    """
    name = storable_text(name)
    attempt_id = announced_attempt(store, name)
    with store.read() as session:
        person = session.exec(select(Person).where(Person.name == name)).first()
    is_right = matches(person.password_hash if person and not person.is_disabled else None, password)
    with store.write() as session:
        if person is not None and is_right and still_as_checked(session, person):
            session.exec(delete(SignInAttempt).where(col(SignInAttempt.id) == attempt_id))
            return open_sign_in(session, person, store.now_us(session))
        note_failed(session, person, store.now_us(session))
    raise SignInRefused("Name or password is wrong.")


def note_failed(session: Session, person: Person | None, now_us: int) -> None:
    """The trail names people only: what was typed as a name may have been a password. Of a stranger who tries names
    by the thousand it says so for the first ones of a minute; the trail is kept for ever."""
    if person is not None:
        note_act(session, TrailAct.SIGN_IN_FAILED, by=None, subject=f"person:{person.name}")
    elif _attempts(session, now_us) <= STRANGERS_PER_MINUTE:
        note_act(session, TrailAct.SIGN_IN_FAILED, by=None, subject="nobody by this name")


def announced_attempt(store: Store, name: str) -> int:
    """Count an attempt before its password is looked at, so that many at once are not more than one after another;
    returns its id. Raises SignInRefused: too many within the last minute."""
    with store.write() as session:
        queue_for(session, Queue.SIGN_IN)
        now_us = store.now_us(session)
        session.exec(delete(SignInAttempt).where(col(SignInAttempt.attempted_at_us) < now_us - 24 * _HOUR_US))
        typed = signature(serving_key(session), "attempt", name)
        _throttle(session, typed, now_us)
        attempt = SignInAttempt(name=typed, attempted_at_us=now_us)
        session.add(attempt)
        session.flush()
        return int(attempt.id or 0)


def still_as_checked(session: Session, person: Person) -> bool:
    """Whether a person, held from here until the act ends, still has the password that was checked."""
    now = session.get(Person, person.id, with_for_update={"key_share": True})
    return now is not None and not now.is_disabled and now.password_hash == person.password_hash


def open_sign_in(session: Session, person: Person, now_us: int, *, how: str = "password") -> str:
    """Open a sign-in for somebody whose identity is established; returns the secret that the browser keeps."""
    secret = secrets.token_urlsafe(32)
    is_limited = how == "password" and person.temporary_since_us is not None
    session.add(
        SignIn(
            secret_sha256=_sha256(secret),
            person_id=int(person.id or 0),
            created_at_us=now_us,
            expires_at_us=now_us + SIGN_IN_HOURS * _HOUR_US,
            is_for_password_change=True if is_limited else None,
        )
    )
    note_act(session, TrailAct.SIGNED_IN, by=person.id, subject=f"person:{person.name}", details={"how": how})
    return secret


def _throttle(session: Session, typed: str, now_us: int) -> None:
    """Attempts from the future, as after the clock was set back, count for nothing."""
    if _attempts(session, now_us, SignInAttempt.name == typed) >= ATTEMPTS_PER_MINUTE:
        raise SignInRefused("Too many attempts with this name; wait a minute and try again.")


def _attempts(session: Session, now_us: int, *which: Any) -> int:
    """How many attempts were made in the last minute."""
    recent = col(SignInAttempt.attempted_at_us).between(now_us - _MINUTE_US, now_us)
    return session.exec(select(func.count()).select_from(SignInAttempt).where(recent, *which)).one()


def person_signed_in(store: Store, secret: str | None) -> Person | None:
    """Who holds this secret now, if anybody: known, not expired, not ended, not disabled. Whoever has a temporary
    password is nobody here until they have chosen their own."""
    held = held_sign_in(store, secret)
    return held[0] if held is not None and not held[1].is_for_password_change else None


def held_sign_in(store: Store, secret: str | None) -> tuple[Person, SignIn] | None:
    """The open sign-in with this secret and its person, also one that serves to change the password alone."""
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
        left_us = opened.expires_at_us - store.now_us(session)
        is_open = opened.ended_at_us is None and 0 < left_us <= SIGN_IN_HOURS * _HOUR_US + _CLOCK_SLACK_US
        return (person, opened) if is_open and not person.is_disabled else None


def sign_out(store: Store, secret: str | None) -> None:
    """End a sign-in; nothing happens for an unknown secret."""
    if not secret:
        return
    with store.write() as session:
        opened = session.exec(select(SignIn).where(SignIn.secret_sha256 == _sha256(secret))).first()
        if opened is not None and opened.ended_at_us is None:
            opened.ended_at_us = store.now_us(session)
            by = opened.person_id
            note_act(session, TrailAct.SIGNED_OUT, by=by, subject=f"sign_in:{opened.id}")


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
