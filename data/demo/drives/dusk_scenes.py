"""An evening drive in right-hand traffic: a low sun, a junction at dusk, a road through trees."""

from __future__ import annotations

from data.demo.drawing.camera import StreetOrigin
from data.demo.drawing.light import DUSK, GLARE, LOW_SUN
from data.demo.drawing.street import Junction, Street
from data.demo.drawing.world import DemoLog, DemoScene
from data.demo.drives.casting import (
    BLUE,
    BROWN,
    GREY,
    LAST,
    RED,
    SILVER,
    WHITE,
    crosser,
    crossing_traffic,
    followed,
    moving,
    oncoming,
    parked,
    parked_row,
    still,
    strollers,
)
from data.demo.drives.scenery import street_scenery

LOG = DemoLog("demo-2026-04-14-18-50-00-0400", "boston-seaport", "2026-04-14", 1_776_207_000_000_000)


def dusk_scenes() -> tuple[DemoScene, ...]:
    """scene-9004 to scene-9006."""
    return (_low_sun(), _officer(), _deer())


def _low_sun() -> DemoScene:
    street = Street(-1, near_kerb_m=4.4)
    steps = (4.0,) * 12 + (3.0,) * 8
    things = (
        followed("car-ahead", "car", steps, ((0, 24.0), (LAST, 15.0)), SILVER),
        *parked_row("parked", 8, 140, 3.3, 14),
        oncoming("truck-oncoming", "truck", 92, 4.5, -3.7, BLUE),
        oncoming("car-oncoming", "car", 128, 4.5, -3.6, WHITE),
        crosser("jogger", 74, 10, 5.4, -7.5, 0.9, colour=RED),
        *strollers("walker", 6, 12, 95, 6.2, 15),
        *strollers("walker-far", 4, 20, 90, -7.2, 16),
    )
    return DemoScene(
        "scene-9004", "Low sun ahead, glare, following a car, parked cars, jogger",
        LOG, 30.0, StreetOrigin(1010.0, 640.0, 3.0), street, ((0, LOW_SUN), (5, LOW_SUN), (6, GLARE)), steps, things,
        street_scenery(street, 9004),
    )  # fmt: skip


def _officer() -> DemoScene:
    street = Street(-1, near_kerb_m=4.4, junction=Junction(58.0, 72.0))
    steps = (6.0, 6.0, 5.0, 5.0, 4.0, 3.0, 3.0, 2.0, 2.0, 1.5, 1.0, *((0.0,) * 7), 1.5, 2.0)
    officer = moving(
        "officer", "police officer", (0, 49.5, 5.6, 180), (8, 49.5, 5.6, 180), (9, 49.5, 4.3, -90),
        (10, 49.5, 2.7, -90), (11, 49.5, 0.9, 180), (12, 49.5, 0.3, 180), (15, 49.5, 0.3, 180),
        (16, 49.5, 2.4, 90), (17, 49.5, 4.2, 90), (18, 49.5, 5.7, 180), (LAST, 49.5, 5.7, 180),
        poses=((11, "halt"), (16, "")),
    )  # fmt: skip
    things = (
        officer,
        parked("police-car", "police car", 47, -7.2, WHITE, 180),
        crossing_traffic("cross-a", "car", 62, 2, 8, 90, RED),
        crossing_traffic("cross-b", "bus", 68, 10, 9, -90, BLUE),
        crossing_traffic("cross-c", "hatchback", 62, 12, 7, 90, WHITE),
        still("car-waiting", "car", 80, -3.6, 180, GREY),
        *parked_row("parked", 8, 36, 3.3, 21),
        *strollers("walker", 4, 10, 50, 6.8, 22),
        *strollers("walker-far", 4, 12, 50, -7.4, 23),
    )
    return DemoScene(
        "scene-9005", "Dusk, big intersection, police officer, peds on sidewalk, cars crossing",
        LOG, 2060.0, StreetOrigin(1320.0, 812.0, 1.35), street, ((0, DUSK),), steps, things,
        street_scenery(street, 9005),
    )  # fmt: skip


def _deer() -> DemoScene:
    street = Street(-1, near_kerb_m=2.7, sidewalk_m=1.8, ground="grass")
    steps = (*((6.0,) * 7), 5.0, 4.0, 3.0, 2.0, 0.5, 0.0, 0.0, 0.0, 0.0, 2.0, 4.0, 5.0, 5.0)
    deer = moving(
        "deer", "deer", (5, 67, 8.2, -90), (8, 67, 6.2, -90), (9, 67, 4.6, -90), (10, 67, 3.0, -90),
        (11, 67, 1.1, -90), (12, 67, 0.2, -90), (14, 67, 0.0, -90), (15, 67, -1.0, -90), (16, 67, -5.4, -90),
        (17, 67, -9.0, -90), (18, 67, -14.0, -90), colour=BROWN,
    )  # fmt: skip
    things = (
        deer,
        parked("car-parked", "car", 30, -4.6, BLUE, 180),
        oncoming("car-oncoming", "car", 118, 6.0, -3.6, WHITE),
        oncoming("van-oncoming", "van", 190, 6.0, -3.6, RED, first=2),
        *strollers("jogger", 2, 24, 60, -6.4, 31),
    )
    return DemoScene(
        "scene-9006", "Dusk, park road, trees, deer, oncoming cars",
        LOG, 2290.0, StreetOrigin(1475.0, 1130.0, -0.6), street, ((0, DUSK),), steps, things,
        street_scenery(street, 9006),
    )  # fmt: skip
