"""A night drive in left-hand traffic: after rain, in rain, and past an accident."""

from __future__ import annotations

from data.demo.drawing.camera import StreetOrigin
from data.demo.drawing.light import NIGHT, NIGHT_RAIN, NIGHT_WET
from data.demo.drawing.street import Street
from data.demo.drawing.world import DemoLog, DemoScene
from data.demo.drives.casting import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LAST,
    RED,
    SILVER,
    WHITE,
    cone_row,
    crosser,
    followed,
    moving,
    oncoming,
    parked_row,
    still,
    strollers,
)
from data.demo.drives.scenery import street_scenery

LOG = DemoLog(
    "demo-2026-03-09-21-05-00+0800", "singapore-hollandvillage", "2026-03-09", 1_773_061_500_000_000
)


def night_scenes() -> tuple[DemoScene, ...]:
    """scene-9007 to scene-9009."""
    return (_after_rain(), _fallen_tree(), _accident())


def _after_rain() -> DemoScene:
    street = Street(1, near_kerb_m=4.4)
    steps = (3.0,) * 8 + (2.0,) * 7 + (3.0,) * 5
    things = (
        followed("scooter", "scooter", steps, ((0, 16.0), (9, 30.0), (LAST, 48.0)), GREEN),
        *parked_row("parked", 9, 46, 3.3, 41),
        *parked_row("parked-b", 60, 110, 3.3, 42),
        crosser("jaywalker-a", 48.5, 6, 4.3, -7.4, 1.0, colour=(198, 196, 190)),
        crosser("jaywalker-b", 49.6, 6.5, 4.6, -7.4, 1.05, colour=(170, 70, 78)),
        oncoming("car-oncoming", "car", 80, 4.5, -3.6, SILVER),
        oncoming("taxi-oncoming", "hatchback", 160, 4.5, -3.6, BLUE),
        *strollers("walker", 9, 8, 80, 6.2, 43),
        *strollers("walker-far", 7, 10, 80, -7.2, 44),
    )
    return DemoScene(
        "scene-9007", "Night, after rain, many peds, jaywalkers, scooter, parked cars",
        LOG, 20.0, StreetOrigin(720.0, 330.0, 0.9), street, ((0, NIGHT_WET),), steps, things,
        street_scenery(street, 9007, lit_share=0.5),
    )  # fmt: skip


def _fallen_tree() -> DemoScene:
    street = Street(1, near_kerb_m=4.4)
    steps = (
        4.0,
        4.0,
        4.0,
        4.0,
        4.0,
        4.0,
        4.0,
        4.0,
        4.0,
        4.0,
        5.0,
        5.0,
        6.0,
        6.5,
        8.0,
        5.0,
        4.0,
        2.0,
        0.5,
        0.0,
    )
    things = (
        still("fallen-tree", "fallen tree", 97, 1.2, 90),
        *parked_row("parked", 10, 84, 3.3, 51),
        oncoming("car-oncoming", "car", 66, 4.0, -3.6, WHITE),
        oncoming("van-oncoming", "van", 86, 4.0, -3.6, GREY),
        *strollers("walker", 5, 10, 78, 6.4, 52, "pedestrian with umbrella"),
        *strollers("walker-far", 3, 14, 70, -7.2, 53, "pedestrian with umbrella"),
    )
    return DemoScene(
        "scene-9008", "Night, rain, peds on sidewalk, parked cars, tree on road",
        LOG, 460.0, StreetOrigin(610.0, 540.0, -2.3), street, ((0, NIGHT_RAIN),), steps, things,
        street_scenery(street, 9008, lit_share=0.3),
    )  # fmt: skip


def _accident() -> DemoScene:
    street = Street(1, near_kerb_m=4.4)
    steps = (*((6.0,) * 11), 5.0, 5.0, 4.0, 3.0, 2.5, 1.0, 0.5, 0.0, 0.0)
    police = moving(
        "police-car", "police car", (0, 112, -3.4, 180), (14, 112, -3.4, 180), (15, 107, -3.0, 150),
        (16, 104, 0.0, 90), (LAST, 104, 0.3, 90), colour=WHITE,
    )  # fmt: skip
    officer = moving(
        "officer", "police officer", (0, 104, -4.2, 180), (15, 103, -3.6, 180), (16, 101.2, -0.5, 180),
        (LAST, 101, 0.1, 180), poses=((16, "halt"),),
    )  # fmt: skip
    things = (
        police,
        officer,
        still("crashed-car", "car", 108, -4.4, 130, RED),
        still("crashed-van", "van", 115, -2.8, 200, BLUE),
        *cone_row("cone", 96, 106, -1.9, -1.9, 3.3),
        followed("car-ahead", "car", steps, ((0, 30.0), (9, 62.0)), BLACK),
        *parked_row("parked", 10, 92, 3.3, 61),
        oncoming("car-oncoming", "hatchback", 70, 5.0, -3.6, SILVER),
        *strollers("walker", 4, 10, 110, 6.4, 62),
        *strollers("walker-far", 3, 60, 110, -7.2, 63),
    )
    return DemoScene(
        "scene-9009", "Night, accident in opposite lane, police car, cones, parked cars",
        LOG, 1080.0, StreetOrigin(455.0, 260.0, 2.8), street, ((0, NIGHT),), steps, things,
        street_scenery(street, 9009, lit_share=0.4),
    )  # fmt: skip
