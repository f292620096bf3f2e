from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from data.vocabulary import TriageLevel
from eval.metrics.answers import Answers
from eval.metrics.deployment import Assumptions, deployment, expected
from eval.metrics.load_curve import load_curves
from eval.statistics.rate import Interval, Undefined
from tests.eval.builders import A_METHOD, A, S, T, near, some_answers

# shares called TELEOPERATION: 3 % of A, 10 % of S, 90 % of T
CALLED = {"T": 0.9, "A": 0.03, "S": 0.10, "others": 0.065}


def test_precision_at_a_share_is_bayes_rule() -> None:
    # .90 A, .085 S, .015 T: .0135 / (.027 + .0085 + .0135) = 27.6 %
    assumed = Assumptions(autonomy_share=0.9 / 0.985)
    assert expected("precision", CALLED, share=0.015, assumptions=assumed) == near(0.0135 / 0.049)


def test_alarms_misses_and_load_are_per_hour_of_a_vehicle_and_of_all_feeds() -> None:
    assumed = Assumptions(frames_per_second=2, feeds=5, seconds_per_alarm=3, autonomy_share=1.0)
    called = 0.01 * 0.9 + 0.99 * 0.03
    assert expected("alarms_per_hour", CALLED, share=0.01, assumptions=assumed) == near(called * 7200)
    assert expected("missed_per_1000_h", CALLED, share=0.01, assumptions=assumed) == near(
        0.01 * 0.1 * 7200 * 1000
    )
    assert expected("operator_load", CALLED, share=0.01, assumptions=assumed) == near(
        called * 7200 * 5 * 3 / 3600
    )


def test_without_an_assumption_the_set_says_how_the_other_frames_divide() -> None:
    found = expected("alarms_per_hour", CALLED, share=0.02, assumptions=Assumptions())
    assert found == near((0.02 * 0.9 + 0.98 * 0.065) * 3600)


def a_run(
    true: Sequence[TriageLevel],
    said: Sequence[TriageLevel],
    *,
    inclusion: Sequence[float] | None = None,
    scenes: int = 20,
) -> Answers:
    answers = some_answers(true, said, scenes=scenes)
    if inclusion is None:
        return answers
    return Answers(
        **{**vars(answers), "inclusion": np.array(inclusion, dtype=float)},
    )


def test_every_run_stands_at_half_one_and_two_percent_with_intervals() -> None:
    run = a_run([A] * 100 + [S] * 60 + [T] * 40, [T] * 3 + [A] * 97 + [T] * 6 + [S] * 54 + [A] * 4 + [T] * 36)
    found = deployment([run], Assumptions(), A_METHOD)
    assert [row.share for row in found.rows] == [0.005, 0.01, 0.02]
    row = found.rows[1]
    for one in (row.alarms_per_hour, row.precision, row.missed_per_1000_h, row.operator_load):
        assert isinstance(one.interval, Interval)
        assert one.interval.low < float(str(one.value)) < one.interval.high
    assert row.missed_per_1000_h.value == near(0.01 * 0.1 * 3600 * 1000)
    assert not found.is_weighted


def test_no_miss_in_twenty_scenes_still_has_an_upper_end() -> None:
    run = a_run([A] * 100 + [T] * 40, [A] * 100 + [T] * 40)
    row = deployment([run], Assumptions(), A_METHOD).rows[1]
    assert row.missed_per_1000_h.value == near(0.0)
    assert isinstance(row.missed_per_1000_h.interval, Interval)
    assert row.missed_per_1000_h.interval.high == near(0.01 * (1 - 0.025 ** (1 / 20)) * 3_600_000)


def test_weights_undo_a_draw_that_favours_what_the_run_finds() -> None:
    # T with a cue is drawn 4 times as often and found 19 times in 20; T without it 2 times in 3
    true = [T] * 80 + [T] * 30 + [A] * 40
    said = [T] * 76 + [S] * 4 + [T] * 20 + [S] * 10 + [A] * 40
    run = a_run(true, said, inclusion=[0.4] * 80 + [0.1] * 30 + [0.1] * 40)
    found = deployment([run], Assumptions(), A_METHOD)
    called = {one.level: one for one in found.called}[T]
    assert called.plain.value == near(96 / 110)
    # population: 200 with the cue, 300 without
    assert called.weighted.value == near((76 / 0.4 + 20 / 0.1) / (80 / 0.4 + 30 / 0.1))
    assert found.rows[1].missed_per_1000_h.value == near(
        0.01 * (1 - float(str(called.weighted.value))) * 3_600_000
    )
    assert (found.is_weighted, found.drawn) == (True, 150)


def test_a_frame_that_was_not_drawn_has_no_weight() -> None:
    run = a_run([T] * 20, [T] * 10 + [A] * 10, inclusion=[0.5] * 10 + [np.nan] * 10, scenes=10)
    called = {one.level: one for one in deployment([run], Assumptions(), A_METHOD).called}[T]
    assert (called.plain.value, called.weighted.value) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("true", "said", "reason"),
    [
        ([A, S], [A, S], "a true level has no frame"),
        ([A, S, T] * 10, [A, A, A] * 10, "no frame is called TELEOPERATION"),
    ],
)
def test_without_frames_or_calls_there_is_a_reason(
    true: list[TriageLevel], said: list[TriageLevel], reason: str
) -> None:
    (row, *_) = deployment([a_run(true, said)], Assumptions(), A_METHOD).rows
    assert row.precision.value == Undefined(reason)


def test_the_load_curve_trades_alarms_for_misses_and_marks_the_runs_own_answers() -> None:
    rng = np.random.default_rng(2)
    p = np.clip(np.r_[rng.normal(0.7, 0.15, 60), rng.normal(0.3, 0.15, 140)], 0.01, 0.99)
    true = [T] * 60 + [A] * 140
    said = [T if one > 0.5 else A for one in p]
    run = some_answers(true, said, scenes=20, probabilities=[(1 - one, 0.0, one) for one in p])
    (curve,) = load_curves([run], Assumptions(feeds=10), A_METHOD)
    assert not isinstance(curve.points, Undefined)
    assert not isinstance(curve.own, Undefined)
    alarms, missed = (
        [getattr(point, key) for point in curve.points] for key in ("alarms_per_hour", "missed")
    )
    assert alarms == sorted(alarms)
    assert missed == sorted(missed, reverse=True)
    assert all(isinstance(point.band, Interval) for point in curve.points)
    false = sum(one > 0.5 for one in p[60:]) / 140
    hits = sum(one > 0.5 for one in p[:60]) / 60
    assert curve.own.alarms_per_hour == near((0.01 * hits + 0.99 * false) * 36_000)
    assert curve.own.missed == near(1 - hits)
    assert curve.own.false_calls == near(false)
    assert curve.own.alarms_per_feed_hour == near(curve.own.alarms_per_hour / 10)
    assert curve.likeliest == curve.own, "of two levels the likelier one is that above a half"
    assert curve.at_five_percent in curve.points
    assert not isinstance(curve.at_five_percent, Undefined)
    assert curve.at_five_percent.false_calls <= 0.05
    assert curve.at_five_percent.missed == min(p.missed for p in curve.points if p.false_calls <= 0.05)


def test_without_probabilities_the_curve_is_the_runs_own_point() -> None:
    (curve,) = load_curves([some_answers([T, A] * 20, [T, A] * 20, scenes=20)], Assumptions(), A_METHOD)
    assert curve.points == Undefined("no level probabilities for every compared frame")
    assert not isinstance(curve.own, Undefined)
