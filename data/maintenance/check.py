"""Is a store whole? The file itself, rows that point at nothing, the audit trail; and what can be mended: statuses
that do not follow from what people said, leases that would never end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, ForeignKey, Select, exists, func, literal, text, union_all
from sqlalchemy import select as select_columns
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, col, delete, select

from data.maintenance.schema_check import schema_breaks
from data.maintenance.trail_check import TrailState, verify_trail
from data.store.opening import Store
from data.store.tables import FrameStatus, Lease
from data.store.trail_chain import Break
from data.text.phrases import counted
from data.verification.status import derived, refresh

FILE = "the database file"
STATUSES = "the statuses"
LONGEST_LEASE_US = 24 * 3_600_000_000


@dataclass(frozen=True)
class Examined:
    """What is not as it should be in a store, and its audit trail: None where the file itself is broken."""

    damages: list[Break]
    trail: TrailState | None


def examine(session: Session) -> Examined:
    """Look at the file, the schema, what rows point at and the audit trail with everything that it covers."""
    found = [*_file(session)]
    if found:
        return Examined(found, None)  # what follows could not be trusted, or not even be read
    trail = verify_trail(session)
    breaks = [*schema_breaks(session.connection()), *_orphans(session), *trail.breaks]
    return Examined(breaks, trail)


def damages(session: Session) -> list[Break]:
    """Everything that is not as it should be, in plain words; empty for a whole store."""
    return examine(session).damages


def _file(session: Session) -> Iterator[Break]:
    """What SQLite's own check says of the file; PostgreSQL checks its pages as it reads them, if told to."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        return
    try:
        lines = list(connection.execute(text("PRAGMA integrity_check")).scalars())
    except DBAPIError as error:
        lines = [str(error.orig)]
    for line in lines:
        if line != "ok":
            yield Break(FILE, str(line))


def _orphans(session: Session) -> Iterator[Break]:
    """Rows that point at a row that is not there."""
    for place, there, count in sorted(session.connection().execute(_pointing_nowhere())):
        if count:
            yield Break(place, f"{counted(count, 'row')} {'points' if count == 1 else 'point'} at no {there}")


@cache
def _pointing_nowhere() -> CompoundSelect[str, str, int]:
    """For each foreign key its column, the table that it points at, and the number of rows that point at nothing."""
    keys = (key for table in SQLModel.metadata.sorted_tables for key in table.foreign_keys)
    return union_all(*map(_counted, keys))


def _counted(key: ForeignKey) -> Select[str, str, int]:
    table, there = key.parent.table, key.column.table
    pointed_at = there.alias()
    is_known = exists().where(pointed_at.c[key.column.name] == key.parent)
    names = literal(f"{table.name}.{key.parent.name}"), literal(there.name)
    return select_columns(*names, func.count()).select_from(table).where(key.parent.is_not(None), ~is_known)


def stale_statuses(session: Session) -> list[str]:
    """Frames whose status is not what the reviews and adjudications add up to; deriving them anew mends it."""
    known = {row.frame_id: row for row in session.exec(select(FrameStatus))}
    results = derived(session)
    stale = set(known) - {row.frame_id for row, _ in results}
    for row, result in results:
        status = known.get(row.frame_id)
        said = (status.split, status.state, status.level, status.reviews_needed) if status else None
        if said != (row.split, result.state, result.level, result.reviews_needed):
            stale.add(row.frame_id)
    return sorted(stale)


def endless_leases(session: Session, now_us: int) -> list[str]:
    """Frames whose lease ends further in the future than any lease lasts, as after the clock was set back."""
    query = select(Lease.frame_id).where(col(Lease.until_us) > now_us + LONGEST_LEASE_US)
    return sorted(session.exec(query))


@dataclass(frozen=True)
class StoreState:
    """What a check found. `entries`: of the audit trail; what can be mended by frame."""

    entries: int
    head: str
    damages: list[Break]
    stale_statuses: list[str]
    endless_leases: list[str]

    def as_dict(self) -> dict[str, Any]:
        return {
            "entries": self.entries,
            "head": self.head,
            "damages": [{"where": one.where, "what": one.what} for one in self.damages],
            "stale_statuses": len(self.stale_statuses),
            "endless_leases": len(self.endless_leases),
        }


def check_store(store: Store, *, mend: bool = False) -> StoreState:
    """Look at everything once; with `mend`, derive the stale statuses anew and end the endless leases."""
    with store.read() as session:
        examined = examine(session)
        if examined.trail is None:
            return StoreState(0, "", examined.damages, [], [])
        found, trail = examined.damages, examined.trail
        try:
            stale, endless = stale_statuses(session), endless_leases(session, store.now_us(session))
        except (ValueError, LookupError, TypeError) as error:  # a row says what no value of ours is
            found, stale, endless = [*found, Break(STATUSES, f"cannot be derived: {error}")], [], []
    if mend and (stale or endless):
        with store.write(alone=True) as session:
            refresh(session, None)
            session.exec(delete(Lease).where(col(Lease.frame_id).in_(endless)))
    return StoreState(trail.entries, trail.head, found, stale, endless)
