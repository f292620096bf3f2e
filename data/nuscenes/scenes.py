"""A nuScenes dataroot -> scenes and CAM_FRONT keyframes. The only module that knows nuScenes' tables and tokens.

The tables are read with DuckDB, needed columns only, and boxes stay columns of numbers until it is known which of
them the camera sees. `make bench-ingest` holds this against loading the tables whole.
"""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from data.errors import DatarootError
from data.nuscenes.box_geometry import box_corners, in_image, rotation_matrices, to_local
from data.nuscenes.json_scan import write_objects_with

CAMERA = "CAM_FRONT"
Floats = npt.NDArray[np.float64]

_COLUMNS: dict[str, dict[str, str]] = {
    "scene": {"token": "VARCHAR", "log_token": "VARCHAR", "name": "VARCHAR", "description": "VARCHAR"},
    "log": {"token": "VARCHAR", "logfile": "VARCHAR", "location": "VARCHAR"},
    "sample": {"token": "VARCHAR", "scene_token": "VARCHAR"},
    "sensor": {"token": "VARCHAR", "channel": "VARCHAR"},
    "calibrated_sensor": {
        "token": "VARCHAR",
        "sensor_token": "VARCHAR",
        "translation": "DOUBLE[]",
        "rotation": "DOUBLE[]",
        "camera_intrinsic": "DOUBLE[][]",
    },
    "ego_pose": {"token": "VARCHAR", "translation": "DOUBLE[]", "rotation": "DOUBLE[]"},
    "sample_data": {
        "token": "VARCHAR",
        "sample_token": "VARCHAR",
        "ego_pose_token": "VARCHAR",
        "calibrated_sensor_token": "VARCHAR",
        "timestamp": "BIGINT",
        "is_key_frame": "BOOLEAN",
        "filename": "VARCHAR",
        "width": "INTEGER",
        "height": "INTEGER",
    },
    "sample_annotation": {
        "sample_token": "VARCHAR",
        "instance_token": "VARCHAR",
        "translation": "DOUBLE[]",
        "size": "DOUBLE[]",
        "rotation": "DOUBLE[]",
    },
    "instance": {"token": "VARCHAR", "category_token": "VARCHAR"},
    "category": {"token": "VARCHAR", "name": "VARCHAR"},
}
_UTC_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})$")
_BOXES_AT_ONCE = 20_000
"""Boxes projected together: 20 MB of corners and pixels."""


@dataclass(frozen=True)
class SeenBox:
    """An annotated box that the camera sees. `ahead_m` and `left_m` place its centre relative to the ego
    vehicle's rear axle (x forward, y left)."""

    category: str
    ahead_m: float
    left_m: float


@dataclass(frozen=True)
class Keyframe:
    """One CAM_FRONT keyframe as the tables have it; `filename` is relative to the dataroot, POSIX. `ego_yaw_rad`:
    the vehicle's heading, counter-clockwise from the map's x axis."""

    token: str
    scene_token: str
    captured_at_us: int
    filename: str
    ego_x_m: float
    ego_y_m: float
    ego_yaw_rad: float = 0.0
    boxes: list[SeenBox] = field(default_factory=list)


@dataclass(frozen=True)
class SceneTable:
    """One scene with its keyframes in time order. `utc_offset_min`: local time minus UTC where it was driven."""

    token: str
    name: str
    description: str
    log_name: str
    location: str
    utc_offset_min: int | None
    keyframes: list[Keyframe]


@dataclass(frozen=True)
class CameraFrame:
    """One CAM_FRONT image of a scene, keyframe or sweep; `filename` is relative to the dataroot, POSIX."""

    token: str
    captured_at_us: int
    filename: str
    is_keyframe: bool


def read_camera_frames(dataroot: Path, version: str, scenes: Sequence[str]) -> dict[str, list[CameraFrame]]:
    """Every CAM_FRONT image of the scenes with these tokens, sweeps between the keyframes included, by time.

    The tables alone decide; whether the sweeps' files were downloaded is not looked at. Raises DatarootError as
    `read_scenes` does.
    """
    tables = _open_tables(dataroot, version)
    _number(tables, "wanted_scene", sorted(set(scenes)))
    sql = f"""
        SELECT sample.scene_token, sd.token, sd.timestamp, sd.filename, sd.is_key_frame
        FROM sample_data sd
        JOIN sample ON sample.token = sd.sample_token
        JOIN wanted_scene ON wanted_scene.value = sample.scene_token
        JOIN calibrated_sensor cs ON cs.token = sd.calibrated_sensor_token
        JOIN sensor ON sensor.token = cs.sensor_token AND sensor.channel = '{CAMERA}'
        ORDER BY sd.timestamp, sd.token
    """  # noqa: S608 - CAMERA is ours
    found: dict[str, list[CameraFrame]] = {}
    for row in _query(tables, sql):
        frame = CameraFrame(row["token"], row["timestamp"], _confined(row["filename"]), row["is_key_frame"])
        found.setdefault(row["scene_token"], []).append(frame)
    return found


def read_scenes(dataroot: Path, version: str) -> list[SceneTable]:
    """Every scene of a dataroot version that has CAM_FRONT keyframes, by name, keyframes by time.

    Raises DatarootError: no such version, a table missing or not readable, a file name that leaves the dataroot, a
    keyframe of an unknown scene.
    """
    tables = _open_tables(dataroot, version)
    keyframes = _camera_keyframes(tables, dataroot / version / "sample_data.json")
    if not keyframes:
        raise DatarootError(f"{dataroot / version} holds no {CAMERA} keyframe.")
    boxes = _seen_boxes(tables, keyframes)
    by_scene: dict[str, list[Keyframe]] = {}
    for number, row in enumerate(keyframes):
        frame = _keyframe(row, boxes.get(number, []))
        by_scene.setdefault(frame.scene_token, []).append(frame)
    scenes = _scene_rows(tables)
    _refuse_unknown_scenes(by_scene, {row["token"] for row in scenes})
    return [_scene(row, by_scene[row["token"]]) for row in scenes if row["token"] in by_scene]


def _refuse_unknown_scenes(by_scene: dict[str, list[Keyframe]], known: set[str]) -> None:
    """A frame of no scene could stand on both sides of a split by scene, and must not be lost without a word."""
    lost = [frame for token, frames in by_scene.items() if token not in known for frame in frames]
    if lost:
        raise DatarootError(
            f"{len(lost):,} keyframes are of scenes that scene.json does not have, such as {lost[0].filename}; "
            "complete scene.json, or remove their rows from sample.json."
        )


def require_dataroot(dataroot: Path, version: str) -> None:
    """Raise DatarootError unless this is a folder that has the version with every table that is read."""
    if not dataroot.is_dir():
        raise DatarootError(f"{dataroot} is not a folder.")
    folder = dataroot / version
    if not folder.is_dir():
        found = sorted(path.name for path in dataroot.glob("v1.0-*") if path.is_dir())
        hint = f"It has {', '.join(found)}." if found else "It has no v1.0-… folder."
        raise DatarootError(f"{dataroot} has no version {version}. {hint}")
    for name in _COLUMNS:
        if not (folder / f"{name}.json").is_file():
            raise DatarootError(f"The table {folder / name}.json is missing.")


def _open_tables(dataroot: Path, version: str) -> duckdb.DuckDBPyConnection:
    require_dataroot(dataroot, version)
    folder = dataroot / version
    connection = duckdb.connect(":memory:", config={"threads": 1})
    # Taken for a terminal (no main file), DuckDB would draw a bar on stdout, where figures belong.
    connection.execute("SET enable_progress_bar = false")
    # It guesses that a filtered file is small and would keep the largest tables in memory to look rows up in; as the
    # queries are written, what stands to the right of a JOIN is what is small.
    connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
    for name, columns in _COLUMNS.items():
        _create_view(connection, folder / f"{name}.json", name, columns)
    return connection


def _create_view(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, columns: dict[str, str]
) -> None:
    spec = ", ".join(f"{column}: '{kind}'" for column, kind in columns.items())
    quoted = str(path).replace("'", "''")
    connection.execute(
        f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_json('{quoted}', format='array', "  # noqa: S608
        f"columns={{{spec}}}, maximum_object_size=16777216)"
    )


def _query(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[dict[str, Any]]:
    """Rows of a query as dictionaries."""
    with _readable():
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or []]
        while rows := cursor.fetchmany(10_000):
            yield from (dict(zip(names, row, strict=True)) for row in rows)


@contextmanager
def _readable() -> Iterator[None]:
    """A table that cannot be parsed becomes a DatarootError."""
    try:
        yield
    except duckdb.Error as error:
        reason = " ".join(str(error).splitlines()[0].split())
        raise DatarootError(f"A nuScenes table cannot be read: {reason}") from error


def _scene_rows(tables: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    sql = """
        SELECT scene.token, scene.name, scene.description, log.logfile, log.location
        FROM scene LEFT JOIN log ON log.token = scene.log_token ORDER BY scene.name, scene.token
    """
    return list(_query(tables, sql))


def _camera_keyframes(tables: duckdb.DuckDBPyConnection, table: Path) -> list[dict[str, Any]]:
    """The camera's keyframes by time, from those rows of the largest table that name an image of the camera's
    folder, if they give every sample its keyframe; else from all of its rows."""
    with tempfile.TemporaryDirectory(prefix="teletriage-") as folder:
        few = Path(folder) / table.name
        if write_objects_with(f"samples/{CAMERA}/".encode(), table, few):
            _create_view(tables, few, table.stem, _COLUMNS[table.stem])
            try:
                keyframes = _keyframe_rows(tables)
            except DatarootError:  # cut where strings hold braces
                keyframes = []
            (samples,) = next(iter(_query(tables, "SELECT count(*) AS n FROM sample"))).values()
            if len({row["sample_token"] for row in keyframes}) == samples:
                return keyframes
    _create_view(tables, table, table.stem, _COLUMNS[table.stem])
    return _keyframe_rows(tables)


def _keyframe_rows(tables: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    sql = f"""
        SELECT taken.* EXCLUDE ego_pose_token,
            pose.translation AS ego_translation, pose.rotation AS ego_rotation
        FROM ego_pose pose JOIN (
            SELECT sd.token, sd.sample_token, sample.scene_token, sd.timestamp, sd.filename, sd.width, sd.height,
                cs.translation AS camera_translation, cs.rotation AS camera_rotation, cs.camera_intrinsic,
                sd.ego_pose_token
            FROM sample_data sd
            JOIN sample ON sample.token = sd.sample_token
            JOIN calibrated_sensor cs ON cs.token = sd.calibrated_sensor_token
            JOIN sensor ON sensor.token = cs.sensor_token AND sensor.channel = '{CAMERA}'
            WHERE sd.is_key_frame
        ) taken ON taken.ego_pose_token = pose.token
        ORDER BY taken.timestamp, taken.token
    """  # noqa: S608 - CAMERA is ours
    return list(_query(tables, sql))


def _keyframe(row: dict[str, Any], boxes: list[SeenBox]) -> Keyframe:
    return Keyframe(
        token=row["token"],
        scene_token=row["scene_token"],
        captured_at_us=row["timestamp"],
        filename=_confined(row["filename"]),
        ego_x_m=row["ego_translation"][0],
        ego_y_m=row["ego_translation"][1],
        ego_yaw_rad=_yaw_rad(row["ego_rotation"]),
        boxes=boxes,
    )


def _yaw_rad(quaternion: list[float]) -> float:
    w, x, y, z = quaternion
    return math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def _confined(filename: str) -> str:
    path = PurePosixPath(filename)
    if path.is_absolute() or ".." in path.parts or "\\" in filename or "\0" in filename:
        raise DatarootError(f"The table sample_data names {filename!r}, which leaves the dataroot.")
    return str(path)


def _scene(row: dict[str, Any], keyframes: list[Keyframe]) -> SceneTable:
    log_name = row["logfile"] or ""
    return SceneTable(
        token=row["token"],
        name=row["name"],
        description=row["description"] or "",
        log_name=log_name,
        location=row["location"] or "",
        utc_offset_min=utc_offset_min(log_name),
        keyframes=sorted(keyframes, key=lambda frame: (frame.captured_at_us, frame.token)),
    )


def utc_offset_min(log_name: str) -> int | None:
    """Minutes to add to UTC for local time; a log's name ends in it.

    >>> utc_offset_min("n008-2018-08-01-15-16-36-0400"), utc_offset_min("n015-2018-07-24-11-22-45+0800")
    (-240, 480)
    """
    found = _UTC_OFFSET.search(log_name)
    if found is None:
        return None
    sign = -1 if found[1] == "-" else 1
    return sign * (int(found[2]) * 60 + int(found[3]))


def _seen_boxes(
    tables: duckdb.DuckDBPyConnection, keyframes: list[dict[str, Any]]
) -> dict[int, list[SeenBox]]:
    """The boxes that the camera sees, by the keyframe's number in `keyframes`, in the table's order."""
    view, names = _View.of(keyframes), _category_names(tables)
    category, frames, numbers = _box_columns(tables, keyframes, names, view)
    seen: dict[int, list[SeenBox]] = {}
    for start in range(0, len(frames), _BOXES_AT_ONCE):
        some = slice(start, start + _BOXES_AT_ONCE)
        columns = numbers[some]
        places, visible = view.look(frames[some], columns[:, :3], columns[:, 3:6], columns[:, 6:])
        for index in np.flatnonzero(visible):
            ahead_m, left_m = round(float(places[index, 0]), 3), round(float(places[index, 1]), 3)
            box = SeenBox(names[category[start + index]], ahead_m, left_m)
            seen.setdefault(int(frames[start + index]), []).append(box)
    return seen


def _category_names(tables: duckdb.DuckDBPyConnection) -> list[str]:
    return [row["name"] for row in _query(tables, "SELECT DISTINCT name FROM category ORDER BY name")]


def _box_columns(
    tables: duckdb.DuckDBPyConnection, keyframes: list[dict[str, Any]], names: list[str], view: _View
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]:
    """Of the annotated boxes of the keyframes that reach in front of the camera: (number of its category's name,
    number of its keyframe, columns centre xyz, size wlh, rotation wxyz), shapes (boxes,), (boxes,), (boxes, 10)."""
    _number(tables, "numbered_frame", [row["sample_token"] for row in keyframes])
    _place_cameras(tables, view)
    _number(tables, "numbered_category", names)
    fields = [f"ann.{name}[{place}]" for name, n in _BOX_FIELDS for place in range(1, n + 1)]
    sql = f"""
        SELECT kind.number, frame.number, {", ".join(fields)}
        FROM sample_annotation ann
        JOIN numbered_frame frame ON frame.value = ann.sample_token
        JOIN placed_camera camera ON camera.number = frame.number
        JOIN instance ON instance.token = ann.instance_token
        JOIN category ON category.token = instance.category_token
        JOIN numbered_category kind ON kind.value = category.name
        WHERE ann.translation[1] * camera.ahead_x + ann.translation[2] * camera.ahead_y
            + ann.translation[3] * camera.ahead_z - camera.depth
            > -sqrt(ann.size[1] ** 2 + ann.size[2] ** 2 + ann.size[3] ** 2) - {_ROUNDING_M}
    """  # noqa: S608 - the names are ours
    with _readable():
        columns = list(tables.execute(sql).fetchnumpy().values())
    return columns[0].astype(np.intp), columns[1].astype(np.intp), np.stack(columns[2:], axis=1)


def _place_cameras(tables: duckdb.DuckDBPyConnection, view: _View) -> None:
    """A table of where every keyframe's camera looks (a unit vector in the world), and how deep along that it stands.
    What lies behind it, with all its corners, is most of the annotations: it is left out before it takes memory."""
    ahead, depth_m = view.ahead()
    tables.execute(
        "CREATE OR REPLACE TEMP TABLE placed_camera AS SELECT unnest(range(?)) AS number, "
        "unnest(?) AS ahead_x, unnest(?) AS ahead_y, unnest(?) AS ahead_z, unnest(?) AS depth",
        [len(depth_m), *ahead.T.tolist(), depth_m.tolist()],
    )


def _number(tables: duckdb.DuckDBPyConnection, name: str, values: list[str]) -> None:
    """A table of the values with their places in the list."""
    tables.execute(f"CREATE OR REPLACE TEMP TABLE {name} (value VARCHAR, number INTEGER)")
    tables.execute(
        f"INSERT INTO {name} SELECT unnest(?), unnest(range(?))",
        [values, len(values)],
    )


_ROUNDING_M = 0.001
_BOX_FIELDS = (("translation", 3), ("size", 3), ("rotation", 4))


@dataclass(frozen=True)
class _View:
    """Where every keyframe's vehicle and camera stand, as arrays over keyframes."""

    ego: Floats
    ego_rotation: Floats
    camera: Floats
    camera_rotation: Floats
    intrinsic: Floats
    size_px: Floats

    @classmethod
    def of(cls, keyframes: list[dict[str, Any]]) -> _View:
        def column(name: str) -> Floats:
            return np.array([row[name] for row in keyframes], dtype=np.float64)

        return cls(
            column("ego_translation"),
            rotation_matrices(column("ego_rotation")),
            column("camera_translation"),
            rotation_matrices(column("camera_rotation")),
            column("camera_intrinsic"),
            np.stack([column("width"), column("height")], axis=1),
        )

    def ahead(self) -> tuple[Floats, Floats]:
        """(where each camera looks in the world, shape (frames, 3); its own depth along that in metres)."""
        axis = self.camera_rotation[:, :, 2]
        ahead = np.einsum("nij,nj->ni", self.ego_rotation, axis)
        return ahead, np.einsum("ni,ni->n", ahead, self.ego) + np.einsum("ni,ni->n", axis, self.camera)

    def look(
        self, frames: npt.NDArray[np.intp], centres: Floats, sizes: Floats, quaternions: Floats
    ) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """(centres in the vehicle's axes, whether the camera sees the box), boxes given with their frame."""
        ego, rotation = self.ego[frames], self.ego_rotation[frames]
        places = to_local(centres[:, None], ego, rotation)
        depth = to_local(places, self.camera[frames], self.camera_rotation[frames])[:, 0, 2]
        visible = depth > -np.linalg.norm(
            sizes, axis=1
        )  # the others lie behind the camera with all their corners
        near = np.flatnonzero(visible)
        corners = box_corners(centres[near], sizes[near], quaternions[near])
        corners = to_local(corners, ego[near], rotation[near])
        corners = to_local(corners, self.camera[frames[near]], self.camera_rotation[frames[near]])
        visible[near] = in_image(corners, self.intrinsic[frames[near]], self.size_px[frames[near]])
        return places[:, 0], visible
