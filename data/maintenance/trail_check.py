"""Is the audit trail what was written, and what do its latest entries say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Text, type_coerce
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from data.store import Store, tables
from data.store.tables import TrailEntry
from data.store.tables.columns import EnumText
from data.store.trail import ROW_ACTS, table_of
from data.store.trail_chain import (
    FIRST,
    Break,
    Link,
    chain_breaks,
    row_breaks,
    row_sha256,
    standing_breaks,
    standings,
)


@dataclass(frozen=True)
class TrailState:
    """What a verification found. `head` is the hash of the latest entry, which stands for all before it."""

    entries: int
    rows: int
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
            "head": self.head,
            "whole": self.is_whole,
            "breaks": broken,
        }


def verify_trail(session: Session, *, known_head: str | None = None) -> TrailState:
    """Check every entry against its hash and its predecessor, every act's row against its entry, and everybody's role
    against the acts that gave it.

    known_head: a head that an earlier verification printed; it must still stand in the chain.
    """
    connection = session.connection()
    heads: set[str] = set()
    vouched: dict[str, str] = {}
    doubled: list[Break] = []
    about_people: list[Link] = []
    count, head = 0, FIRST

    def entries() -> Iterator[tuple[Link, str]]:
        nonlocal count, head
        for link, stored in _links(connection):
            count, head = count + 1, stored
            heads.add(stored)
            if link.subject.startswith("person:"):
                about_people.append(link)
            if link.row_sha256 is not None:
                if link.subject in vouched:
                    doubled.append(Break(f"entry {link.id}", f"{link.subject} stands in the trail already"))
                vouched[link.subject] = link.row_sha256
            yield link, stored

    breaks = [*chain_breaks(entries()), *doubled]
    rows = dict(_rows(connection))
    breaks += row_breaks(vouched, rows)
    if not breaks:  # acts that are not what was written say nothing about people
        breaks += standing_breaks(standings(about_people), _people(connection))
    if known_head is not None and known_head not in heads:
        breaks.append(Break("the head", f"no entry has the hash {known_head[:64]}"))
    return TrailState(count, len(rows), head, breaks)


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
    for row in connection.execution_options(yield_per=2000).execute(
        select_columns(*raw).order_by(table.c.id)
    ):
        values = dict(row._mapping)
        stored = values.pop("sha256")
        yield Link(**values), stored


def _as_text(column: Any) -> Any:
    """An enum's column as the text that stands there: a changed byte may make it no member at all."""
    return type_coerce(column, Text).label(column.name)


def _rows(connection: Connection) -> Iterator[tuple[str, str]]:
    """Subject and hash of every row that is an act."""
    for kind in ROW_ACTS:
        table = table_of(kind)
        raw = [_as_text(one) if isinstance(one.type, EnumText) else one for one in table.columns]
        for row in connection.execution_options(yield_per=2000).execute(select_columns(*raw)):
            values = dict(row._mapping)
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
                "details": entry.details if entry.details != "{}" else "",
            }
            for entry in reversed(list(session.exec(query)))
        ]
