"""What fewer misses cost: operator load against missed TELEOPERATION over the thresholds that a run could call from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.decisions.curve import NEVER, Point, best_within, points_of
from eval.metrics.answers import Answers, T
from eval.metrics.deployment import Assumptions, expected, scenes_of
from eval.metrics.shares import MISSED_TELEOPERATION
from eval.metrics.triage_metrics import Values, share_parts
from eval.statistics.rate import Interval, Undefined
from eval.statistics.scene_share import scene_interval
from eval.statistics.values import Method, Part

SHARE_OF_T = 0.01
FIVE_PERCENT = 0.05
FALSE_SHARES = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
"""Shares of AUTONOMY and SUPERVISION frames called falsely: the threshold that misses least at each is a point."""


class LoadPoint(Part):
    """TELEOPERATION called from `threshold` on (None: never, or not by a threshold). `false_calls`: of the AUTONOMY and
    SUPERVISION frames, the share called. `alarms_per_feed_hour`: at 1 % TELEOPERATION and the frame rate assumed;
    `alarms_per_hour` of all feeds together, `operators` that they keep busy. `missed` of the true TELEOPERATION frames,
    with a band that covers all points of the curve at once."""

    threshold: float | None
    false_calls: float
    alarms_per_feed_hour: float
    alarms_per_hour: float
    operators: float
    missed: float
    band: Interval | Undefined


class LoadCurve(Part):
    """The points of one run from few alarms to many, and where it may be operated: its `own` answers, by the decision
    with the hash `decision` where one made them, the `likeliest` level, and `at_five_percent` false calls at most."""

    run: str
    decision: str | None
    own: LoadPoint | Undefined
    likeliest: LoadPoint | Undefined
    at_five_percent: LoadPoint | Undefined
    points: list[LoadPoint] | Undefined


def load_curves(runs: Sequence[Answers], assumptions: Assumptions, method: Method) -> list[LoadCurve]:
    """The curve of every run."""
    each = 1 - (1 - method.confidence) / (len(FALSE_SHARES) + 1)
    return [_curve(run, assumptions, each) for run in runs]


def _curve(run: Answers, assumptions: Assumptions, confidence: float) -> LoadCurve:
    true_t = run.true == T
    if not true_t.any() or true_t.all():
        return _without_points(run, Undefined("there must be true TELEOPERATION frames and others"))
    own = _point(run, None, assumptions, confidence)
    if not run.has_probabilities:
        return _without_points(run, Undefined("no level probabilities for every compared frame"), own)
    found = points_of(true_t, run.probabilities[:, T])
    at = {share: best_within(found, share).threshold for share in (*FALSE_SHARES, FIVE_PERCENT)}
    points = {
        threshold: _point(_called_from(run, threshold), threshold, assumptions, confidence)
        for threshold in sorted(set(at.values()), reverse=True)
    }
    likeliest = run.with_said(run.probabilities.argmax(axis=1))
    return LoadCurve(
        run=run.name,
        decision=run.decision,
        own=own,
        likeliest=_point(likeliest, None, assumptions, confidence),
        at_five_percent=points[at[FIVE_PERCENT]],
        points=list(points.values()),
    )


def _without_points(run: Answers, reason: Undefined, own: LoadPoint | None = None) -> LoadCurve:
    return LoadCurve(
        run=run.name,
        decision=run.decision,
        own=own or reason,
        likeliest=reason,
        at_five_percent=reason,
        points=reason,
    )


def _called_from(run: Answers, threshold: float) -> Answers:
    return run.with_said(np.where(run.probabilities[:, T] >= threshold, T, 0))


def called_within(run: Answers, false_calls: float) -> Point:
    """Where the run misses least while it calls at most this share of the other frames TELEOPERATION."""
    return best_within(points_of(run.true == T, run.probabilities[:, T]), false_calls)


def _point(run: Answers, threshold: float | None, assumptions: Assumptions, confidence: float) -> LoadPoint:
    per_scene = scenes_of(run)
    events, frames = share_parts(MISSED_TELEOPERATION, per_scene)
    called = {"T": _called(per_scene, [T]), "A": _called(per_scene, [0]), "S": _called(per_scene, [1])}
    called["others"] = _called(per_scene, [0, 1])
    alarms = expected("alarms_per_hour", called, share=SHARE_OF_T, assumptions=assumptions)
    return LoadPoint(
        threshold=None if threshold == NEVER else threshold,
        false_calls=called["others"],
        alarms_per_feed_hour=alarms,
        alarms_per_hour=alarms * assumptions.feeds,
        operators=expected("operator_load", called, share=SHARE_OF_T, assumptions=assumptions),
        missed=float(events.sum() / frames.sum()),
        band=scene_interval(np.minimum(events, frames), frames, confidence=confidence),
    )


def _called(per_scene: Values, ranks: list[int]) -> float:
    frames = per_scene[:, ranks].sum()
    return float(per_scene[:, ranks, T].sum() / frames) if frames else 0.0
