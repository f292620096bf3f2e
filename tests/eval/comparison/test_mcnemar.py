from __future__ import annotations

import numpy as np
import pytest

from eval.comparison.mcnemar import exact_p, frames_needed, mcnemar
from eval.statistics.holm import holm
from eval.statistics.rate import Undefined


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(0, 3, 0.25), (0, 5, 0.0625), (0, 6, 0.03125), (5, 12, 0.1434631), (4, 4, 1.0)],
)
def test_the_p_value_is_the_two_sided_binomial_of_the_discordant_frames(
    only_first: int, only_second: int, p: float
) -> None:
    assert exact_p(only_first, only_second) == pytest.approx(p, abs=1e-6)
    assert exact_p(only_second, only_first) == pytest.approx(p, abs=1e-6)


def test_six_discordant_frames_all_one_way_are_the_fewest_that_settle_it() -> None:
    assert next(n for n in range(1, 10) if float(str(exact_p(0, n))) < 0.05) == 6


def test_runs_that_are_right_on_the_same_frames_have_no_p_value() -> None:
    right = np.array([True, False, True])
    found = mcnemar("all", right, right, confidence=0.95)
    assert (found.n, found.only_first, found.only_second) == (3, 0, 0)
    assert found.p_value == Undefined("the runs are right on the same frames")
    assert found.frames_needed == Undefined("the runs err equally often")


def test_the_counts_are_the_frames_on_which_one_alone_is_right() -> None:
    first, second = np.array([1, 1, 1, 0, 0], dtype=bool), np.array([1, 0, 0, 1, 0], dtype=bool)
    found = mcnemar("all", first, second, confidence=0.95)
    assert (found.n, found.only_first, found.only_second) == (5, 2, 1)


def test_three_misses_against_none_on_145_frames_would_take_377() -> None:
    # Connor: (1.95996 sqrt(3/145) + 0.84162 sqrt(3/145 - (3/145)^2))^2 / (3/145)^2 = 376.3
    assert frames_needed(0, 3, 145, confidence=0.95) == 377


def test_the_frames_needed_find_the_difference_eight_times_in_ten() -> None:
    rng, n = np.random.default_rng(5), frames_needed(5, 12, 100, confidence=0.95)
    assert isinstance(n, int)
    draws = rng.multinomial(n, [0.05, 0.12, 0.83], size=1000)
    found = np.mean([float(str(exact_p(int(b), int(c)))) < 0.05 for b, c, _ in draws])
    assert 0.74 <= found <= 0.86


def test_holm_multiplies_the_smallest_most_and_never_goes_down() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []
