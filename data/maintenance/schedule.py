"""Backups by the clock: one file in a folder every so often, the oldest removed once a newer one is whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from data.errors import BackupError
from data.maintenance.backup import Copied, write_backup
from data.store.opening import Store

_UNITS_S = {"m": 60, "h": 3600, "d": 86400}
_AGAIN_S = 600.0
"""After a backup that failed, as on a full disk."""
_NAME = re.compile(r"teletriage-(\d{8}T\d{6}Z)\.backup")
_STAMP = "%Y%m%dT%H%M%SZ"


def interval_s(told: str) -> int:
    """Seconds in an interval. Raises BackupError.

    >>> interval_s("24h"), interval_s("30m"), interval_s("7d")
    (86400, 1800, 604800)
    """
    found = re.fullmatch(r"([1-9]\d{0,4})([mhd])", told.strip())
    if found is None:
        raise BackupError(f"{told!r} is not an interval: say 30m, 24h or 7d.")
    return int(found[1]) * _UNITS_S[found[2]]


def scheduled_in(folder: Path) -> list[Path]:
    """The schedule's own files in a folder, oldest first; no other file counts or is ever removed."""
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.is_file())


def newest_in(folder: Path) -> Path:
    """The latest scheduled backup. Raises BackupError where there is none."""
    if not (found := scheduled_in(folder)):
        raise BackupError(f"{folder} holds no scheduled backup, such as teletriage-20260131T030000Z.backup.")
    return found[-1]


def too_many(files: Iterable[Path], keep: int) -> list[Path]:
    """Of files from old to new, those beyond the last `keep`.

    >>> too_many([Path("a"), Path("b"), Path("c")], 2)
    [PosixPath('a')]
    """
    return list(files)[:-keep]


def due_in_s(newest: Path | None, every_s: float, now: datetime) -> float:
    """Seconds until the next backup, 0 if it is due; a newest one from the future counts for nothing."""
    found = _NAME.fullmatch(newest.name) if newest else None
    if found is None:
        return 0.0
    age_s = (now - datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC)).total_seconds()
    return max(0.0, every_s - age_s) if age_s >= 0 else 0.0


@dataclass(frozen=True)
class Kept:
    """A scheduled backup and which older ones were removed after it."""

    path: Path
    copied: Copied
    removed: list[Path]


def scheduled_backup(store: Store, folder: Path, *, keep: int, now: datetime) -> Kept:
    """Write one more backup into the folder and remove the oldest beyond `keep`; none after a damaged one, because
    the last whole one may be among them. Raises BackupError as `write_backup` does."""
    path = folder / f"teletriage-{now.strftime(_STAMP)}.backup"
    copied = write_backup(store, path)
    removed = [] if copied.damages else too_many(scheduled_in(folder), keep)
    for old in removed:
        old.unlink()
    return Kept(path, copied, removed)


def keep_backing_up(
    store: Store,
    folder: Path,
    *,
    every_s: float,
    keep: int,
    say: Callable[[Kept | BackupError], None],
    sleep: Callable[[float], None],
    clock: Callable[[], datetime],
) -> NoReturn:
    """Back up whenever it is due, until interrupted; one that fails is said and tried again within ten minutes."""
    if not folder.is_dir():
        raise BackupError(f"There is no folder {folder} for scheduled backups; make it first.")
    while True:
        newest = next(reversed(scheduled_in(folder)), None)
        wait_s = due_in_s(newest, every_s, clock())
        if wait_s > 0:
            sleep(wait_s)
            continue
        try:
            say(scheduled_backup(store, folder, keep=keep, now=clock()))
        except BackupError as error:
            say(error)
            sleep(min(_AGAIN_S, every_s))
