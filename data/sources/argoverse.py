"""Argoverse 2 sensor logs: the front ring camera, poses and boxes from Feather tables.

Form: github.com/argoverse/av2-api (src/av2/datasets/sensor). Boxes are those of the nearest lidar sweep, which are
annotated ten times a second, and are taken to stand still until the camera's picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import feather

from data.errors import SourceError
from data.nuscenes.box_geometry import rotation_matrices
from data.nuscenes.cameras import Cameras
from data.sources.categories import nuscenes_category
from data.sources.opening import Options
from data.sources.own_files import OwnFiles
from data.sources.pace import RATE_HZ, paced
from data.sources.port import Lack, SceneSetAside, SourceFrame, SourceScene
from data.sources.track import Track, yaw_rad
from data.sources.unusable import SceneUnusable, check_name
from data.vocabulary import SeenBox, Split, storable_text

CAMERA = "ring_front_center"
LICENCE = "CC-BY-NC-SA-4.0"
_POSES = "city_SE3_egovehicle.feather"
_CAMERAS = "sensors/cameras"
_SIDES = {"train": Split.TRAIN, "val": Split.HELD_OUT, "test": Split.HELD_OUT}
_CITY = re.compile(r"____([A-Z]{3})_city_")
_MOST_BYTES = 256_000_000
_NEAREST_NS = 60_000_000
"""Half the time between two sweeps, and a little."""
_DEEPEST = 3
_ROTATION, _PLACE = ("qw", "qx", "qy", "qz"), ("tx_m", "ty_m", "tz_m")
Floats = npt.NDArray[np.float64]
Columns = dict[str, Any]
TAKES = frozenset({"camera", "rate_hz"})


class Argoverse2(OwnFiles):
    """The logs at or below a folder. `camera`: the folder of its pictures."""

    kind = "argoverse2"
    lacks = frozenset({Lack.TEXT, Lack.TAGS})

    def __init__(
        self, root: Path, *, camera: str = CAMERA, rate_hz: float = RATE_HZ, licence: str = LICENCE
    ) -> None:
        self.root, self.name, self.camera = root.resolve(), root.resolve().name, camera
        self._rate_hz, self._licence = rate_hz, licence

    def scenes(self) -> Iterator[SourceScene | SceneSetAside]:
        """See `Source`."""
        logs = logs_in(self.root)
        if not logs:
            raise SourceError(
                f"{self.root} holds no Argoverse 2 log, a folder with {_POSES} and {_CAMERAS}/."
            )
        for log in logs:
            try:
                check_name(log.name)
                yield self._scene(log)
            except SceneUnusable as unusable:
                yield SceneSetAside(storable_text(log.name), str(unusable))

    def _scene(self, log: Path) -> SourceScene:
        pictures = _pictures(log, self.camera)
        kept = [pictures[number] for number in paced([at_ns // 1000 for at_ns, _ in pictures], self._rate_hz)]
        times_ns = [at_ns for at_ns, _ in kept]
        poses = _track(_columns(log / _POSES, ("timestamp_ns", *_ROTATION, *_PLACE))).poses(
            [at_ns // 1000 for at_ns in times_ns]
        )
        boxes, size_px = _boxes(log, self.camera, times_ns), _size_px(log, self.camera)
        return SourceScene(
            key=log.name,
            name=log.name,
            frames=[
                SourceFrame(
                    f"{log.name}/{at_ns}",
                    at_ns // 1000,
                    file.relative_to(self.root).as_posix(),
                    pose,
                    seen,
                    size_px=size_px,
                )
                for (at_ns, file), pose, seen in zip(kept, poses, boxes, strict=True)
            ],
            log_name=log.name,
            location=_city(log),
            licence=self._licence,
            official_side=_SIDES.get(log.parent.name),
        )


def matches(path: Path) -> bool:
    """Whether logs lie at or below this."""
    return bool(logs_in(path, deepest=2))


def source_at(path: Path, options: Options) -> Argoverse2:
    """Raises SourceError where there is nothing to read."""
    return Argoverse2(
        path, camera=options.camera or CAMERA, rate_hz=options.pace_hz, licence=options.licence or LICENCE
    )


def logs_in(root: Path, deepest: int = _DEEPEST) -> list[Path]:
    """Folders of logs, by name: one log, a part of the set with many, or all parts."""
    found = (path.parent for depth in range(deepest + 1) for path in root.glob(f"{'*/' * depth}{_POSES}"))
    return sorted(log for log in found if (log / _CAMERAS).is_dir())


def _pictures(log: Path, camera: str) -> list[tuple[int, Path]]:
    """(nanoseconds, file) of every picture of the camera, by time."""
    folder = log / _CAMERAS / camera
    if Path(camera).name != camera or not folder.is_dir():
        there = ", ".join(sorted(one.name for one in (log / _CAMERAS).iterdir() if one.is_dir())) or "none"
        raise SceneUnusable(f"It has no camera {camera[:64]!r}; there are {there}.")
    pictures = []
    for file in folder.glob("*.jpg"):
        if not (file.stem.isascii() and file.stem.isdecimal() and len(file.stem) < _MANY_DIGITS):
            raise SceneUnusable(f"The picture {file.name[:64]!r} names no time in nanoseconds.")
        pictures.append((int(file.stem), file))
    if not pictures:
        raise SceneUnusable(f"{camera} holds no picture.")
    return sorted(pictures)


_MANY_DIGITS = 20


def _track(columns: Columns) -> Track:
    headings = [yaw_rad(*row) for row in zip(*(columns[name] for name in _ROTATION), strict=True)]
    return Track.of((columns["timestamp_ns"] // 1000).tolist(), columns["tx_m"], columns["ty_m"], headings)


def _boxes(log: Path, camera: str, times_ns: Sequence[int]) -> list[list[SeenBox] | None]:
    """What the camera sees at each time; None where nothing near it was annotated."""
    annotations = log / "annotations.feather"
    if not annotations.is_file():
        return [None] * len(times_ns)
    names = ("timestamp_ns", "category", "length_m", "width_m", "height_m", *_ROTATION, *_PLACE)
    columns, looking = _columns(annotations, names), _looking(log, camera)
    sweeps = np.unique(columns["timestamp_ns"])
    seen = list[list[SeenBox] | None]()
    for at_ns in times_ns:
        nearest = sweeps[np.argmin(np.abs(sweeps - at_ns))] if len(sweeps) else at_ns + 2 * _NEAREST_NS
        rows = np.flatnonzero(columns["timestamp_ns"] == nearest)
        seen.append(_seen(columns, rows, looking) if abs(int(nearest) - at_ns) <= _NEAREST_NS else None)
    return seen


def _seen(columns: Columns, rows: npt.NDArray[np.intp], looking: Cameras) -> list[SeenBox]:
    def stacked(*names: str) -> Floats:
        return np.stack([columns[name][rows] for name in names], axis=1)

    centres, sizes = stacked(*_PLACE), stacked("width_m", "length_m", "height_m")
    _, visible = looking.look(np.zeros(len(rows), dtype=np.intp), centres, sizes, stacked(*_ROTATION))
    return [
        SeenBox(
            nuscenes_category(str(columns["category"][rows[number]])),
            round(float(centres[number, 0]), 3),
            round(float(centres[number, 1]), 3),
        )
        for number in np.flatnonzero(visible)
    ]


def _looking(log: Path, camera: str) -> Cameras:
    """The camera on a vehicle that stands at the origin: boxes are given in the vehicle's axes."""
    folder = log / "calibration"
    pose = _of_camera(folder / "egovehicle_SE3_sensor.feather", camera, (*_ROTATION, *_PLACE))
    lens = _of_camera(
        folder / "intrinsics.feather", camera, ("fx_px", "fy_px", "cx_px", "cy_px", "width_px", "height_px")
    )
    intrinsic = [[lens["fx_px"], 0.0, lens["cx_px"]], [0.0, lens["fy_px"], lens["cy_px"]], [0.0, 0.0, 1.0]]
    return Cameras(
        ego=np.zeros((1, 3)),
        ego_rotation=np.eye(3)[None],
        camera=np.array([[pose[name] for name in _PLACE]]),
        camera_rotation=rotation_matrices(np.array([[pose[name] for name in _ROTATION]])),
        intrinsic=np.array([intrinsic]),
        size_px=np.array([[lens["width_px"], lens["height_px"]]]),
    )


def _size_px(log: Path, camera: str) -> tuple[int, int] | None:
    """The size that the calibration states; None in a log that came without one."""
    table = log / "calibration" / "intrinsics.feather"
    if not table.is_file():
        return None
    lens = _of_camera(table, camera, ("width_px", "height_px"))
    return round(lens["width_px"]), round(lens["height_px"])


def _of_camera(file: Path, camera: str, names: tuple[str, ...]) -> dict[str, float]:
    columns = _columns(file, ("sensor_name", *names))
    rows = np.flatnonzero(columns["sensor_name"] == camera)
    if len(rows) != 1:
        raise SceneUnusable(f"{file.name} has {len(rows)} rows of {camera}.")
    return {name: float(columns[name][rows[0]]) for name in names}


def _columns(file: Path, names: tuple[str, ...]) -> Columns:
    """Columns of a table as arrays, numbers finite. Raises SceneUnusable."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise SceneUnusable(f"{file.name} has more than {_MOST_BYTES:,} bytes.")
        table = feather.read_table(file, columns=list(names), memory_map=False)  # type: ignore[no-untyped-call]
        columns = {name: table[name].to_numpy() for name in names}
    except (pa.ArrowException, OSError, KeyError, ValueError, MemoryError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise SceneUnusable(f"{file.name} cannot be read: {reason}.") from error
    for name, column in columns.items():
        if name in ("category", "sensor_name"):
            continue
        if column.dtype.kind not in "iuf" or not np.isfinite(column).all():
            raise SceneUnusable(f"The column {name} of {file.name} holds what is no number.")
    return columns


def _city(log: Path) -> str:
    found = [match[1] for file in (log / "map").glob("*.json") if (match := _CITY.search(file.name))]
    return found[0] if found else ""
