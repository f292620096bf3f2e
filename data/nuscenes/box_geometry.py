"""Where annotated boxes lie, and whether a camera sees them: arrays in, arrays out.

A box counts as seen when it lies in front of the camera with at least one corner in the image, as nuscenes-devkit's
`BoxVisibility.ANY` has it. Occlusion is not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_MIN_CORNER_DEPTH_M = 0.1
_MIN_IMAGE_DEPTH_M = 1.0
_SIGNS = np.array([[x, y, z] for x in (1, -1) for y in (1, -1) for z in (1, -1)], dtype=np.float64)


@dataclass(frozen=True)
class DrawnBox:
    """An annotated box as the front camera sees it. `corners`: (8, 2), its corners in shares of the picture's width
    and height, in the order of `box_corners`; `distance_m`: from the vehicle's rear axle to its centre."""

    category: str
    distance_m: float
    corners: list[tuple[float, float]]


def rotation_matrices(quaternions: Floats) -> Floats:
    """(n, 3, 3) rotations of quaternions (n, 4) in the order w, x, y, z; they need not have unit length."""
    w, x, y, z = (quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.asarray(np.array(rows).transpose(2, 0, 1))


def box_corners(centres: Floats, sizes: Floats, quaternions: Floats) -> Floats:
    """(n, 8, 3) corners in the centres' coordinates, metres. A nuScenes size is width, length, height."""
    half = sizes[:, [1, 0, 2]] / 2
    offsets = np.matmul(_SIGNS[None] * half[:, None], rotation_matrices(quaternions).transpose(0, 2, 1))
    return np.asarray(offsets + centres[:, None])


def to_local(points: Floats, translations: Floats, rotations: Floats) -> Floats:
    """Points (n, k, 3), each group expressed in the frame at its translation (n, 3) with its rotation (n, 3, 3)."""
    return np.asarray(np.matmul(points - translations[:, None], rotations))


def in_image(corners: Floats, intrinsics: Floats, sizes_px: Floats) -> Bools:
    """Which boxes their cameras see, (n,): all corners in front of it and at least one in the image.

    corners: (n, 8, 3) metres in each camera's frame (x right, y down, z forward); intrinsics (n, 3, 3);
    sizes_px: (n, 2) width and height.
    """
    depth = corners[..., 2]
    pixels = np.matmul(corners, intrinsics.transpose(0, 2, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        u, v = pixels[..., 0] / depth, pixels[..., 1] / depth
    width, height = sizes_px[:, :1], sizes_px[:, 1:]
    inside = (u > 0) & (u < width) & (v > 0) & (v < height) & (depth > _MIN_IMAGE_DEPTH_M)
    return np.asarray(inside.any(axis=1) & (depth > _MIN_CORNER_DEPTH_M).all(axis=1))
