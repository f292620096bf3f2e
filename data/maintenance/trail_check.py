"""Is the audit trail what was written, and what do its latest entries say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Text, type_coerce
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from data.hashing import canonical_json
from data.store import Store, tables
from data.store.row_products import Seal
from data.store.sealing import SEALED, raw_rows, seals_of
from data.store.tables import TrailEntry
from data.store.trail import ROW_ACTS, table_of
from data.store.trail_chain import (
    FIRST,
    Break,
    Link,
    chain_breaks,
    row_breaks,
    row_sha256,
    seal_breaks,
    standing_breaks,
    standings,
)
from data.vocabulary import TrailAct


@dataclass(frozen=True)
class TrailState:
    """What a verification found. `rows` are acts, `sealed_rows` what they rest on; `head` is the hash of the latest
    entry, which stands for all before it."""

    entries: int
    rows: int
    sealed_rows: int
    head: str
    breaks: list[Break]

    @property
    def is_whole(self) -> bool:
        return not self.breaks

    def as_dict(self) -> dict[str, object]:
        broken = [{"where": one.where, "what": one.what} for one in self.breaks]
        return {
            "entries": self.entries,
            "rows": self.rows,
            "sealed_rows": self.sealed_rows,
            "head": self.head,
            "whole": self.is_whole,
            "breaks": broken,
        }


@dataclass
class _Told:
    """What the entries say, gathered as they go by."""

    count: int = 0
    head: str = FIRST
    heads: set[str] = field(default_factory=set)
    vouched: dict[str, str] = field(default_factory=dict)
    seals: dict[str, Seal] = field(default_factory=dict)
    about_people: list[Link] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)

    def hear(self, link: Link, stored: str) -> None:
        self.count, self.head = self.count + 1, stored
        self.heads.add(stored)
        if link.subject.startswith("person:"):
            self.about_people.append(link)
        if link.act == TrailAct.SEALED.value:
            self._hear_seal(link)
        if link.row_sha256 is not None:
            if link.subject in self.vouched:
                self.breaks.append(Break(f"entry {link.id}", f"{link.subject} stands in the trail already"))
            self.vouched[link.subject] = link.row_sha256

    def _hear_seal(self, link: Link) -> None:
        try:
            seal = Seal.of_details(json.loads(link.details))
        except (ValueError, KeyError, TypeError):
            self.breaks.append(Break(f"entry {link.id}", "its seal cannot be read"))
            return
        self.seals.setdefault(link.subject, Seal()).take_in(seal)


def verify_trail(session: Session, *, known_head: str | None = None) -> TrailState:
    """Check every entry against its hash and its predecessor, every act's row against its entry, the rows that acts
    rest on against their seals, and everybody's role against the acts that gave it.

    known_head: a head that an earlier verification printed; it must still stand in the chain.
    """
    connection, told = session.connection(), _Told()

    def entries() -> Iterator[tuple[Link, str]]:
        for link, stored in _links(connection):
            told.hear(link, stored)
            yield link, stored

    breaks = [*chain_breaks(entries()), *told.breaks]
    rows = dict(_rows(connection))
    breaks += row_breaks(told.vouched, rows)
    if not breaks:  # acts that are not what was written say nothing about people
        breaks += standing_breaks(standings(told.about_people), _people(connection))
    found = {subject: seal for kind in SEALED for subject, seal in seals_of(connection, kind).items()}
    breaks += seal_breaks(told.seals, found)
    if known_head is not None and known_head not in told.heads:
        breaks.append(Break("the head", f"no entry has the hash {known_head[:64]}"))
    return TrailState(told.count, len(rows), sum(one.rows for one in found.values()), told.head, breaks)


def _people(connection: Connection) -> dict[str, tuple[str, bool]]:
    """Role and whether disabled of everybody, by subject."""
    table = table_of(tables.Person)
    rows = connection.execute(select_columns(table.c.name, _as_text(table.c.role), table.c.is_disabled))
    return {f"person:{name}": (role, bool(is_disabled)) for name, role, is_disabled in rows}


def _links(connection: Connection) -> Iterator[tuple[Link, str]]:
    table = table_of(TrailEntry)
    raw = [
        column.label(column.name) if column.name != "act" else _as_text(column) for column in table.columns
    ]
    query = select_columns(*raw).order_by(table.c.id)
    for row in connection.execute(query, execution_options={"yield_per": 2000}):
        values = {name: _readable(value) for name, value in row._mapping.items()}
        stored = values.pop("sha256")
        yield Link(**values), stored


def _readable(value: Any) -> Any:
    """The value, or the bytes that somebody put where none belong as text."""
    return repr(value) if isinstance(value, bytes) else value


def _as_text(column: Any) -> Any:
    """An enum's column as the text that stands there: a changed byte may make it no member at all."""
    return type_coerce(column, Text).label(column.name)


def _rows(connection: Connection) -> Iterator[tuple[str, str]]:
    """Subject and hash of every row that is an act."""
    for kind in ROW_ACTS:
        table = table_of(kind)
        for values in raw_rows(connection, table):
            keys = [str(values[column.name]) for column in table.primary_key]
            yield f"{table.name}:{':'.join(keys)}", row_sha256(values)


def latest_entries(store: Store, n: int) -> list[dict[str, str]]:
    """The last n entries, oldest first, each with its time (UTC), who, act, subject and details."""
    with store.read() as session:
        query = select(TrailEntry).order_by(col(TrailEntry.id).desc()).limit(n)
        names = {person.id: person.name for person in session.exec(select(tables.Person))}
        return [
            {
                "at": datetime.fromtimestamp(entry.at_us / 1e6, tz=UTC).isoformat(timespec="seconds"),
                "who": names.get(entry.person_id, "-"),
                "act": entry.act.value,
                "subject": entry.subject,
                "details": told_details(entry),
            }
            for entry in reversed(list(session.exec(query)))
        ]


def told_details(entry: TrailEntry) -> str:
    """An entry's details, without the long number of a seal."""
    details = json.loads(entry.details)
    if entry.act is TrailAct.SEALED:
        del details["product"]
    return canonical_json(details) if details else ""
