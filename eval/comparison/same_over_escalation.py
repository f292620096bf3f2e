"""Comparing runs at the same over-escalation, so that a moved threshold is not sold as a better model.

Where a run gives the probabilities of the levels, TELEOPERATION can be called from any threshold on its
probability. Both runs are set to the highest share of false calls that is not above the first run's own; what is
left between them is how well they tell TELEOPERATION apart, not how readily they say it.
"""

from __future__ import annotations

import numpy as np

from eval.comparison.mcnemar import McNemar, mcnemar
from eval.metrics.answers import Answers, Places, T
from eval.metrics.run_figures import share_figure
from eval.metrics.shares import MISSED_TELEOPERATION, Share
from eval.metrics.triage_metrics import share_values
from eval.statistics.intervals import scene_bootstrap
from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Figure, Method, Part

NEVER = 2.0
"""A threshold that no probability reaches."""

FALSE_CALL = Share(
    "false_call",
    "False TELEOPERATION",
    "True AUTONOMY and SUPERVISION frames called TELEOPERATION, of all of those.",
    "..x. ..x. ....",
    "xxxx xxxx ....",
    "true AUTONOMY or SUPERVISION",
)


class AtThreshold(Part):
    """A run that calls TELEOPERATION where its probability is at least `threshold`; above 1, it never does."""

    threshold: float
    false_call: Figure
    missed: Figure


class SameOverEscalation(Part):
    """Two runs at thresholds that give at most the first run's own share of false calls.

    `difference` is the second run's missed TELEOPERATION minus the first's; thresholds held fixed in its interval.
    """

    first: AtThreshold
    second: AtThreshold
    difference: float
    interval: Interval | Undefined
    test: McNemar


def same_over_escalation(first: Answers, second: Answers, method: Method) -> SameOverEscalation | Undefined:
    """The two runs matched, or why they cannot be."""
    for run in (first, second):
        if not run.has_probabilities:
            return Undefined(f"{run.name} has no level probabilities for every compared frame")
    true_t = first.true == T
    if not true_t.any() or true_t.all():
        return Undefined("there must be true TELEOPERATION frames and others")
    allowed = float(np.mean(first.said[~true_t] == T))
    at = [threshold_at(run, allowed) for run in (first, second)]
    moved = [_called(run, threshold) for run, threshold in zip((first, second), at, strict=True)]
    per_scene = np.stack([run.per_scene() for run in moved], axis=1)
    missed = [float(share_values(MISSED_TELEOPERATION, run.per_scene().sum(0))) for run in moved]
    return SameOverEscalation(
        first=_at(moved[0], at[0], method),
        second=_at(moved[1], at[1], method),
        difference=missed[1] - missed[0],
        interval=scene_bootstrap(
            per_scene,
            lambda sums: (
                share_values(MISSED_TELEOPERATION, sums[:, 1])
                - share_values(MISSED_TELEOPERATION, sums[:, 0])
            ),
            confidence=method.confidence,
            resamples=method.resamples,
            seed=method.seed,
        ),
        test=mcnemar(
            "TELEOPERATION",
            moved[0].said[true_t] == T,
            moved[1].said[true_t] == T,
            confidence=method.confidence,
        ),
    )


def threshold_at(run: Answers, allowed: float) -> float:
    """The lowest threshold on P(TELEOPERATION) whose share of false calls is at most `allowed`.

    One of the run's own probabilities, or infinity where even the highest calls too many.
    """
    p, others = run.probabilities[:, T], run.true != T
    candidates = np.append(np.unique(p), np.inf)
    false = np.array([np.mean(p[others] >= threshold) for threshold in candidates])
    return float(candidates[np.argmax(false <= allowed + 1e-12)])


def _called(run: Answers, threshold: float) -> Answers:
    """TELEOPERATION from the threshold on, otherwise the likelier of the two lower levels."""
    lower: Places = np.argmax(run.probabilities[:, :T], axis=1)
    return run.with_said(np.where(run.probabilities[:, T] >= threshold, T, lower))


def _at(run: Answers, threshold: float, method: Method) -> AtThreshold:
    return AtThreshold(
        threshold=threshold if np.isfinite(threshold) else NEVER,
        false_call=share_figure(FALSE_CALL, run.per_scene(), method),
        missed=share_figure(MISSED_TELEOPERATION, run.per_scene(), method),
    )
