"""Folders that tests copy instead of building their like: one per recipe, made once for all of pytest's processes."""

from __future__ import annotations

import atexit
import fcntl
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

shared: Path | None = None
"""Where the templates lie; outside pytest, in a folder of their own that goes with the process."""


def template(name: str, build: Callable[[Path], None]) -> Path:
    """The folder that `build` fills when it is asked for first. It is for copying: nobody writes into it."""
    place = (shared or _own_folder()) / name
    if not place.is_dir():
        _make(place, build)
    return place


def _make(place: Path, build: Callable[[Path], None]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if place.is_dir():  # another process made it meanwhile
            return
        unfinished = place.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        build(unfinished)
        unfinished.rename(place)


@cache
def _own_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="teletriage-templates-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
