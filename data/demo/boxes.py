"""Which things get a box in which frames, and how much of each is in sight."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from data.demo.drawing.camera import HEIGHT_PX, MOUNT_M, NEAR_M, WIDTH_PX, FloatArray, to_camera, to_pixels
from data.demo.drawing.kinds import KINDS
from data.demo.drawing.picture import in_street
from data.demo.drawing.world import FRAMES_PER_SCENE, DemoScene, Thing
from data.demo.drives.scenes import scene_named

BEHIND_M = -12.0
AHEAD_M = 80.0
ASIDE_M = 40.0

Rectangle = tuple[float, float, float, float]


def annotated_frames(scene: DemoScene, thing: Thing) -> list[int]:
    """The frames in which a thing has a box: present, of a nuScenes category and near enough."""
    if KINDS[thing.kind].category is None:
        return []
    return [frame for frame in range(FRAMES_PER_SCENE) if _near(scene, thing, frame)]


def _near(scene: DemoScene, thing: Thing, frame: int) -> bool:
    if not thing.present(frame):
        return False
    here = thing.at(frame)
    ahead = here.along_m - scene.ego_along_m(frame)
    return BEHIND_M < ahead < AHEAD_M and abs(here.across_m) < ASIDE_M


def corners(scene: DemoScene, thing: Thing, frame: int) -> FloatArray:
    """The box's eight corners in the camera frame, (8, 3)."""
    width, length, height = thing.box_m
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (0, 1)], dtype=np.float64)
    own = signs * np.array([length / 2, width / 2, height])
    return to_camera(in_street(own, thing.place(frame, scene.street)), scene.ego_along_m(frame))


def rectangle(scene: DemoScene, thing: Thing, frame: int) -> Rectangle | None:
    """The box's outline in the image as left, top, right, bottom pixels; None if it reaches behind the camera."""
    points = corners(scene, thing, frame)
    if points[:, 2].min() < NEAR_M:
        return None
    low, high = to_pixels(points).min(axis=0), to_pixels(points).max(axis=0)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def share_in_sight(scene: DemoScene, thing: Thing, frame: int) -> float:
    """The share of the outline inside the image and not behind a nearer thing's outline, 0 to 1."""
    return shares_in_sight(scene.name, frame).get(thing.name, 0.0)


@cache
def shares_in_sight(scene_name: str, frame: int) -> dict[str, float]:
    """The share in sight of each thing near enough for a box, by its name."""
    scene = scene_named(scene_name)
    near = [thing for thing in scene.things if _near(scene, thing, frame)]
    outlines = {thing.name: rectangle(scene, thing, frame) for thing in near}
    shares: dict[str, float] = {}
    hiding: list[Rectangle] = []
    for thing in sorted(near, key=lambda thing: thing.at(frame).along_m):
        outline = outlines[thing.name]
        shares[thing.name] = 0.0 if outline is None else _share_free(outline, hiding)
        hiding += [outline] if outline is not None else []
    return shares


def _share_free(outline: Rectangle, hiding: list[Rectangle]) -> float:
    """The share of a 10 x 10 grid over the outline that lies in the image and in no hiding outline."""
    steps = (np.arange(10) + 0.5) / 10
    u = outline[0] + steps[None, :] * (outline[2] - outline[0])
    v = outline[1] + steps[:, None] * (outline[3] - outline[1])
    free = (u > 0) & (u < WIDTH_PX) & (v > 0) & (v < HEIGHT_PX)
    for left, top, right, bottom in hiding:
        free &= ~((u > left) & (u < right) & (v > top) & (v < bottom))
    return float(free.mean())


def visibility_token(scene: DemoScene, thing: Thing, frame: int) -> str:
    """nuScenes' visibility level "1" to "4"."""
    share = share_in_sight(scene, thing, frame)
    return "4" if share >= 0.8 else "3" if share >= 0.6 else "2" if share >= 0.4 else "1"


def distance_m(scene: DemoScene, thing: Thing, frame: int) -> float:
    """Metres from the camera to the thing's middle, on the ground."""
    here = thing.place(frame, scene.street)
    return math.hypot(here.along_m - scene.ego_along_m(frame) - MOUNT_M[0], here.left_m - MOUNT_M[1])


def lidar_points(scene: DemoScene, thing: Thing, frame: int) -> int:
    """A plausible count of lidar points on the thing, by size and distance."""
    _, length, height = thing.box_m
    return max(1, min(900, round(2600 * length * height / max(9.0, distance_m(scene, thing, frame) ** 2))))
