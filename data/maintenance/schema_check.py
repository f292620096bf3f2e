"""Is a store's schema the one that this version makes: tables, indexes, and the triggers that keep acts from being
changed. Whoever writes to the database could take those away, or add one that acts later."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from data.store.opening import migrated, open_store
from data.store.trail_chain import Break

Schema = Mapping[str, str]
"""What there is, such as "trigger review_no_update", and how it is defined."""
_BESIDE = "teletriage_as_made"
SCHEMA = "the schema"
postgresql_made: dict[tuple[int | str, ...], Schema] = {}
"""What the migrations make, by the version of the server, which words definitions in its own way."""


def schema_breaks(connection: Connection) -> Iterator[Break]:
    """What is missing, foreign or defined otherwise, in plain words.

    PostgreSQL makes the expected schema beside the store's own for a moment, once in a process, so a database that
    takes no writes then (a full disk, a replica, a role that may only read) is told of as not compared.
    """
    found = schema_of(connection)
    try:
        expected = _expected(connection)
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0].rstrip(".")
        yield Break(SCHEMA, f"was not compared, because the database takes no writes ({reason})")
        return
    for name in sorted({*found, *expected}):
        if name not in found:
            yield Break(name, "is missing")
        elif name not in expected:
            yield Break(name, "is none of ours")
        elif found[name] != expected[name]:
            yield Break(name, "is not as this version defines it")


def schema_of(connection: Connection) -> Schema:
    """Everything that a store's schema defines."""
    if connection.dialect.name == "sqlite":
        sql = "SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        return {name: " ".join(definition.split()) for name, definition in connection.execute(text(sql))}
    return {row.name: row.definition for row in connection.execute(text(_POSTGRESQL))}


def _expected(connection: Connection) -> Schema:
    if connection.dialect.name == "sqlite":
        return _sqlite_as_made()
    version = connection.dialect.server_version_info or ()
    if version not in postgresql_made:
        postgresql_made[version] = _postgresql_as_made(connection.engine)
    return postgresql_made[version]


@cache
def _sqlite_as_made() -> Schema:
    with tempfile.TemporaryDirectory(prefix="teletriage-schema-") as folder:
        store = open_store(Path(folder), create=True)
        with store.engine.connect() as connection:
            schema = schema_of(connection)
        store.close()
        return schema


def _postgresql_as_made(engine: Engine) -> Schema:
    """The schema that the migrations make beside the store's own, in a transaction that is taken back."""
    with engine.connect() as connection, connection.begin() as made:
        connection.execute(text(f"CREATE SCHEMA {_BESIDE}"))
        connection.execute(text(f"SET LOCAL search_path TO {_BESIDE}"))
        migrated(connection)
        schema = schema_of(connection)
        made.rollback()
        return schema


_POSTGRESQL = """
WITH here AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = current_schema())
SELECT 'trigger ' || tgname AS name,
       replace(pg_get_triggerdef(pg_trigger.oid), here.nspname || '.', '') || ' '
       || CAST(tgenabled AS text) AS definition
  FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN here ON here.oid = relnamespace
 WHERE NOT tgisinternal
UNION ALL
SELECT 'function ' || proname, replace(pg_get_functiondef(pg_proc.oid), here.nspname || '.', '')
  FROM pg_proc JOIN here ON here.oid = pronamespace
UNION ALL
SELECT 'rule ' || rulename, replace(pg_get_ruledef(pg_rewrite.oid), here.nspname || '.', '')
  FROM pg_rewrite JOIN pg_class ON pg_class.oid = ev_class JOIN here ON here.oid = relnamespace
UNION ALL
SELECT 'constraint ' || relname || '.' || conname,
       replace(pg_get_constraintdef(pg_constraint.oid), here.nspname || '.', '')
  FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid JOIN here ON here.oid = relnamespace
UNION ALL
SELECT 'column ' || relname || '.' || attname, format_type(atttypid, atttypmod) || ' ' || CAST(attnotnull AS text)
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN here ON here.oid = relnamespace
 WHERE attnum > 0 AND NOT attisdropped AND relkind = 'r'
"""
