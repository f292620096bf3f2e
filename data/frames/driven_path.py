"""The way the ego vehicle is going to drive, and how far from it something stands. Pure.

The path of a keyframe runs through the positions of the scene's coming keyframes. Where they end, or the vehicle
stands, it goes on straight ahead: a person in front of a waiting vehicle is on its path.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MIN_STEP_M = 0.5
"""Nearer positions are the same place: poses of a standing vehicle tremble."""


def coming_path(positions: Iterable[tuple[float, float]], yaw_rad: float, *, reach_m: float = 40.0) -> Floats:
    """The path from the first position on, (n, 2) metres in the vehicle's own axes (x forward, y left).

    positions: of this keyframe and the coming ones, global metres; yaw_rad: the heading at the first. The path is
    as long as `reach_m` at least; positions beyond that are not asked for.

    >>> coming_path([(5.0, 5.0), (5.0, 15.0)], math.pi / 2, reach_m=20.0).round(6).tolist()
    [[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]]
    """
    cos, sin = math.cos(yaw_rad), math.sin(yaw_rad)
    coming = iter(positions)
    x0, y0 = next(coming)
    path, length = [(0.0, 0.0)], 0.0
    for x, y in coming:
        step = (cos * (x - x0) + sin * (y - y0), -sin * (x - x0) + cos * (y - y0))
        distance = math.dist(path[-1], step)
        if length >= reach_m:
            break
        if distance >= MIN_STEP_M:
            path.append(step)
            length += distance
    if length < reach_m:
        path.append(_straight_on(path, reach_m - length))
    return np.array(path)


def _straight_on(path: Sequence[tuple[float, float]], by_m: float) -> tuple[float, float]:
    """The point so far beyond the path's end in its last direction; straight ahead where it has none."""
    end = path[-1]
    if len(path) == 1:
        return (end[0] + by_m, end[1])
    before = path[-2]
    length = math.dist(before, end)
    return (end[0] + by_m * (end[0] - before[0]) / length, end[1] + by_m * (end[1] - before[1]) / length)


def distances_from_path(points: Floats, path: Floats) -> tuple[Floats, Floats]:
    """(distance sideways from the path, distance along it), both (points,) metres; points and path (n, 2) in the
    same axes. A point behind the path's start is as far as the start, at 0 along.

    >>> sideways, along = distances_from_path(np.array([[10.0, 2.0]]), np.array([[0.0, 0.0], [40.0, 0.0]]))
    >>> sideways.tolist(), along.tolist()
    ([2.0], [10.0])
    """
    starts, steps = path[:-1], np.diff(path, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    offsets = points[:, None] - starts[None]
    share = np.clip((offsets * steps[None]).sum(axis=2) / lengths**2, 0.0, 1.0)
    gaps = offsets - share[..., None] * steps[None]
    sideways = np.hypot(gaps[..., 0], gaps[..., 1])
    nearest = sideways.argmin(axis=1)
    rows = np.arange(len(points))
    before = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    along = before[nearest] + share[rows, nearest] * lengths[nearest]
    return sideways[rows, nearest], along
