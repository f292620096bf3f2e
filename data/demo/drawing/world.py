"""What stands where and when: waypoints, things, scenes; positions in the street's plan, frames as time."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from data.demo.drawing.camera import StreetOrigin
from data.demo.drawing.kinds import KINDS, Look, Size, seed_of
from data.demo.drawing.light import Light
from data.demo.drawing.shapes import Colour
from data.demo.drawing.street import Street

FRAMES_PER_SCENE = 20
FRAME_INTERVAL_S = 0.5
MOVING_M_PER_FRAME = 0.12


@dataclass(frozen=True)
class Waypoint:
    """Where a thing is at a frame: metres along and across the street; heading in degrees.

    Heading 0 is the ego vehicle's way, 180 comes toward it, 90 goes to the near kerb, -90 to the far one.
    """

    frame: float
    along_m: float
    across_m: float
    heading_deg: float = 0.0


@dataclass(frozen=True)
class Place:
    """Where a thing is in the street frame: metres along, metres to the left, radians to the left."""

    along_m: float
    left_m: float
    yaw_rad: float


@dataclass(frozen=True)
class Thing:
    """One thing of a scene. It is there from its first to its last waypoint, or always if it has just one.

    `poses` says from which frame on it holds which pose.
    """

    name: str
    kind: str
    path: tuple[Waypoint, ...]
    colour: Colour = (150, 40, 40)
    poses: tuple[tuple[int, str], ...] = ()
    parked: bool = False
    size: Size | None = None
    reach_m: float = 0.0
    lamps: float = 0.0

    @property
    def box_m(self) -> Size:
        """Width, length, height."""
        return self.size or KINDS[self.kind].size

    def present(self, frame: int) -> bool:
        """Whether the thing is there at a frame."""
        return len(self.path) == 1 or self.path[0].frame <= frame <= self.path[-1].frame

    def at(self, frame: float) -> Waypoint:
        """The place at a frame, in a straight line between waypoints."""
        before = after = self.path[0]
        for waypoint in self.path:
            before, after = after, waypoint
            if waypoint.frame >= frame:
                break
        span = after.frame - before.frame
        share = min(1.0, max(0.0, (frame - before.frame) / span)) if span > 0 else 1.0
        return Waypoint(
            frame,
            before.along_m + share * (after.along_m - before.along_m),
            before.across_m + share * (after.across_m - before.across_m),
            after.heading_deg if share > 0 else before.heading_deg,
        )

    def place(self, frame: int, street: Street) -> Place:
        """Where the thing stands at a frame."""
        here = self.at(frame)
        yaw = math.radians(here.heading_deg) * street.kerb_sign
        return Place(here.along_m, street.left(here.across_m), yaw)

    def step_m(self, frame: int) -> float:
        """How far it moves around a frame, metres per keyframe."""
        a, b = self.at(frame - 0.5), self.at(frame + 0.5)
        return math.hypot(b.along_m - a.along_m, b.across_m - a.across_m)

    def pose(self, frame: int) -> str:
        """The pose at a frame; walkers walk while they move."""
        held = [pose for since, pose in self.poses if since <= frame]
        if held and held[-1]:
            return held[-1]
        return "walk" if self.step_m(frame) > MOVING_M_PER_FRAME else ""

    def look(self, frame: int, night: float, mirrored: bool) -> Look:
        """How the thing looks at a frame."""
        pose = self.pose(frame)
        vehicle = (KINDS[self.kind].category or "").startswith("vehicle")
        shining = 0.0 if self.parked else (0.9 if night > 0.2 else 0.25 if vehicle else 0.0)
        lamps = max(self.lamps * (night if not vehicle else 1.0), shining if vehicle else 0.0)
        phase = (0.18 + frame * 0.27 + seed_of(self.name) % 7 / 7) % 1.0 if pose == "walk" else 0.0
        reach = -self.reach_m if mirrored else self.reach_m
        return Look(
            self.box_m, self.colour, pose, round(phase, 2), round(lamps, 2), seed_of(self.name), reach
        )


@dataclass(frozen=True)
class DemoLog:
    """One drive: its nuScenes log name, its place, its date and when it began."""

    logfile: str
    location: str
    date: str
    start_us: int


@dataclass(frozen=True)
class DemoScene:
    """A scene: 20 frames along one street. `steps_m` are the ego vehicle's metres after each frame."""

    name: str
    description: str
    log: DemoLog
    start_s: float
    origin: StreetOrigin
    street: Street
    lights: tuple[tuple[int, Light], ...]
    steps_m: tuple[float, ...]
    things: tuple[Thing, ...]
    scenery: tuple[Thing, ...]

    def ego_along_m(self, frame: int) -> float:
        """How far the ego vehicle has come at a frame."""
        return ego_along_m(self.steps_m, frame)

    def timestamp_us(self, frame: int) -> int:
        """When the frame was taken, microseconds since 1970."""
        return self.log.start_us + round((self.start_s + frame * FRAME_INTERVAL_S) * 1e6) + 12_460

    def filename(self, frame: int) -> str:
        """The frame's image below the dataroot."""
        return f"samples/CAM_FRONT/{self.log.logfile}__CAM_FRONT__{self.timestamp_us(frame)}.jpg"

    def light(self, frame: int) -> Light:
        """The light at a frame, changing evenly between the given ones."""
        before = after = self.lights[0]
        for entry in self.lights:
            before, after = after, entry
            if entry[0] >= frame:
                break
        if frame >= after[0] or before[0] == after[0]:
            return after[1] if frame >= after[0] else before[1]
        return _between(before[1], after[1], (frame - before[0]) / (after[0] - before[0]))


def ego_along_m(steps_m: tuple[float, ...], frame: int) -> float:
    """Metres driven until a frame."""
    return round(sum(steps_m[:frame]), 4)


def _between(first: Light, second: Light, share: float) -> Light:
    mixed: dict[str, Any] = {}
    for field in fields(Light):
        a, b = getattr(first, field.name), getattr(second, field.name)
        if isinstance(a, tuple):
            mixed[field.name] = tuple(x + share * (y - x) for x, y in zip(a, b, strict=True))
        elif isinstance(a, float):
            mixed[field.name] = a + share * (b - a)
    return replace(first, **mixed)
