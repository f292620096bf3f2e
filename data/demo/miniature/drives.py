"""Drives for a monitor to watch: a street driven along, a hazard that walks into the lane and out of it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from data.demo.drawing import light as lights
from data.demo.drawing.camera import MOUNT_M
from data.demo.drawing.light import Light
from data.demo.drawing.small_picture import View, render_small
from data.demo.drawing.world import DemoScene, Waypoint, ego_along_m
from data.demo.miniature.frames import VIEW
from data.demo.miniature.roads import Hazard, across_m, hazard_thing, road
from data.whole_files import written_whole

DRIVE_VIEW = View(VIEW.window, 576)
"""Three times what the miniature is shown, for people to look at."""
FRAMES = 20
FRAME_S = 0.5
_QUALITY = 90
_DRIVING_FRAMES, _STEP_M, _AHEAD_M = 6, 1.2, 11.0
_FAR_GAP_M, _NEAR_GAP_M = 4.2, -0.9


@dataclass(frozen=True)
class Drive:
    """A drive of ten seconds. Its vehicle slows to a halt; from frame 8 to 14 the hazard is in its lane."""

    name: str
    scene: DemoScene


def drives() -> tuple[Drive, ...]:
    """One for each vehicle; what they meet and in which weather differs."""
    planned: tuple[tuple[str, int, Hazard, int, Light], ...] = (
        ("miniature-1", 501, "deer", 1, lights.DAY),
        ("miniature-2", 502, "police officer", -1, lights.OVERCAST),
        ("miniature-3", 503, "police officer", 1, lights.RAIN),
        ("miniature-4", 504, "deer", -1, lights.DUSK),
    )
    return tuple(Drive(name, _scene(*of)) for name, *of in planned)  # type: ignore[arg-type]


def draw_drive(drive: Drive, folder: Path, *, progress: Callable[[], None] | None = None) -> list[Path]:
    """The drive's pictures in `folder`, two for each second; what is there is not drawn again."""
    paths = [folder / f"{drive.name}-{frame:02}.jpg" for frame in range(FRAMES)]
    for frame, path in enumerate(paths):
        if not path.is_file():
            with written_whole(path, survives_power_cut=False) as partial:
                render_small(drive.scene, frame, DRIVE_VIEW).save(partial, format="JPEG", quality=_QUALITY)
        if progress:
            progress()
    return paths


def _scene(number: int, hazard: Hazard, side: int, light: Light) -> DemoScene:
    """The street of a road, driven along."""
    street = road(number).scene
    steps_m = (_STEP_M,) * _DRIVING_FRAMES + (0.0,) * (FRAMES - _DRIVING_FRAMES)
    along_m = ego_along_m(steps_m, FRAMES) + MOUNT_M[0] + _AHEAD_M
    far_m, near_m = (across_m(hazard, gap_m, side) for gap_m in (_FAR_GAP_M, _NEAR_GAP_M))
    heading = -90.0 * side
    path = (
        Waypoint(0, along_m, far_m, heading),
        Waypoint(4, along_m, far_m, heading),
        Waypoint(8, along_m, near_m, heading),
        Waypoint(14, along_m, near_m, heading),
        Waypoint(18, along_m, far_m, -heading),
        Waypoint(FRAMES, along_m, far_m, -heading),
    )
    return replace(
        street,
        name=f"drive-{number}",
        lights=((0, light),),
        steps_m=steps_m,
        things=(hazard_thing(hazard, *path),),
    )
