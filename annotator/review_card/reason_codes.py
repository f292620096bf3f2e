"""One-key reasons: from what a person saw and the level they chose, a reasoning sentence and an operator action.

Composed text is a start that the person sees and may edit before it is saved. Pure.
"""

from __future__ import annotations

from enum import StrEnum

from data.vocabulary import Assessment, TriageLevel


class ReasonCode(StrEnum):
    """What in the frame decides the level."""

    ROUTINE = "routine"
    LANE_BLOCKED = "lane_blocked"
    DIRECTING_TRAFFIC = "directing_traffic"
    VULNERABLE_ROAD_USER = "vulnerable_road_user"
    VISIBILITY = "visibility"
    CONSTRUCTION = "construction"
    ROAD_LAYOUT = "road_layout"
    ANIMAL = "animal"
    SENSOR = "sensor"
    OTHER = "other"


REASON_TITLES: dict[ReasonCode, str] = {
    ReasonCode.ROUTINE: "Routine driving",
    ReasonCode.LANE_BLOCKED: "Lane blocked",
    ReasonCode.DIRECTING_TRAFFIC: "Person directing traffic",
    ReasonCode.VULNERABLE_ROAD_USER: "Pedestrian or cyclist near the path",
    ReasonCode.VISIBILITY: "Poor visibility",
    ReasonCode.CONSTRUCTION: "Construction",
    ReasonCode.ROAD_LAYOUT: "Road layout",
    ReasonCode.ANIMAL: "Animal",
    ReasonCode.SENSOR: "Camera impaired",
    ReasonCode.OTHER: "Something else",
}

REASON_KEYS: dict[ReasonCode, str] = {
    ReasonCode.ROUTINE: "r",
    ReasonCode.LANE_BLOCKED: "y",
    ReasonCode.DIRECTING_TRAFFIC: "d",
    ReasonCode.VULNERABLE_ROAD_USER: "p",
    ReasonCode.VISIBILITY: "v",
    ReasonCode.CONSTRUCTION: "w",
    ReasonCode.ROAD_LAYOUT: "l",
    ReasonCode.ANIMAL: "a",
    ReasonCode.SENSOR: "i",
    ReasonCode.OTHER: "o",
}
"""One key each while a level is being worded. None of them is a key of the review screen itself."""

_A, _S, _T = TriageLevel.AUTONOMY, TriageLevel.SUPERVISION, TriageLevel.TELEOPERATION

_REASONING: dict[ReasonCode, dict[TriageLevel, str]] = {
    ReasonCode.ROUTINE: {
        _A: "The lane ahead is open and the scene is routine.",
        _S: "The scene looks routine, but it is busy enough that the vehicle should be watched.",
        _T: "The scene looks routine at first sight, but the vehicle cannot go on by itself.",
    },
    ReasonCode.LANE_BLOCKED: {
        _A: "Something stands beside the lane, but the vehicle's path is open.",
        _S: "Something narrows the lane, but there is still room to pass.",
        _T: "The lane ahead is blocked and there is no clear way around it.",
    },
    ReasonCode.DIRECTING_TRAFFIC: {
        _A: "A person in uniform stands off the roadway and does not direct traffic.",
        _S: "A person beside the roadway may begin to direct traffic.",
        _T: "A person in the roadway directs traffic, which overrides signals and markings.",
    },
    ReasonCode.VULNERABLE_ROAD_USER: {
        _A: "Pedestrians or cyclists are near, but they keep clear of the vehicle's path.",
        _S: "A pedestrian or cyclist near the path may step into it.",
        _T: "A pedestrian or cyclist is in the path and what they will do is unclear.",
    },
    ReasonCode.VISIBILITY: {
        _A: "The view is somewhat impaired, but lane and traffic can be seen well enough.",
        _S: "Poor visibility hides part of the road and its markings.",
        _T: "Visibility is so poor that the road ahead cannot be made out.",
    },
    ReasonCode.CONSTRUCTION: {
        _A: "There is construction beside the road, but it does not touch the vehicle's lane.",
        _S: "A construction zone lies at the lane, which stays open.",
        _T: "A construction zone closes the lane and no way through is marked.",
    },
    ReasonCode.ROAD_LAYOUT: {
        _A: "The road layout is clear and ordinary.",
        _S: "The road layout is complex, so the vehicle may misread it.",
        _T: "The road layout cannot be followed without a human decision.",
    },
    ReasonCode.ANIMAL: {
        _A: "An animal is in sight, but well away from the road.",
        _S: "An animal near the road may run into it.",
        _T: "An animal stands in the lane.",
    },
    ReasonCode.SENSOR: {
        _A: "The picture has a blemish that does not hide anything that matters.",
        _S: "The camera's view is partly covered or blurred.",
        _T: "The camera's view is covered so far that the vehicle is driving blind.",
    },
    ReasonCode.OTHER: {
        _A: "Nothing in the scene calls for an operator.",
        _S: "The scene is unusual enough that an operator should watch.",
        _T: "The scene is one that the vehicle cannot solve by itself.",
    },
}

_ACTION: dict[TriageLevel, str] = {
    _A: "No action needed.",
    _S: "Watch the feed closely and be ready to take over.",
    _T: "Take control now and bring the vehicle safely past or to a stop.",
}


def composed_assessment(code: ReasonCode, level: TriageLevel) -> Assessment:
    """The text that a reason and a level make.

    >>> composed_assessment(ReasonCode.ANIMAL, TriageLevel.TELEOPERATION).reasoning
    'An animal stands in the lane.'
    """
    return Assessment(reasoning=_REASONING[code][level], level=level, action=_ACTION[level])
