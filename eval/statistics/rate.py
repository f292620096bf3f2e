"""What a figure can be: a count out of n, a score over n frames, or the reason why it is not defined."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Undefined:
    """There is no such figure, and why. Never a NaN, a zero or a crash in its place."""

    reason: str

    def __str__(self) -> str:
        return f"not defined: {self.reason}"


@dataclass(frozen=True, slots=True)
class Rate:
    """A share: `count` of the `n` frames that could have counted; n is at least 1."""

    count: int
    n: int

    @property
    def value(self) -> float:
        """The share, 0..1."""
        return self.count / self.n


@dataclass(frozen=True, slots=True)
class Score:
    """A figure that is no share of frames (macro-F1, mean cost), computed on `n` frames."""

    value: float
    n: int


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, in the unit of the figure it belongs to."""

    low: float
    high: float
