"""The source: every MCAP file, and every folder that rosbag2 wrote, is a scene."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from data.errors import SourceError
from data.sources.bag.mcap_file import McapFile
from data.sources.bag.messages import Picture, Place, picture_in, place_in
from data.sources.bag.recording import Recording, Stored, Topic
from data.sources.bag.sqlite_file import SqliteFile
from data.sources.bag.topics import camera_topic, place_topic
from data.sources.opening import Options, holds_file
from data.sources.pace import RATE_HZ, paced
from data.sources.port import Lack, PictureRefused, SceneSetAside, SourceFrame, SourceScene
from data.sources.track import Track, fixes_track
from data.sources.unusable import SceneUnusable, check_name
from data.sources.wire.errors import WireError
from data.vocabulary import Pose, storable_text

_STORAGES: dict[str, Callable[[Path], Recording]] = {".mcap": McapFile, ".db3": SqliteFile}
_WRITTEN_BY_ROSBAG2 = "metadata.yaml"
_SUFFIXES = {b"\xff\xd8\xff": ".jpg", b"\x89PN": ".png"}
_MOST_APART_US = 86_400_000_000
"""A camera's clock that is further from the recorder's was never set."""


@dataclass(frozen=True)
class _Taken:
    """A picture of the camera and where it lies."""

    at_us: int
    file: int
    place: tuple[int, int]
    suffix: str


TAKES = frozenset({"camera", "rate_hz"})


class Bags:
    """MCAP files and rosbag2 folders below a folder, or one of them. `camera`: the topic of the pictures."""

    kind = "mcap"
    lacks = frozenset({Lack.BOXES, Lack.TEXT, Lack.TAGS})
    in_files = False

    def __init__(self, path: Path, *, camera: str = "", rate_hz: float = RATE_HZ, licence: str = "") -> None:
        path = path.resolve()
        self.root, self.name = (path.parent, path.stem) if path.is_file() else (path, path.name)
        self.camera, self._path, self._rate_hz, self._licence = camera, path, rate_hz, licence
        self._places: dict[str, tuple[Recording, Topic, tuple[int, int]]] = {}
        self._reading = threading.Lock()

    def scenes(self) -> Iterator[SourceScene | SceneSetAside]:
        """See `Source`."""
        found = False
        for name, files in _recordings(self._path, self.root):
            found = True
            try:
                check_name(name)
                yield self._scene(name, [_STORAGES[file.suffix](file) for file in files])
            except SceneUnusable as unusable:
                yield SceneSetAside(storable_text(name), str(unusable))
        if not found:
            raise SourceError(f"{self._path} holds no MCAP file and no rosbag2 folder.")

    def picture(self, scene: SourceScene, frame: SourceFrame) -> bytes:
        """See `Source`; as it was recorded."""
        file, topic, place = self._places[frame.key]
        try:
            with self._reading:
                return picture_in(topic.kind, topic.encoding, file.content(place)).content
        except (SceneUnusable, WireError) as error:
            raise PictureRefused(str(error)) from error

    def _scene(self, name: str, files: Sequence[Recording]) -> SourceScene:
        topics = sorted({one for file in files for one in file.topics()}, key=lambda one: one.name)
        camera, where = camera_topic(topics, self.camera), place_topic(topics)
        taken, clock = _pictures(files, camera)
        kept = [taken[number] for number in paced([one.at_us for one in taken], self._rate_hz)]
        poses = _poses(files, where, [one.at_us for one in kept], by_camera=clock is _BY_CAMERA)
        frames = []
        for one, pose in zip(kept, poses, strict=True):
            key = f"{name}/{one.at_us}{one.suffix}"
            self._places[key] = files[one.file], camera, one.place
            frames.append(SourceFrame(key, one.at_us, key, pose=pose))
        return SourceScene(name, name, frames, description=clock, log_name=name, licence=self._licence)


def matches(path: Path) -> bool:
    """Whether this is a recording, or some lie below it."""
    return holds_file(path, lambda name: Path(name).suffix in _STORAGES)


def source_at(path: Path, options: Options) -> Bags:
    """Raises SourceError where there is nothing to read."""
    return Bags(path, camera=options.camera or "", rate_hz=options.pace_hz, licence=options.licence or "")


_BY_CAMERA, _BY_RECORDER = "Times are those of the camera.", "Times are those of the recording."


def _recordings(path: Path, root: Path) -> Iterator[tuple[str, list[Path]]]:
    """(name of a scene, its files in order)."""
    if not path.exists():
        raise SourceError(f"{path} is neither a recording nor a folder.")
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    files = [one for one in files if one.suffix in _STORAGES and not one.name.startswith(".")]
    together: dict[Path, list[Path]] = {}
    for file in files:
        whole = path.is_dir() and (file.parent / _WRITTEN_BY_ROSBAG2).is_file()
        together.setdefault(file.parent if whole else file, []).append(file)
    for scene, parts in together.items():
        name = scene.relative_to(root).as_posix() if scene != root else root.name
        yield name, sorted(parts, key=lambda one: (len(one.name), one.name))


def _pictures(files: Sequence[Recording], camera: Topic) -> tuple[list[_Taken], str]:
    """(the camera's pictures in order of time, whose clock that is)."""
    stamped, logged = list[_Taken](), list[_Taken]()
    for number, file in enumerate(files):
        for message in file.messages(frozenset({camera.name})):
            picture = _decoded(message)
            suffix = _SUFFIXES.get(picture.content[:3])
            if suffix is None:
                begins = bytes(picture.content[:8]).hex() or "nothing"
                raise SceneUnusable(
                    f"{camera.name} holds a picture that is no JPEG or PNG: it begins with {begins}."
                )
            stamped.append(_Taken(picture.stamped_us, number, message.place, suffix))
            logged.append(_Taken(message.logged_us, number, message.place, suffix))
    if not logged:
        raise SceneUnusable(f"{camera.name} holds no picture.")
    apart_us = max(abs(one.at_us - other.at_us) for one, other in zip(stamped, logged, strict=True))
    if apart_us > _MOST_APART_US:
        return _forward(logged, camera), _BY_RECORDER
    return _forward(stamped, camera), _BY_CAMERA


def _decoded(message: Stored) -> Picture:
    try:
        return picture_in(message.topic.kind, message.topic.encoding, message.content)
    except WireError as error:
        raise SceneUnusable(
            f"A message on {message.topic.name} is no {message.topic.kind}: {error}."
        ) from error


def _forward(taken: list[_Taken], camera: Topic) -> list[_Taken]:
    for before, after in pairwise(taken):
        if after.at_us < before.at_us:
            raise SceneUnusable(
                f"The clock of {camera.name} runs backwards by {(before.at_us - after.at_us) / 1e6:,.3f} s, from "
                f"{before.at_us} to {after.at_us} microseconds."
            )
    return taken


def _poses(
    files: Sequence[Recording], topic: Topic | None, times_us: Sequence[int], *, by_camera: bool
) -> list[Pose | None]:
    if topic is None:
        return [None] * len(times_us)
    places = []
    for file in files:
        for message in file.messages(frozenset({topic.name})):
            place = _place(message)
            if place is not None and abs(place.stamped_us - message.logged_us) <= _MOST_APART_US:
                places.append((place.stamped_us if by_camera else message.logged_us, place))
    return _track(places).poses(times_us)


def _place(message: Stored) -> Place | None:
    try:
        return place_in(message.topic.kind, message.topic.encoding, message.content)
    except WireError as error:
        raise SceneUnusable(
            f"A message on {message.topic.name} is no {message.topic.kind}: {error}."
        ) from error


def _track(places: Sequence[tuple[int, Place]]) -> Track:
    times = [at_us for at_us, _ in places]
    x, y = [place.x for _, place in places], [place.y for _, place in places]
    headings = [place.yaw_rad for _, place in places if place.yaw_rad is not None]
    return Track.of(times, x, y, headings) if len(headings) == len(places) else fixes_track(times, x, y)
