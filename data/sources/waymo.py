"""The Waymo Open Dataset's end-to-end driving set: TFRecord files of frames, each a protocol buffer, read without
TensorFlow.

Form: E2EDFrame in end_to_end_driving_data.proto and Frame in dataset.proto
(github.com/waymo-research/waymo-open-dataset). A frame's name is that of its segment with a number behind it; frames of
one segment may lie in several files. The set says neither where the vehicle was nor what stands around it; the driver's
intent and the scores that people gave to ways on are tags.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from data.errors import SourceError
from data.sources.opening import Options, holds_file
from data.sources.pace import RATE_HZ, paced
from data.sources.port import Lack, PictureRefused, SceneSetAside, SourceFrame, SourceScene
from data.sources.unusable import SceneUnusable, check_name
from data.sources.wire.errors import WireError
from data.sources.wire.protobuf import Value, fields, inner, signed, single, text
from data.sources.wire.tfrecord import record_at, records
from data.vocabulary import Split, storable_text

CAMERAS = {
    name: number
    for number, name in enumerate(
        ("FRONT", "FRONT_LEFT", "FRONT_RIGHT", "SIDE_LEFT", "SIDE_RIGHT", "REAR_LEFT", "REAR", "REAR_RIGHT"),
        start=1,
    )
}
LICENCE = "Waymo Open Dataset License Agreement for Non-Commercial Use"
_INTENTS = {1: "go_straight", 2: "go_left", 3: "go_right"}
_SIDES = {
    "training": Split.TRAIN,
    "val": Split.HELD_OUT,
    "validation": Split.HELD_OUT,
    "test": Split.HELD_OUT,
}
_STEP_US = 100_000
"""Frames are a tenth of a second apart; it stands for times where a file has none."""


@dataclass(frozen=True)
class _Found:
    """A frame of a file; `scores`: what people gave to ways on, the best first."""

    segment: str
    number: int
    at_us: int
    file: Path
    start: int
    intent: int
    scores: tuple[float, ...]

    @property
    def key(self) -> str:
        return f"{self.segment}-{self.number:03d}"

    def tags(self) -> tuple[str, ...]:
        intent = (f"intent:{_INTENTS[self.intent]}",) if self.intent in _INTENTS else ()
        scores = "/".join(f"{score:g}" for score in self.scores)
        return (*intent, "preference:rated", f"preference:{scores}") if scores else intent


TAKES = frozenset({"camera", "rate_hz"})


class WaymoEndToEnd:
    """TFRecord files below a folder, or one of them."""

    kind = "waymo-e2e"
    lacks = frozenset({Lack.BOXES, Lack.POSES, Lack.TEXT})
    in_files = False

    def __init__(
        self, path: Path, *, camera: str = "FRONT", rate_hz: float = RATE_HZ, licence: str = LICENCE
    ) -> None:
        path = path.resolve()
        if camera not in CAMERAS:
            raise SourceError(f"Waymo has no camera {camera[:64]!r}; it has {', '.join(CAMERAS)}.")
        self.root, self.name = (path.parent, path.stem) if path.is_file() else (path, path.name)
        self.camera, self._path, self._rate_hz, self._licence = camera, path, rate_hz, licence
        self._found: dict[str, _Found] = {}

    def scenes(self) -> Iterator[SourceScene | SceneSetAside]:
        """See `Source`. A file that is cut or damaged is told, and with it the segments that have frames in it."""
        files, segments, broken = (
            record_files(self._path),
            defaultdict[str, list[_Found]](list),
            dict[Path, str](),
        )
        if not files:
            raise SourceError(f"{self._path} holds no TFRecord file.")
        for file in files:
            try:
                for found in _frames(file, CAMERAS[self.camera]):
                    segments[found.segment].append(found)
            except (WireError, OSError) as error:
                broken[file] = f"{file.name} cannot be read as TFRecord: {error}."
                yield SceneSetAside(storable_text(file.name), broken[file])
        for segment, some in sorted(segments.items()):
            try:
                yield self._scene(segment, sorted(some, key=lambda one: one.number), broken)
            except SceneUnusable as unusable:
                yield SceneSetAside(storable_text(segment), str(unusable))

    def picture(self, scene: SourceScene, frame: SourceFrame) -> bytes:
        """See `Source`; as it was recorded, once its record is found whole."""
        found = self._found[frame.key]
        try:
            content = memoryview(record_at(found.file, found.start))
            return bytes(_image(_only(content, 1), CAMERAS[self.camera]) or b"")
        except (WireError, OSError) as error:
            raise PictureRefused(f"{found.file.name}: {error}.") from error

    def _scene(self, segment: str, found: Sequence[_Found], broken: dict[Path, str]) -> SourceScene:
        check_name(segment)
        _refuse_gaps(segment, found, broken)
        times_us = _times(found)
        rated = [number for number, one in enumerate(found) if one.scores]
        frames = []
        for number in paced(times_us, self._rate_hz, always=rated):
            one = found[number]
            self._found[one.key] = one
            frames.append(SourceFrame(one.key, times_us[number], f"{segment}/{one.key}.jpg", tags=one.tags()))
        side = _SIDES.get(found[0].file.name.split(".")[0].split("_")[0])
        return SourceScene(
            segment, segment, frames, log_name=segment, licence=self._licence, official_side=side
        )


def matches(path: Path) -> bool:
    """Whether this is a TFRecord file, or some lie below it."""
    return holds_file(path, lambda name: ".tfrecord" in name)


def source_at(path: Path, options: Options) -> WaymoEndToEnd:
    """Raises SourceError where there is nothing to read."""
    return WaymoEndToEnd(
        path, camera=options.camera or "FRONT", rate_hz=options.pace_hz, licence=options.licence or LICENCE
    )


def record_files(path: Path) -> list[Path]:
    """TFRecord files, by name; shards are called NAME.tfrecord-00000-of-00100."""
    if path.is_file():
        return [path]
    found = (one for one in path.rglob("*.tfrecord*") if one.is_file())
    return sorted(one for one in found if not one.name.startswith("."))


def _frames(file: Path, camera: int) -> Iterator[_Found]:
    for start, content in records(file):
        segment, number, at_us, intent, scores = "", 0, 0, 0, list[float]()
        for field, value in fields(content):
            if field == 1:
                segment, number, at_us = _name_and_time(inner(value), camera)
            elif field == _INTENT:
                intent = signed(value)
            elif field == _PREFERENCE:
                scores += [single(one) for inside, one in fields(inner(value)) if inside == _SCORE]
        if not segment:
            raise WireError(f"the record at byte {start:,} is no E2EDFrame: it names no frame")
        valid = sorted((score for score in scores if 0 <= score <= _BEST), reverse=True)
        yield _Found(segment, number, at_us, file, start, intent, tuple(valid))


_INTENT, _PREFERENCE, _SCORE, _BEST = 7, 8, 8, 10


def _name_and_time(frame: memoryview, camera: int) -> tuple[str, int, int]:
    """(segment, number in it, microseconds) of a Frame, whose picture is looked for but not read."""
    context = _only(frame, 1)
    name, at_us = "", 0
    for field, value in fields(context):
        name = text(value) if field == 1 else name
    for field, value in fields(frame):
        at_us = signed(value) if field == 2 else at_us  # noqa: PLR2004 - timestamp_micros
    segment, _, number = name.rpartition("-")
    if not segment or not (number.isascii() and number.isdecimal() and len(number) < _MANY_DIGITS):
        raise WireError(f"the name {name[:64]!r} does not end in a number")
    if _image(frame, camera) is None:
        raise WireError(f"the frame {name[:64]!r} has no picture of this camera")
    return segment, int(number), at_us


_MANY_DIGITS = 10


def _image(frame: memoryview, camera: int) -> memoryview | None:
    """A camera's picture in a Frame."""
    for field, value in fields(frame):
        if field == 4:  # noqa: PLR2004 - images
            parts = dict(fields(inner(value)))
            if parts.get(1) == camera and 2 in parts:  # noqa: PLR2004 - name, image
                return inner(parts[2])
    return None


def _only(message: memoryview, field: int) -> memoryview:
    """The last value of a field, as readers of protocol buffers take it."""
    found: Value = message[:0]
    for number, value in fields(message):
        found = value if number == field else found
    return inner(found)


def _refuse_gaps(segment: str, found: Sequence[_Found], broken: dict[Path, str]) -> None:
    for one in found:
        if one.file in broken:
            raise SceneUnusable(f"Frames of it are in {one.file.name}, which is damaged.")
    for before, after in pairwise(found):
        if before.number == after.number:
            raise SceneUnusable(
                f"The frame {after.key} is there twice, in {before.file.name} and {after.file.name}."
            )


def _times(found: Sequence[_Found]) -> list[int]:
    """Microseconds of every frame: the set's own, or steps from 1970 where it has none."""
    if any(one.at_us <= 0 for one in found):
        return [one.number * _STEP_US for one in found]
    for before, after in pairwise(found):
        if after.at_us <= before.at_us:
            raise SceneUnusable(
                f"The clock runs backwards at {after.key}, from {before.at_us} to {after.at_us} microseconds."
            )
    return [one.at_us for one in found]
