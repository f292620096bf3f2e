"""What a writer of the database takes away from the schema, or puts into it, is found and never restored."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from data.errors import BackupError
from data.maintenance import schema_check
from data.maintenance.backup import restore_backup, write_backup
from data.maintenance.check import check_store
from data.store import Store, open_store
from data.store.keys import rotate_keys
from tests.builders import a_person, a_store

FOREIGN_SQLITE = (
    "CREATE TRIGGER helpful AFTER INSERT ON sign_in BEGIN "
    "UPDATE person SET password_hash = (SELECT password_hash FROM person WHERE id = 1) WHERE id = 2; END"
)


def found(store: Store) -> list[tuple[str, str]]:
    return [(one.where, one.what) for one in check_store(store).damages]


@pytest.mark.each_store
def test_a_protecting_trigger_that_is_gone_is_found(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    assert found(store) == []
    with store.engine.begin() as connection:
        gone = "review_no_update" if store.is_sqlite else "review_no_change"
        connection.execute(text(f"DROP TRIGGER {gone}{'' if store.is_sqlite else ' ON review'}"))
    assert found(store) == [(f"trigger {gone}", "is missing")]


@pytest.mark.each_store
def test_a_trigger_of_somebody_else_is_found(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    with store.engine.begin() as connection:
        if store.is_sqlite:
            connection.execute(text(FOREIGN_SQLITE))
        else:
            connection.execute(
                text(
                    "CREATE TRIGGER helpful AFTER INSERT ON sign_in FOR EACH ROW EXECUTE FUNCTION review_no_change()"
                )
            )
    assert found(store) == [("trigger helpful", "is none of ours")]


@pytest.mark.each_store
def test_a_database_that_takes_no_writes_says_that_its_schema_was_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_check, "postgresql_made", {})
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    if not store.is_sqlite:  # SQLite compares with a file of its own
        name = store.engine.url.database
        with store.engine.begin() as connection:
            connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
        store.close()
    (*others, last) = found(store) or [("", "")]
    assert others == []
    assert ("read-only transaction" in last[1]) is not store.is_sqlite


def a_backup_with_a_trigger_inside(tmp_path: Path) -> Path:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    for name in ("ada", "lena"):
        a_person(store, name)
    write_backup(store, tmp_path / "backup.db")
    with sqlite3.connect(tmp_path / "backup.db") as connection:
        connection.execute(FOREIGN_SQLITE)
        connection.execute("DROP TRIGGER review_no_update")
    return tmp_path / "backup.db"


def test_a_backup_with_a_foreign_trigger_is_refused_and_nothing_but_its_rows_is_ever_restored(
    tmp_path: Path,
) -> None:
    backup = a_backup_with_a_trigger_inside(tmp_path)
    with pytest.raises(BackupError, match="trigger helpful: is none of ours"):
        restore_backup(backup, tmp_path / "new")
    restore_backup(backup, tmp_path / "new", accept_damage=True)
    assert found(open_store(tmp_path / "new")) == []


def test_a_backup_opens_nothing_in_the_store_that_it_is_restored_to(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    before = {name: store.secret(name) for name in ("images", "page cookies", "monitor")}
    write_backup(store, tmp_path / "backup.db")
    restore_backup(tmp_path / "backup.db", tmp_path / "new")
    restored = open_store(tmp_path / "new")
    assert all(restored.secret(name) != key for name, key in before.items())


@pytest.mark.each_store
def test_rotated_keys_are_new_and_the_trail_says_so(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    before = store.secret("images")
    rotate_keys(store)
    assert store.secret("images") != before
    assert found(store) == []


@pytest.mark.parametrize("name", ["q?x", "100%", "ws%41", "a b", "a#b", "a;b", "new\nline", "ümläut"])
def test_a_path_is_never_read_as_part_of_an_address(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    store = a_store(folder, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    a_person(store, "ada")
    written = write_backup(store, folder / f"{name}.db")
    assert written.rows > 0
    restored = restore_backup(folder / f"{name}.db", folder / f"new {name}")
    assert restored.tables == written.tables
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]
    assert (folder / f"new {name}" / "store.db").stat().st_size > 0


def test_store_and_workspace_are_their_owners_alone(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    store.secret("images")
    workspace = tmp_path / "workspace"
    assert workspace.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in workspace.glob("store.db*"))
