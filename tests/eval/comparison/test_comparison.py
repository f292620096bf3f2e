from __future__ import annotations

import numpy as np
import pytest

from data.vocabulary import TriageLevel
from eval.comparison.runs import compare_runs
from eval.comparison.same_over_escalation import SameOverEscalation, same_over_escalation, threshold_at
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
    assert (on_t.n, on_t.only_first, on_t.only_second) == (40, 0, 19)
    assert on_t.p_value == near(2 * 0.5**19)
    missed = next(one for one in found.differences if one.key == "missed_teleoperation")
    assert missed.value == near(-19 / 40)
    assert isinstance(missed.interval, Interval)
    assert missed.interval.high < 0
    assert found.says[0].endswith("aligned is right more often, and the interval over scenes says so too.")


def test_three_misses_are_not_told_apart_from_none_and_it_says_how_many_frames_would_do() -> None:
    first = some_answers(TRUE, right_but_for(0, 1, 2), name="one", scenes=20)
    second = some_answers(TRUE, right_but_for(), name="two", scenes=20)
    (found,) = compare_runs([first, second], A_METHOD)
    assert found.teleoperation.p_value == 0.25
    assert found.says[0] == (
        "On the 40 TELEOPERATION frames, one alone was right on 0, two alone on 3 (exact McNemar p = 0.250, 0.250 "
        "after Holm's correction): they cannot be told apart with these 40. About 110 independent frames would be "
        "needed to settle a difference of this size."
    )


def test_few_scenes_settle_nothing_however_small_the_p_value() -> None:
    first = some_answers(TRUE, right_but_for(*range(30)), name="one", scenes=3)
    second = some_answers(TRUE, right_but_for(), name="two", scenes=3)
    (found,) = compare_runs([first, second], A_METHOD)
    assert "from 3 scenes only: nothing is concluded from fewer than 10" in found.says[0]


def test_every_pair_is_compared_and_p_values_are_corrected_over_the_pairs() -> None:
    runs = [
        some_answers(TRUE, right_but_for(*range(wrong)), name=name, scenes=20)
        for name, wrong in (("one", 0), ("two", 6), ("three", 12))
    ]
    found = compare_runs(runs, A_METHOD)
    assert [(one.first, one.second) for one in found] == [("one", "two"), ("one", "three"), ("two", "three")]
    # exact p: 2 / 2^6, 2 / 2^12, 2 / 2^6; Holm: the smallest times 3, the others times 2
    assert [one.teleoperation.p_holm for one in found] == near((2 * 2 / 64, 3 * 2 / 4096, 2 * 2 / 64))


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
    assert {str(one.interval) for one in found.differences} == {"not defined: one scene"}


def scored(p_t: list[float]) -> list[tuple[float, float, float]]:
    return [((1 - p) * 0.6, (1 - p) * 0.4, p) for p in p_t]


def test_the_threshold_is_the_lowest_that_calls_no_more_others_than_allowed() -> None:
    run = some_answers([T, T, A, S, A, A], [T] * 6, probabilities=scored([0.9, 0.5, 0.6, 0.4, 0.2, 0.1]))
    assert threshold_at(run, 0.0) == 0.9
    assert threshold_at(run, 0.25) == 0.5
    assert threshold_at(run, 1.0) == 0.1


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
    assert same.test.p_value == Undefined("the runs are right on the same frames")
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


def simulated_pair(rng: np.random.Generator) -> np.ndarray:  # type: ignore[type-arg]
    """(scenes, 2, 2): how often each of two equally good runs is right, and frames; scenes differ in difficulty."""
    ease = rng.beta(4, 2, 40)
    frames = np.full(40, 8)
    return np.stack([np.stack([rng.binomial(frames, ease), frames], axis=1) for _ in range(2)], axis=1)


def test_the_paired_interval_over_scenes_covers_no_difference_95_times_in_100() -> None:
    from eval.statistics.intervals import scene_bootstrap

    rng = np.random.default_rng(21)
    covered = 0
    for _ in range(800):
        found = scene_bootstrap(
            simulated_pair(rng),
            lambda sums: sums[:, 1, 0] / sums[:, 1, 1] - sums[:, 0, 0] / sums[:, 0, 1],
            resamples=1000,
        )
        covered += isinstance(found, Interval) and found.low <= 0 <= found.high
    assert 0.93 <= covered / 800 <= 0.97
