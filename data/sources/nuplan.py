"""nuPlan logs: SQLite files with scenes and scenario tags, pictures in `sensor_blobs/` beside them.

Form: github.com/motional/nuplan-devkit (docs/nuplan_schema.md). Scenario tags become tags of the frame that is nearest
in time. Boxes are unknown: the camera's calibration, without which nobody can say what it sees, is stored as a Python
pickle, which would run whatever it says and is not opened.
"""

from __future__ import annotations

import os
import sqlite3
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import SourceError
from data.sources.checking import stays_inside
from data.sources.opening import Options
from data.sources.own_files import OwnFiles
from data.sources.pace import RATE_HZ, paced
from data.sources.port import Lack, SceneSetAside, SourceFrame, SourceScene
from data.sources.track import yaw_rad
from data.sources.unusable import SceneUnusable, check_name
from data.sources.wire.sqlite_tables import tables_of
from data.vocabulary import Pose, Split, storable_text

CAMERA = "CAM_F0"
LICENCE = "nuPlan terms of use (CC BY-NC-SA 4.0 with amendments)"
TAKES = frozenset({"camera", "rate_hz"})
_BLOBS = "sensor_blobs"
_TABLES = ("image", "camera", "ego_pose", "lidar_pc", "scene", "scenario_tag", "log")
_SIDES = {"train": Split.TRAIN, "val": Split.HELD_OUT, "test": Split.HELD_OUT}
_SECOND_US = 1_000_000
_NEAREST_US = 200_000
"""Between a picture and a sweep, of which there are twenty a second."""
_IMAGES = """
    SELECT image.timestamp, image.filename_jpg, pose.x, pose.y, pose.qw, pose.qx, pose.qy, pose.qz
    FROM image JOIN camera ON camera.token = image.camera_token
    JOIN ego_pose pose ON pose.token = image.ego_pose_token
    WHERE camera.channel = ? ORDER BY image.timestamp, image.filename_jpg
"""
_SWEEPS = """
    SELECT sweep.timestamp, lower(hex(sweep.scene_token)), scene.name
    FROM lidar_pc sweep JOIN scene ON scene.token = sweep.scene_token ORDER BY sweep.timestamp
"""
_TAGS = """
    SELECT sweep.timestamp, tag.type FROM scenario_tag tag JOIN lidar_pc sweep ON sweep.token = tag.lidar_pc_token
    WHERE tag.type IS NOT NULL ORDER BY sweep.timestamp, tag.type
"""


@dataclass(frozen=True)
class _Image:
    at_us: int
    picture: str
    pose: Pose


class NuPlan(OwnFiles):
    """The log databases below a folder that also holds `sensor_blobs/`, one of them or their folder."""

    kind = "nuplan"
    lacks = frozenset({Lack.BOXES, Lack.TEXT})

    def __init__(
        self, root: Path, *, camera: str = CAMERA, rate_hz: float = RATE_HZ, licence: str = LICENCE
    ) -> None:
        self.root, self.name, self.camera = root.resolve(), root.resolve().name, camera
        self._rate_hz, self._licence = rate_hz, licence

    def scenes(self) -> Iterator[SourceScene | SceneSetAside]:
        """See `Source`."""
        files = databases(self.root)
        if not files:
            raise SourceError(f"{self.root} holds no nuPlan log (*.db).")
        for file in files:
            try:
                check_name(file.name)
                yield from self._scenes_of(file)
            except SceneUnusable as unusable:
                yield SceneSetAside(storable_text(file.name), str(unusable))

    def _scenes_of(self, file: Path) -> Iterator[SourceScene | SceneSetAside]:
        blobs = _blobs(file, self.root)
        with tables_of(file, _TABLES, "nuPlan log") as connection:
            images = _images(connection, self.camera, blobs)
            sweeps = [_sweep(row) for row in connection.execute(_SWEEPS)]
            tags = [(_time(at_us), str(tag)) for at_us, tag in connection.execute(_TAGS)]
            (log, place) = connection.execute("SELECT logfile, location FROM log").fetchone() or ("", "")
        names = {scene: name for _, scene, name in sweeps}
        for scene, some in _by_scene(images, sweeps).items():
            name = f"{file.stem} {names[scene]}"
            kept = [some[number] for number in paced([one.at_us for one in some], self._rate_hz)]
            if not any((self.root / one.picture).is_file() for one in kept):
                yield SceneSetAside(name, f"None of its pictures is there, such as {kept[0].picture}.")
                continue
            yield SourceScene(
                key=f"{file.stem}/{scene}",
                name=name,
                frames=_frames(file.stem, kept, tags, round(_SECOND_US / self._rate_hz)),
                log_name=storable_text(str(log or file.stem)),
                location=storable_text(str(place or "")),
                licence=self._licence,
                official_side=_SIDES.get(file.parent.name.split("_")[0]),
            )


def matches(path: Path) -> bool:
    """Whether log databases and their pictures lie below a folder."""
    return path.is_dir() and any(_blob_folders(path)) and bool(databases(path))


def source_at(path: Path, options: Options) -> NuPlan:
    """Raises SourceError where there is nothing to read."""
    if not path.is_dir():
        raise SourceError(f"{path} is not a folder; name the one that holds the logs and {_BLOBS}/.")
    return NuPlan(
        path, camera=options.camera or CAMERA, rate_hz=options.pace_hz, licence=options.licence or LICENCE
    )


def databases(root: Path) -> list[Path]:
    """The logs below a folder, by name, without a look into the pictures."""
    found = list[Path]()
    for folder, below, files in os.walk(root):
        below[:] = [one for one in below if one != _BLOBS and not one.startswith(".")]
        found += [Path(folder, one) for one in files if one.endswith(".db") and not one.startswith(".")]
    return sorted(found)


def _blob_folders(root: Path) -> Iterator[Path]:
    return (one for depth in range(3) for one in root.glob(f"{'*/' * depth}{_BLOBS}") if one.is_dir())


def _blobs(file: Path, root: Path) -> Path:
    """The folder that the names of pictures are relative to: the nearest one above the log."""
    above = [parent / _BLOBS for parent in file.parents if parent.is_relative_to(root)]
    for folder in (*above, *_blob_folders(root)):
        if folder.is_dir():
            return folder.relative_to(root)
    raise SceneUnusable(f"There is no {_BLOBS}/ with its pictures below {root.name}.")


def _images(connection: sqlite3.Connection, camera: str, blobs: Path) -> list[_Image]:
    images = []
    for at_us, name, x, y, *rotation in connection.execute(_IMAGES, [camera]):
        if not isinstance(name, str) or not stays_inside(name):
            raise SceneUnusable(f"The table image names {name!r:.200}, which is no file below {_BLOBS}/.")
        pose = Pose(round(float(x), 3), round(float(y), 3), round(yaw_rad(*map(float, rotation)), 5))
        images.append(_Image(_time(at_us), (blobs / name).as_posix(), pose))
    if not images:
        channels = [
            str(one) for (one,) in connection.execute("SELECT DISTINCT channel FROM camera ORDER BY channel")
        ]
        raise SceneUnusable(
            f"It has no picture of {camera[:64]!r}; its cameras are {', '.join(channels) or 'none'}."
        )
    return images


def _sweep(row: Sequence[Any]) -> tuple[int, str, str]:
    at_us, scene, name = row
    return _time(at_us), str(scene), storable_text(str(name or scene))


def _time(value: object) -> int:
    if not isinstance(value, int):
        raise SceneUnusable(f"A time in microseconds is {value!r:.100}.")
    return value


def _by_scene(images: Sequence[_Image], sweeps: Sequence[tuple[int, str, str]]) -> dict[str, list[_Image]]:
    """The images of each scene, by the sweep that is nearest in time; those that are near none belong to no scene."""
    times, scenes = [at_us for at_us, _, _ in sweeps], defaultdict[str, list[_Image]](list)
    for image in images:
        nearest = _nearest(times, image.at_us)
        if nearest is not None and abs(times[nearest] - image.at_us) <= _NEAREST_US:
            scenes[sweeps[nearest][1]].append(image)
    if not scenes:
        raise SceneUnusable("None of its pictures was taken near a lidar sweep of a scene.")
    return dict(scenes)


def _frames(
    log: str, images: Sequence[_Image], tags: Sequence[tuple[int, str]], farthest_us: int
) -> list[SourceFrame]:
    times, of_frame = [one.at_us for one in images], defaultdict[int, set[str]](set)
    for at_us, tag in tags:
        nearest = _nearest(times, at_us)
        if nearest is not None and abs(times[nearest] - at_us) <= farthest_us:
            of_frame[nearest].add(tag)
    return [
        SourceFrame(
            f"{log}/{one.picture.rpartition('/')[2]}",
            one.at_us,
            one.picture,
            pose=one.pose,
            tags=tuple(sorted(of_frame[number])),
        )
        for number, one in enumerate(images)
    ]


def _nearest(times: Sequence[int], at_us: int) -> int | None:
    """The number of the time that is nearest, None where there is none."""
    if not times:
        return None
    after = min(bisect_left(times, at_us), len(times) - 1)
    before = max(after - 1, 0)
    return before if abs(times[before] - at_us) <= abs(times[after] - at_us) else after
