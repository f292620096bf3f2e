"""The small values that every block of a report is made of."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from eval.statistics.rate import Interval, Undefined


class Part(BaseModel):
    """A value in a report: frozen, and nothing in it but its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Definition(Part):
    """What a figure is called and what it counts."""

    key: str
    title: str
    text: str


class Figure(Part):
    """One figure of one run.

    `count` is the numerator where the figure is a share of `n` frames, null where it is a score over them. Where
    `value` is a reason, there is no figure. `wilson` and `clopper_pearson` exist for shares only.
    """

    value: float | Undefined
    count: int | None
    n: int
    wilson: Interval | Undefined
    clopper_pearson: Interval | Undefined
    scene_bootstrap: Interval | Undefined


class Method(Part):
    """How intervals and costs were computed. `costs`: rows true A, S, T; columns said A, S, T, no assessment."""

    confidence: float
    resamples: int
    seed: int
    costs: list[list[float]]
