from __future__ import annotations

import numpy as np
import pytest

from eval.metrics.deployment import Assumptions, deployment, expected_values
from eval.statistics.rate import Interval, Undefined
from tests.eval.builders import A_METHOD, near

# recalls of calling TELEOPERATION: 3 % of A, 10 % of S, 90 % of T
MATRIX = np.array([[97, 0, 3, 0], [0, 90, 10, 0], [10, 0, 90, 0]])


def test_precision_at_a_share_is_bayes_rule() -> None:
    # .90 A, .085 S, .015 T: .0135 / (.027 + .0085 + .0135) = 27.6 %
    assumed = Assumptions(autonomy_share=0.9 / 0.985)
    assert expected_values("precision", MATRIX, share=0.015, assumptions=assumed) == near(0.0135 / 0.049)


def test_alarms_misses_and_load_are_per_hour_of_a_vehicle_and_of_all_feeds() -> None:
    assumed = Assumptions(frames_per_second=2, feeds=5, seconds_per_alarm=3, autonomy_share=1.0)
    called = 0.01 * 0.9 + 0.99 * 0.03
    assert expected_values("alarms_per_hour", MATRIX, share=0.01, assumptions=assumed) == near(called * 7200)
    assert expected_values("missed_per_1000_h", MATRIX, share=0.01, assumptions=assumed) == near(
        0.01 * 0.1 * 7200 * 1000
    )
    assert expected_values("operator_load", MATRIX, share=0.01, assumptions=assumed) == near(
        called * 7200 * 5 * 3 / 3600
    )


def test_without_an_assumption_the_set_says_how_the_other_frames_divide() -> None:
    twice = MATRIX * np.array([[3], [1], [1]])
    found = expected_values("alarms_per_hour", twice, share=0.02, assumptions=Assumptions())
    assert found == near((0.02 * 0.9 + 0.98 * (0.75 * 0.03 + 0.25 * 0.1)) * 3600)


def test_every_run_stands_at_half_one_and_two_percent_with_intervals() -> None:
    per_scene = np.stack([MATRIX, MATRIX // 2, MATRIX * 2] * 4)
    found = deployment({"one": per_scene, "two": per_scene}, Assumptions(), A_METHOD)
    assert [(row.run, row.share) for row in found.rows] == [
        ("one", 0.005),
        ("one", 0.01),
        ("one", 0.02),
        ("two", 0.005),
        ("two", 0.01),
        ("two", 0.02),
    ]
    interval = found.rows[1].alarms_per_hour.interval
    assert isinstance(interval, Interval)
    assert interval.low < float(str(found.rows[1].alarms_per_hour.value)) < interval.high


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        (MATRIX * np.array([[1], [1], [0]]), "a true level has no frame"),
        (np.array([[9, 0, 0, 0], [9, 0, 0, 0], [9, 0, 0, 0]]), "no frame is called TELEOPERATION"),
    ],
)
def test_without_frames_or_calls_there_is_a_reason(matrix: np.ndarray, reason: str) -> None:  # type: ignore[type-arg]
    (row, *_) = deployment({"one": matrix[None]}, Assumptions(), A_METHOD).rows
    assert row.precision.value == Undefined(reason)
