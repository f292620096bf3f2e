from __future__ import annotations

import numpy as np

from eval.metrics.calibration import Calibration, calibration_of, expected_calibration_error, reliability
from eval.statistics.rate import Interval, Undefined
from tests.eval.builders import A, S, T, near, some_answers

SURE = (0.9, 0.05, 0.05)


def test_brier_is_the_squared_distance_over_the_three_levels() -> None:
    run = some_answers([A] * 20, [A] * 20, probabilities=[SURE] * 20)
    found = calibration_of(run)
    assert isinstance(found, Calibration)
    assert found.brier == near(0.1**2 + 2 * 0.05**2)
    assert found.ece_said == near(0.1)
    assert found.ece == {"AUTONOMY": near(0.1), "SUPERVISION": near(0.05), "TELEOPERATION": near(0.05)}


def test_probabilities_that_come_true_as_often_as_they_say_have_no_error() -> None:
    # 40 frames at 0.25, 10 of them true; 40 at 0.75, 30 true; two bins of equal size would need no more
    stated = np.r_[np.full(40, 0.25), np.full(40, 0.75)]
    true = np.r_[np.arange(40) % 4 == 0, np.arange(40) % 4 != 0]
    assert expected_calibration_error(stated, true) == near(0.0)


def test_no_bin_holds_fewer_than_twenty_frames() -> None:
    bins = reliability(np.linspace(0, 1, 65), np.zeros(65, dtype=bool))
    assert [one.n for one in bins] == [22, 22, 21]
    assert [one.observed for one in bins] == [0, 0, 0]


def test_the_risk_of_the_surest_frames_is_their_under_escalation() -> None:
    # the ten least sure frames hold the two misses
    p = [(0.02, 0.03, 0.95)] * 10 + [(0.5, 0.2, 0.3)] * 10
    run = some_answers([T] * 20, [T] * 10 + [A] * 2 + [S] * 8, probabilities=p)
    found = calibration_of(run)
    assert isinstance(found, Calibration)
    whole, half = found.risk_coverage[0], found.risk_coverage[-1]
    assert (whole.coverage, whole.frames, whole.missed, whole.under_escalation) == (1.0, 20, 10, 0.1)
    assert (half.coverage, half.frames, half.missed, half.under_escalation) == (0.5, 10, 0, 0.0)
    assert (whole.deferred, whole.deferred_teleoperation, whole.missed_of_all) == (0, 0, 0.5)
    assert (half.deferred, half.deferred_teleoperation, half.missed_of_all) == (10, 10, 0.0)
    assert isinstance(whole.interval, Interval)


def test_a_perfectly_calibrated_run_scores_its_floor() -> None:
    rng = np.random.default_rng(6)
    found = []
    for _ in range(30):
        p = rng.dirichlet([1, 1, 1], 300)
        true = [(A, S, T)[rng.choice(3, p=row)] for row in p]
        said = [(A, S, T)[int(row.argmax())] for row in p]
        one = calibration_of(some_answers(true, said, probabilities=[tuple(row) for row in p]))
        assert isinstance(one, Calibration)
        found.append((float(str(one.ece_said)), float(str(one.ece_said_floor))))
    scored, floor = np.mean(found, axis=0)
    assert floor > 0.03
    assert scored == near(floor, abs=0.01)


def test_the_level_said_is_what_the_run_said_and_not_the_likeliest() -> None:
    # a decision that calls TELEOPERATION early: stated .4, right half of the time
    p = [(0.5, 0.1, 0.4)] * 40
    found = calibration_of(some_answers([T, A] * 20, [T] * 40, probabilities=p))
    assert isinstance(found, Calibration)
    assert found.ece_said == near(0.1)


def test_without_teleoperation_among_the_surest_there_is_no_risk() -> None:
    found = calibration_of(some_answers([A] * 20, [A] * 20, probabilities=[SURE] * 20))
    assert isinstance(found, Calibration)
    assert found.risk_coverage[0].under_escalation == Undefined("no true TELEOPERATION among them")


def test_too_few_probabilities_are_not_judged() -> None:
    assert calibration_of(some_answers([A] * 30, [A] * 30)) == Undefined(
        "no level probabilities were recorded"
    )
    some = [SURE] * 19 + [(np.nan,) * 3]
    assert calibration_of(some_answers([A] * 20, [A] * 20, probabilities=some)) == Undefined(
        "only 19 frames have level probabilities"
    )
