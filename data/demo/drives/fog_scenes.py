"""An early drive in left-hand traffic: fog, a grey sky over road works, then rain."""

from __future__ import annotations

from data.demo.drawing.camera import StreetOrigin
from data.demo.drawing.light import DRIZZLE, FOG, HAZE, OVERCAST, RAIN
from data.demo.drawing.street import Street
from data.demo.drawing.world import DemoLog, DemoScene
from data.demo.drives.casting import (
    BLUE,
    GREEN,
    GREY,
    LAST,
    ORANGE,
    RED,
    SILVER,
    WHITE,
    YELLOW,
    cone_row,
    followed,
    moving,
    oncoming,
    parked,
    parked_row,
    still,
    strollers,
    works_sign,
)
from data.demo.drives.scenery import street_scenery

LOG = DemoLog("demo-2026-03-17-07-10-00+0800", "singapore-queenstown", "2026-03-17", 1_773_702_600_000_000)


def fog_scenes() -> tuple[DemoScene, ...]:
    """scene-9010 to scene-9012."""
    return (_fog(), _flagger(), _rain())


def _fog() -> DemoScene:
    street = Street(1, near_kerb_m=5.25, far_kerb_m=8.9, ground="grass", sidewalk_m=2.4)
    steps = (
        7.0,
        7.0,
        7.0,
        7.0,
        6.0,
        6.0,
        5.0,
        5.0,
        5.0,
        4.5,
        4.0,
        4.0,
        3.5,
        3.0,
        2.5,
        2.0,
        1.0,
        0.0,
        0.0,
        0.0,
    )
    truck = moving(
        "truck-turning", "truck", (13, 99, 13.0, -90), (15, 99, 8.0, -90), (17, 98, 1.0, -80), (LAST, 98, 0.6, -80),
        colour=RED,
    )  # fmt: skip
    things = (
        truck,
        followed("car-ahead", "car", steps, ((0, 20.0), (8, 30.0), (14, 46.0)), SILVER),
        followed("car-beside", "hatchback", steps, ((0, 13.0), (10, 32.0), (14, 50.0)), BLUE, across_m=3.5),
        oncoming("truck-oncoming", "truck", 120, 6.0, -3.6, GREEN),
        oncoming("bus-oncoming", "bus", 160, 5.0, -7.0, WHITE),
        oncoming("car-oncoming", "car", 176, 6.0, -3.6, GREY),
        *strollers("walker", 3, 30, 100, 6.8, 71),
    )
    return DemoScene(
        "scene-9010", "Fog, big street, trucks, cars ahead, overtaking car",
        LOG, 15.0, StreetOrigin(350.0, 2010.0, 0.2), street, ((0, HAZE), (5, HAZE), (8, FOG)), steps, things,
        street_scenery(street, 9010),
    )  # fmt: skip


def _flagger() -> DemoScene:
    street = Street(1, near_kerb_m=4.4)
    steps = (
        5.0,
        5.0,
        5.0,
        5.0,
        5.0,
        4.0,
        4.0,
        4.0,
        3.0,
        3.0,
        2.5,
        2.5,
        2.0,
        2.0,
        1.5,
        1.0,
        0.0,
        0.0,
        0.0,
        0.0,
    )
    flagger = moving(
        "flagger", "flagger", (0, 67, 5.2, 180), (14, 67, 5.2, 180), (15, 67, 3.0, -90), (16, 66.5, 0.7, 180),
        (LAST, 66.5, 0.2, 180), poses=((16, "paddle"),),
    )  # fmt: skip
    things = (
        flagger,
        works_sign("works-sign", 40, 5.2),
        *cone_row("taper", 48, 57, 4.0, 1.95),
        *cone_row("cone", 60, 84, 1.95, 1.95, 3.4),
        parked("works-truck", "truck", 74, 3.4, ORANGE),
        still("excavator", "excavator", 87, 3.4, 180, YELLOW),
        still("worker-a", "worker", 62.5, 3.4, 90),
        still("worker-b", "worker", 65, 3.9, -120),
        still("barrier", "barrier", 58.5, 3.1, 0, ORANGE),
        oncoming("car-oncoming", "car", 90, 5.0, -3.6, WHITE),
        oncoming("van-oncoming", "van", 140, 5.0, -3.6, BLUE),
        *strollers("walker-far", 5, 16, 90, -7.2, 82),
        *parked_row("parked", 8, 32, 3.3, 83),
    )
    return DemoScene(
        "scene-9011", "Overcast, road works, cones, workers, truck, lane narrows",
        LOG, 640.0, StreetOrigin(540.0, 2230.0, 1.75), street, ((0, OVERCAST),), steps,
        things, street_scenery(street, 9011),
    )  # fmt: skip


def _rain() -> DemoScene:
    street = Street(1, near_kerb_m=4.4)
    steps = (4.0,) * 20
    things = (
        followed("bus-ahead", "bus", steps, ((0, 30.0), (10, 21.0), (LAST, 24.0)), RED),
        *parked_row("parked", 8, 150, 3.3, 91),
        oncoming("car-oncoming", "car", 66, 4.0, -3.6, SILVER),
        oncoming("truck-oncoming", "truck", 104, 4.0, -3.7, BLUE),
        oncoming("car-oncoming-b", "hatchback", 150, 4.0, -3.6, WHITE),
        *strollers("walker", 7, 10, 110, 6.2, 92, "pedestrian with umbrella"),
        *strollers("walker-far", 4, 14, 100, -7.2, 93),
    )
    return DemoScene(
        "scene-9012", "Rain, following a bus, peds with umbrellas, parked cars, trucks",
        LOG, 1370.0, StreetOrigin(690.0, 1890.0, -0.9), street, ((0, DRIZZLE), (3, DRIZZLE), (6, RAIN)), steps, things,
        street_scenery(street, 9012),
    )  # fmt: skip
