"""Opening the store: one SQLite file in the workspace, or any SQLAlchemy address (PostgreSQL for teams).

Reading and writing are two doors. On SQLite a writer takes the lock when it begins (`BEGIN IMMEDIATE`), so that
two writers queue instead of failing half-way; within one process they queue fairly. On PostgreSQL writers run side
by side and lock the rows they decide on; work on the whole store asks to be alone among such work.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    InternalError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session, create_engine

from data.errors import StoreError, StoreUnavailable
from data.store.tables import Secret
from data.store.trail import keep_trail, write_noted
from data.text.addresses import to_copy

if TYPE_CHECKING:
    from alembic.config import Config

STORE_FILE = "store.db"
BUSY_TIMEOUT_MS = 20_000
WRITES = "is for an act"
"""Marks the sessions of acts: only they lock the rows that they read."""
_WAL_SAFE_SINCE = (3, 51, 3)


def place_of(store: Store) -> str:
    """Where a store is, for people: a workspace's folder, or the database without a password."""
    if store.is_sqlite:
        return str(Path(str(store.engine.url.database)).resolve().parent)
    return to_copy(store.engine.url.render_as_string(hide_password=True))


class Store:
    """An open store. Cheap to share between threads; every call takes its own session."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = threading.Lock()
        self.closed = threading.Event()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for questions, which all see one moment; nothing it does is kept. Raises StoreUnavailable."""
        options: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        bind = self.engine.execution_options(**options)
        with _told_plainly(), Session(bind, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self, *, alone: bool = False) -> Iterator[Session]:
        """A session for one act: committed as a whole when the block ends, rolled back if it raises. The audit
        trail's entries of the act are written with it. Raises StoreUnavailable: nothing of the act was saved.

        alone: this is work on the whole store (ranking, deriving all statuses), which would get into the way of
        other such work where writers run side by side; the acts of people go on meanwhile.
        """
        options = {"begin": "IMMEDIATE"} if self.is_sqlite else {}
        with _told_plainly(), self._writer if self.is_sqlite else _NO_LOCK:
            bind = self.engine.execution_options(**options)
            with Session(bind, expire_on_commit=False) as session:
                session.info[WRITES] = True
                keep_trail(session)
                try:
                    if alone:
                        queue_for(session, Queue.WHOLE_STORE)
                    yield session
                    session.flush()
                    write_noted(session, lambda: self._turn_in_trail(session))
                    session.commit()
                except BaseException:
                    session.rollback()  # a commit that fails leaves its locks behind otherwise
                    raise

    def _turn_in_trail(self, session: Session) -> int:
        """Wait to be the one who appends to the audit trail, at the very end of an act; returns the time then."""
        queue_for(session, Queue.TRAIL)
        return self.now_us(session)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def now_us(self, session: Session) -> int:
        """The store's clock: the database server's where there is one, else this machine's."""
        if self.is_sqlite:
            return time.time_ns() // 1000
        sql = text("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")
        return int(session.connection().execute(sql).scalar_one())

    def secret(self, name: str) -> bytes:
        """A random key that belongs to this store and never leaves it; made on first use."""
        with self.read() as session:
            row = session.get(Secret, name)
        if row is None:
            with self.write(alone=True) as session:
                row = session.get(Secret, name) or Secret(name=name, value=secrets.token_hex(32))
                session.add(row)
        return bytes.fromhex(row.value)

    def close(self) -> None:
        """End its connections, and what follows it in the background."""
        self.closed.set()
        self.engine.dispose()


@contextmanager
def _told_plainly() -> Iterator[None]:
    """What the database says of itself, as one sentence: disk full, locked, read-only, not there.

    PostgreSQL counts two of these as its internal errors: a server that takes no writes (a replica, or one that its
    provider made read-only because the disk is full), and a file that the system does not let grow.
    """
    try:
        yield
    except (OperationalError, InterfaceError, InternalError, PoolTimeoutError) as error:
        raise StoreUnavailable(
            f"The database is unavailable ({_reason(error)}). Nothing was saved; try again once it is back."
        ) from error


def _reason(error: Exception) -> str:
    """The database's own first line, without the name of the class that brought it."""
    return str(getattr(error, "orig", None) or error).splitlines()[0].rstrip(".")


class _NoLock:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


_NO_LOCK = _NoLock()


class Queue(IntEnum):
    """What PostgreSQL's writers queue for until their act ends; arbitrary numbers that nothing else uses."""

    WHOLE_STORE = 7_431_001
    MIGRATION = 7_431_002
    TRAIL = 7_431_003
    SIGN_IN = 7_431_004


def queue_for(session: Session | Connection, queue: Queue) -> None:
    """Wait for a turn that lasts until the act ends. Does nothing on SQLite, where every writer queues."""
    connection = session.connection() if isinstance(session, Session) else session
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:queue)"), {"queue": int(queue)})


def sqlite_url(file: Path) -> URL:
    """The address of a SQLite file. A path is no part of a URL: it may hold ?, % and spaces."""
    return URL.create("sqlite", database=str(file))


def open_store(workspace: Path, *, url: str | URL | None = None, create: bool = False) -> Store:
    """Open the workspace's store and bring its schema up to date.

    url: an SQLAlchemy address instead of the workspace's SQLite file.
    create: make the workspace if there is none; otherwise that is a StoreError.
    """
    if url is None:
        if not create and not (workspace / STORE_FILE).is_file():
            raise StoreError(
                f"{workspace} is not a workspace: it has no {STORE_FILE}. "
                "Start one with `teletriage ingest`, or name another with --workspace."
            )
        make_workspace(workspace)
        url = sqlite_url(workspace / STORE_FILE)
    engine = _engine(url)
    try:
        _migrate(engine)
    except (DBAPIError, sqlite3.Error) as error:
        raise StoreError(
            f"The store {engine.url.render_as_string()} cannot be opened: {_reason(error)}."
        ) from error
    return Store(engine)


def open_read_only(workspace: Path | None = None, *, url: str | URL | None = None) -> Store:
    """The store as `open_store` finds it, for looking only: the database itself refuses every change.

    Raises StoreError: there is none, it cannot be opened, or another version of the code wrote it.
    """
    if url is None:
        if workspace is None or not (workspace / STORE_FILE).is_file():
            raise StoreError(f"{workspace} is not a workspace: it has no {STORE_FILE}.")
        url = sqlite_url(workspace / STORE_FILE)
    engine = _engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _only_read_sqlite)
    else:
        engine = engine.execution_options(postgresql_readonly=True)
    try:
        is_current = _is_current(engine)
    except (DBAPIError, sqlite3.Error) as error:
        raise StoreError(
            f"The store {engine.url.render_as_string()} cannot be opened: {_reason(error)}."
        ) from error
    if not is_current:
        raise StoreError(
            f"The store {engine.url.render_as_string()} was written by another version; any `teletriage` command "
            "brings it up to date."
        )
    return Store(engine)


def _only_read_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA query_only=ON")


def _make_private(file: Path) -> None:
    """A new store's file is its owner's alone; SQLite gives its journals the same mode."""
    if not file.exists() and file.parent.is_dir():
        file.touch(mode=0o600)


def make_workspace(workspace: Path) -> None:
    """A new workspace is its owner's alone: it holds the keys of the app and everybody's pictures."""
    try:
        workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(f"The workspace {workspace} cannot be made: {error.strerror}.") from error


def _engine(url: str | URL) -> Engine:
    if isinstance(url, str) and not url.startswith("sqlite"):
        return _postgresql_engine(url)
    engine = create_engine(url, connect_args={"check_same_thread": False})
    if engine.url.database not in {None, "", ":memory:"}:
        _make_private(Path(str(engine.url.database)))
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql_engine(url: str) -> Engine:
    """Connections are tried before use, so that a restarted server is found again; no lock is waited for longer
    than on SQLite."""
    try:
        address = make_url(url)
        if address.get_backend_name() != "postgresql":
            raise NoSuchModuleError(address.drivername)
        return create_engine(
            address.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=10,
            max_overflow=20,
            connect_args={"connect_timeout": 10, "options": f"-c lock_timeout={BUSY_TIMEOUT_MS}"},
        )
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError(
            f"{url.partition(':')[0]!r} does not begin a store's address: it is like "
            "postgresql://user@host/database or sqlite:////folder/store.db."
        ) from error
    except ModuleNotFoundError as error:
        raise StoreError("PostgreSQL needs its driver: pip install 'teletriage[postgresql]'.") from error


def journal_mode(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str:
    """WAL where the library is free of the WAL-reset bug (SQLite 3.7.0 to 3.51.2 can corrupt), else TRUNCATE.

    >>> journal_mode((3, 40, 1)), journal_mode((3, 51, 3))
    ('TRUNCATE', 'WAL')
    """
    return "WAL" if version >= _WAL_SAFE_SINCE else "TRUNCATE"


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not open transactions on its own: see _begin_sqlite
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute(f"PRAGMA journal_mode={journal_mode()}")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA recursive_triggers=ON")  # or REPLACE would delete rows that are never deleted
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    how = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {how}")


def _is_current(engine: Engine) -> bool:
    """Whether the schema is the code's own. Raises StoreError for a schema that only a newer version knows."""
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - 0.15 s only for opening a store

    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    known = revisions()
    if current is not None and current not in known:
        raise StoreError(
            f"A newer version of teletriage wrote the store {engine.url.render_as_string()}: its schema is {current}, "
            f"and this version knows those up to {known[0]}. Upgrade teletriage."
        )
    return current == known[0]


@cache
def revisions() -> tuple[str, ...]:
    """The migrations of this release, the newest first; they cannot change while this process runs."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    return tuple(one.revision for one in ScriptDirectory.from_config(_alembic()).walk_revisions())


def _alembic() -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))  # alembic reads % as its own
    return config


def _migrate(engine: Engine) -> None:
    """Raises StoreError for a store that holds what this version has no place for."""
    from alembic.util import CommandError  # noqa: PLC0415

    if _is_current(engine):
        return
    try:
        with engine.execution_options(begin="IMMEDIATE").begin() as connection:
            queue_for(connection, Queue.MIGRATION)
            migrated(connection)
    except CommandError as error:
        raise StoreError(
            f"The store {engine.url.render_as_string()} cannot be brought up to date: {error}. Nothing was changed."
        ) from error


def migrated(connection: Connection) -> None:
    """Bring the schema that a connection sees up to date, in its transaction."""
    from alembic import command  # noqa: PLC0415

    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
