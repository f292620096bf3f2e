"""The small values that every block of a report is made of."""

from __future__ import annotations

from typing import Literal

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


class Clustering(Part):
    """What the frames of a share are worth: `n` frames of `scenes` scenes tell as much as `effective_n` independent
    ones; `design_effect` is their quotient. Where nothing was missed (or everything), a scene counts as one frame."""

    scenes: int
    n: float
    effective_n: float
    design_effect: float


class Figure(Part):
    """One figure of one run.

    `count` is the numerator where the figure is a share of `n` frames, null where it is a score over them. Where
    `value` is a reason, there is no figure. `interval` is over scenes: Korn and Graubard's for a share, a bootstrap for
    a score. The rest is for shares only; `wilson` and `clopper_pearson` take frames as independent.
    """

    value: float | Undefined
    count: int | None
    n: int
    interval: Interval | Undefined
    clustering: Clustering | Undefined
    wilson: Interval | Undefined
    clopper_pearson: Interval | Undefined

    @classmethod
    def absent(cls, reason: Undefined, *, count: int | None = None, n: int = 0) -> Figure:
        """No figure, and why."""
        return cls(
            value=reason,
            count=count,
            n=n,
            interval=reason,
            clustering=reason,
            wilson=reason,
            clopper_pearson=reason,
        )


class Method(Part):
    """How intervals and costs were computed. `costs`: rows true A, S, T; columns said A, S, T, no assessment. `unit` is
    what is resampled and counted as a scene: scenes, or the logs (drives) that they were cut from."""

    confidence: float
    resamples: int
    seed: int
    costs: list[list[float]]
    unit: Literal["scene", "log"] = "scene"
