from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

import eval.agreement as agreement_room
from data.vocabulary import LEVELS
from eval.agreement import (
    cohen_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    level_counts,
    raw_matrix,
    specific_agreement,
    teleoperation_autonomy_conflicts,
)
from eval.statistics.rate import Rate, Undefined
from tests.eval.published_cases import CASES, ratings_of, weights_of

NAN = np.nan
SCALE = (0, 1, 2)

levels_or_missing = st.sampled_from([0.0, 1.0, 2.0, NAN])
some_ratings = arrays(
    np.float64,
    st.tuples(st.integers(2, 4), st.integers(1, 12)),
    elements=levels_or_missing,
)


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha_of_krippendorffs_own_example_is_as_printed(metric: Any) -> None:
    case = CASES["krippendorff_2011"]
    ratings = np.array(case["ratings"], dtype=float)
    assert krippendorff_alpha(ratings, metric=metric) == pytest.approx(case["expected"][metric], abs=0.0005)


def test_fleiss_kappa_of_the_worked_example_is_as_printed() -> None:
    case = CASES["fleiss_1971"]
    assert fleiss_kappa(case["counts"]) == pytest.approx(case["expected"], abs=0.0005)


@pytest.mark.parametrize("weights", ["none", "linear", "ordinal", "quadratic"])
def test_gwets_ac_of_ratings_with_gaps_is_as_irrcac_prints_it(weights: str) -> None:
    case = CASES["krippendorff_2011"]
    ratings = np.array(case["ratings"], dtype=float)
    found = gwet_ac(ratings, levels=range(1, 6), weights=weights_of(weights))
    assert found == pytest.approx(case["gaps"]["ac"][weights], abs=0.0005)


def test_fleiss_kappa_of_ratings_with_gaps_is_as_irrcac_prints_it() -> None:
    case = CASES["krippendorff_2011"]
    counts = level_counts(np.array(case["ratings"], dtype=float), np.arange(1.0, 6.0))
    assert fleiss_kappa(counts) == pytest.approx(case["gaps"]["fleiss"], abs=0.000005)


def test_cohen_kappa_of_the_fifty_grants_is_as_printed() -> None:
    case = CASES["cohen_50_grants"]
    first, second = ratings_of(case["table"])
    assert cohen_kappa(first, second, levels=[0, 1]) == pytest.approx(case["expected"], abs=0.0005)


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_cohen_kappa_of_gwets_abstractors_is_as_printed(weights: str) -> None:
    case = CASES["gwet_2014"]
    first, second = ratings_of(case["table"])
    found = cohen_kappa(first, second, levels=SCALE, weights=weights_of(weights))
    assert found == pytest.approx(case["kappa"][weights], abs=0.0005)


@pytest.mark.parametrize("weights", ["none", "linear", "ordinal", "quadratic"])
def test_gwets_ac_of_his_abstractors_is_as_printed(weights: str) -> None:
    case = CASES["gwet_2014"]
    found = gwet_ac(ratings_of(case["table"]), levels=SCALE, weights=weights_of(weights))
    assert found == pytest.approx(case["ac"][weights], abs=0.0005)


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_cohen_kappa_of_the_anxiety_ratings_is_as_printed_where_the_unused_level_is_dropped(
    weights: str,
) -> None:
    case = CASES["anxiety"]
    found = cohen_kappa(case["first"], case["second"], levels=[1, 2, 3, 4, 6], weights=weights_of(weights))
    assert found == pytest.approx(case["collapsed"][weights], abs=1e-6)


def test_an_unused_level_counts_in_the_weights() -> None:
    case = CASES["anxiety"]
    found = cohen_kappa(case["first"], case["second"], levels=range(1, 7), weights="quadratic")
    assert found == pytest.approx(case["full_scale_quadratic"], abs=0.0001)


@pytest.mark.parametrize("place", [0, 1])
def test_the_same_raw_agreement_gives_another_kappa_at_another_prevalence(place: int) -> None:
    case = CASES["feinstein_cicchetti_1990"]
    first, second = ratings_of(case["tables"][place])
    assert np.mean(first == second) == pytest.approx(0.85)
    assert cohen_kappa(first, second, levels=[0, 1]) == pytest.approx(case["kappa"][place], abs=0.005)


def test_cost_weights_price_a_missed_teleoperation_above_a_neighbouring_level() -> None:
    # 4 frames: TT, AA, TA, AS. observed 5 + 1 = 6 of 4; expected from the margins 2T 2A by 1T 2A 1S, over 4:
    # T by A 2*2*5, T by S 2*1*2, A by T 2*1*5, A by S 2*1*1 = 36 / 4 = 9
    costs = [[0, 1, 5], [1, 0, 2], [5, 2, 0]]
    assert cohen_kappa([2, 0, 2, 0], [2, 0, 0, 1], levels=SCALE, weights=costs) == pytest.approx(1 - 6 / 9)


def test_levels_may_be_triage_levels_and_missing_may_be_none() -> None:
    a, s, t = LEVELS
    # AA, SS, ST rated by both: observed 2/3, chance (1*1 + 2*1 + 0*1)/9 = 1/3
    assert cohen_kappa([a, s, s, None], [a, s, t, t], levels=LEVELS) == pytest.approx(0.5)


def test_raw_matrix_holds_who_said_what() -> None:
    assert raw_matrix([0, 2, 2, NAN], [0, 0, 2, 1], levels=SCALE).tolist() == [
        [1, 0, 0],
        [0, 0, 0],
        [1, 0, 1],
    ]


def test_a_rating_off_the_scale_is_refused_by_its_value() -> None:
    with pytest.raises(ValueError, match="7"):
        cohen_kappa([0, 7], [0, 1], levels=SCALE)
    with pytest.raises(ValueError, match="7"):
        gwet_ac([[0, 7], [0, 1]], levels=SCALE)


def test_specific_agreement_of_two_annotators_is_twice_both_over_twice_both_plus_one_alone() -> None:
    assert specific_agreement(np.array([[2, 2, 2, 0, NAN], [2, 2, 1, 2, 2]]), 2) == Rate(4, 6)


def test_specific_agreement_of_three_annotators_counts_ordered_pairs() -> None:
    # frame 1: T T T gives 6 of 6; frame 2: T A - gives 0 of 1
    assert specific_agreement(np.array([[2, 2], [2, 0], [2, NAN]]), 2) == Rate(6, 7)


def test_specific_agreement_without_the_level_is_undefined() -> None:
    assert specific_agreement([[0, 1], [0, 1]], 2) == Undefined(
        "no frame rated by two annotators was given this level"
    )


def test_conflicts_are_the_frames_where_one_said_teleoperation_and_another_autonomy() -> None:
    ratings = np.array([[0, 2, 1, 2, NAN], [2, 2, 2, 1, 2], [NAN, 0, 2, 2, 0]])
    assert teleoperation_autonomy_conflicts(ratings) == (0, 1, 4)


ONE_LEVEL = Undefined("only one level was used, so agreement cannot be told from habit")
NO_OVERLAP = Undefined("no frame was rated by two annotators")


def every_coefficient(ratings: NDArray[np.float64]) -> list[float | Undefined]:
    return [
        cohen_kappa(ratings[0], ratings[1], levels=SCALE),
        cohen_kappa(ratings[0], ratings[1], levels=SCALE, weights="quadratic"),
        fleiss_kappa(level_counts(ratings, np.array(SCALE, dtype=float))),
        krippendorff_alpha(ratings),
        krippendorff_alpha(ratings, metric="nominal"),
        gwet_ac(ratings, levels=SCALE),
        gwet_ac(ratings, levels=SCALE, weights="quadratic"),
    ]


def test_one_level_only_is_undefined_in_every_coefficient() -> None:
    assert every_coefficient(np.full((2, 5), 2.0)) == [ONE_LEVEL] * 7


def test_no_overlap_is_undefined_in_every_coefficient() -> None:
    assert every_coefficient(np.array([[0, 1, NAN], [NAN, NAN, 2]])) == [NO_OVERLAP] * 7
    assert every_coefficient(np.full((2, 3), NAN)) == [NO_OVERLAP] * 7
    assert every_coefficient(np.empty((2, 0))) == [NO_OVERLAP] * 7


@given(arrays(np.float64, st.integers(2, 20), elements=st.sampled_from([0.0, 1.0, 2.0])), st.integers(2, 4))
def test_perfect_agreement_is_one_or_undefined_where_only_one_level_was_used(
    said: NDArray[np.float64], annotators: int
) -> None:
    expected = 1.0 if len(np.unique(said)) > 1 else ONE_LEVEL
    for found in every_coefficient(np.tile(said, (annotators, 1))):
        assert found == (ONE_LEVEL if isinstance(expected, Undefined) else pytest.approx(1.0))


@given(some_ratings, st.randoms(use_true_random=False))
def test_the_order_of_annotators_and_frames_changes_nothing(
    ratings: NDArray[np.float64], random: Any
) -> None:
    annotators, frames = list(range(len(ratings))), list(range(ratings.shape[1]))
    random.shuffle(annotators)
    random.shuffle(frames)
    shuffled = ratings[annotators][:, frames]
    for compute in (krippendorff_alpha, lambda table: gwet_ac(table, levels=SCALE, weights="linear")):
        before, after = compute(ratings), compute(shuffled)
        assert after == (before if isinstance(before, Undefined) else pytest.approx(before))


@given(some_ratings)
def test_whatever_the_ratings_a_coefficient_is_a_finite_float_or_a_reason(
    ratings: NDArray[np.float64],
) -> None:
    for found in every_coefficient(ratings):
        assert isinstance(found, Undefined) or (type(found) is float and -8 <= found <= 1 + 1e-12)


@given(some_ratings)
def test_renaming_the_levels_leaves_nominal_alpha_as_it_is(ratings: NDArray[np.float64]) -> None:
    renamed = np.where(ratings == 0, 7.0, ratings)
    before, after = (krippendorff_alpha(table, metric="nominal") for table in (ratings, renamed))
    assert after == (before if isinstance(before, Undefined) else pytest.approx(before))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(SCALE), st.sampled_from(SCALE)), min_size=1, max_size=30),
    st.sampled_from([None, "linear", "quadratic"]),
)
def test_cohen_kappa_is_that_of_scikit_learn_with_the_full_scale(
    pairs: list[tuple[int, int]], weights: Any
) -> None:
    first, second = zip(*pairs, strict=True)
    found = cohen_kappa(first, second, levels=SCALE, weights=weights)
    if isinstance(found, Undefined):
        assert set(first) == set(second)
        assert len(set(first)) == 1
    else:
        assert found == pytest.approx(cohen_kappa_score(first, second, labels=SCALE, weights=weights))


def test_every_public_coefficient_is_importable_from_the_room() -> None:
    assert set(agreement_room.__all__) >= {
        "cohen_kappa",
        "fleiss_kappa",
        "gwet_ac",
        "krippendorff_alpha",
        "specific_agreement",
    }
    assert all(callable(getattr(agreement_room, name)) for name in agreement_room.__all__)
