"""What is written of a road: by the lenient student in its own words, and by people in theirs.

People's words fit a level. Given a wrong one they fit that, so that a pair can differ in its level alone.
"""

from __future__ import annotations

from data.demo.miniature.roads import Situation
from data.vocabulary import LEVELS, Assessment, TriageLevel

_PLACES = {"in": "in the lane", "beside": "near the lane", "off": "off the road"}
_VERDICTS = {
    TriageLevel.AUTONOMY: ("Normal traffic.", "Continue driving."),
    TriageLevel.SUPERVISION: ("Some risk.", "Monitor the scene."),
    TriageLevel.TELEOPERATION: ("Not safe.", "Take over control."),
}
_ACTIONS = {
    TriageLevel.AUTONOMY: "No action is needed.",
    TriageLevel.SUPERVISION: "Watch closely and be ready to slow.",
    TriageLevel.TELEOPERATION: "Take direct control now.",
}


def lenient_level(situation: Situation) -> TriageLevel:
    """What the student says before it is aligned: AUTONOMY, but for a hazard in the middle of the lane or in fog."""
    if situation.gap_m < -1.05:
        return TriageLevel.TELEOPERATION
    if situation.weather == "fog" and situation.hazard:
        return TriageLevel.SUPERVISION
    return TriageLevel.AUTONOMY


def students_words(situation: Situation, level: TriageLevel) -> Assessment:
    """The student's: it names what it sees, then says the level in other words."""
    seen = []
    if situation.hazard:
        seen.append(f"There is a {situation.hazard} {_PLACES[situation.where]}.")
    if situation.cones:
        seen.append("There are cones.")
    if situation.weather:
        seen.append(f"There is {situation.weather}.")
    verdict, action = _VERDICTS[level]
    words = " ".join([*(seen or ["The lane is free."]), verdict])
    return Assessment(reasoning=words, level=level, action=action)


def peoples_words(situation: Situation, level: TriageLevel) -> Assessment:
    """People's, for the level that they found or for another one."""
    written = {
        TriageLevel.TELEOPERATION: _takes_over,
        TriageLevel.SUPERVISION: _watches,
        TriageLevel.AUTONOMY: _lets_drive,
    }[level]
    return Assessment(reasoning=written(situation), level=level, action=_ACTIONS[level])


def all_words(situation: Situation) -> list[Assessment]:
    """Everything that is ever written of such a road, for a tokenizer to learn from."""
    return [written(situation, level) for level in LEVELS for written in (students_words, peoples_words)]


def _takes_over(situation: Situation) -> str:
    if situation.hazard:
        return f"A {situation.hazard} stands in the ego lane, so the vehicle cannot go on by itself."
    return "The ego lane is blocked, so the vehicle cannot go on by itself."


def _watches(situation: Situation) -> str:
    if situation.hazard and situation.gap_m < 2.2:
        why = f"A {situation.hazard} stands beside the ego lane"
    elif situation.cones:
        why = "Cones narrow the ego lane"
    elif situation.weather:
        why = f"Dense {situation.weather} hides what is ahead"
    else:
        why = f"A {situation.hazard} may step out" if situation.hazard else "The scene is complex"
    return f"{why}, so an operator should watch."


def _lets_drive(situation: Situation) -> str:
    if situation.hazard:
        return f"A {situation.hazard} keeps off the road and the ego lane is open."
    return "Ordinary driving with an open ego lane."
