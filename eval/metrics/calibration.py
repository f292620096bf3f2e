"""Calibration of the level probabilities, and what is left if a model only speaks where it is sure."""

from __future__ import annotations

import numpy as np

from data.vocabulary import LEVELS
from eval.metrics.answers import Answers, Mask, Places, T
from eval.metrics.shares import MISSED_TELEOPERATION, UNDER_ESCALATION
from eval.metrics.triage_metrics import Values, share_parts
from eval.statistics.intervals import CONFIDENCE, SEED
from eval.statistics.rate import Interval, Undefined
from eval.statistics.scene_share import scene_interval
from eval.statistics.values import Part

MIN_IN_BIN = 20
MOST_BINS = 10
FLOOR_DRAWS = 200
COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)


class ReliabilityBin(Part):
    """Frames of similar stated probability: its mean over them, and the share in which it came true."""

    n: int
    stated: float
    observed: float


class RiskAtCoverage(Part):
    """The `coverage` share of frames that the run is surest of is left to it, the rest goes to people.

    `missed` of `teleoperation` true TELEOPERATION frames left to it are not called so, with the interval over scenes;
    `under_escalated` of them are said AUTONOMY. `deferred` frames go to people, `deferred_teleoperation` of them true
    TELEOPERATION: where people find those, `missed_of_all` is what the run and they together miss.
    """

    coverage: float
    frames: int
    teleoperation: int
    missed: int
    missed_share: float | Undefined
    interval: Interval | Undefined
    under_escalated: int
    under_escalation: float | Undefined
    deferred: int
    deferred_teleoperation: int
    missed_of_all: float | Undefined


class Calibration(Part):
    """On the `n` frames that have probabilities (of `of`).

    `brier`: mean over frames of the squared distance to the true level, summed over the three levels (Brier 1950),
    0 at best, 2 at worst. `ece` by level and `ece_said` for the level said: expected calibration error, the mean
    distance of stated and observed over bins of equal size (Naeini 2015), at least 20 frames in each. `ece_floor` and
    `ece_said_floor`: what a perfectly calibrated run with these probabilities scores on average, so that only the rest
    is miscalibration.
    """

    n: int
    of: int
    brier: float
    ece: dict[str, float]
    ece_floor: dict[str, float]
    ece_said: float | Undefined
    ece_said_floor: float | Undefined
    teleoperation: list[ReliabilityBin]
    risk_coverage: list[RiskAtCoverage]


def calibration_of(run: Answers, *, confidence: float = CONFIDENCE) -> Calibration | Undefined:
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
    spoken = run.said[has] < len(LEVELS)
    stated = p[spoken, run.said[has][spoken]]
    right = run.said[has][spoken] == true[spoken]
    silent = Undefined("too few frames have both an assessment and probabilities")
    enough = len(stated) >= MIN_IN_BIN
    return Calibration(
        n=n,
        of=run.n,
        brier=float(((p - is_level) ** 2).sum(axis=1).mean()),
        ece={
            level.value: expected_calibration_error(p[:, level.rank], is_level[:, level.rank])
            for level in LEVELS
        },
        ece_floor={level.value: calibration_floor(p[:, level.rank]) for level in LEVELS},
        ece_said=expected_calibration_error(stated, right) if enough else silent,
        ece_said_floor=calibration_floor(stated) if enough else silent,
        teleoperation=reliability(p[:, T], is_level[:, T]),
        risk_coverage=[_coverage(run, has, share, confidence) for share in COVERAGES],
    )


def reliability(stated: Values, came_true: Mask) -> list[ReliabilityBin]:
    """Bins of equal size in the order of the stated probability, at most 10, each of at least 20 frames."""
    return [
        ReliabilityBin(
            n=len(inside), stated=float(stated[inside].mean()), observed=float(came_true[inside].mean())
        )
        for inside in _bins(stated)
    ]


def _bins(stated: Values) -> list[Places]:
    bins = max(1, min(MOST_BINS, len(stated) // MIN_IN_BIN))
    return np.array_split(np.argsort(stated, kind="stable"), bins)


def expected_calibration_error(stated: Values, came_true: Mask) -> float:
    """Mean over frames of |stated - observed| of their bin; in the unit of a probability."""
    bins = reliability(stated, came_true)
    return sum(one.n * abs(one.stated - one.observed) for one in bins) / len(stated)


def calibration_floor(stated: Values) -> float:
    """The mean expected calibration error where what is stated is true: parametric bootstrap, fixed seed."""
    drawn = np.random.default_rng(SEED).random((FLOOR_DRAWS, len(stated))) < stated
    off = [len(inside) * np.abs(drawn[:, inside].mean(1) - stated[inside].mean()) for inside in _bins(stated)]
    return float(sum(off).mean() / len(stated))


def _coverage(run: Answers, has: Mask, share: float, confidence: float) -> RiskAtCoverage:
    sureness = np.where(has, np.nan_to_num(run.probabilities).max(axis=1), -1.0)
    kept = np.zeros(run.n, dtype=np.bool_)
    kept[np.argsort(-sureness, kind="stable")[: round(share * int(has.sum()))]] = True
    per_scene = run.per_scene(kept)
    missed, frames = share_parts(MISSED_TELEOPERATION, per_scene)
    under, _ = share_parts(UNDER_ESCALATION, per_scene)
    n, every = int(frames.sum()), int((run.true == T).sum())
    absent = Undefined("no true TELEOPERATION among them")
    return RiskAtCoverage(
        coverage=share,
        frames=int(kept.sum()),
        teleoperation=n,
        missed=int(missed.sum()),
        missed_share=float(missed.sum() / n) if n else absent,
        interval=scene_interval(missed, frames, confidence=confidence) if n else absent,
        under_escalated=int(under.sum()),
        under_escalation=float(under.sum() / n) if n else absent,
        deferred=run.n - int(kept.sum()),
        deferred_teleoperation=every - n,
        missed_of_all=float(missed.sum() / every) if every else absent,
    )
