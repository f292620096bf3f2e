"""What the tables hold around keyframes that the store does not keep, sorted into files in which one moment is found in
milliseconds: pictures between keyframes, the other cameras, annotated boxes.

They are made once of a dataroot's tables (`write_moment_files`), by whoever first looks, and never by an ingest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from data.errors import DatarootError
from data.nuscenes.box_geometry import DrawnBox, box_corners, in_image, to_local
from data.nuscenes.cameras import Cameras, Floats
from data.nuscenes.rows import check_camera_frames, check_keyframes
from data.nuscenes.scenes import CameraFrame, confined
from data.nuscenes.tables import CAMERA, Tables, open_tables, query, readable

_PICTURES, _KEYFRAMES, _BOXES = "pictures.parquet", "keyframes.parquet", "boxes.parquet"
_ROWS_TOGETHER = 10_240
"""Rows of which a look-up reads one group: 50 scenes of pictures, 300 keyframes of boxes."""
_MEMORY = "1GB"


@dataclass(frozen=True)
class OtherCamera:
    """What another camera saw at a keyframe's moment; `filename` is relative to the dataroot, POSIX."""

    channel: str
    filename: str


def write_moment_files(dataroot: Path, version: str, folder: Path) -> None:
    """Write the files of a dataroot version into a folder. Raises DatarootError as `read_scenes` does."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = open_tables(dataroot, version)
    with readable():
        tables.execute(f"SET memory_limit = '{_MEMORY}'")
        tables.execute("SET temp_directory = ''")
        tables.execute(_TAKEN)
        for name, sql in ((_PICTURES, _OF_PICTURES), (_KEYFRAMES, _OF_KEYFRAMES), (_BOXES, _OF_BOXES)):
            path = str(folder / name).replace("'", "''")
            tables.execute(
                f"COPY ({sql}) TO '{path}' "
                f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROWS_TOGETHER})"
            )


_TAKEN = f"""
    CREATE TEMP TABLE taken AS
    SELECT sample.scene_token AS scene, sd.sample_token AS sample, sd.token, sensor.channel, sd.timestamp,
        sd.filename, sd.is_key_frame, sd.ego_pose_token, sd.calibrated_sensor_token, sd.width, sd.height
    FROM sample_data sd
    JOIN sample ON sample.token = sd.sample_token
    JOIN calibrated_sensor cs ON cs.token = sd.calibrated_sensor_token
    JOIN sensor ON sensor.token = cs.sensor_token
    WHERE sensor.channel = '{CAMERA}' OR (sd.is_key_frame AND starts_with(sensor.channel, 'CAM_'))
"""  # noqa: S608 - CAMERA is ours
_OF_PICTURES = """
    SELECT scene, sample, token, channel, timestamp, filename, is_key_frame FROM taken
    ORDER BY scene, channel, timestamp, token
"""
_OF_KEYFRAMES = f"""
    SELECT taken.token, taken.sample AS sample_token, taken.scene AS scene_token, taken.timestamp, taken.filename,
        taken.width, taken.height, pose.translation AS ego_translation, pose.rotation AS ego_rotation,
        cs.translation AS camera_translation, cs.rotation AS camera_rotation, cs.camera_intrinsic
    FROM ego_pose pose
    JOIN taken ON taken.ego_pose_token = pose.token AND taken.is_key_frame AND taken.channel = '{CAMERA}'
    JOIN calibrated_sensor cs ON cs.token = taken.calibrated_sensor_token
    ORDER BY taken.token
"""  # noqa: S608 - CAMERA is ours
_OF_BOXES = """
    SELECT ann.sample_token, category.name, ann.translation, ann.size, ann.rotation
    FROM sample_annotation ann
    JOIN instance ON instance.token = ann.instance_token
    JOIN category ON category.token = instance.category_token
    ORDER BY ann.sample_token
"""


def sweeps_of(folder: Path, scene: str) -> list[CameraFrame]:
    """The front camera's pictures between the keyframes of a scene, by time, as the tables list them. Raises
    DatarootError for a row that cannot be used."""
    sql = f"""
        SELECT token, scene AS scene_token, timestamp, filename
        FROM {_file(folder, _PICTURES)} WHERE scene = ? AND channel = '{CAMERA}' AND NOT is_key_frame
    """  # noqa: S608 - a path of ours
    rows = _rows(sql, scene)
    check_camera_frames(rows)
    found = [CameraFrame(row["token"], row["timestamp"], confined(row["filename"]), False) for row in rows]
    return sorted(found, key=lambda one: (one.captured_at_us, one.token))


def other_cameras(folder: Path, scene: str, keyframe: str) -> list[OtherCamera]:
    """What the other cameras saw at the moment of a keyframe, named by its token, by channel."""
    pictures = _file(folder, _PICTURES)
    sql = f"""
        SELECT channel, filename FROM {pictures}
        WHERE scene = ? AND is_key_frame AND channel <> '{CAMERA}'
            AND sample = (SELECT sample FROM {pictures} WHERE scene = ? AND token = ?)
        ORDER BY channel, timestamp
    """  # noqa: S608 - a path of ours
    last = {row["channel"]: row["filename"] for row in _rows(sql, scene, scene, keyframe)}
    return [OtherCamera(channel, confined(name)) for channel, name in last.items()]


def boxes_in_view(folder: Path, keyframe: str) -> list[DrawnBox]:
    """The annotated boxes that the front camera sees at a keyframe, named by its token, nearest first. Occlusion is not
    looked at. Raises DatarootError for a pose or a box that cannot be used."""
    keyframes = _rows(f"SELECT * FROM {_file(folder, _KEYFRAMES)} WHERE token = ?", keyframe)  # noqa: S608
    if len(keyframes) != 1:
        return []
    check_keyframes(keyframes)
    boxes = _rows(
        f"SELECT * FROM {_file(folder, _BOXES)} WHERE sample_token = ?",  # noqa: S608 - a path of ours
        keyframes[0]["sample_token"],
    )
    return sorted(_drawn(Cameras.of(keyframes), boxes), key=lambda one: one.distance_m) if boxes else []


def _drawn(camera: Cameras, boxes: list[dict[str, Any]]) -> list[DrawnBox]:
    centres, sizes, quaternions = (_column(boxes, name, n) for name, n in _NUMBERS)
    of_frame = np.zeros(len(boxes), dtype=np.intp)
    corners = to_local(
        box_corners(centres, sizes, quaternions), camera.ego[of_frame], camera.ego_rotation[of_frame]
    )
    corners = to_local(corners, camera.camera[of_frame], camera.camera_rotation[of_frame])
    seen = np.flatnonzero(in_image(corners, camera.intrinsic[of_frame], camera.size_px[of_frame]))
    places = to_local(centres[:, None], camera.ego[of_frame], camera.ego_rotation[of_frame])[:, 0]
    pixels = np.matmul(corners[seen], camera.intrinsic[0].T)
    shares = pixels[..., :2] / pixels[..., 2:] / camera.size_px[0]
    return [
        DrawnBox(
            str(boxes[box]["name"]),
            round(float(np.linalg.norm(places[box])), 1),
            [(round(float(x), 4), round(float(y), 4)) for x, y in shares[number]],
        )
        for number, box in enumerate(seen)
    ]


_NUMBERS = (("translation", 3), ("size", 3), ("rotation", 4))


def _column(boxes: Sequence[dict[str, Any]], name: str, n: int) -> Floats:
    try:
        column = np.array([box[name] for box in boxes], dtype=np.float64).reshape(len(boxes), n)
    except (TypeError, ValueError) as error:
        raise DatarootError(f"A box of this frame has no whole {name}.") from error
    if not np.isfinite(column).all() or (name == "rotation" and not column.any(axis=1).all()):
        raise DatarootError(f"A box of this frame has no usable {name}.")
    return column


def _file(folder: Path, name: str) -> str:
    path = str(folder / name).replace("'", "''")
    return f"read_parquet('{path}')"


def _rows(sql: str, *values: str) -> list[dict[str, Any]]:
    with readable():
        connection: Tables = duckdb.connect(":memory:", config={"threads": 1})
    try:
        return list(query(connection, sql, values))
    finally:
        connection.close()
