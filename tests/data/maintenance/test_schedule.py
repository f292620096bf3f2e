"""Backups by the clock, without waiting for it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from data.errors import BackupError
from data.maintenance.backup import rehearse_restore, write_backup
from data.maintenance.schedule import Kept, due_in_s, interval_s, keep_backing_up, newest_in, scheduled_in
from data.maintenance.trail_search import Wanted, find_entries
from data.store.opening import Store
from data.vocabulary import TrailAct
from tests.builders import a_person, an_empty_store
from tests.data.store.test_audit_trail import as_its_owner

DAY_S = 86_400.0
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Interrupted(Exception):
    """What Ctrl-C is to the schedule."""


class Clock:
    """A clock that sleeping alone moves, until a day on which somebody interrupts."""

    def __init__(self, until: datetime) -> None:
        self.now, self.until = NOON, until

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        if self.now > self.until:
            raise Interrupted


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = an_empty_store(tmp_path / "workspace")
    a_person(store, "ada")
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "backups"
    made.mkdir()
    return made


def kept_up(store: Store, folder: Path, clock: Clock, *, keep: int) -> list[Kept | BackupError]:
    said: list[Kept | BackupError] = []
    with pytest.raises(Interrupted):
        keep_backing_up(
            store, folder, every_s=DAY_S, keep=keep, say=said.append, sleep=clock.sleep, clock=clock
        )
    return said


def test_one_backup_a_day_is_written_and_the_oldest_go(store: Store, folder: Path) -> None:
    (folder / "by-hand.backup").write_text("not ours")
    said = kept_up(store, folder, Clock(NOON + timedelta(days=4, hours=1)), keep=3)
    assert len(said) == 5
    assert [path.name[11:19] for path in scheduled_in(folder)] == ["20260303", "20260304", "20260305"]
    assert (folder / "by-hand.backup").exists()


def test_the_same_command_goes_on_where_it_was_stopped(store: Store, folder: Path) -> None:
    clock = Clock(NOON + timedelta(hours=1))
    assert len(kept_up(store, folder, clock, keep=3)) == 1
    clock.until = NOON + timedelta(days=1, hours=1)
    assert len(kept_up(store, folder, clock, keep=3)) == 1
    assert newest_in(folder).name == "teletriage-20260302T120000Z.backup"


def test_a_damaged_store_is_saved_and_no_older_backup_is_removed_for_it(store: Store, folder: Path) -> None:
    kept_up(store, folder, Clock(NOON + timedelta(hours=1)), keep=1)
    with as_its_owner(store) as connection:
        connection.execute(text("UPDATE person SET display_name = 'eve'"))
    clock = Clock(NOON + timedelta(days=1, hours=1))
    clock.now = NOON + timedelta(hours=2)
    (said,) = kept_up(store, folder, clock, keep=1)
    assert isinstance(said, Kept)
    assert said.copied.damages
    assert len(scheduled_in(folder)) == 2


def test_a_backup_that_fails_is_said_and_tried_again(store: Store, folder: Path) -> None:
    (folder / "teletriage-20260301T120000Z.backup").mkdir()
    failed, kept = kept_up(store, folder, Clock(NOON + timedelta(minutes=25)), keep=3)
    assert isinstance(failed, BackupError)
    assert isinstance(kept, Kept)
    assert kept.path.name == "teletriage-20260301T121000Z.backup"


@pytest.mark.parametrize("told", ["", "0h", "24", "1w", "-1h", "24 h", "1.5h"])
def test_an_interval_that_is_none_is_refused_with_what_was_typed(told: str) -> None:
    with pytest.raises(BackupError, match=r"is not an interval: say 30m, 24h or 7d\."):
        interval_s(told)


def test_a_backup_from_the_future_does_not_stop_the_schedule() -> None:
    assert due_in_s(Path("teletriage-20270101T000000Z.backup"), DAY_S, NOON) == 0
    assert due_in_s(Path("teletriage-20260301T060000Z.backup"), DAY_S, NOON) == 18 * 3600


def test_a_rehearsal_restores_compares_leaves_nothing_and_is_in_the_trail(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = write_backup(store, tmp_path / "one.backup")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "left"))
    (tmp_path / "left").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    done = rehearse_restore(tmp_path / "one.backup", known_store=store)
    assert (done.rows, done.head) == (written.rows, written.head)
    assert list((tmp_path / "left").iterdir()) == []
    assert [one.subject for one in find_entries(store, None, Wanted(act=TrailAct.REHEARSED_RESTORE))] == [
        "backup:one.backup"
    ]


def test_a_rehearsal_of_a_backup_that_was_changed_fails_with_the_place(store: Store, tmp_path: Path) -> None:
    write_backup(store, tmp_path / "one.backup")
    with sqlite3.connect(tmp_path / "one.backup") as connection:
        connection.execute("UPDATE person SET display_name = 'Eve'")
    connection.close()
    with pytest.raises(BackupError, match="is not whole"):
        rehearse_restore(tmp_path / "one.backup", known_store=store)
    assert find_entries(store, None, Wanted(act=TrailAct.REHEARSED_RESTORE)) == []
