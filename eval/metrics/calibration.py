"""Whether level probabilities mean what they say, and what is left if a model only speaks where it is sure."""

from __future__ import annotations

import numpy as np

from data.vocabulary import LEVELS
from eval.metrics.answers import Answers, Mask, T
from eval.metrics.triage_metrics import Values
from eval.statistics.rate import Undefined
from eval.statistics.values import Part

MIN_IN_BIN = 20
MOST_BINS = 10
COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)


class ReliabilityBin(Part):
    """Frames of similar stated probability: its mean over them, and the share in which it came true."""

    n: int
    stated: float
    observed: float


class RiskAtCoverage(Part):
    """The `coverage` share of frames the run is surest of: under-escalation among those that remain.

    `missed` of `teleoperation` remaining true TELEOPERATION frames are said AUTONOMY; UE has no value without any.
    """

    coverage: float
    frames: int
    teleoperation: int
    missed: int
    under_escalation: float | Undefined


class Calibration(Part):
    """On the `n` frames that have probabilities (of `of`).

    `brier`: mean over frames of the squared distance to the true level, summed over the three levels (Brier 1950),
    0 at best, 2 at worst. `ece` by level and `ece_said` for the level said: expected calibration error, the mean
    distance of stated and observed over bins of equal size (Naeini 2015), at least 20 frames in each.
    """

    n: int
    of: int
    brier: float
    ece: dict[str, float]
    ece_said: float
    teleoperation: list[ReliabilityBin]
    risk_coverage: list[RiskAtCoverage]


def calibration_of(run: Answers) -> Calibration | Undefined:
    """Calibration of a run, or why there is none."""
    has = ~np.isnan(run.probabilities).any(axis=1)
    n = int(has.sum())
    if n < MIN_IN_BIN:
        kept = (
            "no level probabilities were recorded" if not n else f"only {n} frames have level probabilities"
        )
        return Undefined(kept)
    p, true = run.probabilities[has], run.true[has]
    is_level = true[:, None] == np.arange(len(LEVELS))
    said = p.argmax(axis=1)
    return Calibration(
        n=n,
        of=run.n,
        brier=float(((p - is_level) ** 2).sum(axis=1).mean()),
        ece={
            level.value: expected_calibration_error(p[:, level.rank], is_level[:, level.rank])
            for level in LEVELS
        },
        ece_said=expected_calibration_error(p.max(axis=1), said == true),
        teleoperation=reliability(p[:, T], is_level[:, T]),
        risk_coverage=[_coverage(run, has, share) for share in COVERAGES],
    )


def reliability(stated: Values, came_true: Mask) -> list[ReliabilityBin]:
    """Bins of equal size in the order of the stated probability, at most 10, each of at least 20 frames."""
    bins = max(1, min(MOST_BINS, len(stated) // MIN_IN_BIN))
    order = np.argsort(stated, kind="stable")
    return [
        ReliabilityBin(
            n=len(inside), stated=float(stated[inside].mean()), observed=float(came_true[inside].mean())
        )
        for inside in np.array_split(order, bins)
    ]


def expected_calibration_error(stated: Values, came_true: Mask) -> float:
    """Mean over frames of |stated - observed| of their bin; in the unit of a probability."""
    bins = reliability(stated, came_true)
    return sum(one.n * abs(one.stated - one.observed) for one in bins) / len(stated)


def _coverage(run: Answers, has: Mask, share: float) -> RiskAtCoverage:
    sureness = np.where(has, np.nan_to_num(run.probabilities).max(axis=1), -1.0)
    kept = np.argsort(-sureness, kind="stable")[: round(share * int(has.sum()))]
    true_t = run.true[kept] == T
    missed = int((true_t & (run.said[kept] == 0)).sum())
    n = int(true_t.sum())
    return RiskAtCoverage(
        coverage=share,
        frames=len(kept),
        teleoperation=n,
        missed=missed,
        under_escalation=missed / n if n else Undefined("no true TELEOPERATION among them"),
    )
