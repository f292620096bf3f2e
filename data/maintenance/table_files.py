"""Use case: every table of the store as files for other tools: Parquet for pandas, CSV that spreadsheets do not run.

What opens the app stays here: passwords' hashes, sign-ins and the store's keys are in no file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Integer, Table
from sqlalchemy import select as select_columns
from sqlmodel import Session, SQLModel

from data.errors import StoreError
from data.hashing import canonical_json
from data.store.opening import Store
from data.text.csv_text import csv_text

KEPT_TABLES = ("secret", "sign_in", "sign_in_attempt")
KEPT_COLUMNS = {"person": ("password_hash",)}
ROWS_AT_ONCE = 10_000
Row = dict[str, Any]


@dataclass(frozen=True)
class WrittenTables:
    """What was written: rows by table."""

    folder: str
    rows: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def table_names() -> list[str]:
    """The tables that are given away, by name."""
    return sorted(name for name in SQLModel.metadata.tables if name not in KEPT_TABLES)


def rows_of(session: Session, name: str) -> Iterator[list[Row]]:
    """A table's rows in parts, by primary key. Enums are their values, nested values JSON, times microseconds.

    Raises StoreError for a table that there is not, or that is not given away.
    """
    table, columns = _table(name), _columns(name)
    query = select_columns(*columns).order_by(*table.primary_key)
    found = session.connection().execute(query.execution_options(yield_per=ROWS_AT_ONCE))
    for part in found.partitions():
        yield [
            {column.name: _plain(column, value) for column, value in zip(columns, row, strict=True)}
            for row in part
        ]


def write_parquet(store: Store, folder: Path) -> WrittenTables:
    """One NAME.parquet per table. Raises StoreError where the folder holds something or cannot be written."""
    _make(folder)
    rows = {}
    with store.read() as session:
        for name in table_names():
            schema = pa.schema([(column.name, _arrow_type(column)) for column in _columns(name)])
            with pq.ParquetWriter(folder / f"{name}.parquet", schema, compression="zstd") as writer:  # type: ignore[no-untyped-call]
                rows[name] = 0
                for part in rows_of(session, name):
                    writer.write_table(pa.Table.from_pylist(part, schema=schema))
                    rows[name] += len(part)
    return WrittenTables(str(folder), rows)


def write_csv(store: Store, folder: Path) -> WrittenTables:
    """One NAME.csv per table; text that a spreadsheet would run gets an apostrophe. Raises as `write_parquet`."""
    _make(folder)
    rows = {}
    with store.read() as session:
        for name in table_names():
            head = csv_text([{column.name: column.name for column in _columns(name)}]).splitlines()[0]
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                file.write(f"{head}\r\n")
                rows[name] = 0
                for part in rows_of(session, name):
                    file.write(csv_text(part).partition("\r\n")[2])
                    rows[name] += len(part)
    return WrittenTables(str(folder), rows)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        holds = next(folder.iterdir(), None)
    except OSError as error:
        raise StoreError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    if holds is not None:
        raise StoreError(f"{folder} holds {holds.name} already; tables go into an empty folder.")


def _table(name: str) -> Table:
    if name not in table_names():
        raise StoreError(f"There is no table called {name!r} to read; there are {', '.join(table_names())}.")
    return SQLModel.metadata.tables[name]


def _columns(name: str) -> list[Column[Any]]:
    return [column for column in _table(name).columns if column.name not in KEPT_COLUMNS.get(name, ())]


def _plain(column: Column[Any], value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return canonical_json(value) if isinstance(column.type, JSON) and value is not None else value


def _arrow_type(column: Column[Any]) -> pa.DataType:
    kinds = {Boolean: pa.bool_(), BigInteger: pa.int64(), Integer: pa.int64(), Float: pa.float64()}
    return next((kind for sql, kind in kinds.items() if isinstance(column.type, sql)), pa.string())
