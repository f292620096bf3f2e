"""Decisions as rules: curves, temperature, thresholds and the file, on values worked by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.decisions.curve import area_under, best_within, operating_points
from data.decisions.decision import (
    ModelDecision,
    decision_for,
    decision_for_served,
    read_decision,
    tempered,
    write_decision,
)
from data.decisions.fit import fit_temperature, fit_thresholds
from data.errors import DecisionError
from data.vocabulary import LEVELS, ReplyForm

A, S, T = LEVELS


def a_decision(**changed: Any) -> ModelDecision:
    fields: dict[str, Any] = {
        "weights": "3f2a9c1b" + "0" * 56,
        "snapshot_hash": "5" * 64,
        "reply_form": ReplyForm.LEVEL_FIRST,
        "temperature": 1.0,
        "teleoperation": 0.2,
        "supervision": 0.5,
        "costs": {},
        "frames": 100,
        "scenes": 12,
        "by_level": {T: 14},
        "missed": 1,
        "false": 4,
        "curve": [],
    }
    return ModelDecision(**(fields | changed))


def test_the_curve_and_its_area_are_those_of_the_scores() -> None:
    levels, scores = [T, A, T, S, A], [0.9, 0.6, 0.6, 0.3, 0.1]
    points = operating_points(levels, scores)
    assert [(one.missed, one.false) for one in points] == [(2, 0), (1, 0), (0, 1), (0, 2), (0, 3)]
    assert best_within(points, 0.0).threshold == 0.9
    assert best_within(points, 0.4).missed == 0
    assert area_under(levels, scores) == pytest.approx(5.5 / 6)
    assert area_under([T, T], [0.1, 0.2]) is None


def test_temperature_undoes_overconfidence() -> None:
    """Levels drawn from known probabilities, stated as their cubes: the fitted temperature is 3."""
    randomness = np.random.default_rng(4)
    true = randomness.dirichlet([1.0, 1.0, 1.0], size=4000)
    levels = [LEVELS[int(randomness.choice(3, p=row))] for row in true]
    stated = [tempered(row, 1 / 3) for row in true]
    assert fit_temperature(levels, stated) == pytest.approx(3.0, rel=0.08)
    assert fit_temperature(levels, true.tolist()) == pytest.approx(1.0, rel=0.08)


def test_thresholds_follow_what_mistakes_cost() -> None:
    levels = [T, T, A, A, A, S]
    rows = [
        [0.2, 0.2, 0.6],
        [0.5, 0.3, 0.2],
        [0.9, 0.1, 0.0],
        [0.6, 0.2, 0.2],
        [0.5, 0.25, 0.25],
        [0.1, 0.8, 0.1],
    ]
    dear = {T: {A: 5.0, S: 2.0}, S: {A: 1.0, T: 1.0}, A: {S: 1.0, T: 1.0}}
    assert fit_thresholds(levels, rows, costs=dear)[0] == 0.2  # two false calls are cheaper than a miss
    alarms = dear | {A: {S: 1.0, T: 4.0}}
    assert fit_thresholds(levels, rows, costs=alarms)[0] == 0.6
    assert fit_thresholds(levels, rows, costs=dear, false_calls=0.0)[0] == 0.6
    with pytest.raises(DecisionError, match="None of the 2 development frames is TELEOPERATION"):
        fit_thresholds([A, S], rows[:2])


def test_a_decision_raises_and_lowers_what_was_said() -> None:
    decision = a_decision()
    assert decision.level(A, [0.7, 0.1, 0.2]) is T
    assert decision.level(T, [0.3, 0.55, 0.15]) is S
    assert decision.level(S, [0.8, 0.1, 0.1]) is A
    assert decision.level(S, None) is S
    assert decision.level(None, [0.8, 0.1, 0.1]) is None
    assert math.isclose(sum(tempered([0.98, 0.01, 0.01], 4.0)), 1.0)


def test_a_decision_is_read_back_and_belongs_to_its_weights(tmp_path: Path) -> None:
    decision = a_decision()
    write_decision(tmp_path, decision)
    assert read_decision(tmp_path) == decision == decision_for(tmp_path, decision.weights)
    with pytest.raises(DecisionError, match="fitted on the weights 3f2a9c1b0000, not on 777777777777"):
        decision_for(tmp_path, "7" * 64)
    assert decision_for_served(tmp_path, "aligned-3f2a9c1b", None) == decision
    assert decision_for_served(tmp_path, "aligned", decision.weights) == decision
    with pytest.raises(DecisionError, match="aligned-00000000 is not known to be those"):
        decision_for_served(tmp_path, "aligned-00000000", None)
    (tmp_path / "decision.json").write_text("{}")
    with pytest.raises(DecisionError, match="is no decision that `teletriage decide` wrote"):
        read_decision(tmp_path)
