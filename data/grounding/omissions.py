"""Omission: what stands plainly in the driven path, near enough to decide the level, and is not named. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from data.grounding.driving_words import (
    EGO_PATTERN,
    LOOSE,
    NAMED,
    NEGATION_PATTERN,
    NOUN_PATTERN,
    NOUNS,
    PEOPLE,
    VEHICLES,
    Noun,
)
from data.grounding.scene_facts import SceneFacts, Thing

PERSON_ALONG_M, PERSON_ASIDE_M = 20.0, 2.0
LOOSE_ALONG_M, LOOSE_ASIDE_M = 20.0, 1.5
VEHICLE_ALONG_M, VEHICLE_ASIDE_M = 15.0, 1.5
PLAIN = 3
"""nuScenes' visibility from 60 % on."""
_BEFORE_CHARS = 60
_COVERS = {"obstacle": (*PEOPLE, *LOOSE, *VEHICLES), "crossing": PEOPLE}
_WORKS = ("movable_object.trafficcone", "movable_object.barrier", "human.pedestrian.construction_worker")


@dataclass(frozen=True)
class Omission:
    """A thing that should have been named; `evidence` says what and where in words."""

    category: str
    along_m: float
    evidence: str


def omitted(words: str, facts: SceneFacts) -> list[Omission]:
    """What a frame's words leave out, nearest first and one per kind; words of a hypernym, of something alike or of
    road works cover it too. Empty where the data set has no boxes."""
    due = sorted((one for one in facts.things or () if _decides(one)), key=lambda one: one.along_m)
    said = _categories_named(words) if due else ()
    left: dict[str, Omission] = {}
    for thing in due:
        kind = thing.category.split(".")[0] + thing.category.rpartition(".")[2]
        if not thing.category.startswith(said) and kind not in left:
            left[kind] = Omission(thing.category, thing.along_m, _told(thing))
    return list(left.values())


def _decides(thing: Thing) -> bool:
    """Whether a thing is plainly where the vehicle drives next: a person or an animal, a thing lying there, or a
    vehicle that does not move."""
    if 0 < thing.visibility < PLAIN or thing.along_m <= 0:
        return False
    if thing.category.startswith(PEOPLE):
        return thing.along_m <= PERSON_ALONG_M and thing.aside_m <= PERSON_ASIDE_M
    if thing.category.startswith(LOOSE):
        return thing.along_m <= LOOSE_ALONG_M and thing.aside_m <= LOOSE_ASIDE_M
    is_near = thing.along_m <= VEHICLE_ALONG_M and thing.aside_m <= VEHICLE_ASIDE_M
    return thing.category.startswith(VEHICLES) and thing.is_moving is False and is_near


def _categories_named(words: str) -> tuple[str, ...]:
    """nuScenes' names of what a text names, asserted or feared; what it says is not there is left out of it."""
    named = EGO_PATTERN.sub(" ", words)
    nouns = {
        NOUNS[int(str(one.lastgroup)[1:])]
        for one in NOUN_PATTERN.finditer(named)
        if not NEGATION_PATTERN.search(named, max(one.start() - _BEFORE_CHARS, 0), one.start())
    }
    found = {category for noun in nouns for category in _covered(noun)}
    found |= {category for word, covered in _COVERS.items() if word in named.lower() for category in covered}
    if "works" in named.lower() or "construction" in named.lower():
        found.update(_WORKS)
    if "traffic" in named.lower() or "queue" in named.lower():
        found.add("vehicle.")
    return tuple(found)


def _covered(noun: Noun) -> tuple[str, ...]:
    alike = [category for name in noun.like for category in NAMED[name].categories]
    general = ("human.pedestrian.",) if any(one.startswith("human.") for one in noun.categories) else ()
    return (*noun.categories, *alike, *general)


def _told(thing: Thing) -> str:
    name = thing.category.rpartition(".")[2].replace("trafficcone", "traffic cone").replace("_", " ")
    return f"{name} {thing.along_m:.0f} m along the driven path, {thing.aside_m:.1f} m to its side"
