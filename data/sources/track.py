"""Where a vehicle was between the moments at which it was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.vocabulary import Pose

Floats = npt.NDArray[np.float64]
_EARTH_M = 6_378_137.0
_FARTHEST_US = 1_000_000
"""From a measurement; nothing is said of a moment that is further away."""
_COURSE_M = 1.0
"""A course is taken over at least so far: a fix of a vehicle that stands wanders."""


@dataclass(frozen=True)
class Track:
    """Measurements in order of time; `yaw_rad` without jumps."""

    times_us: npt.NDArray[np.int64]
    x_m: Floats
    y_m: Floats
    yaw_rad: Floats

    @classmethod
    def of(
        cls, times_us: Sequence[int], x_m: Sequence[float], y_m: Sequence[float], yaw_rad: Sequence[float]
    ) -> Track:
        """A track from measurements in any order; those that are no finite numbers are left out."""
        times, numbers = np.array(times_us, dtype=np.int64), np.array([x_m, y_m, yaw_rad], dtype=np.float64)
        usable = np.isfinite(numbers).all(axis=0)
        times, numbers = times[usable], numbers[:, usable]
        _, order = np.unique(times, return_index=True)
        return cls(times[order], numbers[0, order], numbers[1, order], np.unwrap(numbers[2, order]))

    def poses(self, times_us: Sequence[int]) -> list[Pose | None]:
        """The pose at each moment, on the line between the measurements around it; None where one is missing."""
        if not len(self.times_us):
            return [None] * len(times_us)
        wanted = np.array(times_us, dtype=np.int64)
        after = np.clip(np.searchsorted(self.times_us, wanted), 0, len(self.times_us) - 1)
        before = np.where(self.times_us[after] > wanted, np.maximum(after - 1, 0), after)
        far_us = np.maximum(np.abs(self.times_us[after] - wanted), np.abs(wanted - self.times_us[before]))
        columns = [np.interp(wanted, self.times_us, one) for one in (self.x_m, self.y_m, self.yaw_rad)]
        return [
            None if far > _FARTHEST_US else Pose(round(float(x), 3), round(float(y), 3), round(float(yaw), 5))
            for far, x, y, yaw in zip(far_us, *columns, strict=True)
        ]


def fixes_track(
    times_us: Sequence[int], latitude_deg: Sequence[float], longitude_deg: Sequence[float]
) -> Track:
    """A track from positions on earth: metres east and north of the first one, headed the way they go.

    The plane touches the earth at the first fix, which is exact to some centimetres within a kilometre of it.
    """
    times, order = np.unique(np.array(times_us, dtype=np.int64), return_index=True)
    latitude, longitude = (
        np.radians(np.array(one, dtype=np.float64)[order]) for one in (latitude_deg, longitude_deg)
    )
    usable = np.isfinite(latitude) & np.isfinite(longitude)
    times, latitude, longitude = times[usable], latitude[usable], longitude[usable]
    if not len(times):
        return Track(times, *(np.zeros(0) for _ in range(3)))
    east = (longitude - longitude[0]) * np.cos(latitude[0]) * _EARTH_M
    north = (latitude - latitude[0]) * _EARTH_M
    return Track(times, east, north, np.unwrap(_course(east, north)))


def _course(east: Floats, north: Floats) -> Floats:
    """The direction towards the first later place that is far enough away; at the end, and where there is none, the
    direction before."""
    yaw, last = np.zeros(len(east)), 0
    for number in range(1, len(east)):
        if np.hypot(east[number] - east[last], north[number] - north[last]) >= _COURSE_M:
            yaw[last:number] = np.arctan2(north[number] - north[last], east[number] - east[last])
            last = number
    yaw[last:] = yaw[last - 1] if last else 0.0
    return yaw


def yaw_rad(w: float, x: float, y: float, z: float) -> float:
    """The heading that a rotation gives to the x axis, counter-clockwise.

    >>> round(yaw_rad(0.7071067811865476, 0.0, 0.0, 0.7071067811865476), 6)
    1.570796
    """
    return float(np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)))
