"""What a row of the tables has to be before anything is worked out of it: checked once, here, and trusted afterwards.

What is wrong is a DatarootError that names the table, the row and the column: a table that is wrong in one row was
probably cut or converted wrongly, and a data set with silent gaps is worse than none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from data.errors import DatarootError

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Ids name pictures in snapshots and addresses."""
_MAX_NAME_CHARS = 255
_MAX_FILENAME_CHARS = 1_000
END_OF_TIME_US = 253_370_764_800_000_000
"""The year 9999: no clock shows what comes after it."""
_MAX_METRES = 1e7
_SHAPES = {
    "ego_translation": (3,),
    "ego_rotation": (4,),
    "camera_translation": (3,),
    "camera_rotation": (4,),
    "camera_intrinsic": (3, 3),
}
_COLUMNS = {
    "ego_translation": "ego_pose.translation",
    "ego_rotation": "ego_pose.rotation",
    "camera_translation": "calibrated_sensor.translation",
    "camera_rotation": "calibrated_sensor.rotation",
    "camera_intrinsic": "calibrated_sensor.camera_intrinsic",
}
_ROTATIONS = ("ego_rotation", "camera_rotation")


def check_keyframes(rows: list[dict[str, Any]]) -> None:
    """Raise DatarootError for the first keyframe whose ids, time, picture or pose cannot be used."""
    for row in rows:
        _check_camera_frame(row)
        for name, shape in _SHAPES.items():
            if not _has_shape(row[name], shape) or (name in _ROTATIONS and not any(row[name])):
                raise _refused(row, _COLUMNS[name], row[name])
        for name in ("width", "height"):
            if not isinstance(row[name], int) or row[name] < 1:
                raise _refused(row, f"sample_data.{name}", row[name])
    _refuse_doubles("sample_data", "token", (row["token"] for row in rows))
    _refuse_doubles("sample_data", "filename", (row["filename"] for row in rows))


def check_camera_frames(rows: Iterable[dict[str, Any]]) -> None:
    """The same for rows of which only the picture and its time are used."""
    for row in rows:
        _check_camera_frame(row)


def _check_camera_frame(row: Mapping[str, Any]) -> None:
    for name in ("token", "scene_token"):
        if not is_id(row[name]):
            raise _refused(row, f"sample_data.{name}" if name == "token" else "sample.scene_token", row[name])
    taken_us = row["timestamp"]
    if not isinstance(taken_us, int) or not 0 <= taken_us < END_OF_TIME_US:
        raise _refused(row, "sample_data.timestamp", taken_us)
    name = row["filename"]
    if not isinstance(name, str) or not 0 < len(name) <= _MAX_FILENAME_CHARS:
        raise _refused(row, "sample_data.filename", name)


def check_scenes(rows: list[dict[str, Any]]) -> None:
    """Raise DatarootError for the first scene without an id or a name, and for one that is there twice."""
    for row in rows:
        if not is_id(row["token"]):
            raise DatarootError(f"The table scene has a row with the token {_shown(row['token'])}.")
        name = row["name"]
        if not isinstance(name, str) or not 0 < len(name) <= _MAX_NAME_CHARS:
            raise DatarootError(f"The table scene has no usable name for {row['token']}: {_shown(name)}.")
        if any(len(row[column] or "") > _MAX_NAME_CHARS for column in ("logfile", "location")):
            raise DatarootError(f"The table log has a value of more than {_MAX_NAME_CHARS} characters.")
    _refuse_doubles("scene", "token", (row["token"] for row in rows))


def is_id(value: object) -> bool:
    """Whether a value is an id that can name a picture.

    >>> is_id("9fcdd40a"), is_id(""), is_id("../etc/passwd"), is_id(None)
    (True, False, False, False)
    """
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _has_shape(value: object, shape: tuple[int, ...]) -> bool:
    if not shape:
        return isinstance(value, float) and math.isfinite(value) and abs(value) <= _MAX_METRES
    return (
        isinstance(value, list)
        and len(value) == shape[0]
        and all(_has_shape(one, shape[1:]) for one in value)
    )


def _refuse_doubles(table: str, column: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise DatarootError(
                f"The table {table} gives {column} {_shown(value)} twice, or names it for two rows of another table."
            )
        seen.add(value)


def _refused(row: Mapping[str, Any], column: str, value: object) -> DatarootError:
    whose = row["token"] if is_id(row["token"]) else row["filename"]
    return DatarootError(f"The keyframe {_shown(whose)} cannot be used: {column} is {_shown(value)}.")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_NAME_CHARS else f"{text[:_MAX_NAME_CHARS]}…"
