"""Somebody who owns the database changes it at random past the app, and `check` has to say so each time.

Every table that carries judgement or what judgement rests on holds rows. A change is one of a random column of a random
row, a row taken away or a row put in, without triggers and foreign keys, which stand again afterwards. It is taken back
before the next one. Whoever checks kept the head of the trail from the day before.
"""

from __future__ import annotations

import random
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, Table, bindparam, text
from sqlalchemy import select as select_columns
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, select

from data.maintenance.check import stale_statuses
from data.maintenance.trail_check import verify_trail
from data.store.opening import Store
from data.store.sealing import LEFT_OUT, SEALED
from data.store.tables import FrameStatus, TrailEntry
from data.store.tables.columns import EnumText
from data.store.trail import ROW_ACTS, table_of
from data.verification.status import refresh_statuses
from tests.data.store.test_audit_trail import a_store_with_acts

STATUS_COLUMNS = ("split", "state", "level", "reviews_needed")
"""What a status says of a frame; the rest of it is its place in line."""
COVERED: tuple[type[SQLModel], ...] = (*ROW_ACTS, *SEALED, TrailEntry, FrameStatus)
_ROWS = 3


def fill_every_table(store: Store) -> None:
    """Put rows into the tables that have none, whatever they mean, through the app's own door."""
    for table in SQLModel.metadata.sorted_tables:
        kind = _kind(table)
        with store.write() as session:
            if kind in LEFT_OUT or kind is TrailEntry or session.exec(select(kind).limit(1)).first():
                continue
            named = _named_rows(session, table)
            for number in range(min([_ROWS, *(len(found) for found in named.values())])):
                session.add(kind(**_values(table, named, number)))
    refresh_statuses(store)


def _kind(table: Table) -> type[SQLModel]:
    every: tuple[type[SQLModel], ...] = (*COVERED, *LEFT_OUT)
    return next(kind for kind in every if table_of(kind) is table)


def _named_rows(session: Session, table: Table) -> dict[str, list[Any]]:
    """The first keys of the tables that this one points at, by its own column."""
    targets = {one.name: next(iter(one.foreign_keys)).column for one in table.columns if one.foreign_keys}
    return {
        name: list(session.connection().execute(select_columns(one).order_by(one).limit(_ROWS)).scalars())
        for name, one in targets.items()
    }


def _values(table: Table, named: dict[str, list[Any]], number: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in table.columns:
        if column.name in named:
            values[column.name] = named[column.name][number]
        elif not (column.primary_key and column.type.python_type is int and len(table.primary_key) == 1):
            values[column.name] = _value(column, number)
    return values


def _value(column: Any, number: int) -> Any:
    if isinstance(column.type, EnumText):
        return next(iter(column.type.kind or []))
    if isinstance(column.type, JSON):
        return {"a": 1.5, "b": [number, "ö"]}
    plain: dict[type, Any] = {int: number + 1, float: 0.25 + number, bool: True}
    return plain.get(column.type.python_type, f"{column.name}-{number}")


@dataclass
class Tampered:
    """How many changes were made, by table and kind, and those that nobody noticed."""

    made: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        made = {
            "changes": self.made.total(),
            "tables": len(self.made),
            "kinds": dict(sorted(self.kinds.items())),
        }
        return {**made, "unnoticed": len(self.missed), "missed": self.missed[:10]}


def tamper(store: Store, changes: int, *, seed: int = 0) -> Tampered:
    """Make so many random changes to a store that `fill_every_table` has filled, one after another."""
    chance, done = random.Random(seed), Tampered()
    with store.read() as session:
        head = verify_trail(session).head
    with store.engine.connect() as connection:
        while done.made.total() < changes:
            made = _changed(connection, chance)
            if made is not None:
                kind, table, what = made
                done.made[table] += 1
                done.kinds[kind] += 1
                if not _is_noticed(connection, head):
                    done.missed.append(f"{kind} {table}: {what}")
            connection.rollback()
    return done


def _is_noticed(connection: Connection, head: str) -> bool:
    with Session(connection) as session:
        trail = verify_trail(session)
        if trail.breaks or trail.head != head:
            return True
        try:
            return bool(stale_statuses(session))
        except (ValueError, LookupError, TypeError):  # a status that is none of ours
            return True


def _changed(connection: Connection, chance: random.Random) -> tuple[str, str, str] | None:
    """Make one change; None where the database or chance made it none."""
    table = table_of(chance.choice(COVERED))
    how = chance.choice(("update", "update", "delete", "insert"))
    rows = connection.execute(text(f"SELECT * FROM {table.name}")).mappings().all()
    row = dict(chance.choice(rows))
    with _without_guards(connection, table.name), suppress(DBAPIError):
        if how == "update":
            column = chance.choice(
                [one for one in row if table.name != "frame_status" or one in STATUS_COLUMNS]
            )
            return _update(connection, table, row, column, chance)
        if how == "delete":
            connection.execute(text(f"DELETE FROM {table.name} WHERE {_where(table)}"), _keys(table, row))
            return how, table.name, str(_keys(table, row))
        new = {
            name: _other(value, chance) if _is_unique(table, name) else value for name, value in row.items()
        }
        _execute(connection, table, f"INSERT INTO {table.name} ({_names(row)}) VALUES ({_places(row)})", new)
        return how, table.name, str(_keys(table, new))
    return None


def _update(
    connection: Connection, table: Table, row: dict[str, Any], column: str, chance: random.Random
) -> tuple[str, str, str] | None:
    """Give a column another value: another row's, a random one, or none."""
    new = _other(row[column], chance)
    if chance.random() < 0.3:
        found = connection.execute(text(f'SELECT "{column}" FROM {table.name}')).scalars().all()
        new = chance.choice(found)
    if new == row[column] and type(new) is type(row[column]):
        return None
    if (table.name, column) == ("watch", "seen_at_us"):
        return None  # a sign of life, rewritten each second
    sql = f'UPDATE {table.name} SET "{column}" = :{column} WHERE {_where(table)}'
    _execute(
        connection,
        table,
        sql,
        {**{f"key_{name}": value for name, value in _keys_of(table, row)}, column: new},
    )
    return "update", table.name, f"{column}: {row[column]!r} -> {new!r}"


def _execute(connection: Connection, table: Table, sql: str, values: dict[str, Any]) -> None:
    typed = text(sql)
    for name, value in values.items():
        is_json = name in table.columns and isinstance(table.columns[name].type, JSON)
        if is_json and not isinstance(value, str):
            typed = typed.bindparams(bindparam(name, type_=JSON()))
    connection.execute(typed, values)


def _where(table: Table) -> str:
    return " AND ".join(f'"{column.name}" = :key_{column.name}' for column in table.primary_key)


def _keys_of(table: Table, row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((column.name, row[column.name]) for column in table.primary_key)


def _keys(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {f"key_{name}": value for name, value in _keys_of(table, row)}


def _names(row: dict[str, Any]) -> str:
    return ", ".join(f'"{name}"' for name in row)


def _places(row: dict[str, Any]) -> str:
    return ", ".join(f":{name}" for name in row)


def _is_unique(table: Table, name: str) -> bool:
    return bool(table.columns[name].primary_key or table.columns[name].unique) or name.endswith("sha256")


def _other(value: Any, chance: random.Random) -> Any:
    """Another value of the same kind, sometimes none at all."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, float):
        (bits,) = struct.unpack("<q", struct.pack("<d", value))
        return struct.unpack("<d", struct.pack("<q", bits ^ (1 << chance.randrange(50))))[0]
    if isinstance(value, int):
        return value ^ (1 << chance.randrange(16))
    if isinstance(value, str) and value:
        at = chance.randrange(len(value))
        return value[:at] + chance.choice("abcXYZ019 ") + value[at + 1 :]
    if isinstance(value, dict | list):
        return [value]
    return chance.choice([1, 0.5]) if value is None else "x"


@contextmanager
def _without_guards(connection: Connection, table: str) -> Iterator[None]:
    """Take the triggers and foreign keys out of the way and put them back, as somebody would who knows of `check`."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield
        return
    connection.execute(text("PRAGMA defer_foreign_keys=ON"))
    sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"
    triggers = connection.execute(text(sql), {"table": table}).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, definition in triggers:
        connection.exec_driver_sql(definition)


def tampered(folder: Path, url: str | None, changes: int) -> dict[str, Any]:
    """A store of a few people's work that is tampered with: figures for `make soak`."""
    store = a_store_with_acts(folder, url=url)
    fill_every_table(store)
    figures = tamper(store, changes).figures()
    store.close()
    return figures
