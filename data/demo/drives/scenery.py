"""What lines a street and gets no box: buildings, trees, lamps, signals, a skyline."""

from __future__ import annotations

import random

from data.demo.drawing.light import LAMP_EVERY_M
from data.demo.drawing.street import Street
from data.demo.drawing.world import Thing, Waypoint


def street_scenery(
    street: Street, seed: int, length_m: float = 300.0, lit_share: float = 0.35
) -> tuple[Thing, ...]:
    """All scenery from 20 m behind the scene's start to `length_m` ahead."""
    dice = random.Random(seed)
    near = street.near_kerb_m + street.sidewalk_m
    far = street.far_kerb_m + street.sidewalk_m
    things = [_skyline(seed, length_m)]
    for side, edge in ((1, near), (-1, far)):
        if street.ground == "paving":
            things += _row_of_buildings(street, dice, side, edge, length_m, lit_share)
        else:
            things += _row_of_trees(street, dice, side, edge + 2.5, length_m, 9.0)
            things += _row_of_trees(street, dice, side, edge + 9.0, length_m, 6.0)
    for side, kerb in ((1, street.near_kerb_m), (-1, street.far_kerb_m)):
        if street.ground == "paving":
            things += _row_of_trees(street, dice, side, kerb + 1.0, length_m, 23.0)
    return (*things, *_lamps(street, length_m), *_signals(street))


def _clear(street: Street, low: float, high: float) -> bool:
    """Whether nothing of a junction lies between two places along the street."""
    return street.junction is None or high < street.junction.start_m - 1 or low > street.junction.end_m + 1


def _skyline(seed: int, length_m: float) -> Thing:
    return Thing(f"skyline-{seed}", "skyline", (Waypoint(0, length_m, 0),))


def _row_of_buildings(
    street: Street, dice: random.Random, side: int, edge: float, length_m: float, lit_share: float
) -> list[Thing]:
    things: list[Thing] = []
    along = -24.0
    while along < length_m - 30:
        long = dice.uniform(11, 22)
        size = (10.0, long, dice.uniform(9, 26))
        if _clear(street, along, along + long):
            where = Waypoint(0, along + long / 2, side * (edge + size[0] / 2))
            name = f"building-{side}-{len(things)}-{dice.randrange(10**6)}"
            things.append(Thing(name, "building", (where,), size=size, lamps=lit_share))
        along += long + (dice.uniform(2.5, 6) if dice.random() < 0.3 else 0.2)
    return things


def _row_of_trees(
    street: Street, dice: random.Random, side: int, across: float, length_m: float, every_m: float
) -> list[Thing]:
    things: list[Thing] = []
    along = dice.uniform(-12, 8)
    while along < min(length_m, 150 if every_m < 12 else 120):
        wide = dice.uniform(3.2, 5.0)
        if _clear(street, along - 2, along + 2):
            where = Waypoint(0, along, side * (across + dice.uniform(0, 0.5)))
            name = f"tree-{side}-{across:.1f}-{len(things)}-{dice.randrange(10**6)}"
            things.append(Thing(name, "tree", (where,), size=(wide, wide, dice.uniform(5.2, 8.0))))
        along += every_m * dice.uniform(0.8, 1.3)
    return things


def _lamps(street: Street, length_m: float) -> list[Thing]:
    """Lamp posts on both kerbs, their arms over the road."""
    things = []
    for number in range(1, int(min(length_m, 230) / LAMP_EVERY_M)):
        along = number * LAMP_EVERY_M
        for side, kerb in ((1, street.near_kerb_m), (-1, street.far_kerb_m)):
            if _clear(street, along, along):
                where = Waypoint(0, along, side * (kerb + 0.6))
                things.append(
                    Thing(f"lamp-{side}-{number}", "lamp", (where,), reach_m=-side * 1.9, lamps=1.0)
                )
    return things


def _signals(street: Street) -> list[Thing]:
    """Signals on the far side of the junction, their mast over the ego lane."""
    if street.junction is None:
        return []
    along = street.junction.end_m + 4.5
    near = Thing(
        "signal-near", "signal", (Waypoint(0, along, street.near_kerb_m + 0.8),),
        reach_m=-(street.near_kerb_m + 0.6), lamps=1.0,
    )  # fmt: skip
    far = Thing(
        "signal-far", "signal", (Waypoint(0, along, -street.far_kerb_m - 0.8),), reach_m=2.4, lamps=1.0
    )
    return [near, far]
