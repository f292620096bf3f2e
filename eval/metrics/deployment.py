"""What a run would mean on the road, where TELEOPERATION is far rarer than in a sampled set.

Recalls do not move with the share of TELEOPERATION; precision, alarms and misses do. They follow from the recalls
by Bayes' rule at an assumed share. Frames are counted, not events: a scene that needs help for ten seconds at one
frame per second is ten frames.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np

from eval.metrics.answers import T
from eval.metrics.triage_metrics import Counts, Values
from eval.statistics.intervals import scene_bootstrap
from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Method, Part

SHARES_OF_T = (0.005, 0.01, 0.02)
SECONDS_PER_HOUR = 3600
HOURS_OF_MISSES = 1000

Quantity = Literal["precision", "alarms_per_hour", "missed_per_1000_h", "operator_load"]
QUANTITIES: tuple[Quantity, ...] = ("precision", "alarms_per_hour", "missed_per_1000_h", "operator_load")


class Assumptions(Part):
    """What the figures on the road assume besides the recalls.

    `seconds_per_alarm` is how long one alarm holds an operator; the two seconds in which an alert is grasped are
    the least it can be. `autonomy_share`: AUTONOMY among frames that are not TELEOPERATION; None takes the set's.
    """

    frames_per_second: float = 1.0
    feeds: int = 10
    seconds_per_alarm: float = 2.0
    autonomy_share: float | None = None


class Expected(Part):
    """An expectation with its interval over resampled scenes."""

    value: float | Undefined
    interval: Interval | Undefined


class AtShare(Part):
    """One run at one share of TELEOPERATION frames.

    `precision`: calls that are right. `alarms_per_hour`: TELEOPERATION calls per vehicle-hour. `missed_per_1000_h`:
    TELEOPERATION frames not called, per 1,000 vehicle-hours. `operator_load`: share of one operator's time that the
    alarms of all feeds take; above 1, one operator is not enough.
    """

    run: str
    share: float
    precision: Expected
    alarms_per_hour: Expected
    missed_per_1000_h: Expected
    operator_load: Expected


class Deployment(Part):
    """All runs at all shares, under the same assumptions."""

    assumptions: Assumptions
    rows: list[AtShare]


def deployment(per_scene: dict[str, Counts], assumptions: Assumptions, method: Method) -> Deployment:
    """Expectations of every run from its (scenes, 3, 4) confusion matrices."""
    rows = [
        AtShare(
            run=name,
            share=share,
            **{
                quantity: _expected(quantity, matrices, share, assumptions, method) for quantity in QUANTITIES
            },
        )
        for name, matrices in per_scene.items()
        for share in SHARES_OF_T
    ]
    return Deployment(assumptions=assumptions, rows=rows)


def _expected(
    quantity: Quantity, per_scene: Counts, share: float, assumptions: Assumptions, method: Method
) -> Expected:
    statistic = partial(expected_values, quantity, share=share, assumptions=assumptions)
    value = float(statistic(per_scene.sum(0)[None])[0])
    if np.isnan(value):
        return Expected(
            value=Undefined(_absent(per_scene.sum(0))), interval=Undefined(_absent(per_scene.sum(0)))
        )
    interval = scene_bootstrap(
        per_scene, statistic, confidence=method.confidence, resamples=method.resamples, seed=method.seed
    )
    return Expected(value=value, interval=interval)


def expected_values(
    quantity: Quantity, matrices: Counts, *, share: float, assumptions: Assumptions
) -> Values:
    """(...) values of one quantity for (..., 3, 4) matrices.

    NaN where a true level has no frame, and for precision where nothing is called.
    """
    called = _rates_of_calling(matrices)
    others = matrices.sum(-1)[..., :T]
    a_share = assumptions.autonomy_share
    with np.errstate(invalid="ignore", divide="ignore"):
        weight_a = others[..., 0] / others.sum(-1) if a_share is None else np.full(others.shape[:-1], a_share)
        hits = share * called[..., T]
        false = (1 - share) * (weight_a * called[..., 0] + (1 - weight_a) * called[..., 1])
        frames_per_hour = SECONDS_PER_HOUR * assumptions.frames_per_second
        alarms = (hits + false) * frames_per_hour
        found: dict[Quantity, Values] = {
            "precision": hits / (hits + false),
            "alarms_per_hour": alarms,
            "missed_per_1000_h": (share - hits) * frames_per_hour * HOURS_OF_MISSES,
            "operator_load": alarms * assumptions.feeds * assumptions.seconds_per_alarm / SECONDS_PER_HOUR,
        }
    return found[quantity]


def _rates_of_calling(matrices: Counts) -> Values:
    """(..., 3) share of each true level's frames that are called TELEOPERATION; NaN without frames."""
    n = matrices.sum(-1)
    return np.divide(matrices[..., T], n, out=np.full(n.shape, np.nan), where=n > 0)


def _absent(matrix: Counts) -> str:
    if not matrix.sum(-1).all():
        return "a true level has no frame"
    return "no frame is called TELEOPERATION"
