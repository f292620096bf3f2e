"""The annotated boxes that the camera sees: columns of numbers until it is known which those are."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from data.errors import DatarootError
from data.nuscenes.cameras import Cameras, Floats
from data.nuscenes.tables import Tables, number_values, query, readable
from data.vocabulary import SeenBox, storable_text

_BOXES_AT_ONCE = 20_000
"""Boxes projected together: 20 MB of corners and pixels."""
_ROUNDING_M = 0.001
_MAX_NUMBER = 1e7
_BOX_FIELDS = (("translation", 3), ("size", 3), ("rotation", 4))


def seen_boxes(tables: Tables, keyframes: list[dict[str, Any]]) -> dict[int, list[SeenBox]]:
    """The boxes that the camera sees, by the keyframe's number in `keyframes`, in the table's order. Raises
    DatarootError for a box or a category that cannot be used."""
    cameras, names = Cameras.of(keyframes), _category_names(tables)
    category, frames, numbers = _box_columns(tables, keyframes, names, cameras)
    seen: dict[int, list[SeenBox]] = {}
    for start in range(0, len(frames), _BOXES_AT_ONCE):
        some = slice(start, start + _BOXES_AT_ONCE)
        columns = numbers[some]
        places, visible = cameras.look(frames[some], columns[:, :3], columns[:, 3:6], columns[:, 6:])
        for index in np.flatnonzero(visible):
            ahead_m, left_m = round(float(places[index, 0]), 3), round(float(places[index, 1]), 3)
            box = SeenBox(names[category[start + index]], ahead_m, left_m)
            seen.setdefault(int(frames[start + index]), []).append(box)
    return seen


def _category_names(tables: Tables) -> list[str]:
    names = [row["name"] for row in query(tables, "SELECT DISTINCT name FROM category ORDER BY name")]
    if any(not name or storable_text(name) != name for name in names):
        raise DatarootError("The table category has a row without a usable name.")
    return names


def _box_columns(
    tables: Tables, keyframes: list[dict[str, Any]], names: list[str], cameras: Cameras
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]:
    """Of the annotated boxes of the keyframes that reach in front of the camera: (number of its category's name,
    number of its keyframe, columns centre xyz, size wlh, rotation wxyz), shapes (boxes,), (boxes,), (boxes, 10)."""
    number_values(tables, "numbered_frame", [row["sample_token"] for row in keyframes])
    _place_cameras(tables, cameras)
    number_values(tables, "numbered_category", names)
    fields = [f"ann.{name}[{place}]" for name, n in _BOX_FIELDS for place in range(1, n + 1)]
    sql = f"""
        SELECT kind.number, frame.number, {", ".join(fields)}
        FROM sample_annotation ann
        JOIN numbered_frame frame ON frame.value = ann.sample_token
        JOIN placed_camera camera ON camera.number = frame.number
        JOIN instance ON instance.token = ann.instance_token
        JOIN category ON category.token = instance.category_token
        JOIN numbered_category kind ON kind.value = category.name
        -- A box without all of its numbers is kept here, so that it is refused below and not lost.
        WHERE (ann.translation[1] * camera.ahead_x + ann.translation[2] * camera.ahead_y
            + ann.translation[3] * camera.ahead_z - camera.depth
            > -sqrt(ann.size[1] ** 2 + ann.size[2] ** 2 + ann.size[3] ** 2) - {_ROUNDING_M}) IS NOT FALSE
    """  # noqa: S608 - the names are ours
    with readable():
        columns = list(tables.execute(sql).fetchnumpy().values())
    numbers = np.ma.stack(columns[2:], axis=1).filled(np.nan).astype(np.float64)
    _refuse_odd_boxes(numbers, columns[1], keyframes)
    return columns[0].astype(np.intp), columns[1].astype(np.intp), numbers


def _refuse_odd_boxes(
    numbers: Floats, frames: npt.NDArray[np.integer[Any]], keyframes: list[dict[str, Any]]
) -> None:
    usable = np.isfinite(numbers).all(axis=1) & (np.abs(numbers) < _MAX_NUMBER).all(axis=1)
    usable &= numbers[:, 6:].any(axis=1)
    if not usable.all():
        sample = keyframes[int(frames[int(np.flatnonzero(~usable)[0])])]["sample_token"]
        raise DatarootError(
            f"{int((~usable).sum()):,} rows of the table sample_annotation have no whole translation, size and "
            f"rotation, such as one of the sample {sample}."
        )


def _place_cameras(tables: Tables, cameras: Cameras) -> None:
    """A table of where every keyframe's camera looks (a unit vector in the world), and how deep along that it stands.
    What lies behind it, with all its corners, is most of the annotations: it is left out before it takes memory."""
    ahead, depth_m = cameras.ahead()
    tables.execute(
        "CREATE OR REPLACE TEMP TABLE placed_camera AS SELECT unnest(range(?)) AS number, "
        "unnest(?) AS ahead_x, unnest(?) AS ahead_y, unnest(?) AS ahead_z, unnest(?) AS depth",
        [len(depth_m), *ahead.T.tolist(), depth_m.tolist()],
    )
