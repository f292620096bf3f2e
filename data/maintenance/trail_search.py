"""Use case: entries of the audit trail by who, what, on what and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from data.maintenance.trail_check import told_details
from data.people.permissions import Act, require
from data.store.opening import Store
from data.store.tables import Person, TrailEntry
from data.vocabulary import TrailAct

MOST = 500


@dataclass(frozen=True)
class Wanted:
    """Which entries. person: a name, "" for everybody, "-" for the command line and whoever was not signed in;
    with_seals: whether seals, which follow nearly every act, count without being asked for; subject: how it begins, as
    `person:ada`; before_id: those further back than this entry."""

    person: str = ""
    act: TrailAct | None = None
    with_seals: bool = False
    subject: str = ""
    since_us: int | None = None
    until_us: int | None = None
    before_id: int | None = None


@dataclass(frozen=True)
class Entry:
    """One entry, its details as canonical JSON."""

    id: int
    at_us: int
    who: str
    act: TrailAct
    subject: str
    details: str


def find_entries(store: Store, by: int | None, wanted: Wanted, *, n: int = 50) -> list[Entry]:
    """The latest n entries (at most MOST) that fit, newest first. by: None at the command line. Raises NotAllowed."""
    with store.read() as session:
        if by is not None:
            require(session, by, Act.READ_TRAIL)
        names = dict(session.exec(select(Person.id, Person.name)).all())
        query = select(TrailEntry).where(*_conditions(wanted, names))
        found = session.exec(query.order_by(col(TrailEntry.id).desc()).limit(min(n, MOST)))
        return [
            Entry(one.id, one.at_us, names.get(one.person_id, "-"), one.act, one.subject, told_details(one))
            for one in found
        ]


def _conditions(wanted: Wanted, names: dict[int | None, str]) -> list[Any]:
    conditions: list[Any] = []
    if wanted.person == "-":
        conditions.append(col(TrailEntry.person_id).is_(None))
    elif wanted.person:
        chosen = [key for key, name in names.items() if name == wanted.person]
        conditions.append(col(TrailEntry.person_id).in_(chosen))
    if wanted.act is not None:
        conditions.append(TrailEntry.act == wanted.act)
    elif not wanted.with_seals:
        conditions.append(TrailEntry.act != TrailAct.SEALED)
    if wanted.subject:
        conditions.append(col(TrailEntry.subject).startswith(wanted.subject, autoescape=True))
    if wanted.since_us is not None:
        conditions.append(TrailEntry.at_us >= wanted.since_us)
    if wanted.until_us is not None:
        conditions.append(TrailEntry.at_us < wanted.until_us)
    if wanted.before_id is not None:
        conditions.append(TrailEntry.id < wanted.before_id)
    return conditions
