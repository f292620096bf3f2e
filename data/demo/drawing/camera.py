"""The demo's front camera: one calibration, used for drawing and written to the tables alike.

Points live in the street frame: x metres along the street from the scene's start, y metres to the left of
the ego lane's centre, z metres above the road. The ego vehicle heads along x.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Quaternion = tuple[float, float, float, float]

WIDTH_PX = 1600
HEIGHT_PX = 900
FOCAL_PX = 1266.4
CENTRE_X_PX = 816.3
CENTRE_Y_PX = 491.5
MOUNT_M = (1.7, 0.016, 1.51)
LOOKING_AHEAD: Quaternion = (0.5, -0.5, 0.5, -0.5)
INTRINSIC = [[FOCAL_PX, 0.0, CENTRE_X_PX], [0.0, FOCAL_PX, CENTRE_Y_PX], [0.0, 0.0, 1.0]]
NEAR_M = 0.6


def to_camera(points: FloatArray, ego_along_m: float) -> FloatArray:
    """Street points (n, 3) as camera points (n, 3): x right, y down, z forward, metres."""
    ahead = points[:, 0] - ego_along_m - MOUNT_M[0]
    return np.stack([MOUNT_M[1] - points[:, 1], MOUNT_M[2] - points[:, 2], ahead], axis=1)


def to_pixels(points: FloatArray) -> FloatArray:
    """Camera points (n, 3) with z > 0 as pixels (n, 2): u right, v down."""
    depth = np.maximum(points[:, 2:3], NEAR_M)
    return np.asarray(points[:, :2] / depth * FOCAL_PX + np.array([CENTRE_X_PX, CENTRE_Y_PX]))


def clip_near(polygon: FloatArray) -> FloatArray:
    """The part of a camera-frame polygon (n, 3) in front of the near plane, (m, 3); m may be 0."""
    kept = []
    for here, there in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if here[2] >= NEAR_M:
            kept.append(here)
        if (here[2] >= NEAR_M) != (there[2] >= NEAR_M):
            share = (NEAR_M - here[2]) / (there[2] - here[2])
            kept.append(here + share * (there - here))
    return np.array(kept).reshape(-1, 3)


def yaw_quaternion(yaw_rad: float) -> Quaternion:
    """A rotation about z as w, x, y, z."""
    return (math.cos(yaw_rad / 2), 0.0, 0.0, math.sin(yaw_rad / 2))


@dataclass(frozen=True)
class StreetOrigin:
    """Where a scene's street frame lies in the global map frame: metres, and radians from global x."""

    x_m: float
    y_m: float
    yaw_rad: float

    def to_global(self, along_m: float, left_m: float, up_m: float) -> list[float]:
        """One street point as a global translation, rounded to 0.1 mm."""
        cos, sin = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        x = self.x_m + cos * along_m - sin * left_m
        y = self.y_m + sin * along_m + cos * left_m
        return [round(x, 4), round(y, 4), round(up_m, 4)]
