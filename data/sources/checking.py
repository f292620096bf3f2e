"""What holds for the scenes of every source, whoever wrote its adapter. Pure.

A scene that breaks a rule is set aside as a whole, with one sentence: half a drive would be taken for all of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import PurePosixPath

from data.nuscenes.rows import END_OF_TIME_US
from data.sources.port import SceneSetAside, SourceFrame, SourceScene
from data.vocabulary import storable_text

MAX_NAME_CHARS, MAX_KEY_CHARS, MAX_TAGS = 255, 1_000, 100
_MAX_METRES = 1e7


class Checker:
    """Checks scene after scene of one source, and remembers the keys and pictures that it has seen."""

    def __init__(self) -> None:
        self._scenes: set[str] = set()
        self._frames: set[str] = set()
        self._pictures: set[str] = set()

    def checked(self, scenes: Iterable[SourceScene | SceneSetAside]) -> Iterator[SourceScene | SceneSetAside]:
        """The same scenes, with those set aside that cannot be used."""
        for scene in scenes:
            fault = self._fault(scene) if isinstance(scene, SourceScene) else None
            yield SceneSetAside(_shown(scene.name), fault) if fault else scene

    def _fault(self, scene: SourceScene) -> str | None:
        of_frames = (fault for frame in scene.frames for fault in _faults_of_frame(frame))
        fault = _fault_of_words(scene) or next(of_frames, None)
        fault = fault or _fault_of_order(scene.frames) or self._fault_of_doubles(scene)
        if fault is None:
            self._scenes.add(scene.key)
            self._frames.update(frame.key for frame in scene.frames)
            self._pictures.update(frame.picture for frame in scene.frames)
        return fault

    def _fault_of_doubles(self, scene: SourceScene) -> str | None:
        if scene.key in self._scenes:
            return f"Another scene has the id {_shown(scene.key)}."
        keys = [frame.key for frame in scene.frames]
        pictures = [frame.picture for frame in scene.frames]
        double = _double(keys, self._frames)
        if double is not None:
            return f"Two frames have the id {_shown(double)}."
        double = _double(pictures, self._pictures)
        return None if double is None else f"Two frames have the picture {_shown(double)}."


def _fault_of_words(scene: SourceScene) -> str | None:
    if not scene.frames:
        return "It holds no frame."
    if not 0 < len(scene.key) <= MAX_KEY_CHARS or not 0 < len(scene.name) <= MAX_NAME_CHARS:
        return f"Its id or its name is empty or too long: {_shown(scene.key)}, {_shown(scene.name)}."
    for word in (scene.log_name, scene.location, scene.licence):
        if len(word) > MAX_NAME_CHARS:
            return f"Its drive, place or licence has more than {MAX_NAME_CHARS} characters: {_shown(word)}."
    for word in (scene.key, scene.name, scene.description, scene.log_name, scene.location, scene.licence):
        if storable_text(word) != word:
            return f"Its texts hold a character that no database takes: {_shown(word)}."
    return None


def _faults_of_frame(frame: SourceFrame) -> Iterator[str]:
    key = _shown(frame.key)
    if not 0 < len(frame.key) <= MAX_KEY_CHARS:
        yield f"A frame's id is empty or has more than {MAX_KEY_CHARS} characters: {key}."
    if not 0 <= frame.captured_at_us < END_OF_TIME_US:
        yield f"The frame {key} was taken at {frame.captured_at_us} µs, which is no time."
    if not stays_inside(frame.picture) or len(frame.picture) > MAX_KEY_CHARS:
        yield f"The frame {key} names the picture {_shown(frame.picture)}, which is not below its folder."
    if frame.size_px is not None and min(frame.size_px) < 1:
        yield f"The frame {key} is stated to have {frame.size_px[0]}x{frame.size_px[1]} pixels, which is no size."
    if frame.pose and not all(map(_is_place, (frame.pose.x_m, frame.pose.y_m, frame.pose.yaw_rad))):
        yield f"The frame {key} has the pose {frame.pose}, which is none."
    for box in frame.boxes or ():
        if not (box.category and _is_place(box.ahead_m) and _is_place(box.left_m)):
            yield f"The frame {key} has a box that is none: {_shown(str(box))}."
    if len(frame.tags) > MAX_TAGS or any(not 0 < len(tag) <= MAX_NAME_CHARS for tag in frame.tags):
        yield f"The frame {key} has more than {MAX_TAGS} tags, or an empty or too long one."
    words = {frame.key, frame.picture, *frame.tags, *(box.category for box in frame.boxes or ())}
    if any(storable_text(word) != word or len(word) > MAX_KEY_CHARS for word in words):
        yield f"The texts of the frame {key} are too long, or hold a character that no database takes."


def _fault_of_order(frames: list[SourceFrame]) -> str | None:
    for before, after in pairwise(frames):
        if after.captured_at_us < before.captured_at_us:
            back_s = (before.captured_at_us - after.captured_at_us) / 1e6
            return f"Its clock runs backwards by {back_s:.3f} s at the frame {_shown(after.key)}."
    return None


def stays_inside(name: str) -> bool:
    """Whether a name is that of a file below the folder that it is relative to.

    >>> [stays_inside(name) for name in ("a/b.jpg", "../b.jpg", "/b.jpg", "a\\\\b.jpg", "", ".")]
    [True, False, False, False, False, False]
    """
    path = PurePosixPath(name)
    return bool(path.name) and not (path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name)


def _is_place(number: float) -> bool:
    return math.isfinite(number) and abs(number) <= _MAX_METRES


def _double(values: list[str], known: set[str]) -> str | None:
    seen: set[str] = set()
    for value in values:
        if value in known or value in seen:
            return value
        seen.add(value)
    return None


def _shown(value: str) -> str:
    text = repr(value)
    return text if len(text) <= MAX_NAME_CHARS else f"{text[:MAX_NAME_CHARS]}…"
