"""What a look says, and which was the best: worked by hand."""

from __future__ import annotations

import pytest

from tests.training.builders import A, S, T
from training.watching.figures import MISSED_AT, best_look, decision_figures, looks_since_best
from training.watching.level_margins import level_places

LEVELS_OF = [T, T, T, A, A, S, S, A]
P = [
    [0.1, 0.2, 0.7],
    [0.6, 0.1, 0.3],
    [0.8, 0.15, 0.05],
    [0.9, 0.05, 0.05],
    [0.2, 0.3, 0.5],
    [0.1, 0.8, 0.1],
    [0.5, 0.3, 0.2],
    [0.7, 0.3, 0.0],
]


def test_the_figures_of_a_look_are_those_of_its_frames() -> None:
    found = decision_figures(LEVELS_OF, P, false_calls=0.2)
    assert found == {
        "eval_frames": 8,
        "eval_teleoperation": 3,
        "eval_missed": 2,
        "eval_false": 1 / 5,
        "eval_recall_TELEOPERATION": 1 / 3,
        "eval_recall_SUPERVISION": 1 / 2,
        "eval_recall_AUTONOMY": 2 / 3,
        "eval_said_TELEOPERATION": 2 / 8,
        "eval_said_SUPERVISION": 1 / 8,
        "eval_said_AUTONOMY": 5 / 8,
        "eval_false_calls": 0.2,
        MISSED_AT: 1,  # from 0.3 on: one of five others is called, one of three is missed
        "eval_auc": pytest.approx((5 + 4 + 1.5) / 15),
    }


def test_no_false_call_leaves_what_scores_above_every_other_frame() -> None:
    assert decision_figures(LEVELS_OF, P, false_calls=0.0)[MISSED_AT] == 2


def test_the_best_look_misses_least_and_of_equals_has_the_larger_area() -> None:
    lines = [
        {"loss": 0.5, "step": 1.0},
        {MISSED_AT: 3.0, "eval_auc": 0.6, "step": 0.0},
        {MISSED_AT: 1.0, "eval_auc": 0.8, "step": 5.0},
        {MISSED_AT: 1.0, "eval_auc": 0.9, "step": 10.0},
        {MISSED_AT: 1.0, "eval_auc": 0.9, "step": 15.0},
        {MISSED_AT: 2.0, "eval_auc": 0.95, "step": 20.0},
    ]
    best = best_look(lines)
    assert best is not None
    assert best["step"] == 10.0
    assert looks_since_best(lines) == 2
    assert best_look([]) is None
    assert looks_since_best([]) == 0


def test_a_level_is_found_where_it_stands_last_whatever_its_tokens() -> None:
    thought = ['"level":"A', 'UTONOMY"', " no,", '{"', 'level":"TEL', "EOPER", 'ATION","', "reasoning"]
    assert level_places(thought) == [4, 5, 6]
    assert level_places(["no", "level"]) == []
