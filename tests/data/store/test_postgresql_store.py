from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel, select, text

import data.store.tables  # noqa: F401 - fills the metadata
from data.errors import StoreError, StoreUnavailable
from data.store.opening import Queue, Store, open_store, queue_for
from data.store.tables import Person
from data.vocabulary import PersonRole
from tests.postgresql import Cluster
from tests.schema import is_of_a_table


@pytest.fixture
def store(postgresql: Cluster) -> Iterator[Store]:
    url = postgresql.new_database()
    store = open_store(Path(), url=url)
    yield store
    store.close()
    postgresql.drop(url)


def a_person_named(name: str) -> Person:
    return Person(name=name, display_name=name, role=PersonRole.LEAD, created_at_us=1)


def test_the_migrations_make_exactly_the_tables_of_the_code(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": False, "include_name": is_of_a_table}
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_a_commit_is_on_the_disk_and_no_lock_is_waited_for_without_end(store: Store) -> None:
    with store.read() as session:
        ask = session.connection()
        settings = {
            name: ask.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("lock_timeout", "transaction_isolation")
        }
    assert settings == {"lock_timeout": "20s", "transaction_isolation": "repeatable read"}


def test_what_is_read_in_one_session_is_of_one_moment(store: Store) -> None:
    with store.read() as session:
        assert session.exec(select(Person.name)).all() == []
        with store.write() as other:
            other.add(a_person_named("ada"))
        assert session.exec(select(Person.name)).all() == []
    with store.read() as session:
        assert session.exec(select(Person.name)).all() == ["ada"]


def test_the_clock_is_the_servers_in_microseconds(store: Store) -> None:
    with store.read() as session:
        first, second = store.now_us(session), store.now_us(session)
    assert 0 <= second - first < 60_000_000
    assert 1_700_000_000_000_000 < first < 4_000_000_000_000_000


def test_many_processes_may_open_a_new_database_at_once(postgresql: Cluster) -> None:
    url = postgresql.bare_database()
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: open_store(Path(), url=url), range(4)))
    for store in opened:
        with store.read() as session:
            assert session.exec(select(Person)).all() == []
        store.close()
    postgresql.drop(url)


def test_work_on_the_whole_store_comes_one_after_another_and_lets_people_act(store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        with store.write(alone=True) as session:
            session.add(a_person_named("first"))
            session.flush()
            begun.set()
            go_on.wait(20)

    worker = threading.Thread(target=work)
    worker.start()
    begun.wait(20)
    with store.write() as session:
        session.add(a_person_named("meanwhile"))
    with store.read() as session:
        free = text("SELECT pg_try_advisory_xact_lock(:queue)")
        assert session.connection().execute(free, {"queue": int(Queue.WHOLE_STORE)}).scalar_one() is False
    go_on.set()
    worker.join()
    with store.write() as session:
        queue_for(session, Queue.WHOLE_STORE)
        assert sorted(session.exec(select(Person.name))) == ["first", "meanwhile"]


def test_a_server_that_is_gone_is_one_sentence_and_is_found_again(
    tmp_path: Path, postgresql: Cluster
) -> None:
    url = postgresql.new_database()
    store = open_store(tmp_path, url=url)
    with store.write() as session:
        session.add(a_person_named("ada"))
    name = url.partition("?")[0].rpartition("/")[2]
    # As a restart does: every connection is cut.
    postgresql.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    with store.read() as session:
        assert session.exec(select(Person.name)).all() == ["ada"]
    store.close()
    postgresql.drop(url)
    with pytest.raises(StoreUnavailable, match=r"The database is unavailable .*Nothing was saved"):
        _look(store)
    with pytest.raises(StoreError, match="cannot be opened") as caught:
        open_store(tmp_path, url=url)
    assert "\n" not in str(caught.value)


def test_a_server_that_takes_no_writes_is_one_sentence_and_can_still_be_read(
    tmp_path: Path, postgresql: Cluster
) -> None:
    url = postgresql.new_database()
    name = url.partition("?")[0].rpartition("/")[2]
    postgresql.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    store = open_store(tmp_path, url=url)
    with (
        pytest.raises(StoreUnavailable, match=r"in a read-only transaction\)\. Nothing was saved"),
        store.write() as session,
    ):
        session.add(a_person_named("ada"))
    _look(store)
    store.close()
    postgresql.drop(url)


def _look(store: Store) -> None:
    with store.read() as session:
        session.exec(select(Person)).all()


@pytest.mark.parametrize("url", ["mysql://x", "nonsense", "oracle://u:p@h/d", "postgres://u@h/d"])
def test_an_address_of_something_else_is_one_sentence_without_its_password(url: str) -> None:
    with pytest.raises(StoreError, match="does not begin a store's address") as caught:
        open_store(Path(), url=url)
    assert "u:p" not in str(caught.value)
