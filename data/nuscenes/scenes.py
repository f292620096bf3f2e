"""A nuScenes dataroot -> scenes and CAM_FRONT keyframes.

The tables are read with DuckDB, and boxes stay columns of numbers until it is known which of them the camera sees.
`make bench-ingest` holds this against loading the tables whole.
"""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from data.errors import DatarootError
from data.nuscenes.boxes import seen_boxes
from data.nuscenes.json_scan import write_objects_with
from data.nuscenes.rows import check_camera_frames, check_keyframes, check_scenes
from data.nuscenes.tables import CAMERA, COLUMNS, Tables, create_view, number_values, open_tables, query
from data.vocabulary import SeenBox, storable_text

_FARTHEST_OFFSET_MIN = 14 * 60
_MAX_CHANNEL_CHARS = 64
_UTC_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})$")


@dataclass(frozen=True)
class Keyframe:
    """One CAM_FRONT keyframe as the tables have it; `filename` is relative to the dataroot, POSIX. `ego_yaw_rad`:
    the vehicle's heading, counter-clockwise from the map's x axis; `size_px`: (width, height)."""

    token: str
    scene_token: str
    captured_at_us: int
    filename: str
    ego_x_m: float
    ego_y_m: float
    size_px: tuple[int, int]
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
    tables = open_tables(dataroot, version)
    number_values(tables, "wanted_scene", sorted(set(scenes)))
    sql = f"""
        SELECT sample.scene_token, sd.token, sd.timestamp, sd.filename, sd.is_key_frame
        FROM sample_data sd
        JOIN sample ON sample.token = sd.sample_token
        JOIN wanted_scene ON wanted_scene.value = sample.scene_token
        JOIN calibrated_sensor cs ON cs.token = sd.calibrated_sensor_token
        JOIN sensor ON sensor.token = cs.sensor_token AND sensor.channel = '{CAMERA}'
        ORDER BY sd.timestamp, sd.token
    """  # noqa: S608 - CAMERA is ours
    rows, found = list(query(tables, sql)), dict[str, list[CameraFrame]]()
    check_camera_frames(rows)
    for row in rows:
        frame = CameraFrame(row["token"], row["timestamp"], confined(row["filename"]), row["is_key_frame"])
        found.setdefault(row["scene_token"], []).append(frame)
    return found


def read_scenes(
    dataroot: Path, version: str, camera: str = CAMERA, *, may_lack: Sequence[str] = ()
) -> list[SceneTable]:
    """Every scene of a dataroot version that has keyframes of a camera, by name, keyframes by time.

    may_lack: tables that need not be there.
    Raises DatarootError: no such version, a table missing or not readable, a row that cannot be used, a file name that
    leaves the dataroot, a keyframe of an unknown scene.
    """
    tables = open_tables(dataroot, version, may_lack=may_lack)
    keyframes = camera_keyframes(tables, dataroot / version / "sample_data.json", camera)
    if not keyframes:
        raise DatarootError(f"{dataroot / version} holds no {camera} keyframe; {_channels(tables)}.")
    check_keyframes(keyframes)
    boxes = seen_boxes(tables, keyframes)
    by_scene: dict[str, list[Keyframe]] = {}
    for number, row in enumerate(keyframes):
        frame = _keyframe(row, boxes.get(number, []))
        by_scene.setdefault(frame.scene_token, []).append(frame)
    scenes = _scene_rows(tables)
    check_scenes(scenes)
    _refuse_unknown_scenes(by_scene, {row["token"] for row in scenes})
    return [_scene(row, by_scene[row["token"]]) for row in scenes if row["token"] in by_scene]


def _channels(tables: Tables) -> str:
    rows = query(tables, "SELECT DISTINCT channel FROM sensor WHERE channel IS NOT NULL ORDER BY channel")
    names = ", ".join(storable_text(row["channel"])[:_MAX_CHANNEL_CHARS] for row in rows)
    return f"its sensors are {names}" if names else "it has no sensor"


def _refuse_unknown_scenes(by_scene: dict[str, list[Keyframe]], known: set[str]) -> None:
    """A frame of no scene could stand on both sides of a split by scene, and must not be lost without a word."""
    lost = [frame for token, frames in by_scene.items() if token not in known for frame in frames]
    if lost:
        raise DatarootError(
            f"{len(lost):,} keyframes are of scenes that scene.json does not have, such as {lost[0].filename}; "
            "complete scene.json, or remove their rows from sample.json."
        )


def _scene_rows(tables: Tables) -> list[dict[str, Any]]:
    sql = """
        SELECT scene.token, scene.name, scene.description, log.logfile, log.location
        FROM scene LEFT JOIN log ON log.token = scene.log_token ORDER BY scene.name, scene.token
    """
    return list(query(tables, sql))


def camera_keyframes(tables: Tables, table: Path, camera: str) -> list[dict[str, Any]]:
    """The camera's keyframes by time, from those rows of the largest table that name an image of the camera's
    folder, if they give every sample its keyframe; else from all of its rows."""
    with tempfile.TemporaryDirectory(prefix="teletriage-") as folder:
        few = Path(folder) / table.name
        if write_objects_with(f"samples/{camera}/".encode(), table, few):
            create_view(tables, few, table.stem, COLUMNS[table.stem])
            try:
                keyframes = _keyframe_rows(tables, camera)
            except DatarootError:  # cut where strings hold braces
                keyframes = []
            (samples,) = next(iter(query(tables, "SELECT count(*) AS n FROM sample"))).values()
            if len({row["sample_token"] for row in keyframes}) == samples:
                return keyframes
    create_view(tables, table, table.stem, COLUMNS[table.stem])
    return _keyframe_rows(tables, camera)


def _keyframe_rows(tables: Tables, camera: str) -> list[dict[str, Any]]:
    sql = """
        SELECT taken.* EXCLUDE ego_pose_token,
            pose.translation AS ego_translation, pose.rotation AS ego_rotation
        FROM ego_pose pose JOIN (
            SELECT sd.token, sd.sample_token, sample.scene_token, sd.timestamp, sd.filename, sd.width, sd.height,
                cs.translation AS camera_translation, cs.rotation AS camera_rotation, cs.camera_intrinsic,
                sd.ego_pose_token
            FROM sample_data sd
            JOIN sample ON sample.token = sd.sample_token
            JOIN calibrated_sensor cs ON cs.token = sd.calibrated_sensor_token
            JOIN sensor ON sensor.token = cs.sensor_token AND sensor.channel = ?
            WHERE sd.is_key_frame
        ) taken ON taken.ego_pose_token = pose.token
        ORDER BY taken.timestamp, taken.token
    """
    return list(query(tables, sql, [camera]))


def _keyframe(row: dict[str, Any], boxes: list[SeenBox]) -> Keyframe:
    return Keyframe(
        token=row["token"],
        scene_token=row["scene_token"],
        captured_at_us=row["timestamp"],
        filename=confined(row["filename"]),
        ego_x_m=row["ego_translation"][0],
        ego_y_m=row["ego_translation"][1],
        size_px=(row["width"], row["height"]),
        ego_yaw_rad=yaw_rad(row["ego_rotation"]),
        boxes=boxes,
    )


def yaw_rad(quaternion: list[float]) -> float:
    w, x, y, z = quaternion
    return math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def confined(filename: str) -> str:
    """A file name of the tables. Raises DatarootError where it leaves the dataroot."""
    path = PurePosixPath(filename)
    if path.is_absolute() or ".." in path.parts or "\\" in filename or "\0" in filename:
        raise DatarootError(f"The table sample_data names {filename!r}, which leaves the dataroot.")
    return str(path)


def _scene(row: dict[str, Any], keyframes: list[Keyframe]) -> SceneTable:
    log_name = storable_text(row["logfile"] or "")
    return SceneTable(
        token=row["token"],
        name=storable_text(row["name"]),
        description=storable_text(row["description"] or ""),
        log_name=log_name,
        location=storable_text(row["location"] or ""),
        utc_offset_min=utc_offset_min(log_name),
        keyframes=sorted(keyframes, key=lambda frame: (frame.captured_at_us, frame.token)),
    )


def utc_offset_min(log_name: str) -> int | None:
    """Minutes to add to UTC for local time; a log's name ends in it. None where it has none, or no place's.

    >>> utc_offset_min("n008-2018-08-01-15-16-36-0400"), utc_offset_min("n015-2018-07-24-11-22-45+0800")
    (-240, 480)
    """
    found = _UTC_OFFSET.search(log_name)
    if found is None:
        return None
    minutes = int(found[2]) * 60 + int(found[3])
    return (-minutes if found[1] == "-" else minutes) if minutes <= _FARTHEST_OFFSET_MIN else None
