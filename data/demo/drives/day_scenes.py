"""A morning drive in left-hand traffic: a followed van, road works, a signalled junction."""

from __future__ import annotations

from data.demo.drawing.camera import StreetOrigin
from data.demo.drawing.light import DAY
from data.demo.drawing.street import Junction, Street
from data.demo.drawing.world import DemoLog, DemoScene, Thing, Waypoint
from data.demo.drives.casting import (
    BLACK,
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
    crosser,
    crossing_traffic,
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

LOG = DemoLog("demo-2026-03-02-10-15-00+0800", "singapore-onenorth", "2026-03-02", 1_772_417_700_000_000)


def day_scenes() -> tuple[DemoScene, ...]:
    """scene-9001 to scene-9003."""
    return (_following(), _road_works(), _junction())


def _following() -> DemoScene:
    street = Street(1, near_kerb_m=4.4)
    steps = (4.0,) * 20
    things = (
        followed("van", "van", steps, ((0, 17.0), (8, 14.5), (LAST, 18.0)), WHITE),
        *parked_row("parked", 9, 150, 3.3, 3),
        moving("excavator", "excavator", (0, 96, -3.7, 180), (LAST, 58, -3.7, 180), colour=YELLOW),
        oncoming("car-oncoming", "car", 62, 5.0, -3.6, RED),
        oncoming("bus-oncoming", "bus", 210, 5.0, -3.7, GREEN),
        *strollers("walker", 7, 12, 110, 6.2, 5),
        *strollers("walker-far", 5, 20, 110, -7.2, 6),
    )
    return DemoScene(
        "scene-9001", "Sunny, following a van, parked cars, construction vehicle in opposite lane, peds on sidewalk",
        LOG, 40.0, StreetOrigin(412.0, 1180.0, 2.1), street, ((0, DAY),), steps, things, street_scenery(street, 9001),
    )  # fmt: skip


def _road_works() -> DemoScene:
    street = Street(1, near_kerb_m=2.4, sidewalk_m=4.6)
    steps = (
        5.0,
        5.0,
        5.0,
        5.0,
        4.0,
        4.0,
        4.0,
        3.0,
        3.0,
        3.0,
        2.5,
        2.5,
        2.0,
        1.5,
        1.0,
        0.5,
        0.0,
        0.0,
        0.0,
        0.0,
    )
    things = (
        works_sign("works-sign", 41, 3.3),
        *cone_row("cone", 46, 76, 2.1, 1.95),
        moving("excavator", "excavator", (0, 66, 4.9, -60), (14, 66, 4.9, -60), (15, 65.2, 1.6, -80),
               (16, 65, 0.1, -90), (LAST, 65, 0.1, -90), colour=YELLOW),
        still("worker-a", "worker", 56, 3.6, 180),
        moving("worker-b", "worker", (0, 61, 3.8, -90), (14, 61, 3.6, -90), (16, 60.2, 1.2, 180),
               (LAST, 60.2, 1.2, 180), poses=((16, "halt"),)),
        parked("works-truck", "truck", 88, 3.9, ORANGE),
        moving("barrier-a", "barrier", (16, 59, -1.0, 0), (LAST, 59, -1.0, 0), colour=ORANGE),
        oncoming("car-oncoming", "car", 70, 5.0, -3.6, SILVER),
        oncoming("car-oncoming-b", "hatchback", 105, 5.0, -3.6, BLUE),
        *strollers("walker-far", 5, 15, 90, -7.2, 8),
    )  # fmt: skip
    return DemoScene(
        "scene-9002", "Road works, traffic cones, workers, excavator, narrow street",
        LOG, 300.0, StreetOrigin(655.0, 1420.0, 0.4), street, ((0, DAY),), steps, things, street_scenery(street, 9002),
    )  # fmt: skip


def _junction() -> DemoScene:
    street = Street(1, near_kerb_m=4.4, junction=Junction(46.0, 60.0))
    steps = (6.5, 6.5, 6.0, 5.0, 3.5, 2.5, 1.5, 0.7, *((0.0,) * 9), 1.0, 2.5, 3.5)
    scenery = tuple(_signalled(thing) for thing in street_scenery(street, 9003))
    things = (
        *(crosser(f"crosser-{k}", 42.4 + 0.55 * (k % 4), first, start, -start * 1.25, colour=coat)
          for k, (first, start, coat) in enumerate((
              (3, 6.0, (186, 152, 70)), (4, -6.4, (86, 120, 168)), (5, 6.4, (92, 96, 104)), (6, -6.8, (170, 70, 78))))),
        crosser("late-walker", 40.8, 10, 6.0, -6.6, 1.1, colour=(70, 128, 104)),
        crosser("child", 40.2, 10, 6.2, -6.6, 1.6, kind="child", colour=(230, 90, 60)),
        crossing_traffic("cross-a", "car", 50, 1, 7, 90, WHITE),
        crossing_traffic("cross-b", "van", 56.5, 3, 8, -90, BLUE),
        crossing_traffic("cross-c", "truck", 50, 6, 9, 90, RED),
        still("bus-waiting", "bus", 73, -3.7, 180, GREEN),
        still("car-waiting", "car", 35.5, 3.2, 0, BLACK),
        still("corner-a", "pedestrian", 44.5, 6.6, -90, (198, 196, 190)),
        still("corner-b", "pedestrian", 45.0, -7.4, 90, GREY),
        *strollers("walker", 4, 8, 36, 6.4, 11),
    )  # fmt: skip
    return DemoScene(
        "scene-9003", "Wait at intersection, peds crossing crosswalk, bus, truck, cars crossing",
        LOG, 720.0, StreetOrigin(980.0, 905.0, -1.2), street, ((0, DAY),), steps, things, scenery,
    )  # fmt: skip


def _signalled(thing: Thing) -> Thing:
    if thing.kind != "signal":
        return thing
    path = (Waypoint(0, thing.path[0].along_m, thing.path[0].across_m),)
    poses = ((0, "red"), (12, "green"))
    return Thing(thing.name, thing.kind, path, poses=poses, reach_m=thing.reach_m, lamps=thing.lamps)
