from __future__ import annotations

import numpy as np
import pytest

from data.vocabulary import LEVELS, TriageLevel
from eval.comparison.runs import compare_runs
from eval.comparison.same_over_escalation import SameOverEscalation, missed_at_shares, same_over_escalation
from eval.metrics.load_curve import called_within
from eval.statistics.holm import holm
from eval.statistics.rate import Interval, Undefined
from tests.eval.builders import A_METHOD, A, S, T, near, some_answers

TRUE = [T] * 40 + [S] * 40 + [A] * 40


def right_but_for(*wrong: int, said: TriageLevel = S) -> list[TriageLevel | None]:
    return [said if place in wrong else level for place, level in enumerate(TRUE)]


def test_a_run_that_finds_many_more_is_told_apart() -> None:
    first = some_answers(TRUE, right_but_for(*range(20)), name="plain", scenes=20)
    second = some_answers(TRUE, right_but_for(0), name="aligned", scenes=20)
    (found,) = compare_runs([first, second], A_METHOD)
    on_t = found.teleoperation
    assert (on_t.n, on_t.scenes, on_t.only_first, on_t.only_second) == (40, 20, 0, 19)
    # 19 of 20 scenes differ, all one way: of 10,000 flips hardly one is as extreme
    assert float(str(on_t.p_value)) < 0.001
    missed = next(one for one in found.differences if one.key == "missed_teleoperation")
    assert missed.value == near(-19 / 40)
    assert isinstance(missed.interval, Interval)
    assert missed.interval.high < 0
    assert found.says[0].endswith("after Holm's correction): aligned is right more often.")


def test_three_misses_are_not_told_apart_from_none_and_it_says_how_many_scenes_would_do() -> None:
    first = some_answers(TRUE, right_but_for(0, 1, 2), name="one", scenes=20)
    second = some_answers(TRUE, right_but_for(), name="two", scenes=20)
    (found,) = compare_runs([first, second], A_METHOD)
    # three scenes differ by one frame: 2 of the 8 ways to sign them are as extreme
    assert found.teleoperation.p_value == near(0.25, abs=0.02)
    assert found.says[0].startswith(
        "On the 40 TELEOPERATION frames of 20 scenes, one alone was right on 0, two alone on 3 (sign-flip test over "
        "scenes, p = "
    )
    assert "they cannot be told apart with these scenes. About " in found.says[0]


def test_few_scenes_that_hold_the_level_settle_nothing() -> None:
    # 40 scenes, but TELEOPERATION in 9 of them
    true = [T] * 9 + [A] * 31
    first = some_answers(true, [S] * 9 + [A] * 31, name="one", scenes=40)
    second = some_answers(true, true, name="two", scenes=40)
    (found,) = compare_runs([first, second], A_METHOD)
    assert "Nothing is concluded: 9 scenes hold such frames, 10 are needed." in found.says[0]


def test_every_pair_is_compared_and_p_values_are_corrected_over_pairs_and_questions() -> None:
    runs = [
        some_answers(TRUE, right_but_for(*range(wrong)), name=name, scenes=20)
        for name, wrong in (("one", 0), ("two", 6), ("three", 18))
    ]
    found = compare_runs(runs, A_METHOD)
    assert [(one.first, one.second) for one in found] == [("one", "two"), ("one", "three"), ("two", "three")]
    tests = [test for one in found for test in (one.teleoperation, one.every_level)]
    assert [test.p_holm for test in tests] == near(tuple(holm([float(str(test.p_value)) for test in tests])))
    for test in tests:
        assert isinstance(test.interval, Interval)
        assert (not test.interval.low <= 0 <= test.interval.high) == (float(str(test.p_holm)) <= 0.05)


def test_without_teleoperation_it_says_that_there_is_none() -> None:
    runs = [some_answers([A, S, S], [A, S, A], name=name, scenes=3) for name in ("one", "two")]
    (found,) = compare_runs(runs, A_METHOD)
    assert found.says[0] == "There are no TELEOPERATION frames, so nothing can be said of them."
    recall = next(one for one in found.differences if one.key == "recall_teleoperation")
    assert recall.value == Undefined("a level it counts has no true frame")


def test_a_run_of_failures_and_a_single_scene_are_compared_without_an_interval() -> None:
    runs = [
        some_answers([A, S, T], [None, None, None], name="failed", scenes=1),
        some_answers([A, S, T], [A, S, T], name="fine", scenes=1),
    ]
    (found,) = compare_runs(runs, A_METHOD)
    assert (found.every_level.only_first, found.every_level.only_second) == (0, 3)
    reason = "not defined: 1 scene holds such frames, 10 are needed"
    assert {str(one.interval) for one in found.differences} == {reason}


def scored(p_t: list[float]) -> list[tuple[float, float, float]]:
    return [((1 - p) * 0.6, (1 - p) * 0.4, p) for p in p_t]


def test_the_threshold_misses_least_among_those_that_call_no_more_others_than_allowed() -> None:
    run = some_answers([T, T, A, S, A, A], [T] * 6, probabilities=scored([0.9, 0.5, 0.6, 0.4, 0.2, 0.1]))
    assert called_within(run, 0.0).threshold == 0.9
    assert called_within(run, 0.25).threshold == 0.5
    assert called_within(run, 1.0).threshold == 0.5, "lower ones call more of the others and find no more"


def test_a_resample_that_draws_every_scene_once_misses_what_the_curve_says() -> None:
    """Two ways to read one figure: from the points of the curve, and vectorised over resamples; ties and all."""
    rng = np.random.default_rng(5)
    shares = np.array([0.0, 0.01, 0.05, 0.1, 1 / 3, 0.5, 1.0])
    for _ in range(200):
        true = [T, A, *(LEVELS[rank] for rank in rng.integers(3, size=int(rng.integers(38))))]
        p = (rng.integers(int(rng.integers(2, 15)), size=len(true)) / 14).tolist()
        run = some_answers(true, true, probabilities=scored(p))
        missed = missed_at_shares(run, np.ones((len(shares), run.scenes)), shares) * true.count(T)
        assert missed.round(6).tolist() == [called_within(run, float(share)).missed for share in shares]


def test_a_moved_threshold_alone_is_no_better_model() -> None:
    rng = np.random.default_rng(3)
    true = [T] * 30 + [A] * 70
    p = np.clip(np.r_[rng.normal(0.6, 0.2, 30), rng.normal(0.3, 0.2, 70)], 0.01, 0.99).tolist()
    shy = some_answers(true, [T if one > 0.7 else A for one in p], name="shy", probabilities=scored(p))
    bold = some_answers(true, [T if one > 0.4 else A for one in p], name="bold", probabilities=scored(p))
    (found,) = compare_runs([shy, bold], A_METHOD)
    assert found.teleoperation.only_second > 10
    same = found.same_over_escalation
    assert isinstance(same, SameOverEscalation)
    assert same.difference == 0.0
    assert same.first.false_call.count == same.second.false_call.count


def test_without_probabilities_for_every_frame_runs_are_not_matched() -> None:
    with_p = some_answers([T, A], [T, A], name="with", probabilities=scored([0.9, 0.1]))
    without = some_answers([T, A], [T, A], name="without")
    found = same_over_escalation(with_p, without, A_METHOD)
    assert found == Undefined("without has no level probabilities for every compared frame")


@pytest.mark.parametrize("levels", [[A, A], [T, T]])
def test_runs_are_not_matched_where_one_side_has_no_frame(levels: list[TriageLevel]) -> None:
    run = some_answers(levels, levels, probabilities=scored([0.5, 0.5]))
    assert same_over_escalation(run, run, A_METHOD) == Undefined(
        "there must be true TELEOPERATION frames and others"
    )
