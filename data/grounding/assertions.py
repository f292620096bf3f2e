"""One checkable statement of a text about its picture, with its place there; what a text is cut into. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an assertion says something about."""

    OBJECT = "object"
    COUNT = "count"
    SIDE = "side"
    LANE = "lane"
    DISTANCE = "distance"
    STATE = "state"
    PATH = "path"
    EGO = "ego"
    WEATHER = "weather"
    LIGHT = "light"
    SIGNAL = "signal"
    PLACE = "place"


OF_THINGS = frozenset({Kind.OBJECT, Kind.COUNT, Kind.SIDE, Kind.LANE, Kind.DISTANCE, Kind.STATE})
EGO, NOT_SURE_EGO, NOBODY = "ego", "perhaps ego", "anybody"


@dataclass(frozen=True)
class Mention:
    """A thing that a text speaks of: a noun of `driving_words`, EGO, or NOT_SURE_EGO for “the car”, perhaps ours."""

    noun: str
    start: int
    end: int
    is_negated: bool = False


@dataclass(frozen=True)
class Assertion:
    """text[start:end] says `value` of its `mention`, None where it is about the frame. `amount`: a count, metres, or
    metres per second."""

    kind: Kind
    value: str
    start: int
    end: int
    mention: Mention | None = None
    amount: float = 0.0
    is_negated: bool = False
