"""Copying a whole store into an empty one on any database, counts and hashes of every table compared.

A backup is such a copy in one SQLite file (`data.maintenance.backup`); moving to PostgreSQL is one too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Connection, Table, func, insert, text
from sqlalchemy import select as select_columns
from sqlmodel import SQLModel

import data.store.tables  # noqa: F401 - fills the metadata
from data.errors import StoreError
from data.store.opening import Store
from data.store.trail_chain import row_sha256

_BLOCK = 2000
_HASHES = 2**256
Progress = Callable[[int, int], None]
"""Called with (rows copied, rows in all)."""


@dataclass(frozen=True)
class TableState:
    """How many rows a table holds, and one hash of all of them, whatever their order."""

    rows: int
    sha256: str


def table_states(connection: Connection) -> dict[str, TableState]:
    """Every table of a store as it stands. Equal stores on different databases have equal states."""
    return {table.name: _state(connection, table) for table in _tables()}


def _state(connection: Connection, table: Table) -> TableState:
    count, total = 0, 0
    for row in _rows(connection, table):
        count, total = count + 1, (total + int(row_sha256(row), 16)) % _HASHES
    return TableState(count, f"{total:064x}")


def _tables() -> list[Table]:
    """All tables, those that others point at first."""
    return list(SQLModel.metadata.sorted_tables)


def _rows(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    query = select_columns(table).order_by(*table.primary_key.columns)
    for row in connection.execution_options(yield_per=_BLOCK).execute(query):
        yield dict(row._mapping)


def require_empty(store: Store) -> None:
    """Raises StoreError for a store that holds anything: what is there is never written over."""
    with store.read() as session:
        connection = session.connection()
        for table in _tables():
            if count := connection.execute(select_columns(func.count()).select_from(table)).scalar_one():
                where = store.engine.url.render_as_string()
                raise StoreError(
                    f"The store {where} is not empty: {table.name} has {count:,} rows. Name an empty one."
                )


def copy_rows(source: Connection, target: Store, progress: Progress | None = None) -> dict[str, TableState]:
    """Copy every row in one transaction, compare what arrived, and return it by table.

    source: a connection whose transaction sees one state of its store throughout. Raises StoreError: the target is
    not empty, or what arrived differs; the target is empty then.
    """
    require_empty(target)
    expected = table_states(source)
    done, total = 0, sum(state.rows for state in expected.values())
    with target.engine.execution_options(**_writing(target)).begin() as connection:
        for table in _tables():
            for block in _blocks(_rows(source, table)):
                _insert(connection, table, block)
                done += len(block)
                if progress is not None:
                    progress(done, total)
        if not target.is_sqlite:
            _go_on_counting(connection)
        arrived = table_states(connection)
        differing = [name for name, state in expected.items() if arrived[name] != state]
        if differing:
            raise StoreError(
                f"What arrived of {', '.join(differing)} is not what was read; nothing was kept."
            )
    return arrived


def _writing(store: Store) -> dict[str, Any]:
    return {"begin": "IMMEDIATE"} if store.is_sqlite else {}


def _blocks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    block: list[dict[str, Any]] = []
    for row in rows:
        block.append(row)
        if len(block) == _BLOCK:
            yield block
            block = []
    if block:
        yield block


def _insert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows as they were read. A JSON column without a value is NULL, not JSON's null."""
    json_columns = [column.name for column in table.columns if isinstance(column.type, JSON)]
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        given = {name: value for name, value in row.items() if value is not None or name not in json_columns}
        by_columns[tuple(given)].append(given)
    for alike in by_columns.values():
        connection.execute(insert(table), alike)


def _go_on_counting(connection: Connection) -> None:
    """Let PostgreSQL's counters go on behind the highest id of each table."""
    for table in _tables():
        key = next(iter(table.primary_key.columns))
        name = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": key.name}
        ).scalar_one()
        if name is not None:
            highest = connection.execute(select_columns(func.max(key))).scalar_one()
            sql = text("SELECT setval(CAST(:name AS regclass), :value, :used)")
            given = {"name": name, "value": highest or 1, "used": highest is not None}
            connection.execute(sql, given)
