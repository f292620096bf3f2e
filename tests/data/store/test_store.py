from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event
from sqlmodel import SQLModel, select, text

import data.store.tables  # noqa: F401 - fills the metadata
from data.errors import StoreError, StoreUnavailable
from data.store.opening import STORE_FILE, Store, journal_mode, open_store
from data.store.tables import Person
from data.vocabulary import PersonRole
from tests.builders import an_empty_store
from tests.schema import is_of_a_table


def test_the_migrations_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": False, "include_name": is_of_a_table}
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    with store.write() as session:
        session.add(Person(name="ada", display_name="Ada", role=PersonRole.LEAD, created_at_us=1))
    store.close()
    with open_store(tmp_path).read() as session:
        person = session.exec(select(Person)).one()
    assert (person.name, person.role) == ("ada", PersonRole.LEAD)


def test_a_folder_without_a_store_is_no_workspace_and_stays_empty(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"is not a workspace: it has no store\.db"):
        open_store(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / STORE_FILE).write_text("this is not a database " * 100)
    with pytest.raises(StoreError, match="cannot be opened") as caught:
        open_store(tmp_path)
    assert "\n" not in str(caught.value)


def test_what_raises_inside_a_write_is_not_kept(tmp_path: Path) -> None:
    store = an_empty_store(tmp_path)
    with pytest.raises(RuntimeError):
        _write_and_fail(store)
    with store.read() as session:
        assert session.exec(select(Person)).first() is None


def test_a_commit_that_fails_leaves_no_lock_behind(tmp_path: Path) -> None:
    store = an_empty_store(tmp_path)
    impatient(store)
    with reading(tmp_path), pytest.raises(StoreUnavailable, match="database is locked"), store.write() as one:
        one.add(Person(name="ada", display_name="Ada", role=PersonRole.LEAD, created_at_us=1))
    with closing(sqlite3.connect(tmp_path / STORE_FILE, timeout=0.1)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM person").fetchone() == (0,)


def impatient(store: Store) -> None:
    """Let this store's connections give up waiting for a lock after a moment."""
    event.listen(
        store.engine, "checkout", lambda connection, *_: connection.execute("PRAGMA busy_timeout=50")
    )


@contextmanager
def reading(workspace: Path) -> Iterator[None]:
    """Somebody who reads for as long as the block lasts, so that nobody can commit (without WAL)."""
    if journal_mode() == "WAL":
        pytest.skip("readers hold nobody up in WAL")
    with closing(sqlite3.connect(workspace / STORE_FILE, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM person").fetchone()
        yield


def _write_and_fail(store: Store) -> None:
    with store.write() as session:
        session.add(Person(name="ada", display_name="Ada", role=PersonRole.LEAD, created_at_us=1))
        session.flush()
        raise RuntimeError


def test_every_connection_is_durable_and_checks_foreign_keys(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    with store.read() as session:
        settings = {
            name: session.connection().execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("synchronous", "foreign_keys", "journal_mode")
        }
    assert settings == {"synchronous": 2, "foreign_keys": 1, "journal_mode": journal_mode().lower()}


def test_the_journal_avoids_the_versions_that_can_corrupt() -> None:
    assert journal_mode((3, 51, 2)) == "TRUNCATE"
    assert journal_mode((3, 51, 3)) == "WAL"
    assert journal_mode() in ("WAL", "TRUNCATE")
    assert sqlite3.sqlite_version_info >= (3, 35)


def test_a_stores_secret_stays_the_same_and_differs_between_stores(tmp_path: Path) -> None:
    one, other = open_store(tmp_path / "a", create=True), open_store(tmp_path / "b", create=True)
    assert one.secret("images") == one.secret("images")
    assert len(one.secret("images")) == 32
    assert one.secret("images") not in (other.secret("images"), one.secret("other"))
