"""Where every keyframe's vehicle and camera stand, and which boxes they see: arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from data.nuscenes.box_geometry import box_corners, in_image, rotation_matrices, to_local

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cameras:
    """Where every keyframe's vehicle and camera stand, as arrays over keyframes."""

    ego: Floats
    ego_rotation: Floats
    camera: Floats
    camera_rotation: Floats
    intrinsic: Floats
    size_px: Floats

    @classmethod
    def of(cls, keyframes: list[dict[str, Any]]) -> Cameras:
        def column(name: str) -> Floats:
            return np.array([row[name] for row in keyframes], dtype=np.float64)

        return cls(
            column("ego_translation"),
            rotation_matrices(column("ego_rotation")),
            column("camera_translation"),
            rotation_matrices(column("camera_rotation")),
            column("camera_intrinsic"),
            np.stack([column("width"), column("height")], axis=1),
        )

    def ahead(self) -> tuple[Floats, Floats]:
        """(where each camera looks in the world, shape (frames, 3); its own depth along that in metres)."""
        axis = self.camera_rotation[:, :, 2]
        ahead = np.einsum("nij,nj->ni", self.ego_rotation, axis)
        return ahead, np.einsum("ni,ni->n", ahead, self.ego) + np.einsum("ni,ni->n", axis, self.camera)

    def look(
        self, frames: npt.NDArray[np.intp], centres: Floats, sizes: Floats, quaternions: Floats
    ) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """(centres in the vehicle's axes, whether the camera sees the box), boxes given with their frame."""
        ego, rotation = self.ego[frames], self.ego_rotation[frames]
        places = to_local(centres[:, None], ego, rotation)
        depth = to_local(places, self.camera[frames], self.camera_rotation[frames])[:, 0, 2]
        visible = depth > -np.linalg.norm(
            sizes, axis=1
        )  # the others lie behind the camera with all their corners
        near = np.flatnonzero(visible)
        corners = box_corners(centres[near], sizes[near], quaternions[near])
        corners = to_local(corners, ego[near], rotation[near])
        corners = to_local(corners, self.camera[frames[near]], self.camera_rotation[frames[near]])
        visible[near] = in_image(corners, self.intrinsic[frames[near]], self.size_px[frames[near]])
        return places[:, 0], visible
