"""Use cases: a backup while people work, putting it back, and moving a store to another database.

A backup is always one SQLite file, whichever database it comes from: it can be checked, opened as a store and put
back on either. It holds password hashes and the store's keys, so only its owner may read it.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlmodel import col, select

from data.errors import BackupError
from data.hashing import file_hash
from data.maintenance.check import examine
from data.maintenance.copying import Progress, TableState, copy_rows, require_empty, table_states
from data.maintenance.trail_check import verify_trail
from data.store.keys import forget_keys
from data.store.opening import STORE_FILE, Store, make_workspace, open_store, sqlite_url
from data.store.tables import SignIn
from data.store.trail import note_act
from data.store.trail_chain import Break
from data.vocabulary import TrailAct
from data.whole_files import written_whole

_OWNER_ONLY = 0o600
_CHANGED = {"trail_entry", "sign_in", "secret"}
"""What restoring itself changes: it is an act, it ends sign-ins and makes new keys."""


@dataclass(frozen=True)
class Copied:
    """A store that was copied, by table, the head of its audit trail then, and what was not whole in it."""

    tables: dict[str, TableState]
    head: str
    damages: list[Break]
    sha256: str | None = None

    @property
    def rows(self) -> int:
        return sum(state.rows for state in self.tables.values())

    def as_dict(self) -> dict[str, Any]:
        tables = {name: {"rows": one.rows, "sha256": one.sha256} for name, one in self.tables.items()}
        broken = [{"where": one.where, "what": one.what} for one in self.damages]
        figures = {"rows": self.rows, "head": self.head, "sha256": self.sha256}
        return {**figures, "damages": broken, "tables": tables}


def write_backup(store: Store, out: Path, *, progress: Progress | None = None) -> Copied:
    """Write the store as it is at one moment to the new file `out`, whole or not at all. People go on working.

    A store that is damaged is saved as it is; look at `damages`. Raises BackupError: the
    file exists, its folder does not, the disk is full.
    """
    if out.is_dir():
        raise BackupError(
            f"{out} is a folder. Name a new file in it, or add --every 24h to go on backing up into it."
        )
    if out.exists():
        raise BackupError(f"{out} exists; a backup is never written over. Choose another name.")
    try:
        out.parent.stat()  # a folder that is not there is a slip of the pen: none is made
        with written_whole(out, mode=_OWNER_ONLY) as partial:
            _write(store, partial, progress)
            copied = _inspected(partial)
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise BackupError(f"The backup {out} could not be written: {why}.") from error
    with store.write() as session:
        details = {"head": copied.head, "rows": copied.rows, "sha256": copied.sha256}
        note_act(session, TrailAct.WROTE_BACKUP, by=None, subject=f"backup:{out.name}", details=details)
    return copied


def _write(store: Store, file: Path, progress: Progress | None) -> None:
    if store.is_sqlite:
        _copy_file(Path(str(store.engine.url.database)), file)
        return
    target = open_store(file.parent, url=sqlite_url(file))
    try:
        with _one_moment(store) as source:
            copy_rows(source, target, progress)
    finally:
        target.close()


def _copy_file(source: Path, file: Path) -> None:
    """SQLite's own backup, in one step: in many, writers who go on would make it begin again and again."""
    with _opened(source) as read, _opened(file) as write:
        read.execute("PRAGMA busy_timeout=20000")
        read.backup(write, pages=-1)
        write.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _one_moment(store: Store) -> Iterator[Connection]:
    """A connection that sees one state of the store, whatever is written meanwhile."""
    options: dict[str, Any] = {} if store.is_sqlite else {"isolation_level": "REPEATABLE READ"}
    with store.engine.execution_options(**options).connect() as connection:
        yield connection


def _inspected(file: Path) -> Copied:
    """What a backup holds and what is not whole in it."""
    store = open_store(file.parent, url=sqlite_url(file))
    try:
        with store.read() as session:
            found = examine(session)
            tables = table_states(session.connection())
    finally:
        store.close()
    return Copied(tables, found.trail.head if found.trail else "", found.damages, file_hash(file))


def restore_backup(
    backup: Path,
    workspace: Path,
    *,
    url: str | None = None,
    accept_damage: bool = False,
    progress: Progress | None = None,
) -> Copied:
    """Put a backup into a workspace without a store, or into the empty database that `url` names.

    A backup of an earlier release is brought up to date. Open sign-ins of then have ended. Raises BackupError: there
    is no such file, it is not whole and `accept_damage` does not say that this is known, or something is there already.
    """
    if not backup.is_file():
        raise BackupError(f"There is no backup {backup}.")
    if url is None and (workspace / STORE_FILE).exists():
        raise BackupError(
            f"{workspace / STORE_FILE} exists; a store is never written over. Move it away first."
        )
    with tempfile.TemporaryDirectory(prefix="teletriage-restore-") as folder:
        partial = Path(folder) / STORE_FILE
        try:
            _copy_file(backup, partial)
        except (OSError, sqlite3.Error) as error:
            raise BackupError(f"{backup} cannot be read as a backup: {error}.") from error
        copied = _inspected(partial)
        if copied.damages and not accept_damage:
            first = copied.damages[0]
            raise BackupError(f"{backup} is not whole: {first.where}: {first.what}.")
        if url is None:
            _make_store(workspace, partial, progress)
        store = open_store(workspace, url=url)
        if url is not None:
            _fill(store, partial, progress)
    _note_restored(store, backup, copied)
    store.close()
    return copied


def rehearse_restore(backup: Path, *, known_store: Store | None = None) -> Copied:
    """Restore a backup into a folder that is thrown away, and compare every table with what was read.

    known_store: where the trail says that it was rehearsed. Raises BackupError: what `restore_backup` refuses, or
    rows that came back otherwise.
    """
    with tempfile.TemporaryDirectory(prefix="teletriage-rehearsal-") as folder:
        place = Path(folder) / "workspace"
        copied = restore_backup(backup, place)
        store = open_store(place)
        try:
            with store.read() as session:
                damages = examine(session).damages
                back = table_states(session.connection())
        finally:
            store.close()
    if damages:
        raise BackupError(f"{backup} does not come back whole: {damages[0].where}: {damages[0].what}.")
    other = [name for name, one in copied.tables.items() if name not in _CHANGED and back[name] != one]
    if other:
        raise BackupError(f"{backup} does not come back as it was written: {', '.join(other)} differ.")
    if known_store is not None:
        with known_store.write() as session:
            details = {"head": copied.head, "rows": copied.rows}
            subject = f"backup:{backup.name}"
            note_act(session, TrailAct.REHEARSED_RESTORE, by=None, subject=subject, details=details)
    return copied


def _make_store(workspace: Path, source: Path, progress: Progress | None) -> None:
    """A workspace's store with every row of `source` under a schema of our own: of a backup only rows come back."""
    make_workspace(workspace)
    with written_whole(workspace / STORE_FILE) as file:
        store = open_store(file.parent, url=sqlite_url(file))
        try:
            _fill(store, source, progress)
        finally:
            store.close()


def _fill(store: Store, file: Path, progress: Progress | None) -> None:
    source = open_store(file.parent, url=sqlite_url(file))
    try:
        with _one_moment(source) as connection:
            copy_rows(connection, store, progress)
    finally:
        source.close()


def _note_restored(store: Store, backup: Path, copied: Copied) -> None:
    """Whoever was signed in then may have been sent away since, and whoever read the backup has its keys: everybody
    signs in again, and there are new keys."""
    with store.write() as session:
        forget_keys(session)
        now_us = store.now_us(session)
        for opened in session.exec(select(SignIn).where(col(SignIn.ended_at_us).is_(None))):
            opened.ended_at_us = now_us
        details = {"head": copied.head, "rows": copied.rows}
        note_act(session, TrailAct.RESTORED_BACKUP, by=None, subject=f"backup:{backup.name}", details=details)


def copy_store(store: Store, workspace: Path, url: str, *, progress: Progress | None = None) -> Copied:
    """Copy a store into the empty one that `url` names, and compare what arrived row by row.

    The copy is of one moment: stop the app before, or what people do meanwhile stays behind. Raises StoreError: the
    target is not empty, or something arrived otherwise than it was read.
    """
    target = open_store(workspace, url=url)
    try:
        require_empty(target)
        with tempfile.TemporaryDirectory(prefix="teletriage-copy-") as folder:
            file = Path(folder) / STORE_FILE
            _write(store, file, None)
            before = _inspected(file)
            _fill(target, file, progress)
        with target.read() as session:
            arrived = Copied(table_states(session.connection()), verify_trail(session).head, before.damages)
        with target.write() as session:
            details = {"head": arrived.head, "rows": arrived.rows, "equal": arrived.tables == before.tables}
            note_act(session, TrailAct.COPIED_STORE, by=None, subject="store", details=details)
    finally:
        target.close()
    return arrived
