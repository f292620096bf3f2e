"""What the front camera sees at keyframes, as annotated: every box with its place, visibility and attribute.

Read from the tables by whoever needs it (`data.grounding`); an ingest keeps counts only.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.nuscenes.cameras import Cameras, Floats
from data.nuscenes.rows import check_keyframes
from data.nuscenes.scenes import camera_keyframes, yaw_rad
from data.nuscenes.tables import (
    ANNOTATIONS,
    CAMERA,
    Tables,
    create_empty_view,
    create_view,
    number_values,
    open_tables,
    query,
    readable,
)

_ANNOTATIONS = {
    "sample_token": "VARCHAR",
    "instance_token": "VARCHAR",
    "visibility_token": "VARCHAR",
    "attribute_tokens": "VARCHAR[]",
    "translation": "DOUBLE[]",
    "size": "DOUBLE[]",
    "rotation": "DOUBLE[]",
}
_NUMBERS = (("translation", 3), ("size", 3), ("rotation", 4))
_NAMED = {"token": "VARCHAR", "name": "VARCHAR"}
_NEXT_S = 1.1
"""Keyframes are half a second apart; across a gap nobody knows how a thing moved."""
_MOVES_MPS, _STANDS_MPS = 1.0, 0.3
_BOXES_AT_ONCE = 20_000


@dataclass(frozen=True)
class SeenThing:
    """An annotated box that the camera sees, as in `SeenBox`. `visibility`: 1 to 4 over all six cameras, 0 where not
    given; `moves`: by its boxes at the keyframes around, None where they do not tell."""

    category: str
    ahead_m: float
    left_m: float
    visibility: int
    attribute: str
    moves: bool | None


@dataclass(frozen=True)
class SeenKeyframe:
    """A keyframe of the front camera. `things` is None in a scene without any annotation."""

    token: str
    captured_at_us: int
    ego_xy_m: tuple[float, float]
    ego_yaw_rad: float
    things: list[SeenThing] | None


def read_seen_things(
    dataroot: Path, version: str, scenes: Collection[str], camera: str = CAMERA
) -> dict[str, list[SeenKeyframe]]:
    """A camera's keyframes of scenes, named by their tokens, by time. Raises DatarootError as `read_scenes` does."""
    tables = open_tables(dataroot, version, may_lack=ANNOTATIONS)
    folder = dataroot / version
    keyframes = [
        row
        for row in camera_keyframes(tables, folder / "sample_data.json", camera)
        if row["scene_token"] in scenes
    ]
    if not keyframes:
        return {}
    check_keyframes(keyframes)
    for table, name, columns in (
        ("sample_annotation", "annotation", _ANNOTATIONS),
        ("attribute", "attribute", _NAMED),
    ):
        path = folder / f"{table}.json"
        if path.is_file():
            create_view(tables, path, name, columns)
        else:
            create_empty_view(tables, name, columns)
    things = _things(tables, keyframes)
    annotated = _annotated_scenes(tables)
    found: dict[str, list[SeenKeyframe]] = {}
    for number, row in enumerate(keyframes):
        seen = things.get(number, []) if row["scene_token"] in annotated else None
        x, y, _ = row["ego_translation"]
        one = SeenKeyframe(row["token"], row["timestamp"], (x, y), yaw_rad(row["ego_rotation"]), seen)
        found.setdefault(row["scene_token"], []).append(one)
    return found


def _annotated_scenes(tables: Tables) -> set[str]:
    sql = "SELECT DISTINCT scene_token FROM annotation JOIN sample ON sample.token = annotation.sample_token"
    return {row["scene_token"] for row in query(tables, sql)}


def _things(tables: Tables, keyframes: list[dict[str, Any]]) -> dict[int, list[SeenThing]]:
    number_values(tables, "numbered_frame", [row["sample_token"] for row in keyframes])
    fields = [f"ann.{name}[{at}]" for name, n in _NUMBERS for at in range(1, n + 1)]
    sql = f"""
        SELECT frame.number, category.name, ann.instance_token,
            coalesce(try_cast(ann.visibility_token AS INTEGER), 0), coalesce(attribute.name, ''), {", ".join(fields)}
        FROM annotation ann
        JOIN numbered_frame frame ON frame.value = ann.sample_token
        JOIN instance ON instance.token = ann.instance_token
        JOIN category ON category.token = instance.category_token
        LEFT JOIN attribute ON attribute.token = ann.attribute_tokens[1]
        ORDER BY frame.number
    """  # noqa: S608 - the names are ours
    with readable():
        columns = list(tables.execute(sql).fetchnumpy().values())
    frames, names, instances, visibility, attributes = (np.asarray(one) for one in columns[:5])
    numbers = np.ma.stack(columns[5:], axis=1).filled(np.nan).astype(np.float64).reshape(-1, 10)
    whole = np.flatnonzero(np.isfinite(numbers).all(axis=1))
    speed = _speeds(frames, instances, numbers[:, :2], keyframes)
    found: dict[int, list[SeenThing]] = {}
    for box, ahead_m, left_m in _seen(whole, frames, numbers, Cameras.of(keyframes)):
        thing = SeenThing(
            str(names[box]), ahead_m, left_m, int(visibility[box]), str(attributes[box]), _moves(speed[box])
        )
        found.setdefault(int(frames[box]), []).append(thing)
    return found


def _seen(
    boxes: npt.NDArray[np.intp], frames: npt.NDArray[Any], numbers: Floats, cameras: Cameras
) -> list[tuple[int, float, float]]:
    """(box, metres ahead, metres left) of those that the camera sees."""
    found: list[tuple[int, float, float]] = []
    for start in range(0, len(boxes), _BOXES_AT_ONCE):
        some = boxes[start : start + _BOXES_AT_ONCE]
        columns = numbers[some]
        places, visible = cameras.look(
            frames[some].astype(np.intp), columns[:, :3], columns[:, 3:6], columns[:, 6:]
        )
        rounded = places.round(2)
        found += [
            (int(some[at]), float(rounded[at, 0]), float(rounded[at, 1])) for at in np.flatnonzero(visible)
        ]
    return found


def _speeds(
    frames: npt.NDArray[Any], instances: npt.NDArray[Any], places: Floats, keyframes: list[dict[str, Any]]
) -> Floats:
    """(boxes,) metres per second to the same thing's next box, else from its last one; NaN without either."""
    speed = np.full(len(frames), np.nan)
    if len(frames) == 0:
        return speed
    at_s = np.array([row["timestamp"] for row in keyframes], dtype=np.float64)[frames.astype(np.intp)] / 1e6
    thing = np.unique(instances.astype(str), return_inverse=True)[1]
    order = np.lexsort((at_s, thing))
    first, second = order[:-1], order[1:]
    took_s = at_s[second] - at_s[first]
    same = (thing[first] == thing[second]) & (took_s > 0) & (took_s <= _NEXT_S)
    metres = np.hypot(*(places[second] - places[first]).T)
    between = metres[same] / took_s[same]
    speed[second[same]] = between
    speed[first[same]] = between
    return speed


def _moves(speed_mps: float) -> bool | None:
    if speed_mps >= _MOVES_MPS:
        return True
    return False if speed_mps <= _STANDS_MPS else None
