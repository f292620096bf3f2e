"""An evaluation's figures in the card beside the weights that it was of."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import EvaluationError
from data.vlm.weights import read_weights
from eval.evaluation.evaluate import evaluate
from eval.report.model_card import tell_the_card
from tests.data.vlm.test_model_card import a_folder
from tests.eval.builders import LINEAGE, a_run, frames_of

MATRIX = [[60, 10, 2, 0], [5, 40, 5, 0], [1, 4, 25, 0]]


def test_the_card_gets_each_level_s_recall_with_its_count_and_interval(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "first")
    frames, answers = frames_of(MATRIX, scenes=20)
    run = a_run(answers, name="aligned", revision=read_weights(folder).revision)
    evaluation = evaluate(frames, [a_run(answers, name="baseline"), run], lineage=LINEAGE)
    text = tell_the_card(evaluation, folder, "first-report").read_text()
    assert "On 152 verified held-out frames of 20 scenes, run aligned" in text
    row = next(line for line in text.splitlines() if "25/30" in line)
    figure = evaluation.runs[1].figures["recall_teleoperation"]
    assert f"{100 * figure.interval.low:.1f}–{100 * figure.interval.high:.1f}" in row  # type: ignore[union-attr]
    assert "Any held-out frame" not in text


def test_a_card_of_weights_that_answered_no_run_is_left_as_it_is(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "first")
    frames, answers = frames_of(MATRIX, scenes=20)
    evaluation = evaluate(frames, [a_run(answers)], lineage=LINEAGE)
    with pytest.raises(EvaluationError, match="None of the runs evaluated was answered by the weights"):
        tell_the_card(evaluation, folder, "first-report")
    assert [path.name for path in folder.iterdir()] == ["provenance.json"]
