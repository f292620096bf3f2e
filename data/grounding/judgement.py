"""Holding assertions against what is there: supported, contradicted, or not checkable, each with its evidence. Pure.

In doubt an assertion is not checkable: what is hidden, beyond the annotation's reach, taken for something alike, or
near a limit contradicts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from data.grounding.assertions import EGO, NOBODY, Assertion, Kind, Mention
from data.grounding.driving_words import NAMED, PEOPLE, VEHICLES, Noun
from data.grounding.frame_words import judge_light, judge_place, judge_weather
from data.grounding.scene_facts import SceneFacts, Thing
from data.grounding.verdicts import (
    NOT_KNOWN,
    Judged,
    Verdict,
    contradicted,
    decided,
    not_checkable,
    supported,
)

REACH_M = 60.0
"""Beyond it a thing may have no box."""
IN_LANE_M, OUT_OF_LANE_M = 1.75, 2.4
WIDE_M = 0.8
"""How much farther a vehicle's centre is from a lane that it stands beside."""
ON_ROAD_M, OFF_ROAD_M = 4.0, 9.0
BESIDE_M = (0.9, 6.0)
NOT_BESIDE_M = 15.0
BESIDE_LANE_M = 1.3
SIDE_M, SIDE_SURE_M = 0.5, 1.5
NEAR_M, NOT_NEAR_M, FAR_M, NOT_FAR_M = 20.0, 35.0, 30.0, 15.0
TOLERANCE, TOLERANCE_M = 0.25, 3.0
GROSS, GROSS_M = 0.5, 8.0
"""Metres in words are right within the tolerance and wrong beyond the gross one; in between nobody can tell."""
CLEAR_M, BLOCKED_ASIDE_M = 20.0, 1.5
FREE_M, FREE_ASIDE_M = 40.0, 3.0
"""A path without anything so near is free; with something plain in the shorter one it is not."""
CLOSES_ASIDE_M, CLOSES_NOT_ASIDE_M = 2.5, 4.5
STANDS_MPS, MOVES_MPS = 0.5, 1.0
SPEED_TOLERANCE, TOLERANCE_MPS = 0.25, 1.5
SPEED_GROSS, GROSS_MPS = 0.6, 4.0


@dataclass(frozen=True)
class Finding:
    """An assertion with what it came to; `evidence` says in words why."""

    assertion: Assertion
    verdict: Verdict
    evidence: str


def check(assertions: Sequence[Assertion], facts: SceneFacts) -> list[Finding]:
    """What each assertion comes to in a frame."""
    return [_found(one, _judged(one, assertions, facts)) for one in assertions]


def _found(one: Assertion, judged: Judged) -> Finding:
    return Finding(one, judged.verdict, judged.evidence)


def _judged(one: Assertion, all_of_them: Sequence[Assertion], facts: SceneFacts) -> Judged:
    if one.mention is not None and one.mention.noun != EGO and one.kind is not Kind.PATH:
        said = [
            other for other in all_of_them if other.mention is one.mention and other.kind is not Kind.OBJECT
        ]
        return _of_thing(one, one.mention, said, facts)
    frame_rule = _OF_FRAME.get(one.kind)
    judged = frame_rule(one, facts) if frame_rule else NOT_KNOWN
    return judged.turned() if one.is_negated else judged


def _of_thing(one: Assertion, who: Mention, said: Sequence[Assertion], facts: SceneFacts) -> Judged:
    if facts.things is None:
        return not_checkable("the data set has no boxes of this frame")
    noun = NAMED[who.noun]
    named = things_named(noun, facts.things)
    if who.is_negated:
        return _absent(noun, named, said, facts) if one.kind is Kind.OBJECT else NOT_KNOWN
    if one.kind is Kind.OBJECT:
        return _present(noun, named, said, facts)
    if not named:
        return not_checkable(f"no {noun.name} is annotated here")
    if one.kind is Kind.COUNT:
        return _count(one, noun, named)
    judged = _OF_THING[one.kind](one, noun, _meant(one, noun, named, said, facts), facts)
    return judged.turned() if one.is_negated else judged


def _meant(
    one: Assertion, noun: Noun, named: list[Thing], said: Sequence[Assertion], facts: SceneFacts
) -> list[Thing]:
    """Those of the things that fit what else is said of them, as far as any do: of “a parked car on the left” it is a
    parked one that has to be on the left."""
    for other in said:
        rule = _OF_THING.get(other.kind)
        if rule is not None and other.start < one.start and not other.is_negated and other.value != "stands":
            fit = [thing for thing in named if rule(other, noun, [thing], facts).verdict is Verdict.SUPPORTED]
            named = fit or named
    return named


def things_named(noun: Noun, things: Sequence[Thing]) -> list[Thing]:
    """The things that a noun may mean."""
    return [
        thing
        for thing in things
        if noun.categories
        and thing.category.startswith(noun.categories)
        and (noun.with_rider is None or thing.attribute != "cycle.without_rider")
    ]


def _present(noun: Noun, named: list[Thing], said: Sequence[Assertion], facts: SceneFacts) -> Judged:
    if named:
        nearest = min(named, key=lambda one: one.distance_m)
        return supported(f"{len(named)} annotated, nearest {nearest.distance_m:.0f} m away")
    if not noun.categories or not noun.is_annotated:
        return not_checkable(f"the data set has no boxes of every {noun.name}")
    if any(_is_far(one) for one in said):
        return not_checkable("so far away things have no boxes")
    alike = [name for name in noun.like if things_named(NAMED[name], facts.things or ())]
    if alike:
        return not_checkable(f"no {noun.name} is annotated, but a {alike[0]}, which it is taken for")
    return contradicted(f"no {noun.name} is annotated in view")


def _is_far(one: Assertion) -> bool:
    return one.kind is Kind.DISTANCE and (one.value == "far" or one.amount >= REACH_M)


def _absent(noun: Noun, named: list[Thing], said: Sequence[Assertion], facts: SceneFacts) -> Judged:
    if not noun.categories or not noun.is_annotated:
        return (
            not_checkable(f"the data set has no boxes of every {noun.name}")
            if not named
            else _shown(noun, named)
        )
    if noun.name == NOBODY:  # nobody on the road, as a driver means it
        named = [thing for thing in named if thing.aside_m <= ON_ROAD_M]
    fits = named
    for one in said:
        rule = _OF_THING.get(one.kind)
        if rule is not None and one.value != "stands":
            told = {id(thing): rule(one, noun, [thing], facts).verdict for thing in named}
            named = [thing for thing in named if told[id(thing)] is not Verdict.CONTRADICTED]
            fits = [thing for thing in fits if told[id(thing)] is Verdict.SUPPORTED]
    if not named:
        return supported(f"no {noun.name} is annotated there")
    return (
        _shown(noun, fits) if fits else not_checkable(f"whether a {noun.name} is just there, nobody can tell")
    )


def _shown(noun: Noun, named: list[Thing]) -> Judged:
    plain = [one for one in named if not one.is_hidden and one.distance_m <= REACH_M]
    if not plain:
        return not_checkable(f"each {noun.name} there is hidden or far away")
    nearest = min(plain, key=lambda one: one.distance_m)
    return contradicted(f"a {noun.name} is annotated {nearest.distance_m:.0f} m away")


def _count(one: Assertion, noun: Noun, named: list[Thing]) -> Judged:
    plain = [thing for thing in named if not thing.is_hidden and thing.distance_m <= REACH_M]
    n, there = int(one.amount), f"{len(named)} annotated"
    if one.value == "only":
        return contradicted(there) if len(plain) > n + 1 else supported(there)
    if len(named) >= n:
        return supported(there)
    if one.value == "many":
        return contradicted(there) if len(named) <= 1 else not_checkable(there)
    return contradicted(there) if len(named) < 0.75 * n else not_checkable(there)


def _side(one: Assertion, noun: Noun, named: list[Thing], facts: SceneFacts) -> Judged:
    sign = 1 if one.value == "left" else -1
    across = [sign * thing.left_m for thing in named]
    if max(across) >= SIDE_M:
        return supported(f"one is {max(across):.1f} m to the {one.value}")
    if max(across) <= -SIDE_SURE_M:
        return contradicted(f"each is at least {-max(across):.1f} m to the other side")
    return not_checkable("none is plainly on either side")


def _lane(one: Assertion, noun: Noun, named: list[Thing], facts: SceneFacts) -> Judged:
    aside = [thing.aside_m for thing in named]
    nearest, farthest = min(aside), max(aside)
    wide = WIDE_M if any(thing.category.startswith(VEHICLES) for thing in named) else 0.0
    if one.value == "in":
        return _within(nearest, IN_LANE_M, OUT_OF_LANE_M + wide)
    if one.value == "road":
        return _within(nearest, ON_ROAD_M, OFF_ROAD_M)
    if one.value == "near":
        beside = [metres for metres in aside if BESIDE_M[0] <= metres <= BESIDE_M[1]]
        if beside:
            return supported(f"one is {beside[0]:.1f} m from the driven path")
        return _within(nearest, BESIDE_M[1], NOT_BESIDE_M)
    return _beyond(farthest)


def _within(aside_m: float, inside_m: float, outside_m: float) -> Judged:
    told = f"the nearest is {aside_m:.1f} m from the driven path"
    return decided(told, aside_m <= inside_m, aside_m >= outside_m)


def _beyond(aside_m: float) -> Judged:
    told = f"the farthest is {aside_m:.1f} m from the driven path"
    return decided(told, aside_m >= BESIDE_LANE_M, aside_m <= BESIDE_M[0])


def _distance(one: Assertion, noun: Noun, named: list[Thing], facts: SceneFacts) -> Judged:
    metres = sorted(thing.distance_m for thing in named)
    nearest, farthest = metres[0], metres[-1]
    if one.value == "near":
        told = f"the nearest is {nearest:.0f} m away"
        return decided(told, nearest <= NEAR_M, nearest > NOT_NEAR_M)
    if one.value == "far":
        told = f"the farthest is {farthest:.0f} m away"
        return decided(told, farthest >= FAR_M, farthest < NOT_FAR_M)
    off = min(abs(metre - one.amount) for metre in metres)
    told = f"the one that fits best is {min(metres, key=lambda metre: abs(metre - one.amount)):.0f} m away"
    if off <= max(TOLERANCE_M, TOLERANCE * one.amount):
        return supported(told)
    if one.amount >= REACH_M and farthest < one.amount:
        return not_checkable("so far away things have no boxes")
    return contradicted(told) if off > max(GROSS_M, GROSS * one.amount) else not_checkable(told)


def _state(one: Assertion, noun: Noun, named: list[Thing], facts: SceneFacts) -> Judged:
    attributes = sorted({thing.attribute for thing in named if thing.attribute})
    told = f"annotated as {', '.join(attributes)}" if attributes else _by_boxes(named)
    if one.value == "parked":
        return decided(told, "vehicle.parked" in attributes, all(thing.is_moving is True for thing in named))
    fits = one.value == "moving"
    moves = [thing.is_moving for thing in named]
    if one.value == "stands":  # a place as often as a state
        return decided(told, False in moves, False)
    return decided(told, fits in moves, all(one is (not fits) for one in moves))


def _by_boxes(named: list[Thing]) -> str:
    """Whether things without an attribute move, by their boxes in the frames around."""
    known = sorted(
        {"moving" if thing.is_moving else "standing" for thing in named if thing.is_moving is not None}
    )
    return f"{' and '.join(known)}, by the boxes around this frame" if known else "not known to move or stand"


def _path(one: Assertion, facts: SceneFacts) -> Judged:
    if facts.things is None:
        return not_checkable("the data set has no boxes of this frame")
    if one.value == "blocked":
        return _blocked(one, facts.things)
    near = [thing for thing in facts.things if thing.along_m <= FREE_M and thing.aside_m <= FREE_ASIDE_M]
    if not near:
        return supported("nothing is annotated within 3 m of the driven path over 40 m")
    blocking = [thing for thing in near if blocks(thing)]
    if not blocking:
        return not_checkable("what is near the driven path moves, is hidden or stands beside it")
    first = min(blocking, key=lambda thing: thing.along_m)
    name = first.category.rpartition(".")[2]
    return contradicted(f"{name} {first.aside_m:.1f} m from the driven path, {first.along_m:.0f} m along it")


def blocks(thing: Thing, *, along_m: float = CLEAR_M) -> bool:
    """Whether a thing plainly stands where the vehicle is going to drive: people and animals whatever they do, vehicles
    that do not move, and things that lie there."""
    if thing.is_hidden or not 0 < thing.along_m <= along_m or thing.aside_m > BLOCKED_ASIDE_M:
        return False
    return thing.category.startswith((*PEOPLE, "movable_object.")) or thing.is_moving is False


def _blocked(one: Assertion, things: Sequence[Thing]) -> Judged:
    who = one.mention
    if who is not None and who.noun != EGO:
        named = things_named(NAMED[who.noun], things)
        if not named:
            return not_checkable(f"no {who.noun} is annotated here")
        return _within(min(thing.aside_m for thing in named), CLOSES_ASIDE_M, CLOSES_NOT_ASIDE_M)
    ahead = [thing for thing in things if 0 < thing.along_m <= FREE_M]
    if any(thing.aside_m <= CLOSES_ASIDE_M for thing in ahead):
        return supported("something is annotated on the driven path")
    return not_checkable("nothing annotated is on the driven path; what blocks it may have no box")


def _ego(one: Assertion, facts: SceneFacts) -> Judged:
    speed = facts.speed_mps
    if speed is None:
        return not_checkable("the vehicle's speed is not known")
    told = f"it drives at {speed * 3.6:.0f} km/h by its poses"
    if one.value == "speed":
        off = abs(speed - one.amount)
        if off <= max(TOLERANCE_MPS, SPEED_TOLERANCE * one.amount):
            return supported(told)
        return decided(told, False, off > max(GROSS_MPS, SPEED_GROSS * one.amount))
    stands, drives = speed <= STANDS_MPS, speed > 2 * MOVES_MPS
    if one.value == "still":
        return decided(told, stands, drives)
    return decided(told, speed >= MOVES_MPS, stands)


def _signal(one: Assertion, facts: SceneFacts) -> Judged:
    return not_checkable("the data set does not say what signals show")


_OF_THING: dict[Kind, Callable[[Assertion, Noun, list[Thing], SceneFacts], Judged]] = {
    Kind.SIDE: _side,
    Kind.LANE: _lane,
    Kind.DISTANCE: _distance,
    Kind.STATE: _state,
}
_OF_FRAME: dict[Kind, Callable[[Assertion, SceneFacts], Judged]] = {
    Kind.PATH: _path,
    Kind.EGO: _ego,
    Kind.SIGNAL: _signal,
    Kind.WEATHER: judge_weather,
    Kind.LIGHT: judge_light,
    Kind.PLACE: judge_place,
}
