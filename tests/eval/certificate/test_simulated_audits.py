"""How often a certificate is wrong, on simulated audits."""

from __future__ import annotations

import numpy as np
import pytest

from data.review.audit_bound import alpha_of_lot, clean_audits_needed, misses_at_most


def test_the_bound_covers_the_true_number_of_misses_however_often_one_looks() -> None:
    rng = np.random.default_rng(3)
    frames, true, broken = 1500, 12, 0
    for _ in range(300):
        misses = np.cumsum(rng.permutation(np.arange(frames) < true))
        looks = (
            misses_at_most(frames, n, int(misses[n - 1]), limit=0.009, alpha=0.05)
            for n in range(50, 1500, 50)
        )
        broken += any(bound is not None and bound < true for bound in looks)
    assert broken <= 0.05 * 300 + 10


def false_certificates(rate: float, *, runs: int = 4000, horizon: int = 3000, frames: int = 7000) -> float:
    """Share of audits that ever certify 1 % although what people can see of the misses is at `rate`.

    Every clean frame is a look, every miss opens the next lot of the same size and the same rate.
    """
    rng = np.random.default_rng(round(rate * 10_000))
    needed = np.array(
        [
            clean_audits_needed(frames, limit=0.01, alpha=alpha_of_lot(lot), people_see=0.9)
            for lot in range(1, 300)
        ]
    )
    wrong = 0
    for _ in range(runs):
        gaps = np.diff(np.flatnonzero(np.r_[True, rng.random(horizon) < rate, True]))
        wrong += bool((gaps - 1 >= needed[np.minimum(np.arange(len(gaps)), 298)]).any())
    return wrong / runs


@pytest.mark.parametrize("rate", [0.009, 0.01, 0.02, 0.034, 0.05])
def test_false_certificates_stay_below_five_percent_under_continuous_looking(rate: float) -> None:
    assert false_certificates(rate) <= 0.05


def test_a_rest_with_two_misses_in_a_thousand_is_mostly_certified() -> None:
    assert false_certificates(0.002, runs=500, horizon=1500) > 0.5
