"""What a correction can name by one key each: what is seen, where it is and how far away; and the reason that a frame's
cues suggest. Pure.

What is seen comes from the frame's annotated boxes where it has some, so that composed words fit this frame.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from annotator.review_card.reason_codes import ReasonCode
from data.vocabulary import Cue, TriageLevel

_KINDS: dict[str, tuple[str, str]] = {
    "human.pedestrian.police_officer": ("a police officer", "police officers"),
    "human.pedestrian.construction_worker": ("a construction worker", "construction workers"),
    "human.pedestrian.child": ("a child", "children"),
    "human.pedestrian.wheelchair": ("a person in a wheelchair", "people in wheelchairs"),
    "human.pedestrian.": ("a pedestrian", "pedestrians"),
    "animal": ("an animal", "animals"),
    "vehicle.emergency.": ("an emergency vehicle", "emergency vehicles"),
    "vehicle.construction": ("a construction vehicle", "construction vehicles"),
    "movable_object.debris": ("debris", "debris"),
    "movable_object.trafficcone": ("a traffic cone", "traffic cones"),
    "movable_object.barrier": ("a barrier", "barriers"),
    "vehicle.bicycle": ("a bicycle", "bicycles"),
    "vehicle.motorcycle": ("a motorcycle", "motorcycles"),
    "vehicle.bus.": ("a bus", "buses"),
    "vehicle.truck": ("a truck", "trucks"),
    "vehicle.trailer": ("a trailer", "trailers"),
    "vehicle.car": ("a car", "cars"),
}
"""nuScenes categories (or their beginnings) as (one, several), those that decide a level first."""

WHAT = (
    "a pedestrian",
    "a cyclist",
    "a stopped vehicle",
    "cones or barriers",
    "a person in uniform",
    "debris",
)
"""What is offered where a frame has no boxes."""
WHERE: dict[str, str] = {"g": "on the left", "h": "ahead in the lane", "j": "on the right"}
HOW_FAR: dict[str, str] = {"n": "within 10 m", "m": "10 to 30 m away", ",": "more than 30 m away"}
"""Key → words; the keys lie beside each other as the words do."""

_SUGGESTED = {
    Cue.CONSTRUCTION: ReasonCode.CONSTRUCTION,
    Cue.PEDESTRIAN_NEAR: ReasonCode.VULNERABLE_ROAD_USER,
    Cue.FOG: ReasonCode.VISIBILITY,
    Cue.RAIN: ReasonCode.VISIBILITY,
    Cue.NIGHT: ReasonCode.VISIBILITY,
    Cue.GLARE: ReasonCode.VISIBILITY,
    Cue.INTERSECTION: ReasonCode.ROAD_LAYOUT,
}


def seen(boxes: Mapping[str, int], *, n: int = 6) -> list[str]:
    """At most n kinds of things with boxes in a frame, those that decide a level first.

    >>> seen({"vehicle.car": 4, "human.pedestrian.adult": 1, "human.pedestrian.child": 2, "static_object.rack": 1})
    ['children', 'a pedestrian', 'cars']
    """
    counts: Counter[str] = Counter()
    for category, number in boxes.items():
        kind = next((prefix for prefix in _KINDS if category.startswith(prefix)), None)
        if kind is not None:
            counts[kind] += number
    return [_KINDS[kind][counts[kind] > 1] for kind in _KINDS if counts[kind] > 0][:n]


def suggested_reason(cues: Mapping[str, str], level: TriageLevel) -> ReasonCode:
    """The reason that a frame's cues suggest for a level; a person sees its words before they are saved.

    >>> suggested_reason({"night": "dark"}, TriageLevel.SUPERVISION)
    <ReasonCode.VISIBILITY: 'visibility'>
    """
    for cue, reason in _SUGGESTED.items():
        if cue in cues:
            return reason
    return ReasonCode.ROUTINE if level is TriageLevel.AUTONOMY else ReasonCode.OTHER
