"""How things are put into scenes: followed and oncoming traffic, parked rows, people on pavements, cone rows."""

from __future__ import annotations

import random
from itertools import pairwise

from data.demo.drawing.shapes import Colour
from data.demo.drawing.world import FRAMES_PER_SCENE, Thing, Waypoint, ego_along_m

LAST = FRAMES_PER_SCENE - 1
WHITE: Colour = (232, 233, 235)
SILVER: Colour = (168, 172, 178)
BLACK: Colour = (44, 46, 52)
RED: Colour = (172, 34, 36)
BLUE: Colour = (38, 72, 136)
GREEN: Colour = (46, 108, 76)
YELLOW: Colour = (238, 178, 34)
ORANGE: Colour = (238, 96, 30)
BROWN: Colour = (140, 98, 62)
GREY: Colour = (112, 116, 122)
PAINTS = {"white": WHITE, "silver": SILVER, "black": BLACK, "red": RED, "blue": BLUE, "green": GREEN,
          "yellow": YELLOW, "orange": ORANGE, "brown": BROWN, "grey": GREY}  # fmt: skip
COATS: tuple[Colour, ...] = (
    (186, 152, 70),
    (86, 120, 168),
    (170, 70, 78),
    (92, 96, 104),
    (70, 128, 104),
    (198, 196, 190),
)


def still(
    name: str, kind: str, along_m: float, across_m: float, heading_deg: float = 0.0, colour: Colour = SILVER
) -> Thing:
    """A thing that stays where it is."""
    return Thing(name, kind, (Waypoint(0, along_m, across_m, heading_deg),), colour)


def works_sign(name: str, along_m: float, across_m: float) -> Thing:
    """The orange diamond that announces road works."""
    return Thing(name, "sign", (Waypoint(0, along_m, across_m),), poses=((0, "works"),))


def parked(
    name: str, kind: str, along_m: float, across_m: float, colour: Colour, heading_deg: float = 0.0
) -> Thing:
    """A vehicle with its lamps off."""
    return Thing(name, kind, (Waypoint(0, along_m, across_m, heading_deg),), colour, parked=True)


def parked_row(
    name: str, start_m: float, end_m: float, across_m: float, seed: int, heading_deg: float = 0.0
) -> tuple[Thing, ...]:
    """Cars along a kerb, with gaps."""
    dice = random.Random(seed)
    things: list[Thing] = []
    along = start_m
    while along < end_m:
        kind = dice.choice(("car", "car", "hatchback", "van"))
        colour = dice.choice((WHITE, SILVER, BLACK, RED, BLUE, GREY, GREEN))
        things.append(parked(f"{name}-{len(things)}", kind, along, across_m, colour, heading_deg))
        along += dice.choice((6.2, 6.6, 7.4, 13.5))
    return tuple(things)


def moving(
    name: str,
    kind: str,
    *path: tuple[float, float, float, float],
    colour: Colour = SILVER,
    poses: tuple[tuple[int, str], ...] = (),
) -> Thing:
    """A thing on its way: (frame, along, across, heading) each."""
    return Thing(name, kind, tuple(Waypoint(*point) for point in path), colour, poses)


def followed(
    name: str,
    kind: str,
    steps_m: tuple[float, ...],
    gaps: tuple[tuple[int, float], ...],
    colour: Colour,
    across_m: float = 0.0,
) -> Thing:
    """A vehicle ahead of the ego vehicle: (frame, metres from ego to its middle), evenly between."""
    path = []
    for frame in range(gaps[0][0], gaps[-1][0] + 1):
        (a, low), (b, high) = next(pair for pair in pairwise(gaps) if frame <= pair[1][0])
        gap = low + (high - low) * (frame - a) / (b - a)
        path.append(Waypoint(frame, ego_along_m(steps_m, frame) + gap, across_m, 0.0))
    return Thing(name, kind, tuple(path), colour)


def oncoming(
    name: str, kind: str, start_m: float, step_m: float, across_m: float, colour: Colour, first: int = 0
) -> Thing:
    """A vehicle coming the other way from `start_m`, `step_m` per frame, until the scene ends."""
    end = start_m - step_m * (LAST - first)
    return moving(name, kind, (first, start_m, across_m, 180), (LAST, end, across_m, 180), colour=colour)


def crossing_traffic(
    name: str, kind: str, along_m: float, first: int, frames: int, heading_deg: float, colour: Colour
) -> Thing:
    """A vehicle that crosses the street from one side of the view to the other."""
    way = 34.0 if heading_deg > 0 else -34.0
    return moving(
        name,
        kind,
        (first, along_m, -way, heading_deg),
        (first + frames, along_m, way, heading_deg),
        colour=colour,
    )


def strollers(
    name: str, count: int, start_m: float, end_m: float, across_m: float, seed: int, kind: str = "pedestrian"
) -> tuple[Thing, ...]:
    """People walking both ways along a pavement."""
    dice = random.Random(seed)
    things = []
    for number in range(count):
        along, step = dice.uniform(start_m, end_m), dice.choice((-0.62, 0.62))
        across = across_m + dice.uniform(-0.7, 0.7)
        heading = 0.0 if step > 0 else 180.0
        path = ((0, along, across, heading), (LAST, along + step * LAST, across, heading))
        things.append(moving(f"{name}-{number}", kind, *path, colour=dice.choice(COATS)))
    return tuple(things)


def crosser(
    name: str,
    along_m: float,
    first: float,
    start_m: float,
    end_m: float,
    step_m: float = 0.65,
    kind: str = "pedestrian",
    colour: Colour = COATS[0],
) -> Thing:
    """Someone who waits at one side until a frame and then walks across."""
    heading = 90.0 if end_m > start_m else -90.0
    last = first + abs(end_m - start_m) / step_m
    path = ((0.0, along_m, start_m, heading), (first, along_m, start_m, heading),
            (last, along_m, end_m, heading), (max(last, LAST) + 1, along_m, end_m, heading))  # fmt: skip
    return moving(name, kind, *path, colour=colour)


def cone_row(
    name: str, start_m: float, end_m: float, start_across_m: float, end_across_m: float, every_m: float = 3.0
) -> tuple[Thing, ...]:
    """Cones in a line."""
    count = max(2, round((end_m - start_m) / every_m) + 1)
    shares = [k / (count - 1) for k in range(count)]
    return tuple(
        still(
            f"{name}-{k}",
            "cone",
            start_m + s * (end_m - start_m),
            start_across_m + s * (end_across_m - start_across_m),
        )
        for k, s in enumerate(shares)
    )
