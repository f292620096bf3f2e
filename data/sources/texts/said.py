"""Words of a data set on one picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """A moment of a clip, microseconds from its start."""

    clip: str
    at_us: int


@dataclass(frozen=True)
class Said:
    """`about`: a picture by the name that the set gives it, or a moment. Several may be about one picture."""

    about: str | Moment
    words: str


@dataclass(frozen=True)
class Texts:
    """What a file says. `name`: the set's own; `said` raises SourceError for the first place that cannot be read."""

    name: str
    said: Iterator[Said]


def in_one_line(value: object) -> str:
    """A value as a sentence names it."""
    try:
        shown = " ".join(repr(value).split())
    except RecursionError:
        return "something nested too deeply"
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


_SHOWN = 80
