"""Comparing runs at the same over-escalation, so that a moved threshold is not sold as a better model.

Where a run gives the probabilities of the levels, TELEOPERATION can be called from any threshold on its
probability. Both runs are set to the highest share of false calls that is not above the first run's own; what is
left between them is how well they tell TELEOPERATION apart, not how readily they say it. The thresholds are chosen on
the frames they are judged on, so the interval chooses them anew in every resample of scenes.
"""

from __future__ import annotations

import numpy as np

from eval.metrics.answers import Answers, Places, T
from eval.metrics.load_curve import called_within
from eval.metrics.run_figures import share_figure
from eval.metrics.shares import MISSED_TELEOPERATION, Share
from eval.metrics.triage_metrics import Values, share_values
from eval.statistics.intervals import (
    FEWEST_SCENES,
    expanded,
    percentile_interval,
    scene_resamples,
    too_few_scenes,
)
from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Figure, Method, Part

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

    `difference` is the second run's missed TELEOPERATION minus the first's. Neither need be at the point at which it
    works: the first run's own answers may come from another rule than a threshold.
    """

    first: AtThreshold
    second: AtThreshold
    difference: float
    interval: Interval | Undefined


def same_over_escalation(first: Answers, second: Answers, method: Method) -> SameOverEscalation | Undefined:
    """The two runs matched, or why they cannot be."""
    for run in (first, second):
        if not run.has_probabilities:
            return Undefined(f"{run.name} has no level probabilities for every compared frame")
    true_t = first.true == T
    if not true_t.any() or true_t.all():
        return Undefined("there must be true TELEOPERATION frames and others")
    allowed = float(np.mean(first.said[~true_t] == T))
    at = [called_within(run, allowed).threshold for run in (first, second)]
    moved = [_called(run, threshold) for run, threshold in zip((first, second), at, strict=True)]
    missed = [float(share_values(MISSED_TELEOPERATION, run.per_scene().sum(0))) for run in moved]
    return SameOverEscalation(
        first=_at(moved[0], at[0], method),
        second=_at(moved[1], at[1], method),
        difference=missed[1] - missed[0],
        interval=_interval(first, second, method),
    )


def _interval(first: Answers, second: Answers, method: Method) -> Interval | Undefined:
    """Percentiles of the difference over resampled scenes, the allowed share and both thresholds chosen in each."""
    holding = len(np.unique(first.scene[first.true == T]))
    if holding < FEWEST_SCENES:
        return too_few_scenes(holding)
    draws = scene_resamples(first.scenes, method.resamples, method.seed)
    others = first.true != T
    weights = draws[:, first.scene[others]]
    with np.errstate(invalid="ignore"):
        allowed = (weights * (first.said[others] == T)).sum(1) / weights.sum(1)
    values = missed_at_shares(second, draws, allowed) - missed_at_shares(first, draws, allowed)
    return percentile_interval(
        values[~np.isnan(values)], method.resamples, expanded(method.confidence, holding)
    )


def missed_at_shares(run: Answers, draws: Values, allowed: Values) -> Values:
    """(resamples,) missed TELEOPERATION in each resample of scenes, at the threshold that misses least while it calls
    at most the `allowed` (resamples,) share of the other frames falsely; NaN where a resample lacks either kind."""
    p, true_t = run.probabilities[:, T], run.true == T
    falls, place = np.unique(
        -p[~true_t], return_inverse=True
    )  # the other frames, surest first, ties together
    by_scene = np.zeros((run.scenes, len(falls)))
    np.add.at(by_scene, (run.scene[~true_t], place), 1.0)
    called = np.cumsum(draws @ by_scene, axis=1)
    with np.errstate(invalid="ignore"):
        too_many = called > (allowed * called[:, -1])[:, None] + 1e-9
    stop = np.where(too_many.any(1), -falls[too_many.argmax(1)], -np.inf)
    weights = draws[:, run.scene[true_t]]
    with np.errstate(invalid="ignore"):
        return np.asarray((weights * (p[true_t] <= stop[:, None])).sum(1) / weights.sum(1))


def _called(run: Answers, threshold: float) -> Answers:
    """TELEOPERATION from the threshold on, otherwise the likelier of the two lower levels."""
    lower: Places = np.argmax(run.probabilities[:, :T], axis=1)
    return run.with_said(np.where(run.probabilities[:, T] >= threshold, T, lower))


def _at(run: Answers, threshold: float, method: Method) -> AtThreshold:
    return AtThreshold(
        threshold=threshold,
        false_call=share_figure(FALSE_CALL, run.per_scene(), method),
        missed=share_figure(MISSED_TELEOPERATION, run.per_scene(), method),
    )
