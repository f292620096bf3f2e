"""The files in which moments are looked up, one folder per data set in the workspace, made in the background.

An ingest stays as fast and a store as small as without them: whoever looks first waits for one pass over the tables
(seconds for the whole of nuScenes), and gets an answer without them meanwhile.
"""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from threading import Lock

from data.errors import DatarootError, MomentUnknown
from data.nuscenes.moment_files import write_moment_files
from data.nuscenes.tables import COLUMNS
from data.whole_files import written_whole

FOLDER = "moments"
WAIT_S = 1.5
"""How long an answer waits for files that are being made: the tables of a hundred scenes are read in it."""
_AGAIN_AFTER_S = 300.0
"""Tables that cannot be read are not read again with every key press."""


class MomentFiles:
    """The folders of one workspace. Safe from several threads and processes: a folder is there whole or not at all."""

    def __init__(self, workspace: Path, *, wait_s: float = WAIT_S) -> None:
        self._place = workspace / FOLDER
        self._wait_s = wait_s
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="moments")
        self._making: dict[Path, Future[None]] = {}
        self._failed_at_s: dict[Path, float] = {}

    def of(self, dataroot: Path, version: str | None) -> Path:
        """The folder of a dataroot version. Raises MomentUnknown with the reason: no tables, tables that cannot be
        read, or they are being read right now."""
        if version is None:
            raise MomentUnknown("This data set has nothing around its frames.")
        target = self._place / f"{version}-{_of_tables(dataroot / version)}"
        if target.is_dir():
            return target
        try:
            self._made(dataroot, version, target).result(timeout=self._wait_s)
        except NotYet:
            reason = "The data set's tables are being read for it; try again in a moment."
            raise MomentUnknown(reason) from None
        except (DatarootError, OSError) as error:
            raise MomentUnknown(f"The data set's tables cannot be read: {error}") from error
        return target

    def _made(self, dataroot: Path, version: str, target: Path) -> Future[None]:
        with self._lock:
            making = self._making.get(target)
            has_failed = making is not None and making.done() and making.exception() is not None
            if has_failed and time.monotonic() - self._failed_at_s.get(target, 0.0) > _AGAIN_AFTER_S:
                making = None
            if making is None or (making.done() and not has_failed and not target.is_dir()):
                making = self._thread.submit(self._make, dataroot, version, target)
                self._making[target] = making
            return making

    def _make(self, dataroot: Path, version: str, target: Path) -> None:
        try:
            with written_whole(target, survives_power_cut=False) as partial:
                write_moment_files(dataroot, version, partial)
        except (DatarootError, OSError):
            if target.is_dir():
                return  # another process was faster
            self._failed_at_s[target] = time.monotonic()
            raise


def _of_tables(folder: Path) -> str:
    """A name that changes with the tables. Raises MomentUnknown where they are not there."""
    told = hashlib.sha256(str(folder).encode("utf-8", "surrogateescape"))
    for name in COLUMNS:
        try:
            found = (folder / f"{name}.json").stat()
        except OSError as error:
            raise MomentUnknown("The data set has no tables to look it up in.") from error
        told.update(f"{name} {found.st_size} {found.st_mtime_ns}".encode())
    return told.hexdigest()[:16]
