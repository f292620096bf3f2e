"""Files and folders that are there whole or not at all, whatever interrupts them, and folders with one writer."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def written_whole(
    target: Path, *, mode: int | None = None, survives_power_cut: bool = True
) -> Iterator[Path]:
    """A path to write a file or a folder at; at the end it becomes `target`. What raises leaves nothing behind.

    The path lies in a hidden folder beside `target` that only its owner can enter. A file that is there is replaced, a
    folder only if it is empty. mode: of the result, else what the umask leaves. survives_power_cut: False for what
    can be made again, which then does not wait for the disk. Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=target.parent) as folder:
        partial = Path(folder) / target.name
        yield partial
        if mode is not None:
            partial.chmod(mode)
        if survives_power_cut:
            _to_disk(partial)
        partial.replace(target)
    if survives_power_cut:
        _flush(target.parent)


def _to_disk(path: Path) -> None:
    if path.is_dir():
        os.sync()  # a snapshot has thousands of files; waiting for each would take minutes
    else:
        _flush(path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def locked(folder: Path) -> IO[bytes] | None:
    """Hold a folder for as long as the file, or a copy of it in another process, is open; None if somebody holds it.
    Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock
