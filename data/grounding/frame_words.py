"""Weather, light and places in words against cues, pixels, the map and the scene's description. Pure.

nuScenes describes rain and night of a scene in words, which are the usual truth for both; fog, glare and brightness
are measured on the picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from data.grounding.assertions import Assertion
from data.grounding.scene_facts import SceneFacts
from data.grounding.verdicts import NOT_KNOWN, Judged, contradicted, not_checkable, supported

DARK_LUMA, BRIGHT_LUMA = 55.0, 90.0
SHARP_EDGES = 8.0
"""From twice the edges that the cue of fog allows at most, no fog hides anything."""
JUNCTION_M = 40.0

_RAIN = re.compile(r"(?<!after )\brain", re.I)
_AFTER_RAIN = re.compile(r"\bafter rain\b|\bwet\b", re.I)
_FOG = re.compile(r"\bfog|\bmist\b", re.I)
_SUNNY = re.compile(r"\bsunny\b|\bclear (?:day|sky)\b", re.I)
_GREY = re.compile(r"\bovercast\b|\bcloudy\b", re.I)
_DUSK = re.compile(r"\bdusk\b|\bdawn\b|\btwilight\b", re.I)
_ZONE = (
    "movable_object.trafficcone",
    "movable_object.barrier",
    "human.pedestrian.construction_worker",
    "vehicle.construction",
)


def judge_weather(one: Assertion, facts: SceneFacts) -> Judged:
    """What the weather is said to be. Raises KeyError for a weather that is none of `driving_words`."""
    return _WEATHER[one.value](facts)


def _tells(facts: SceneFacts, cue: str, words: re.Pattern[str]) -> str:
    """How rain or fog is known, empty where it is not."""
    if cue in facts.cues:
        return f"the frame shows the cue {cue}"
    found = words.search(facts.description)
    return f"the scene's description says “{found[0]}”" if found else ""


def _rain(facts: SceneFacts) -> Judged:
    if told := _tells(facts, "rain", _RAIN):
        return supported(told)
    if not facts.description or _AFTER_RAIN.search(facts.description):
        return NOT_KNOWN
    return contradicted("neither the scene's description nor the picture shows rain")


def _wet(facts: SceneFacts) -> Judged:
    if told := _tells(facts, "rain", _RAIN) or _told(facts, _AFTER_RAIN):
        return supported(told)
    return contradicted(told) if (told := _told(facts, _SUNNY)) else NOT_KNOWN


def _dry(facts: SceneFacts) -> Judged:
    judged = _wet(facts)
    return contradicted(judged.evidence) if judged.verdict.value == "supported" else NOT_KNOWN


def _fog(facts: SceneFacts) -> Judged:
    if told := _tells(facts, "fog", _FOG):
        return supported(told)
    if facts.edges is None or facts.edges < SHARP_EDGES or "night" in facts.cues:
        return NOT_KNOWN
    return contradicted(f"the picture has sharp edges ({facts.edges:.1f} of 255 per pixel)")


def _sunny(facts: SceneFacts) -> Judged:
    night = "the frame shows the cue night" if "night" in facts.cues else ""
    against = _tells(facts, "rain", _RAIN) or _tells(facts, "fog", _FOG) or night or _told(facts, _GREY)
    if against:
        return contradicted(against)
    return supported(told) if (told := _told(facts, _SUNNY)) else NOT_KNOWN


def _clear(facts: SceneFacts) -> Judged:
    told = _tells(facts, "rain", _RAIN) or _tells(facts, "fog", _FOG)
    if told:
        return contradicted(told)
    return supported(told) if (told := _told(facts, _SUNNY)) else NOT_KNOWN


def _overcast(facts: SceneFacts) -> Judged:
    if told := _told(facts, _GREY):
        return supported(told)
    return contradicted(told) if (told := _told(facts, _SUNNY)) else NOT_KNOWN


def _snow(facts: SceneFacts) -> Judged:
    return contradicted(told) if (told := _told(facts, _SUNNY)) else NOT_KNOWN


def _told(facts: SceneFacts, words: re.Pattern[str]) -> str:
    found = words.search(facts.description)
    return f"the scene's description says “{found[0]}”" if found else ""


_WEATHER: dict[str, Callable[[SceneFacts], Judged]] = {
    "rain": _rain,
    "wet": _wet,
    "dry": _dry,
    "fog": _fog,
    "sunny": _sunny,
    "clear": _clear,
    "overcast": _overcast,
    "snow": _snow,
}


def judge_light(one: Assertion, facts: SceneFacts) -> Judged:
    """What the light is said to be."""
    if one.value == "glare":
        told = f"the frame shows the cue {one.value}" if "glare" in facts.cues else ""
        return supported(told) if told else NOT_KNOWN
    if one.value == "dusk":
        return supported(told) if (told := _told(facts, _DUSK)) else NOT_KNOWN
    if facts.luma is None:
        return not_checkable("the picture's brightness is not known")
    told = f"median brightness {facts.luma:.0f} of 255"
    if DARK_LUMA <= facts.luma < BRIGHT_LUMA:
        return not_checkable(told)
    is_night = facts.luma < DARK_LUMA
    return supported(told) if is_night is (one.value == "night") else contradicted(told)


def judge_place(one: Assertion, facts: SceneFacts) -> Judged:
    """Whether the place that is named is one."""
    if one.value == "works":
        return _works(facts)
    if one.value != "junction":
        return NOT_KNOWN
    if "intersection" in facts.cues:
        return supported("the frame shows the cue intersection")
    if facts.junction_m is None:
        return not_checkable("without a map nobody knows where junctions are")
    told = f"{facts.junction_m:.0f} m along the driven path by the map"
    return (
        supported(told)
        if facts.junction_m <= 2 * JUNCTION_M
        else not_checkable("none lies on the driven path")
    )


def _works(facts: SceneFacts) -> Judged:
    if "construction" in facts.cues:
        return supported("the frame shows the cue construction")
    if facts.things is None:
        return not_checkable("the data set has no boxes of this frame")
    if any(thing.category.startswith(_ZONE) for thing in facts.things):
        return supported("cones, barriers, workers or machines are annotated in view")
    return contradicted("no cone, barrier, worker or machine is annotated in view")
