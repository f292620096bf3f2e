"""The kinds of things a street holds: their nuScenes category, their box and how they are built."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from data.demo.drawing import people_and_animals as people
from data.demo.drawing import roadside, vehicles
from data.demo.drawing.people_and_animals import Outfit, Pose
from data.demo.drawing.shapes import Colour, Face, Mesh, compiled

Size = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """What may differ between two things of one kind, or between two moments of one thing."""

    size: Size
    colour: Colour = (150, 40, 40)
    pose: str = ""
    phase: float = 0.0
    lamps: float = 0.0
    seed: int = 0
    reach_m: float = 0.0


@dataclass(frozen=True)
class Kind:
    """`category` is the nuScenes name, None for scenery; `size` is width, length, height in metres."""

    category: str | None
    size: Size
    build: Callable[[Look], list[Face]]


def _car(shape: vehicles.CarShape) -> Callable[[Look], list[Face]]:
    return lambda look: vehicles.car_faces(look.size, look.colour, shape, look.lamps)


def _police_car(look: Look) -> list[Face]:
    faces = vehicles.car_faces(look.size, look.colour, vehicles.SEDAN, look.lamps)
    return vehicles.with_light_bar(faces, look.size, ((40, 90, 255), (255, 36, 36)))


def _posed(look: Look, umbrella: bool = False) -> Pose:
    if look.pose == "walk":
        return people.walking(look.phase, "umbrella" if umbrella else "")
    if umbrella:
        return people.UMBRELLA
    return {"halt": people.HALT, "paddle": people.PADDLE}.get(look.pose, people.STANDING)


def _adult(look: Look, umbrella: bool = False) -> list[Face]:
    tall = look.size[2] * (1 / 1.17 if umbrella else 1.0)
    legs: tuple[Colour, ...] = ((52, 60, 84), (44, 42, 44), (96, 88, 74), (70, 76, 92))
    outfit = Outfit(look.colour, legs[look.seed % 4], people.SKINS[(look.seed // 4) % 4])
    return people.person_faces(tall, look.size[2], outfit, _posed(look, umbrella))


def _officer(look: Look) -> list[Face]:
    outfit = Outfit((64, 84, 142), people.NAVY, people.SKINS[look.seed % 4], people.NAVY, people.HI_VIS)
    return people.person_faces(look.size[2] / 1.14, look.size[2], outfit, _posed(look))


def _worker(look: Look, paddle: bool = False) -> list[Face]:
    hat: Colour = (250, 206, 40)
    outfit = Outfit((62, 72, 88), (66, 74, 92), people.SKINS[look.seed % 4], hat, people.ORANGE, brim=True)
    tall = look.size[2] / (1.3 if paddle else 1.14)
    return people.person_faces(tall, look.size[2], outfit, _posed(look))


def _scooter(look: Look) -> list[Face]:
    outfit = Outfit((70, 110, 160), (50, 54, 66), people.SKINS[1], hat=(220, 220, 224))
    return people.cyclist_faces(look.size, outfit, look.colour, look.lamps)


KINDS: dict[str, Kind] = {
    "car": Kind("vehicle.car", (1.85, 4.6, 1.48), _car(vehicles.SEDAN)),
    "hatchback": Kind("vehicle.car", (1.8, 4.1, 1.55), _car(vehicles.HATCH)),
    "van": Kind("vehicle.car", (2.0, 5.1, 2.15), _car(vehicles.VAN)),
    "police car": Kind("vehicle.emergency.police", (1.9, 4.8, 1.68), _police_car),
    "bus": Kind("vehicle.bus.rigid", (2.6, 11.6, 3.25),
                lambda look: vehicles.bus_faces(look.size, look.colour, look.lamps)),
    "truck": Kind("vehicle.truck", (2.5, 8.4, 3.4),
                  lambda look: vehicles.truck_faces(look.size, look.colour, look.lamps)),
    "excavator": Kind("vehicle.construction", (2.6, 7.4, 3.3),
                      lambda look: vehicles.excavator_faces(look.size, look.colour, look.lamps)),
    "scooter": Kind("vehicle.motorcycle", (0.75, 1.95, 1.68), _scooter),
    "pedestrian": Kind("human.pedestrian.adult", (0.65, 0.85, 1.74), _adult),
    "pedestrian with umbrella": Kind("human.pedestrian.adult", (1.4, 1.45, 2.02), partial(_adult, umbrella=True)),
    "child": Kind("human.pedestrian.child", (0.5, 0.6, 1.16), _adult),
    "police officer": Kind("human.pedestrian.police_officer", (0.75, 0.85, 2.02), _officer),
    "worker": Kind("human.pedestrian.construction_worker", (0.75, 0.85, 2.02), _worker),
    "flagger": Kind("human.pedestrian.construction_worker", (1.4, 0.7, 2.3), partial(_worker, paddle=True)),
    "deer": Kind("animal", (0.75, 2.0, 1.95),
                 lambda look: people.deer_faces(look.size, look.colour, look.phase if look.pose == "walk" else 0.0)),
    "cone": Kind("movable_object.trafficcone", (0.42, 0.42, 0.78), lambda look: roadside.cone_faces(look.size)),
    "barrier": Kind("movable_object.barrier", (2.0, 0.5, 1.05),
                    lambda look: roadside.barrier_faces(look.size, look.colour)),
    "fallen tree": Kind("movable_object.debris", (2.6, 8.2, 2.2), lambda look: roadside.fallen_tree_faces(look.size)),
    "building": Kind(None, (8, 16, 14), lambda look: roadside.building_faces(look.size, look.seed, look.lamps)),
    "tree": Kind(None, (4.4, 4.4, 7.0), lambda look: roadside.tree_faces(look.size, look.seed)),
    "lamp": Kind(None, (0.2, 0.2, 7.2), lambda look: roadside.lamp_faces(look.size, look.reach_m, look.lamps)),
    "signal": Kind(None, (0.3, 0.3, 5.6),
                   lambda look: roadside.signal_faces(look.size, look.reach_m, look.pose or "green")),
    "sign": Kind(None, (0.6, 0.1, 2.6), lambda look: roadside.sign_faces(look.size, look.pose)),
    "skyline": Kind(None, (420, 5, 34), lambda look: roadside.skyline_faces(look.size, look.seed)),
}  # fmt: skip


@lru_cache(maxsize=600)
def mesh(kind: str, look: Look) -> Mesh:
    """The built thing; walkers are built anew for each quarter step."""
    return compiled(KINDS[kind].build(look))


def seed_of(name: str) -> int:
    """A number that belongs to a name."""
    return zlib.crc32(name.encode())
