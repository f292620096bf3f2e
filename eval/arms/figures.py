"""The figures of one run of an arm, and the paired difference of two arms at equal false calls. Pure.

Missed TELEOPERATION at a share of false calls is read at the threshold on P(TELEOPERATION) that misses least while it
calls at most that share of the other frames falsely. The threshold is chosen on the frames that it is judged on, so the
interval chooses it anew in every resample of scenes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.decisions.curve import auc
from eval.comparison.same_over_escalation import missed_at_shares
from eval.metrics.answers import Answers, T
from eval.metrics.load_curve import called_within
from eval.metrics.triage_metrics import macro_f1_values
from eval.statistics.intervals import (
    CONFIDENCE,
    FEWEST_SCENES,
    RESAMPLES,
    expanded,
    percentile_interval,
    scene_resamples,
    too_few_scenes,
)
from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Part

FALSE_SHARES = (0.02, 0.05, 0.10)
AT = 0.05
"""The share of false calls at which arms are held against each other."""


class RunFigures(Part):
    """One run on `n` frames, `n_t` of them TELEOPERATION. The level said is the one that `decision` names, by its hash,
    made of the probabilities, or the likeliest where it is None.

    `under_escalation`: TELEOPERATION frames called AUTONOMY. `false_t`: the share of the other frames called
    TELEOPERATION. `missed_t_at`: missed ones at each of `FALSE_SHARES`. `auc_t`: of P(TELEOPERATION).
    """

    n: int
    n_t: int
    decision: str | None
    missed_t: int
    false_t: float
    under_escalation: int
    accuracy: float
    macro_f1: float
    auc_t: float
    missed_t_at: dict[str, int]


class Difference(Part):
    """Share of TELEOPERATION that `arm` misses minus what `against` misses, both at `AT` false calls, by scene: for
    each seed, and for the mean over seeds."""

    arm: str
    against: str
    by_seed: list[float]
    intervals: list[Interval | Undefined]
    mean: float
    interval: Interval | Undefined


def run_figures(run: Answers) -> RunFigures:
    """The figures of one run. Raises ValueError unless there are TELEOPERATION frames and others."""
    true_t = run.true == T
    missed = {f"{share:.2f}": missed_at(run, share) for share in FALSE_SHARES}
    area = auc(true_t, run.probabilities[:, T])
    if area is None:
        raise ValueError("an arm is judged on TELEOPERATION frames and others")
    return RunFigures(
        n=run.n,
        n_t=int(true_t.sum()),
        decision=run.decision,
        missed_t=int((run.said[true_t] != T).sum()),
        false_t=float((run.said[~true_t] == T).mean()),
        under_escalation=int((run.said[true_t] == 0).sum()),
        accuracy=float((run.said == run.true).mean()),
        macro_f1=float(macro_f1_values(run.per_scene().sum(axis=0))),
        auc_t=area,
        missed_t_at=missed,
    )


def missed_at(run: Answers, share: float) -> int:
    """TELEOPERATION frames missed where at most this share of the others is called falsely."""
    return called_within(run, share).missed


def difference(arm: Sequence[Answers], against: Sequence[Answers]) -> Difference:
    """Paired by scene, and by seed as far as both arms have it; an arm of one run is held against every seed."""
    several = [len(runs) for runs in (arm, against) if len(runs) > 1]
    runs = min(several, default=1)
    pairs = [(_of(arm, seed), _of(against, seed)) for seed in range(runs)]
    draws = scene_resamples(arm[0].scenes, RESAMPLES)
    allowed = np.full(len(draws), AT)
    resampled = [
        missed_at_shares(one, draws, allowed) - missed_at_shares(other, draws, allowed)
        for one, other in pairs
    ]
    found = [(missed_at(one, AT) - missed_at(other, AT)) / int((one.true == T).sum()) for one, other in pairs]
    holding = len(np.unique(arm[0].scene[arm[0].true == T]))
    return Difference(
        arm=arm[0].name,
        against=against[0].name,
        by_seed=found,
        intervals=[_interval(values, holding) for values in resampled],
        mean=float(np.mean(found)),
        interval=_interval(np.mean(resampled, axis=0), holding),
    )


def _of(arm: Sequence[Answers], seed: int) -> Answers:
    return arm[seed] if len(arm) > 1 else arm[0]


def _interval(values: NDArray[np.float64], holding: int) -> Interval | Undefined:
    if holding < FEWEST_SCENES:
        return too_few_scenes(holding)
    return percentile_interval(values[~np.isnan(values)], RESAMPLES, expanded(CONFIDENCE, holding))
