from __future__ import annotations

import json
from dataclasses import replace

import pytest

from data.errors import EvaluationError
from data.vocabulary import Cue, Failure, ModelRole
from eval.evaluation.evaluate import Prediction, evaluate
from eval.evaluation.result import Evaluation, LeftOut
from eval.report.render import render_html, render_markdown
from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Clustering, Figure
from tests.eval.builders import LINEAGE, A, S, T, a_frame, a_run, an_answer, frames_of, near

MATRIX = [[40, 6, 3, 1], [5, 20, 4, 1], [2, 3, 13, 2]]


def evaluated(matrix: list[list[int]], *, scenes: int = 10) -> Evaluation:
    frames, answers = frames_of(matrix, scenes=scenes)
    return evaluate(frames, [a_run(answers)], lineage=LINEAGE)


def test_every_figure_has_its_count_its_n_and_its_intervals() -> None:
    run = evaluated(MATRIX).runs[0]
    missed = run.figures["missed_teleoperation"]
    assert run.confusion == MATRIX
    assert (missed.value, missed.count, missed.n) == (0.35, 7, 20)
    assert missed.wilson == Interval(near(0.1812, abs=1e-4), near(0.5671, abs=1e-4))
    assert missed.clopper_pearson == Interval(near(0.1539, abs=1e-4), near(0.5922, abs=1e-4))
    assert isinstance(missed.interval, Interval)
    assert isinstance(missed.clustering, Clustering)
    assert missed.clustering.scenes == 10
    assert run.failures == {Failure.NO_JSON: 4}


def test_macro_f1_and_cost_have_a_interval_and_no_count() -> None:
    figure = evaluated(MATRIX).runs[0].figures["macro_f1"]
    assert figure.count is None
    assert figure.n == 100
    assert figure.wilson == Undefined("not a share")
    assert isinstance(figure.interval, Interval)
    assert figure.interval.low < float(str(figure.value)) < figure.interval.high


def test_the_json_reads_back_as_the_same_evaluation() -> None:
    evaluation = evaluated(MATRIX)
    text = evaluation.model_dump_json()
    assert Evaluation.model_validate_json(text) == evaluation
    assert json.loads(text)["schema_version"] == 3
    assert json.loads(text)["runs"][0]["figures"]["under_escalation"]["count"] == 2


def test_the_same_input_gives_the_same_json() -> None:
    assert evaluated(MATRIX).model_dump_json() == evaluated(MATRIX).model_dump_json()


def test_only_frames_common_to_all_runs_are_compared_and_the_rest_is_counted_with_its_reason() -> None:
    frames = [a_frame(f"f{place}", level=T) for place in range(4)]
    first = a_run({f"f{place}": an_answer(T) for place in (0, 1, 2)}, name="first")
    second = a_run({f"f{place}": an_answer(A) for place in (1, 2, 3, 9)}, name="second")
    account = evaluate(frames, [first, second], lineage=LINEAGE)
    assert (account.frames.verified, account.frames.compared) == (4, 2)
    assert account.frames.left_out == [
        LeftOut(reason="verified, but not asked in first", frames=1),
        LeftOut(reason="verified, but not asked in second", frames=1),
        LeftOut(reason="asked in second, but not verified", frames=1),
    ]
    assert [frame.frame_id for frame in account.missed] == ["f1", "f2"]


def test_without_teleoperation_its_figures_say_so_and_nothing_is_missed() -> None:
    evaluation = evaluated([[8, 1, 0, 0], [1, 2, 0, 0], [0, 0, 0, 0]])
    reason = Undefined("no true TELEOPERATION among 12 frames")
    figure = evaluation.runs[0].figures["missed_teleoperation"]
    assert figure == Figure.absent(reason)
    assert evaluation.missed == []
    assert (
        "missed 0 of 0 true TELEOPERATION frames (not defined: no true TELEOPERATION among 12 frames)"
        in (evaluation.shows[1])
    )


def test_an_empty_set_is_evaluated_to_reasons() -> None:
    evaluation = evaluate([], [a_run()], lineage=LINEAGE)
    assert all(isinstance(figure.value, Undefined) for figure in evaluation.runs[0].figures.values())
    assert "NaN" not in evaluation.model_dump_json()


def test_a_run_with_only_failures_misses_every_teleoperation_frame_and_under_escalates_none() -> None:
    evaluation = evaluated([[0, 0, 0, 4], [0, 0, 0, 3], [0, 0, 0, 2]])
    figures = evaluation.runs[0].figures
    assert (figures["missed_teleoperation"].count, figures["missed_teleoperation"].n) == (2, 2)
    assert figures["under_escalation"].count == 0
    assert figures["no_assessment"].count == 9
    assert evaluation.missed[0].said["sa-dpo"].failure is Failure.NO_JSON


@pytest.mark.parametrize("scenes", [1, 9])
def test_fewer_than_ten_scenes_have_no_interval_and_it_says_so(scenes: int) -> None:
    evaluation = evaluated(MATRIX, scenes=scenes)
    for figure in evaluation.runs[0].figures.values():
        assert isinstance(figure.interval, Undefined)
        assert figure.interval.reason.endswith("such frames, 10 are needed")
    assert any("nothing is concluded from fewer than 10 scenes" in text for text in evaluation.does_not_show)


def test_stand_ins_are_named_as_such_in_what_is_shown_and_what_is_not() -> None:
    evaluation = evaluated(MATRIX)
    assert "sa-dpo (stand-in)" in evaluation.shows[1]
    assert evaluation.does_not_show[0].startswith("How good a trained model is: sa-dpo is a stand-in")


def test_a_trained_model_is_not_called_a_stand_in() -> None:
    frames, answers = frames_of(MATRIX)
    evaluation = evaluate(frames, [a_run(answers, is_stand_in=False)], lineage=LINEAGE)
    assert not any("stand-in" in text for text in evaluation.shows + evaluation.does_not_show)


def test_frames_missed_by_an_aligned_run_come_first() -> None:
    frames = [a_frame("f1", level=T), a_frame("f2", level=T), a_frame("f3", level=S)]
    student = a_run(
        {"f1": an_answer(A), "f2": an_answer(T), "f3": an_answer(A)}, name="student", role=ModelRole.STUDENT
    )
    aligned = a_run({"f1": an_answer(T), "f2": an_answer(S), "f3": an_answer(A)}, name="aligned")
    missed = evaluate(frames, [student, aligned], lineage=LINEAGE).missed
    assert [(frame.frame_id, frame.missed_by) for frame in missed] == [
        ("f2", ["aligned"]),
        ("f1", ["student"]),
    ]
    assert missed[0].said["student"].level is T


def test_no_run_a_run_twice_and_a_frame_twice_are_refused() -> None:
    with pytest.raises(EvaluationError, match="no run"):
        evaluate([a_frame()], [], lineage=LINEAGE)
    with pytest.raises(EvaluationError, match="sa-dpo stands there twice"):
        evaluate([a_frame()], [a_run(), a_run()], lineage=LINEAGE)
    with pytest.raises(EvaluationError, match="frame-1 stands there twice"):
        evaluate([a_frame(), a_frame()], [a_run()], lineage=LINEAGE)


def test_an_answer_is_a_level_or_a_failure() -> None:
    with pytest.raises(EvaluationError, match="either a level or a failure"):
        Prediction(None, None)


def test_unknown_cues_are_counted_and_each_data_set_has_figures_of_its_own() -> None:
    frames, answers = frames_of([[60, 0, 0, 0], [0, 0, 0, 0], [0, 0, 20, 20]], scenes=20)
    boxed = [
        replace(one, data_set="boxed", cues=frozenset({Cue.CONSTRUCTION} if place % 2 else ()))
        for place, one in enumerate(frames[:70])
    ]
    plain = [replace(one, data_set="film", unknown_cues=frozenset({Cue.CONSTRUCTION})) for one in frames[70:]]
    done = evaluate([*boxed, *plain], [a_run(answers)], lineage=LINEAGE, resamples=20)
    assert done.cues_unknown == {Cue.CONSTRUCTION: 30}
    (slice_,) = done.slices
    assert (slice_.accuracy.n, slice_.accuracy_elsewhere.n) == (35, 35)
    first, second = done.data_sets
    assert (first.data_set, first.frames, first.by_level) == ("boxed", 70, {A: 60, S: 0, T: 10})
    assert (second.data_set, second.missed.count, second.missed.n) == ("film", 20, 30)
    assert isinstance(second.missed.interval, Interval)
    assert first.missed.value == Undefined("too few (n = 10)")
    assert evaluate(boxed, [a_run(answers)], lineage=LINEAGE, resamples=20).data_sets == []
    html, text = render_html(done), render_markdown(done)
    assert all("construction in " in page and "By data set" in page for page in (html, text))
    address = "frames?split=held_out&amp;generated=no&amp;state=verified&amp;data_set=film"
    assert f'data-app="{address}"' in html
