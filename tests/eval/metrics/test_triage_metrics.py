from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from eval.metrics.shares import (
    ACCURACY,
    FALSE_TELEOPERATION,
    MISSED_TELEOPERATION,
    OVER_ESCALATION,
    PRECISION,
    RECALL,
    SHARES,
    UNANSWERED_TELEOPERATION,
    UNDER_ESCALATION,
)
from eval.metrics.triage_metrics import (
    SHAPE,
    cost_weighted_error,
    default_costs,
    macro_f1,
    macro_f1_values,
    rate_of,
    share_values,
)
from eval.statistics.rate import Rate, Score, Undefined
from tests.eval.builders import A, S, T, near

# Rows true A, S, T; columns said A, S, T, no assessment.
MATRIX = np.array([[40, 6, 3, 1], [5, 20, 4, 1], [2, 3, 13, 2]])
EMPTY = np.zeros(SHAPE, dtype=np.int64)
NO_TELEOPERATION = np.array([[8, 1, 0, 0], [1, 2, 0, 0], [0, 0, 0, 0]])

matrices = arrays(np.int64, SHAPE, elements=st.integers(0, 6))


def test_every_share_has_its_count_and_n() -> None:
    assert rate_of(ACCURACY, MATRIX) == Rate(73, 100)
    assert [rate_of(RECALL[level], MATRIX) for level in (A, S, T)] == [
        Rate(40, 50),
        Rate(20, 30),
        Rate(13, 20),
    ]
    assert [rate_of(PRECISION[level], MATRIX) for level in (A, S, T)] == [
        Rate(40, 47),
        Rate(20, 29),
        Rate(13, 20),
    ]
    assert rate_of(UNDER_ESCALATION, MATRIX) == Rate(2, 20)
    assert rate_of(MISSED_TELEOPERATION, MATRIX) == Rate(7, 20)
    assert rate_of(UNANSWERED_TELEOPERATION, MATRIX) == Rate(2, 20)
    assert rate_of(FALSE_TELEOPERATION, MATRIX) == Rate(3, 50)
    assert rate_of(OVER_ESCALATION, MATRIX) == Rate(13, 80)


def test_macro_f1_counts_a_missing_assessment_against_recall_only() -> None:
    # F1: A 80/(50+47), S 40/(30+29), T 26/(20+20)
    assert macro_f1(MATRIX) == Score(near((80 / 97 + 40 / 59 + 26 / 40) / 3), 100)


def test_default_costs_are_those_of_the_pairs_and_silence_on_teleoperation_costs_as_autonomy() -> None:
    assert default_costs().tolist() == [[0, 1, 1, 1], [1, 0, 1, 1], [5, 2, 0, 5]]


def test_cost_weighted_error_is_the_mean_cost_per_frame() -> None:
    # A row 6+3+1, S row 5+4+1, T row 2*5 + 3*2 + 2*5
    assert cost_weighted_error(MATRIX) == Score(near(46 / 100), 100)


def test_costs_can_be_set() -> None:
    costs = [[0, 0, 10, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert cost_weighted_error(MATRIX, np.array(costs)) == Score(near(0.3), 100)


def test_costs_that_price_a_right_answer_are_refused() -> None:
    with pytest.raises(ValueError, match="0 where the level is right"):
        cost_weighted_error(MATRIX, np.ones(SHAPE))


def test_without_true_teleoperation_its_figures_are_undefined_and_say_so() -> None:
    absent = Undefined("no true TELEOPERATION among 12 frames")
    assert rate_of(UNDER_ESCALATION, NO_TELEOPERATION) == absent
    assert rate_of(MISSED_TELEOPERATION, NO_TELEOPERATION) == absent
    assert rate_of(RECALL[T], NO_TELEOPERATION) == absent
    assert macro_f1(NO_TELEOPERATION) == absent
    assert str(absent) == "not defined: no true TELEOPERATION among 12 frames"
    assert rate_of(ACCURACY, NO_TELEOPERATION) == Rate(10, 12)


def test_precision_of_a_level_that_was_never_said_is_undefined() -> None:
    assert rate_of(PRECISION[T], NO_TELEOPERATION) == Undefined(
        "no frame said to be TELEOPERATION among 12 frames"
    )


def test_an_empty_set_has_no_figures() -> None:
    assert all(isinstance(rate_of(share, EMPTY), Undefined) for share in SHARES)
    assert isinstance(macro_f1(EMPTY), Undefined)
    assert isinstance(cost_weighted_error(EMPTY), Undefined)


def test_a_run_with_only_failures_is_wrong_everywhere() -> None:
    failed = np.array([[0, 0, 0, 5], [0, 0, 0, 3], [0, 0, 0, 2]])
    assert rate_of(ACCURACY, failed) == Rate(0, 10)
    assert macro_f1(failed) == Score(0.0, 10)
    assert rate_of(MISSED_TELEOPERATION, failed) == Rate(2, 2)
    assert rate_of(UNDER_ESCALATION, failed) == Rate(0, 2)


@given(matrices)
def test_stacked_matrices_give_the_same_figures_as_one_by_one(matrix: NDArray[np.int64]) -> None:
    stack = np.stack([MATRIX, matrix])
    for share in SHARES:
        alone = rate_of(share, matrix)
        stacked = share_values(share, stack)[1]
        assert np.isnan(stacked) if isinstance(alone, Undefined) else stacked == alone.value
    together, alone_f1 = macro_f1_values(stack)[1], macro_f1(matrix)
    assert np.isnan(together) if isinstance(alone_f1, Undefined) else together == near(alone_f1.value)


@given(matrices)
def test_missed_and_found_teleoperation_add_up(matrix: NDArray[np.int64]) -> None:
    missed, found = rate_of(MISSED_TELEOPERATION, matrix), rate_of(RECALL[T], matrix)
    if isinstance(missed, Rate) and isinstance(found, Rate):
        assert missed.count + found.count == missed.n == found.n


@settings(deadline=None)
@given(matrices.filter(lambda matrix: bool(matrix.sum(-1).all())))
def test_macro_f1_is_that_of_scikit_learn(matrix: NDArray[np.int64]) -> None:
    rows, columns = np.indices(SHAPE)
    true, said = (np.repeat(places.ravel(), matrix.ravel()) for places in (rows, columns))
    expected = f1_score(true, said, labels=[0, 1, 2], average="macro", zero_division=0.0)
    assert macro_f1(matrix) == Score(near(expected), int(matrix.sum()))
