"""Videos: every file is a scene, from which frames are taken at a steady pace.

The clock starts at the time in the file's name, else at the one that the container states, else at 1970; the
description of a scene says which. A frame's own time decides, so that a variable frame rate does no harm. Pictures are
turned as the container says and become JPEG once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from data.errors import SourceError
from data.sources.film import DEMUXERS, Reel, read_track, stated_start
from data.sources.named_times import time_in_name
from data.sources.opening import Options, holds_file
from data.sources.pace import RATE_HZ, paced
from data.sources.port import Lack, SceneSetAside, SourceFrame, SourceScene
from data.sources.unusable import SceneUnusable, check_name
from data.sources.wire.archive import Stored
from data.vocabulary import storable_text

_SECOND_US = 1_000_000

TAKES = frozenset({"rate_hz"})


class Videos:
    """Video files below a folder, or one of them."""

    kind = "video"
    camera = ""
    lacks = frozenset(Lack)
    in_files = False

    def __init__(self, path: Path, *, rate_hz: float = RATE_HZ, licence: str = "") -> None:
        path = path.resolve()
        self.root, self.name = (path.parent, path.stem) if path.is_file() else (path, path.name)
        self._only, self._rate_hz, self._licence = path if path.is_file() else None, rate_hz, licence
        self._reel, self._reading = Reel(), threading.Lock()
        self._places: dict[str, int] = {}
        self._keys: dict[str, list[int]] = {}

    def scenes(self) -> Iterator[SourceScene | SceneSetAside]:
        """See `Source`."""
        files = video_files(self._only or self.root)
        if not files:
            raise SourceError(f"{self.root} holds no video ({', '.join(sorted(DEMUXERS))}).")
        for file in files:
            name = file.relative_to(self.root).as_posix()
            try:
                check_name(name)
                yield self._scene(file, name)
            except SceneUnusable as unusable:
                yield SceneSetAside(storable_text(name), str(unusable))

    def picture(self, scene: SourceScene, frame: SourceFrame) -> bytes:
        """See `Source`."""
        with self._reading:
            film = Stored(self.root / scene.key)
            return self._reel.picture(film, self._keys[scene.key], self._places[frame.key])

    def _scene(self, file: Path, name: str) -> SourceScene:
        start_us, clock, track = *_start(file), read_track(Stored(file))
        times_us = [round((pts - track.pts[0]) * track.time_base * _SECOND_US) for pts in track.pts]
        self._keys[name], frames = track.keys, []
        for number in paced(times_us, self._rate_hz):
            key = f"{name}/{times_us[number] // 1000:09d}.jpg"
            self._places[key] = track.pts[number]
            frames.append(SourceFrame(key, start_us + times_us[number], key))
        return SourceScene(name, name, frames, description=clock, log_name=name, licence=self._licence)


def matches(path: Path) -> bool:
    """Whether this is a video file, or a folder of some."""
    return holds_file(path, lambda name: Path(name).suffix.lower() in DEMUXERS)


def source_at(path: Path, options: Options) -> Videos:
    """Raises SourceError where there is nothing to read."""
    return Videos(path, rate_hz=options.pace_hz, licence=options.licence or "")


def video_files(path: Path) -> list[Path]:
    """A video, or those below a folder, by name."""
    if path.is_file():
        return [path] if path.suffix.lower() in DEMUXERS else []
    if not path.is_dir():
        raise SourceError(f"{path} is neither a video nor a folder.")
    found = (one for one in path.rglob("*") if one.suffix.lower() in DEMUXERS and one.is_file())
    return sorted(one for one in found if not one.name.startswith("."))


def _start(file: Path) -> tuple[int, str]:
    """(when the video begins, where that is from)."""
    named = time_in_name(file.stem)
    if named is not None:
        return named, "The clock starts at the time in the file's name."
    stated = time_in_name(stated_start(Stored(file)))
    if stated is not None:
        return stated, "The clock starts at the time that the video's container states."
    return 0, "When it was driven is not known: the clock starts at 1970."
