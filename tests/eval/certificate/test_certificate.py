from __future__ import annotations

import numpy as np
import pytest

from eval.certificate.bound import (
    alpha_of_lot,
    certify,
    clean_audits_needed,
    in_words,
    is_below,
    log_ratio,
    misses_at_most,
    recall_at_least,
)

ENDLESS = 10_000_000


def clean_needed(limit: float) -> int:
    """Clean audits until a lot without end is certified at 5 %, by the formula at the limit itself."""
    number = np.array([round(limit * ENDLESS)])
    return next(n for n in range(1, 1000) if log_ratio(number, ENDLESS, n, 0, limit=limit)[0] > np.log(20))


@pytest.mark.parametrize(("limit", "needed"), [(0.01, 392), (0.02, 180), (0.009, 441), (0.018, 202)])
def test_clean_audits_needed_in_a_lot_without_end(limit: float, needed: int) -> None:
    assert abs(clean_needed(limit) - needed) <= 1


def test_a_lot_of_seven_thousand_is_certified_after_six_hundred_clean_frames() -> None:
    needed = clean_audits_needed(7125, limit=0.01, alpha=alpha_of_lot(1))
    assert 450 < needed < 650
    assert is_below(7125, needed, limit=0.01, alpha=alpha_of_lot(1))
    assert not is_below(7125, needed - 1, limit=0.01, alpha=alpha_of_lot(1))


def test_all_lots_together_spend_five_percent() -> None:
    assert sum(alpha_of_lot(lot) for lot in range(1, 100_000)) == pytest.approx(0.05, abs=1e-6)


def test_an_audit_of_everything_leaves_nothing_open() -> None:
    done = certify(lot=1, frames=50, audited=50, misses=0, limit=0.01)
    assert done.is_given
    assert (done.frames, done.at_most) == (0, 0)


def test_nothing_audited_rules_nothing_out() -> None:
    found = certify(lot=1, frames=5000, audited=0, misses=0, limit=0.01)
    assert not found.is_given
    assert found.at_most is None
    assert found.rate_at_most is None
    assert found.more is not None
    assert found.more > 400


def test_a_miss_ends_the_lot() -> None:
    found = certify(lot=1, frames=5000, audited=2000, misses=1, limit=0.01)
    assert not found.is_given
    assert found.more is None


def test_recall_counts_what_may_be_left_against_what_was_found() -> None:
    found = certify(lot=1, frames=7125, audited=700, misses=0, limit=0.01)
    assert found.is_given
    assert found.at_most is not None
    assert found.at_most < 0.01 * found.frames
    assert recall_at_least(1200, found) == pytest.approx(1200 / (1200 + found.at_most))


def test_the_words_promise_no_single_frame() -> None:
    found = certify(lot=1, frames=7125, audited=700, misses=0, limit=0.01)
    promises, silences = in_words(found, 1200)
    assert "below 1.0%" in promises[0]
    assert any("single frame" in text for text in silences)
    waiting, _ = in_words(certify(lot=1, frames=7125, audited=0, misses=0, limit=0.01), 0)
    assert waiting[0].startswith("Not certified yet")


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
    needed = [clean_audits_needed(frames, limit=0.01, alpha=alpha_of_lot(lot)) for lot in range(1, 300)]
    wrong = 0
    for _ in range(runs):
        gaps = np.diff(np.flatnonzero(np.r_[True, rng.random(horizon) < rate, True]))
        wrong += any(gap - 1 >= needed[min(lot, 298)] for lot, gap in enumerate(gaps))
    return wrong / runs


@pytest.mark.parametrize("rate", [0.009, 0.01, 0.02, 0.034, 0.05])
def test_false_certificates_stay_below_five_percent_under_continuous_looking(rate: float) -> None:
    assert false_certificates(rate) <= 0.05


def test_a_rest_with_two_misses_in_a_thousand_is_mostly_certified() -> None:
    assert false_certificates(0.002, runs=500, horizon=1500) > 0.5
