"""NVIDIA PhysicalAI-Autonomous-Vehicles as a source: every clip is a scene, its front camera's video the pictures.

Form: github.com/NVlabs/physical_ai_av (src/physical_ai_av/dataset.py, video.py, egomotion.py and the wiki's "Dataset
Overview" and "Sensor Details") and github.com/NVlabs/alpamayo (scripts/download_pai.py, mlx_port). Archives of some
hundred clips, `camera/CAMERA/CAMERA.chunk_0000.zip`, hold `CLIP.CAMERA.mp4` and `CLIP.CAMERA.timestamps.parquet`,
whose row n (`timestamp`, microseconds from the clip's start) is the n-th picture's.
`labels/egomotion/egomotion.chunk_0000.zip` holds `CLIP.egomotion.parquet` (`timestamp`, `x`, `y`, `z`, `qx`, `qy`,
`qz`, `qw` of the rig in axes of the clip); `clip_index.parquet` says `split` and `clip_is_valid` by `clip_id`,
`metadata/data_collection.parquet` the `country`.
Unpacked archives are read too. Boxes stay unknown: the published texts do not say enough of how the set's obstacles are
stored. When a clip was driven is not published.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from data.errors import SourceError
from data.sources.film import Reel, read_track
from data.sources.opening import Options
from data.sources.pace import RATE_HZ, paced
from data.sources.physical_ai.reasoning import NEAR_US, PLACE, Event, read_events
from data.sources.physical_ai.tables import INDEX, columns, numbers, whole_numbers
from data.sources.port import Lack, SceneSetAside, SourceFrame, SourceScene
from data.sources.track import Track, yaw_rad
from data.sources.unusable import SceneUnusable
from data.sources.wire.archive import Stored, members
from data.sources.wire.errors import WireError
from data.vocabulary import Pose, Split, storable_text

CAMERA = "camera_front_wide_120fov"
LICENCE = "NVIDIA Autonomous Vehicle Dataset License Agreement"
TAKES = frozenset({"camera", "rate_hz"})
_CAMERAS, _EGOMOTION = "camera", "labels/egomotion"
_INDEX, _COLLECTION = "clip_index.parquet", "metadata/data_collection.parquet"
_SIDES = {"train": Split.TRAIN, "val": Split.HELD_OUT, "test": Split.HELD_OUT}
_CLIP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_CLOCK = "When it was driven is not published: the clock starts at 1970 with the clip."
_POSE = ("timestamp", "x", "y", "qw", "qx", "qy", "qz")


@dataclass(frozen=True)
class _Clips:
    """What the set's tables say of clips, by their ids."""

    sides: Mapping[str, Split]
    countries: Mapping[str, str]
    invalid: frozenset[str]
    events: Mapping[str, Sequence[Event]]


class PhysicalAI:
    """The clips of a download. `camera`: the folder of its archives."""

    kind = "physical-ai"
    in_files = False

    def __init__(
        self, root: Path, *, camera: str = CAMERA, rate_hz: float = RATE_HZ, licence: str = LICENCE
    ) -> None:
        self.root, self.name, self.camera = root.resolve(), root.resolve().name, camera
        self._rate_hz, self._licence = rate_hz, licence
        self._reel, self._reading = Reel(), threading.Lock()
        self._places: dict[str, tuple[Stored, list[int], int]] = {}

    @property
    def lacks(self) -> frozenset[Lack]:
        """Boxes and text; poses and tags where their folders were not downloaded."""
        poses = set() if (self.root / _EGOMOTION).is_dir() else {Lack.POSES}
        tags = set() if (self.root / PLACE).is_file() else {Lack.TAGS}
        return frozenset({Lack.BOXES, Lack.TEXT, *poses, *tags})

    def scenes(self) -> Iterator[SourceScene | SceneSetAside]:
        """See `Source`. An archive or a table that cannot be read is told and passed over."""
        folder = self._camera_folder()
        aside = list[SceneSetAside]()
        motions = _by_name(_stored(self.root / _EGOMOTION, aside))
        clips = self._tables(aside)
        films = _films(_stored(folder, aside), self.camera, aside)
        if not films and not aside:
            raise SourceError(
                f"{folder} holds no clip, a file CLIP.{self.camera}.mp4 in an archive or its own."
            )
        yield from aside
        first = dict[str, Stored]()
        for clip, film, times in films:
            try:
                if first.setdefault(clip, film) != film:
                    raise SceneUnusable(
                        f"It is there twice, in {first[clip].file.name} and {film.file.name}."
                    )
                yield self._scene(clip, film, times, motions, clips)
            except (SceneUnusable, WireError) as unusable:
                yield SceneSetAside(clip, storable_text(str(unusable)))

    def picture(self, scene: SourceScene, frame: SourceFrame) -> bytes:
        """See `Source`."""
        with self._reading:
            return self._reel.picture(*self._places[frame.key])

    def _camera_folder(self) -> Path:
        folder = self.root / _CAMERAS / self.camera
        if Path(self.camera).name != self.camera or not folder.is_dir():
            there = sorted(one.name for one in (self.root / _CAMERAS).glob("*") if one.is_dir())
            raise SourceError(
                f"{self.root} has no camera {self.camera[:64]!r}; there are {', '.join(there) or 'none'}."
            )
        return folder

    def _scene(
        self,
        clip: str,
        film: Stored,
        times: Stored | None,
        motions: Mapping[str, list[Stored]],
        clips: _Clips,
    ) -> SourceScene:
        if clip in clips.invalid:
            raise SceneUnusable(f"{_INDEX} marks it as not valid.")
        if times is None:
            raise SceneUnusable(f"{film.name} has no table of times beside it.")
        times_us, track, events = (
            whole_numbers(times, "timestamp"),
            read_track(film),
            clips.events.get(clip, ()),
        )
        _refuse_times(times, times_us, len(track.pts))
        nearest = ((_nearest(times_us, event.at_us), event) for event in events)
        told = {number: one for number, one in nearest if abs(times_us[number] - one.at_us) <= NEAR_US}
        taken = paced(times_us, self._rate_hz, always=told)
        poses = _poses(clip, motions).poses([times_us[number] for number in taken])
        frames = []
        for number, pose in zip(taken, poses, strict=True):
            frames.append(_frame(clip, times_us[number], pose, told.get(number)))
            self._places[frames[-1].key] = (film, track.keys, track.pts[number])
        return SourceScene(
            key=clip,
            name=clip,
            frames=frames,
            description=_CLOCK,
            log_name=clip,
            location=clips.countries.get(clip, ""),
            licence=self._licence,
            official_side=clips.sides.get(clip),
        )

    def _tables(self, aside: list[SceneSetAside]) -> _Clips:
        sides, invalid = dict[str, Split](), set[str]()
        for clip, side, valid in self._rows(_INDEX, ("split", "clip_is_valid"), aside):
            invalid.update([str(clip)] if valid is False else [])
            if side in _SIDES:
                sides[str(clip)] = _SIDES[str(side)]
        countries = {
            str(clip): storable_text(str(country))[:200]
            for clip, country in self._rows(_COLLECTION, ("country",), aside)
            if country
        }
        return _Clips(sides, countries, frozenset(invalid), self._events(aside))

    def _rows(
        self, place: str, names: tuple[str, ...], aside: list[SceneSetAside]
    ) -> Iterator[tuple[object, ...]]:
        """The rows of a table of all clips, which need not have been downloaded."""
        if (self.root / place).is_file():
            try:
                yield from zip(*columns(Stored(self.root / place), (INDEX, *names)), strict=True)
            except SceneUnusable as unusable:
                aside.append(SceneSetAside(place, str(unusable)))

    def _events(self, aside: list[SceneSetAside]) -> dict[str, list[Event]]:
        found = defaultdict[str, list[Event]](list)
        if (self.root / PLACE).is_file():
            try:
                for one in read_events(self.root / PLACE):
                    if isinstance(one, Event):
                        found[one.clip].append(one)
                    else:
                        aside.append(SceneSetAside(f"the words on {one.clip}", one.reason))
            except SceneUnusable as unusable:
                aside.append(SceneSetAside(PLACE.as_posix(), str(unusable)))
        return found


def matches(path: Path) -> bool:
    """Whether a folder holds folders of cameras that are called as the set calls them."""
    return any(one.is_dir() for one in path.glob(f"{_CAMERAS}/camera_*fov"))


def source_at(path: Path, options: Options) -> PhysicalAI:
    """Raises SourceError where there is nothing to read."""
    return PhysicalAI(
        path, camera=options.camera or CAMERA, rate_hz=options.pace_hz, licence=options.licence or LICENCE
    )


def _stored(folder: Path, aside: list[SceneSetAside]) -> Iterator[Stored]:
    """Every file of a folder, those in its archives included, by name."""
    for file in sorted(one for one in folder.rglob("*") if one.is_file() and not one.name.startswith(".")):
        if file.suffix != ".zip":
            yield Stored(file)
            continue
        try:
            yield from members(file)
        except WireError as error:
            aside.append(SceneSetAside(storable_text(file.name), f"{file.name} cannot be read: {error}."))


def _by_name(stored: Iterator[Stored]) -> dict[str, list[Stored]]:
    found = defaultdict[str, list[Stored]](list)
    for one in stored:
        found[one.name].append(one)
    return found


def _films(
    stored: Iterator[Stored], camera: str, aside: list[SceneSetAside]
) -> list[tuple[str, Stored, Stored | None]]:
    """(clip, its video, its table of times, which lies beside it) in order of clips."""
    there, found = list(stored), list[tuple[str, Stored, Stored | None]]()
    beside = {(one.file if one.member else one.file.parent, one.name): one for one in there}
    for one in there:
        clip, ending = one.name.removesuffix(f".{camera}.mp4"), f".{camera}.mp4"
        if not one.name.endswith(ending):
            continue
        if not _CLIP.fullmatch(clip) or ".." in Path(one.member).parts or one.member.startswith(("/", "\\")):
            name = storable_text(one.member or one.name)
            aside.append(SceneSetAside(name, f"The name {name[:120]!r} is not that of a clip in its folder."))
            continue
        place = one.file if one.member else one.file.parent
        found.append((clip, one, beside.get((place, f"{clip}.{camera}.timestamps.parquet"))))
    return sorted(found, key=lambda one: (one[0], str(one[1].file), one[1].member))


def _refuse_times(table: Stored, times_us: Sequence[int], pictures: int) -> None:
    if len(times_us) != pictures:
        raise SceneUnusable(
            f"The video has {pictures:,} pictures, and {table.name} has {len(times_us):,} times for them."
        )
    for number, (before, after) in enumerate(pairwise(times_us), start=2):
        if after <= before:
            raise SceneUnusable(
                f"The clock of {table.name} runs backwards in row {number}, from {before} to {after} µs."
            )


def _poses(clip: str, motions: Mapping[str, list[Stored]]) -> Track:
    """Where the clip's vehicle was; a track of nothing where that was not downloaded."""
    tables = motions.get(f"{clip}.egomotion.parquet", [])
    if len(tables) > 1:
        raise SceneUnusable(
            f"{tables[0].name} is there twice, in {tables[0].file.name} and {tables[1].file.name}."
        )
    if not tables:
        return Track.of([], [], [], [])
    at_us, x_m, y_m, *rotation = numbers(tables[0], _POSE)
    return Track.of(
        [round(at) for at in at_us], x_m, y_m, [yaw_rad(*one) for one in zip(*rotation, strict=True)]
    )


def _frame(clip: str, at_us: int, pose: Pose | None, event: Event | None) -> SourceFrame:
    key = f"{clip}/{at_us:09d}.jpg"
    return SourceFrame(key, at_us, key, pose, tags=(event.cluster,) if event and event.cluster else ())


def _nearest(times_us: Sequence[int], at_us: int) -> int:
    return min(range(len(times_us)), key=lambda number: abs(times_us[number] - at_us))
