"""The figures of arms, on answers small enough to count by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from data.decisions.decision import write_decision
from data.errors import DecisionError, EvaluationError
from data.snapshot.judged import JudgedFrame, write_judged
from data.vlm.weights import read_weights
from data.vocabulary import LEVELS, TriageLevel
from eval.arms.figures import difference, run_figures
from eval.arms.folder import answers_of, read_arms
from eval.arms.report import compare_arms, comparison_lines, write_comparison
from eval.metrics.answers import Answers
from eval.statistics.rate import Interval
from tests.data.decisions.test_decisions import a_decision
from tests.data.vlm.test_model_card import a_folder as a_trained_folder

A, S, T = LEVELS


def frames(p_t: list[float], levels: list[TriageLevel]) -> list[JudgedFrame]:
    """One frame a scene; what is not P(TELEOPERATION) is AUTONOMY's."""
    return [
        JudgedFrame(frame_id=f"{n:03}", scene_id=f"scene-{n}", level=level, probabilities=(1 - p, 0.0, p))
        for n, (p, level) in enumerate(zip(p_t, levels, strict=True))
    ]


def a_run(p_t: list[float], levels: list[TriageLevel]) -> Answers:
    return answers_of("arm", frames(p_t, levels))


def test_the_figures_of_a_run_that_can_be_counted() -> None:
    levels = [T, T, T, *[A] * 40]
    found = run_figures(a_run([0.9, 0.4, 0.2, *np.linspace(0.0, 0.3, 39), 0.6], levels))
    assert (found.n, found.n_t, found.missed_t, found.under_escalation) == (43, 3, 2, 2)
    assert found.false_t == pytest.approx(1 / 40)
    assert found.missed_t_at == {"0.02": 2, "0.05": 1, "0.10": 1}  # 0, 2 and 4 of 40 may be called falsely
    assert found.accuracy == pytest.approx(40 / 43)


def test_the_better_arm_misses_less_at_equal_false_calls_with_an_interval() -> None:
    levels = [T] * 30 + [A] * 60
    worse = a_run([0.1] * 15 + [0.9] * 15 + [0.2] * 60, levels)
    better = a_run([0.3] * 15 + [0.9] * 15 + [0.2] * 60, levels)
    found = difference([better, better], [worse, worse])
    assert found.by_seed == [-0.5, -0.5]
    assert [len(difference([better] * n, [worse] * 3).by_seed) for n in (1, 2, 3)] == [3, 2, 3]
    assert isinstance(found.interval, Interval)
    assert found.interval.high < 0


def a_folder(out: Path) -> Path:
    levels = [T] * 20 + [S] * 20 + [A] * 20
    for name, high in (("zero_shot", 0.1), ("sft/seed-1", 0.8), ("sft/seed-2", 0.9), ("sa_dpo/seed-1", 0.7)):
        write_judged(out / name / "judged.jsonl", frames([high] * 20 + [0.3] * 40, levels))
    return out


def test_a_folder_becomes_a_table_a_page_and_figures(tmp_path: Path) -> None:
    arms = read_arms(a_folder(tmp_path / "comparison"))
    found = compare_arms(arms, baseline="sft")
    lines = comparison_lines(found).splitlines()
    assert lines[0].split()[0] == "arm"
    assert [line.split()[0] for line in lines[1:4]] == ["zero_shot", "sa_dpo", "sft"]
    assert "zero_shot against sft at 5% false calls: misses 100.0 points more" in lines[4]
    page = write_comparison(found, arms, tmp_path / "comparison").read_text()
    assert page.count("<svg") == 1 + len(arms)
    assert "3 arms on 60 held-out frames" in page
    kept = json.loads((tmp_path / "comparison" / "comparison_figures.json").read_text())
    assert [arm["name"] for arm in kept["arms"]] == ["zero_shot", "sa_dpo", "sft"]


def test_an_arm_whose_weights_have_a_decision_is_judged_by_it_and_says_so(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "comparison")
    adapter = a_trained_folder(folder / "sft" / "seed-1" / "adapter")
    write_decision(adapter, a_decision(weights=read_weights(adapter).revision, teleoperation=0.2))
    found = compare_arms(read_arms(folder), baseline="sa_dpo")
    decided, likeliest = next(arm for arm in found.arms if arm.name == "sft").runs
    assert (decided.missed_t, decided.false_t) == (0, 1.0)
    assert (likeliest.missed_t, likeliest.false_t) == (0, 0.0)
    assert decided.missed_t_at == likeliest.missed_t_at, "at equal false calls no decision takes part"
    lines = comparison_lines(found).splitlines()
    assert next(row for row in lines if row.startswith("sft ")).split()[1:4] == ["2", "decision", "1/2"]
    assert next(row for row in lines if row.startswith("sa_dpo ")).split()[1:3] == ["1", "likeliest"]
    write_decision(adapter, a_decision(weights="0" * 64))
    with pytest.raises(DecisionError, match="was fitted on the weights 000000000000"):
        read_arms(folder)


def test_what_cannot_be_compared_is_one_sentence(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "comparison")
    with pytest.raises(EvaluationError, match="no arm odpo to hold the others against"):
        compare_arms(read_arms(folder), baseline="odpo")
    write_judged(folder / "sa_dpo" / "seed-1" / "judged.jsonl", frames([0.1], [A]))
    with pytest.raises(EvaluationError, match="judged on different frames"):
        read_arms(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(EvaluationError, match="holds no judged frames"):
        read_arms(tmp_path / "empty")
    with pytest.raises(EvaluationError, match="must hold TELEOPERATION"):
        compare_arms({"sft": [a_run([0.1, 0.2], [A, S])]})
