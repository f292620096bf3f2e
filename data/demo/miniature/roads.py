"""A road by its number: what is on it, and how likely people say each level of it.

The level is drawn from the posterior, so that no model can be right more often than `posterior` allows.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from data.demo.drawing import light as lights
from data.demo.drawing.camera import MOUNT_M, StreetOrigin
from data.demo.drawing.light import Light
from data.demo.drawing.shapes import Colour
from data.demo.drawing.street import Street
from data.demo.drawing.world import FRAMES_PER_SCENE, DemoLog, DemoScene, Thing, Waypoint
from data.demo.drives.casting import (
    BLACK,
    BLUE,
    BROWN,
    GREEN,
    RED,
    SILVER,
    WHITE,
    YELLOW,
    cone_row,
    parked_row,
    still,
    strollers,
)  # fmt: skip
from data.demo.drives.scenery import street_scenery
from data.vocabulary import LEVELS, TriageLevel

Hazard = Literal["police officer", "deer", "excavator", "fallen tree"]
Weather = Literal["fog", "rain"]

LANE_HALF_M = 1.1
"""Half of what the ego vehicle needs: a hazard's gap is measured from there to its near edge."""
_LOG = DemoLog("miniature", "drawn", "2026-01-01", 0)
HELD_OUT = 500
"""Roads of a lower number lie on streets of their own: no view of theirs is seen in training."""
_STREETS, _HELD_OUT_STREETS = 3, 2
_SCENERY_M = 85.0
_PARKED_SEEDS, _WALKER_SEEDS = 5, 7
_CLEAR = (lights.DAY, lights.OVERCAST, lights.DUSK)
_ADVERSE: dict[Weather, Light] = {"fog": lights.FOG, "rain": lights.RAIN}
_COLOURS: dict[Hazard, Colour] = {
    "police officer": (60, 60, 120), "deer": BROWN, "excavator": YELLOW, "fallen tree": BROWN,
}  # fmt: skip
_HEADINGS: dict[Hazard, tuple[float, ...]] = {
    "police officer": (0, 90, 180, -90), "deer": (0, 90, 180, -90), "excavator": (-90,), "fallen tree": (90,),
}  # fmt: skip
HALF_M: dict[Hazard, float] = {"police officer": 0.4, "deer": 1.0, "excavator": 2.6, "fallen tree": 2.8}
"""From a hazard's middle to its edge, metres across the road."""


@dataclass(frozen=True)
class Situation:
    """What people judge. `gap_m`: from what the ego vehicle needs to the hazard's near edge; negative: in its way."""

    hazard: Hazard | None = None
    gap_m: float = math.inf
    distance_m: float = 0.0
    weather: Weather | None = None
    cones: bool = False

    @property
    def where(self) -> Literal["in", "beside", "off"]:
        """Where the hazard stands, as people would say it."""
        return "in" if self.gap_m < 0.05 else "beside" if self.gap_m < 1.3 else "off"


@dataclass(frozen=True)
class Road:
    """One drawn road, its scene's first frame being the picture; `level` is what people said."""

    number: int
    situation: Situation
    level: TriageLevel
    scene: DemoScene


def posterior(situation: Situation) -> tuple[float, float, float]:
    """P(level) in the order of `LEVELS`: what people say of such a road.

    >>> [round(share, 3) for share in posterior(Situation("deer", gap_m=0.05))]
    [0.025, 0.475, 0.5]
    """
    hazard = situation.hazard is not None
    takes_over = _clamped(
        _logistic((0.05 - situation.gap_m) / 0.18) if hazard else 0.0, 0.005 if hazard else 0.001, 0.985
    )
    watches = max(
        1.0 if situation.weather else 0.0,
        _logistic((1.3 - situation.gap_m) / 0.25) if hazard else 0.0,
        0.9 if situation.cones else 0.0,
    )
    watches = _clamped(watches, 0.03, 0.95)
    return ((1 - takes_over) * (1 - watches), (1 - takes_over) * watches, takes_over)


def road(number: int) -> Road:
    """The road of that number; the same number is the same road."""
    dice = random.Random(number)
    street, scenery = _street(dice, is_held_out=number < HELD_OUT)
    weather = dice.choice(tuple(_ADVERSE)) if dice.random() < 0.2 else None
    light = _ADVERSE[weather] if weather else dice.choice(_CLEAR)
    around = _around(dice, street)
    situation, ahead = _situation(dice, weather)
    level = dice.choices(LEVELS, posterior(situation))[0]
    return Road(number, situation, level, _scene(f"road-{number}", street, scenery, light, (*around, *ahead)))


def hazard_thing(hazard: Hazard, *path: Waypoint) -> Thing:
    """A hazard on its way, or standing where its only waypoint is."""
    poses = ((0, "halt"),) if hazard == "police officer" else ()
    return Thing("hazard", hazard, path, _COLOURS[hazard], poses=poses)


def across_m(hazard: Hazard, gap_m: float, side: int = 1) -> float:
    """Where the middle of a hazard stands across the road that leaves this gap."""
    return side * (LANE_HALF_M + HALF_M[hazard] + gap_m)


def _street(dice: random.Random, *, is_held_out: bool) -> tuple[Street, tuple[Thing, ...]]:
    sign: Literal[1, -1] = dice.choice((1, -1))
    ground: Literal["paving", "grass"] = dice.choice(("paving", "paving", "grass"))
    street = Street(sign, near_kerb_m=dice.choice((2.7, 4.4)), sidewalk_m=3.0, ground=ground)
    drawn = dice.randrange(_STREETS)
    return street, _scenery(street, _STREETS + drawn % _HELD_OUT_STREETS if is_held_out else drawn)


@lru_cache(maxsize=64)
def _scenery(street: Street, number: int) -> tuple[Thing, ...]:
    return street_scenery(street, 1000 + number, length_m=_SCENERY_M)


def _around(dice: random.Random, street: Street) -> list[Thing]:
    """What people pay no attention to: parked cars, walkers, one oncoming vehicle."""
    things: list[Thing] = []
    if dice.random() < 0.5 and street.near_kerb_m > 4:
        things += parked_row("parked", 6, 70, street.near_kerb_m - 1.1, dice.randrange(_PARKED_SEEDS))
    things += strollers(
        "walker", dice.randint(0, 4), 10, 60, street.near_kerb_m + 1.8, dice.randrange(_WALKER_SEEDS)
    )
    if dice.random() < 0.5:
        kind, colour = (
            dice.choice(("car", "van", "hatchback", "bus")),
            dice.choice((WHITE, SILVER, RED, BLUE, BLACK, GREEN)),
        )
        things.append(still("oncoming", kind, dice.uniform(12, 60), -3.6, 180, colour))
    return things


def _situation(dice: random.Random, weather: Weather | None) -> tuple[Situation, list[Thing]]:
    if dice.random() < 0.62:
        return _with_hazard(dice, weather)
    things: list[Thing] = []
    if dice.random() < 0.6:
        kind, colour = (
            dice.choice(("car", "van", "hatchback", "truck")),
            dice.choice((WHITE, SILVER, RED, BLUE, BLACK)),
        )
        things.append(still("ahead", kind, dice.uniform(14, 35), 0, 0, colour))
    cones = dice.random() < 0.3
    if cones:
        things += cone_row("cone", 9, 30, 2.2, 1.9)
    return Situation(weather=weather, cones=cones), things


def _with_hazard(dice: random.Random, weather: Weather | None) -> tuple[Situation, list[Thing]]:
    hazard = dice.choice(tuple(HALF_M))
    distance_m = dice.uniform(8, 15)
    gaps_m = (dice.uniform(-1.2, -0.1), dice.uniform(-0.1, 1.2), dice.uniform(1.2, 4.5))
    gap_m = dice.choices(gaps_m, (0.19, 0.30, 0.51))[0]
    where_m = across_m(hazard, gap_m, dice.choice((1, -1)))
    place = Waypoint(0, MOUNT_M[0] + distance_m, where_m, dice.choice(_HEADINGS[hazard]))
    return Situation(hazard, gap_m, distance_m, weather), [hazard_thing(hazard, place)]


def _scene(
    name: str, street: Street, scenery: tuple[Thing, ...], light: Light, things: tuple[Thing, ...]
) -> DemoScene:
    steps_m = (0.0,) * FRAMES_PER_SCENE
    origin = StreetOrigin(0, 0, 0)
    return DemoScene(name, "", _LOG, 0.0, origin, street, ((0, light),), steps_m, things, scenery)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def _clamped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
