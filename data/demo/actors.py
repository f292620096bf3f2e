"""The road users and objects in front, in words: how many, where, how far."""

from __future__ import annotations

from collections import Counter

from data.demo.boxes import distance_m, share_in_sight
from data.demo.drawing.kinds import KINDS
from data.demo.drawing.world import DemoScene, Thing
from data.demo.drives.casting import PAINTS

NOTICED = 4
FARTHEST_M = 60.0
PAINTED = ("car", "hatchback", "van", "truck", "bus", "scooter")
WORDS = {"hatchback": "car", "excavator": "excavator", "flagger": "worker"}


def actors_in_words(scene: DemoScene, frame: int, unseen: tuple[str, ...] = ()) -> str:
    """One or two sentences on the nearest things in sight, without kinds or names in `unseen`."""
    seen = [thing for thing in scene.things if _noticed(scene, thing, frame, unseen)]
    seen.sort(key=lambda thing: (distance_m(scene, thing, frame), thing.name))
    if not seen:
        return "No road user is near."
    named = _one_per_place(scene, seen, frame)[:NOTICED]
    told = "; ".join(_told(scene, thing, frame) for thing in named)
    rest = Counter(_group(thing) for thing in seen if thing not in named)
    more = ", ".join(_counted(group, count) for group, count in sorted(rest.items()))
    return f"{told[0].upper()}{told[1:]}." + (f" Also in sight: {more}." if more else "")


def _noticed(scene: DemoScene, thing: Thing, frame: int, unseen: tuple[str, ...]) -> bool:
    if KINDS[thing.kind].category is None or not thing.present(frame):
        return False
    if any(word in (thing.kind, thing.name.rsplit("-", 1)[0]) for word in unseen):
        return False
    ahead = thing.at(frame).along_m - scene.ego_along_m(frame)
    return 3.0 < ahead < FARTHEST_M and share_in_sight(scene, thing, frame) >= 0.35


def _one_per_place(scene: DemoScene, seen: list[Thing], frame: int) -> list[Thing]:
    """The nearest of each kind of thing in each place."""
    kept: dict[tuple[str, str], Thing] = {}
    for thing in seen:
        kept.setdefault((_group(thing), _place(scene, thing, frame)), thing)
    return list(kept.values())


def _told(scene: DemoScene, thing: Thing, frame: int) -> str:
    what = WORDS.get(thing.kind, thing.kind)
    paint = next((word for word, colour in PAINTS.items() if colour == thing.colour), "")
    if thing.kind in PAINTED and paint:
        what = f"{paint} {what}"
    if thing.parked:
        what = f"parked {what}"
    article = "an" if what[0] in "aeiou" else "a"
    doing = {"halt": " with a raised hand", "paddle": " holding up a stop paddle"}.get(thing.pose(frame), "")
    return f"{article} {what}{doing} {round(distance_m(scene, thing, frame))} m ahead {_place(scene, thing, frame)}"


def _place(scene: DemoScene, thing: Thing, frame: int) -> str:
    """Where a thing is across the street, as a driver would say."""
    across, street = thing.at(frame).across_m, scene.street
    near, far = ("left", "right") if street.kerb_sign > 0 else ("right", "left")
    if across > street.near_kerb_m:
        return f"on the {near} sidewalk" if street.ground == "paving" else f"on the {near} verge"
    if across > 1.75:
        return f"at the {near} kerb" if street.near_kerb_m < 5 else f"in the {near} lane"
    if across >= -1.75:
        return "in the ego lane"
    return "in the opposite lane" if across > -street.far_kerb_m else f"on the {far} side"


def _group(thing: Thing) -> str:
    """What things are counted as."""
    category = KINDS[thing.kind].category or ""
    if category in ("human.pedestrian.adult", "human.pedestrian.child"):
        return "pedestrian"
    if category.startswith("vehicle"):
        return "parked vehicle" if thing.parked else "vehicle"
    return WORDS.get(thing.kind, thing.kind)


def _counted(group: str, count: int) -> str:
    return f"one {group}" if count == 1 else f"{count} {group}s"
