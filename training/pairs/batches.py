"""In which order pairs are trained on: a pure rule, so that the order is part of what a recipe determines."""

from __future__ import annotations

import itertools
import math
import random
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence


def update_steps(pairs: int, *, epochs: float, effective_batch: int, max_steps: int | None) -> int:
    """How many optimizer updates it takes to see every pair `epochs` times, at most `max_steps`.

    >>> update_steps(100, epochs=1, effective_batch=16, max_steps=None)
    7
    """
    steps = math.ceil(pairs * epochs / effective_batch)
    return steps if max_steps is None else min(steps, max_steps)


def pair_order(
    pairs: int, *, steps: int, effective_batch: int, seed: int, strata: Sequence[Hashable] | None = None
) -> list[int]:
    """Indices of the pairs in training order, `steps * effective_batch` of them.

    Pairs come in shuffled epochs laid end to end, so every update is over a full batch: a smaller last batch would
    count each of its pairs more than the others, and with AdamW a last batch of one would lose its weight.

    strata: a value per pair, such as its levels. Given, each has its share of every batch, to within a few pairs.
    """
    if pairs < 1:
        raise ValueError("there are no pairs to order")
    epochs = _epochs(pairs, random.Random(seed), strata)
    return list(itertools.islice(epochs, steps * effective_batch))


def _epochs(pairs: int, randomness: random.Random, strata: Sequence[Hashable] | None) -> Iterator[int]:
    while True:
        shuffled = randomness.sample(range(pairs), pairs)
        yield from shuffled if strata is None else _spread(shuffled, strata, randomness)


def _spread(shuffled: list[int], strata: Sequence[Hashable], randomness: random.Random) -> list[int]:
    """The pairs of each stratum at even distances, from a random first place; within one as they were shuffled."""
    members: dict[Hashable, list[int]] = defaultdict(list)
    for index in shuffled:
        members[strata[index]].append(index)
    places: dict[int, float] = {}
    for of_one in members.values():
        first = randomness.random()
        places |= {index: (rank + first) / len(of_one) for rank, index in enumerate(of_one)}
    return sorted(shuffled, key=places.__getitem__)
