"""The order of pairs as a rule."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.pairs.batches import pair_order, update_steps


@pytest.mark.parametrize(
    ("pairs", "epochs", "batch", "most", "steps"),
    [
        (100, 1, 16, None, 7),
        (96, 1, 16, None, 6),
        (9500, 2, 16, None, 1188),
        (100, 10, 8, 24, 24),
        (3, 1, 8, None, 1),
    ],
)
def test_steps_cover_the_epochs_and_stop_at_the_limit(
    pairs: int, epochs: float, batch: int, most: int | None, steps: int
) -> None:
    assert update_steps(pairs, epochs=epochs, effective_batch=batch, max_steps=most) == steps


def test_an_epoch_holds_every_pair_once_before_any_comes_again() -> None:
    order = pair_order(10, steps=5, effective_batch=4, seed=1)
    assert sorted(order[:10]) == list(range(10))
    assert sorted(order[10:]) == list(range(10))
    assert order[:10] != order[10:]


def test_the_same_seed_gives_the_same_order_and_another_seed_another() -> None:
    assert pair_order(50, steps=5, effective_batch=10, seed=3) == pair_order(
        50, steps=5, effective_batch=10, seed=3
    )
    assert pair_order(50, steps=5, effective_batch=10, seed=3) != pair_order(
        50, steps=5, effective_batch=10, seed=4
    )


def test_no_pairs_cannot_be_ordered() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        pair_order(0, steps=1, effective_batch=1, seed=0)


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 9), st.integers(0, 99))
def test_every_update_is_over_a_full_batch_and_no_pair_is_favoured(
    pairs: int, steps: int, batch: int, seed: int
) -> None:
    order = pair_order(pairs, steps=steps, effective_batch=batch, seed=seed)
    seen = Counter(order)
    assert len(order) == steps * batch
    assert max(seen.values()) - min(seen[index] for index in range(pairs)) <= 1


def heavy_in_each_batch(order: list[int], weights: list[float], batch: int) -> list[int]:
    """How many pairs of weight 5 each whole batch of an order holds."""
    starts = range(0, len(order) - batch + 1, batch)
    return [sum(weights[index] == 5.0 for index in order[start : start + batch]) for start in starts]


PAPERS_SHARES = [5.0] * 92 + [2.0] * 40 + [1.0] * 868
"""A thousand pairs at the paper's rates: 9.2 % weigh 5."""


def test_a_fifth_of_shuffled_batches_of_16_hold_no_heavy_pair_and_no_stratified_one_does() -> None:
    shuffled = pair_order(1000, steps=62, effective_batch=16, seed=1)
    stratified = pair_order(1000, steps=62, effective_batch=16, seed=1, strata=PAPERS_SHARES)
    without = [n == 0 for n in heavy_in_each_batch(shuffled, PAPERS_SHARES, 16)]
    assert 0.1 < sum(without) / len(without) < 0.35  # 0.908 ** 16 is 0.21
    assert set(heavy_in_each_batch(stratified, PAPERS_SHARES, 16)) == {1, 2}


@given(
    st.lists(st.sampled_from([1.0, 2.0, 5.0]), min_size=1, max_size=60),
    st.integers(1, 12),
    st.integers(0, 99),
)
def test_a_stratified_epoch_holds_every_pair_once_and_each_batch_its_share(
    weights: list[float], batch: int, seed: int
) -> None:
    steps = -(-len(weights) // batch)
    order = pair_order(len(weights), steps=steps, effective_batch=batch, seed=seed, strata=weights)
    epoch = order[: len(weights)]
    assert sorted(epoch) == list(range(len(weights)))
    share = weights.count(5.0) / len(weights)
    assert all(abs(n - share * batch) <= 3 for n in heavy_in_each_batch(epoch, weights, batch))


def test_without_strata_the_order_is_what_it_always_was() -> None:
    assert pair_order(8, steps=2, effective_batch=4, seed=20) == [2, 7, 5, 0, 6, 3, 4, 1]


@given(st.integers(8, 40), st.integers(1, 8), st.integers(3, 9), st.integers(0, 99))
def test_every_update_can_hold_a_pair_of_each_weight(pairs: int, steps: int, batch: int, seed: int) -> None:
    weights = [5.0, 2.0, *[1.0] * (pairs - 2)]
    order = pair_order(pairs, steps=steps, effective_batch=batch, seed=seed, held=weights)
    batches = [order[first : first + batch] for first in range(0, len(order), batch)]
    assert [len(one) for one in batches] == [batch] * steps
    assert all({weights[index] for index in one} == {5.0, 2.0, 1.0} for one in batches)


def test_where_nothing_is_missing_holding_each_weight_changes_nothing() -> None:
    plain = pair_order(40, steps=5, effective_batch=8, seed=1)
    assert pair_order(40, steps=5, effective_batch=8, seed=1, held=[1.0] * 40) == plain
