"""Renditions on the disk, for as long as there is room: a picture that cannot be kept is made again the next time."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from threading import Lock

from data.whole_files import written_whole

LEAST_FREE_BYTES = 500_000_000
"""The store is on the same disk, and reviews are worth more than pictures that can be made again."""
_LOOK_EVERY = 100
_log = logging.getLogger(__name__)


class RenditionCache:
    """Files that may go at any time. Safe from several threads."""

    def __init__(self, least_free_bytes: int = LEAST_FREE_BYTES) -> None:
        self._least_free_bytes = least_free_bytes
        self._lock = Lock()
        self._until_look, self._has_room, self._is_told = 0, True, False

    def read(self, path: Path) -> bytes | None:
        """A rendition that was kept; None where there is none, or it cannot be read."""
        try:
            return path.read_bytes()
        except OSError:
            return None

    def keep(self, path: Path, content: bytes) -> None:
        """Keep a rendition if the disk has room. Never raises for a disk that is full or read-only."""
        try:
            if self._may_keep(path.parent):
                with written_whole(path, survives_power_cut=False) as partial:
                    partial.write_bytes(content)
        except OSError as error:
            self._tell_once(error)

    def _may_keep(self, folder: Path) -> bool:
        """The disk is asked anew after every hundredth picture."""
        with self._lock:
            if self._until_look == 0:
                folder.mkdir(parents=True, exist_ok=True)
                self._has_room = shutil.disk_usage(folder).free > self._least_free_bytes
                self._until_look = _LOOK_EVERY
            self._until_look -= 1
            return self._has_room

    def _tell_once(self, error: OSError) -> None:
        with self._lock:
            if not self._is_told:
                _log.warning("Pictures are served and not kept: %s", error.strerror)
                self._is_told = True


CACHE = RenditionCache()
