"""What an assertion of each kind may say, as `data.grounding.judgement` can hold it against a frame. Data."""

from __future__ import annotations

from data.grounding import driving_words as words
from data.grounding.assertions import EGO, OF_THINGS, Kind

NOUNS = tuple(sorted(words.NAMED))
"""What a thing may be called."""
VALUES: dict[Kind, tuple[str, ...]] = {
    Kind.OBJECT: NOUNS,
    Kind.COUNT: ("number", "many", "only"),
    Kind.SIDE: tuple(words.SIDE),
    Kind.LANE: tuple(words.LANE),
    Kind.DISTANCE: ("metres", *words.DISTANCE_WORDS),
    Kind.STATE: tuple(words.STATE),
    Kind.PATH: tuple(words.PATH),
    Kind.EGO: ("speed", "moving", "still"),
    Kind.WEATHER: tuple(words.WEATHER),
    Kind.LIGHT: tuple(words.LIGHT),
    Kind.SIGNAL: ("red", "green", "amber", "yellow"),
    Kind.PLACE: tuple(words.PLACE),
}
OF_NAMED_THING = OF_THINGS - {Kind.OBJECT}
"""Kinds that say something of a thing that other words name."""


def fits(kind: Kind, value: str, noun: str | None) -> bool:
    """Whether a value is one of its kind, said of what that kind is said of."""
    if value not in VALUES[kind] or (noun is not None and noun not in (*NOUNS, EGO)):
        return False
    return noun in NOUNS if kind in OF_NAMED_THING or kind is Kind.OBJECT else True
