"""Where intersections are, from nuScenes' map expansion (`maps/expansion/LOCATION.json`, version 1.3 or later), and
whether a driven path comes to one. Datasets without it fall back on the scene's text (`data.frames.cues`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.errors import DatarootError

Floats = npt.NDArray[np.float64]
OLDEST = (1, 3)
"""Earlier maps lack parts of their layers; nuScenes' own tools refuse them too."""
STEP_M = 1.0
_CORNERS = 3


@dataclass(frozen=True)
class Intersections:
    """The outlines of a map's intersections, (corners, 2) global metres each, and their bounding boxes (n, 4):
    least x, least y, greatest x, greatest y."""

    outlines: list[Floats]
    bounds: Floats

    def metres_ahead(self, path: Floats) -> float | None:
        """How far along a (n, 2) global path its first point inside an intersection lies; 0 at its start, None
        where it comes to none."""
        points, along = _walked(path)
        low, high = points.min(axis=0), points.max(axis=0)
        near = ((self.bounds[:, :2] <= high) & (self.bounds[:, 2:] >= low)).all(axis=1)
        inside = np.zeros(len(points), dtype=bool)
        for place in np.flatnonzero(near):
            inside |= contains(self.outlines[place], points)
        return float(along[inside.argmax()]) if inside.any() else None


def read_intersections(dataroot: Path, location: str) -> Intersections | None:
    """The intersections of a location's map, None where there is no expansion of it.

    Raises DatarootError: the file cannot be read, or is older than version 1.3.
    """
    path = dataroot / "maps" / "expansion" / f"{location}.json"
    if not location or Path(location).name != location or not path.is_file():
        return None
    try:
        layers = json.loads(path.read_text(encoding="utf-8"))
        _require_version(path, layers)
        outlines = _outlines(layers)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DatarootError(f"The map expansion {path} cannot be read: {error!r:.300}.") from error
    boxes = [[*outline.min(axis=0), *outline.max(axis=0)] for outline in outlines]
    return Intersections(outlines, np.array(boxes, dtype=np.float64).reshape(-1, 4))


def _require_version(path: Path, layers: dict[str, Any]) -> None:
    text = str(layers.get("version", "1.0"))
    if tuple(int(part) for part in text.split(".")) < OLDEST:
        raise DatarootError(
            f"The map expansion {path} has version {text}; 1.3 or later is needed. Download it anew, or move it away "
            "to take intersections from the scenes' texts."
        )


def _outlines(layers: dict[str, Any]) -> list[Floats]:
    nodes = {node["token"]: (float(node["x"]), float(node["y"])) for node in layers["node"]}
    polygons = {one["token"]: one["exterior_node_tokens"] for one in layers["polygon"]}
    wanted = [one["polygon_token"] for one in layers["road_segment"] if one["is_intersection"]]
    outlines = [np.array([nodes[token] for token in polygons[name]], dtype=np.float64) for name in wanted]
    return [outline for outline in outlines if len(outline) >= _CORNERS]


def _walked(path: Floats) -> tuple[Floats, Floats]:
    """((n, 2) points every metre of the path, (n,) metres along it)."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    along = np.arange(0.0, lengths[-1] + STEP_M / 2, STEP_M)
    points = [np.interp(along, lengths, path[:, axis]) for axis in (0, 1)]
    return np.stack(points, axis=1), along


def contains(outline: Floats, points: Floats) -> npt.NDArray[np.bool_]:
    """(points,) whether each lies in the polygon (even-odd rule; Shimrat 1962).

    >>> square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    >>> contains(square, np.array([[1.0, 1.0], [3.0, 1.0]])).tolist()
    [True, False]
    """
    start, end = outline, np.roll(outline, -1, axis=0)
    x, y = points[:, :1], points[:, 1:]
    crosses = (start[:, 1] > y) != (end[:, 1] > y)
    rise = np.where(end[:, 1] == start[:, 1], 1.0, end[:, 1] - start[:, 1])
    at_x = start[:, 0] + (y - start[:, 1]) / rise * (end[:, 0] - start[:, 0])
    return np.asarray((crosses & (x < at_x)).sum(axis=1) % 2 == 1)


def in_global_axes(path: Floats, ego_xy_m: tuple[float, float], yaw_rad: float) -> Floats:
    """A path in the vehicle's axes (x forward, y left) as the map has it.

    >>> in_global_axes(np.array([[0.0, 0.0], [10.0, 0.0]]), (5.0, 5.0), np.pi / 2).round(6).tolist()
    [[5.0, 5.0], [5.0, 15.0]]
    """
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    turned = path @ np.array([[cos, sin], [-sin, cos]])
    return np.asarray(turned + np.array(ego_xy_m))
