from __future__ import annotations

import numpy as np

from data.vocabulary import Cue
from eval.evaluation.label_errors import doubts
from eval.metrics.answers import Answers
from eval.metrics.slices import slices, worst_slices
from eval.statistics.rate import Interval, Undefined
from tests.eval.builders import A_METHOD, A, S, T, some_answers


def a_run_that_fails_at_night() -> tuple[Answers, np.ndarray]:  # type: ignore[type-arg]
    """400 frames in 20 scenes of A; the ten odd scenes are at night, where 6 in 10 answers are wrong."""
    night = np.arange(400) % 20 % 2 == 1
    wrong = night & (np.arange(400) % 10 < 7)
    said = [S if one else A for one in wrong]
    return some_answers([A] * 400, said, scenes=20), night


def test_a_slice_where_the_run_errs_more_often_stands_out() -> None:
    run, night = a_run_that_fails_at_night()
    rain = np.arange(400) < 200
    found = slices([run], {Cue.RAIN: rain, Cue.NIGHT: night}, A_METHOD)
    assert [one.cue for one in found] == [Cue.RAIN, Cue.NIGHT]
    by_cue = {one.cue: one for one in found}
    assert (by_cue[Cue.NIGHT].frames, by_cue[Cue.NIGHT].scenes) == (200, 10)
    assert by_cue[Cue.NIGHT].accuracy.count == 80
    assert by_cue[Cue.NIGHT].accuracy_elsewhere.value == 1.0
    assert isinstance(by_cue[Cue.NIGHT].accuracy.interval, Interval)
    assert float(str(by_cue[Cue.NIGHT].p_accuracy_holm)) < 0.05
    assert float(str(by_cue[Cue.RAIN].p_accuracy_holm)) > 0.05
    assert by_cue[Cue.NIGHT].p_value == Undefined("too few scenes (0)")


def test_missed_teleoperation_is_tested_too_and_all_tests_of_all_runs_share_the_error() -> None:
    is_night = np.arange(600) % 30 % 2 == 1
    said = [S if one and place % 3 else T for place, one in enumerate(is_night)]
    runs = [some_answers([T] * 600, said, name=name, scenes=30) for name in ("one", "two")]
    found = slices(runs, {Cue.NIGHT: is_night}, A_METHOD)
    assert {one.run for one in found} == {"one", "two"}
    for one in found:
        assert float(str(one.p_value)) < 0.001
        # four tests: two questions of two runs
        assert one.p_holm == 4 * float(str(one.p_value))
    (first, _) = worst_slices(runs, {Cue.NIGHT: is_night}, A_METHOD)
    assert (first.cue, first.slices) == (Cue.NIGHT, 1)
    assert float(str(first.bound)) > 0.6


def test_a_cue_in_few_scenes_is_not_tested() -> None:
    run, _ = a_run_that_fails_at_night()
    (found,) = slices([run], {Cue.FOG: np.arange(400) % 20 < 3}, A_METHOD)
    assert found.p_accuracy == Undefined("too few scenes (3)")
    (worst,) = worst_slices([run], {Cue.FOG: np.arange(400) % 20 < 3}, A_METHOD)
    assert isinstance(worst.bound, Undefined)


def test_a_small_slice_is_drawn_towards_the_others() -> None:
    said = [S] * 2 + [T] * 38 + [S] * 40 + [T] * 520
    run = some_answers([T] * 600, said, scenes=30)
    cues = {Cue.FOG: np.arange(600) < 40, Cue.RAIN: np.arange(600) >= 40}
    fog = next(one for one in slices([run], cues, A_METHOD) if one.cue is Cue.FOG)
    assert 2 / 40 <= float(str(fog.pooled_missed)) <= 42 / 600 + 0.01


def test_below_thirty_frames_there_is_no_figure() -> None:
    among = np.arange(100) < 29
    (found,) = slices([some_answers([T] * 100, [T] * 100)], {Cue.FOG: among}, A_METHOD)
    assert found.accuracy.value == Undefined("too few (n = 29)")
    assert found.accuracy.interval == found.accuracy.value


def test_a_cue_that_no_frame_shows_is_not_listed() -> None:
    assert slices([some_answers([A], [A])], {Cue.FOG: np.array([False])}, A_METHOD) == []


def test_an_aligned_run_that_is_sure_of_another_level_casts_doubt() -> None:
    p = [(0.95, 0.03, 0.02), (0.95, 0.03, 0.02), (0.6, 0.3, 0.1)]
    run = some_answers([T, A, T], [A, A, A], name="aligned", probabilities=p)
    assert doubts([run], ["aligned"]) == {
        0: "aligned gives AUTONOMY 0.95 and the verified level 0.02.",
    }
    assert doubts([run], []) == {}


def test_three_runs_of_one_mind_against_the_verified_level_cast_doubt_and_two_do_not() -> None:
    runs = [some_answers([T, A, A], [A, A, None], name=name) for name in ("one", "two", "three")]
    assert doubts(runs, ["three"]) == {0: "All 3 runs say AUTONOMY."}
    assert doubts(runs[:2], ["two"]) == {}


def test_frames_in_which_a_cue_could_not_be_looked_for_stand_neither_with_it_nor_elsewhere() -> None:
    is_crowded, nobody_looked = np.arange(120) < 40, np.arange(120) >= 80
    run = some_answers([A] * 120, [A] * 80 + [S] * 40)
    (found,) = slices(
        [run], {Cue.PEDESTRIAN_NEAR: is_crowded}, A_METHOD, {Cue.PEDESTRIAN_NEAR: nobody_looked}
    )
    assert (found.accuracy.count, found.accuracy.n) == (40, 40)
    assert (found.accuracy_elsewhere.count, found.accuracy_elsewhere.n) == (40, 40)
