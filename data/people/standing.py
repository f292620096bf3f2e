"""Use case: how every account stands now: seen when, signed in where, refused how often, locked out or not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from data.hashing import signature
from data.people.accounts import ATTEMPTS_PER_MINUTE
from data.people.permissions import Act, require
from data.store.keys import serving_key
from data.store.opening import Store
from data.store.tables import Person, SignIn, SignInAttempt, TrailEntry
from data.vocabulary import TrailAct

_MINUTE_US = 60_000_000
_DAY_US = 24 * 60 * _MINUTE_US


@dataclass(frozen=True)
class Standing:
    """One account. last_seen_us: the person's last act or sign-in, None where there is none; failed_sign_ins: of the
    last 24 hours; is_locked_out: too many attempts within the last minute, so that not even the right password is
    looked at."""

    person: Person
    last_seen_us: int | None
    open_sign_ins: int
    failed_sign_ins: int
    is_locked_out: bool


def standings(store: Store, by: int) -> list[Standing]:
    """Everybody, scripted reviewers included, by name. Raises NotAllowed."""
    with store.read() as session:
        require(session, by, Act.MANAGE_PEOPLE)
        now_us = store.now_us(session)
        seen, opened = _last_seen(session), _open_sign_ins(session, now_us)
        failed, locked = _failed(session, now_us), _locked_out(session, now_us)
        return [
            Standing(
                person,
                seen.get(person.id),
                opened.get(person.id, 0),
                failed[f"person:{person.name}"],
                bool(locked) and signature(serving_key(session), "attempt", person.name) in locked,
            )
            for person in session.exec(select(Person).order_by(Person.name))
        ]


def _last_seen(session: Session) -> dict[int | None, int]:
    """Also of people who have only signed in before the trail began."""
    acts = select(TrailEntry.person_id, func.max(TrailEntry.at_us)).group_by(col(TrailEntry.person_id))
    opened = select(SignIn.person_id, func.max(SignIn.created_at_us)).group_by(col(SignIn.person_id))
    seen: dict[int | None, int] = dict(session.exec(acts).all())
    for person_id, at_us in session.exec(opened):
        seen[person_id] = max(at_us, seen.get(person_id, at_us))
    return seen


def _open_sign_ins(session: Session, now_us: int) -> dict[int | None, int]:
    query = select(SignIn.person_id, func.count()).where(
        col(SignIn.ended_at_us).is_(None), SignIn.expires_at_us > now_us
    )
    return dict(session.exec(query.group_by(col(SignIn.person_id))).all())


def _failed(session: Session, now_us: int) -> Counter[str]:
    query = select(TrailEntry.subject).where(
        TrailEntry.act == TrailAct.SIGN_IN_FAILED, TrailEntry.at_us > now_us - _DAY_US
    )
    return Counter(session.exec(query))


def _locked_out(session: Session, now_us: int) -> set[str]:
    """The keyed hashes of the names that take no attempt now."""
    recent = col(SignInAttempt.attempted_at_us).between(now_us - _MINUTE_US, now_us)
    query = select(SignInAttempt.name).where(recent).group_by(SignInAttempt.name)
    return set(session.exec(query.having(func.count() >= ATTEMPTS_PER_MINUTE)))
