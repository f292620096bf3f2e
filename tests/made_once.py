"""What one test process makes once for all of its stores: compiled statements, and the schema that checks compare a
PostgreSQL store's own with, which takes all migrations each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, text

from data.maintenance import schema_check
from data.store import opening
from tests.statements import engine_with_shared_statements


@contextmanager
def made_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "create_engine", engine_with_shared_statements)
        patch.setattr(schema_check, "_postgresql_as_made", _kept(schema_check._postgresql_as_made))
        yield


def _kept(make: Callable[[Engine], schema_check.Schema]) -> Callable[[Engine], schema_check.Schema]:
    """One schema a server; a database that takes no writes still refuses to begin one."""
    made: dict[str, schema_check.Schema] = {}

    def as_made(engine: Engine) -> schema_check.Schema:
        server = str(engine.url.set(database=None))
        if server not in made:
            made[server] = make(engine)
            return made[server]
        with engine.connect() as connection, connection.begin() as begun:
            connection.execute(text(f"CREATE SCHEMA {schema_check._BESIDE}"))
            begun.rollback()
        return made[server]

    return as_made
