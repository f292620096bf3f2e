"""In which order pairs are trained on: a pure rule, so that the order is part of what a recipe determines."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence


def update_steps(pairs: int, *, epochs: float, effective_batch: int, max_steps: int | None) -> int:
    """How many optimizer updates it takes to see every pair `epochs` times, at most `max_steps`.

    >>> update_steps(100, epochs=1, effective_batch=16, max_steps=None)
    7
    """
    steps = math.ceil(pairs * epochs / effective_batch)
    return steps if max_steps is None else min(steps, max_steps)


def pair_order(
    pairs: int,
    *,
    steps: int,
    effective_batch: int,
    seed: int,
    strata: Sequence[Hashable] | None = None,
    held: Sequence[Hashable] | None = None,
) -> list[int]:
    """Indices of the pairs in training order, `steps * effective_batch` of them.

    Pairs come in shuffled epochs laid end to end, so every update is over a full batch: a smaller last batch would
    count each of its pairs more than the others, and with AdamW a last batch of one would lose its weight.

    strata: a value per pair, such as its levels. Given, each has its share of every batch, to within a few pairs.
    held: a value per pair, such as its weight. Given, every batch holds a pair of each; there must be room for them.
    """
    if pairs < 1:
        raise ValueError("there are no pairs to order")
    epochs = _epochs(pairs, random.Random(seed), strata)
    order = list(itertools.islice(epochs, steps * effective_batch))
    return order if held is None else _holding(order, held, effective_batch, random.Random(seed))


def _holding(
    order: list[int], kinds: Sequence[Hashable], effective_batch: int, randomness: random.Random
) -> list[int]:
    """The order with a pair of every kind in each batch: one that is missing takes a place of the commonest."""
    members: dict[Hashable, list[int]] = defaultdict(list)
    for index, kind in enumerate(kinds):
        members[kind].append(index)
    if len(members) > effective_batch:
        raise ValueError(f"{len(members)} kinds have no room in a batch of {effective_batch}")
    spare = {kind: itertools.cycle(randomness.sample(of, len(of))) for kind, of in members.items()}
    held: list[int] = []
    for first in range(0, len(order), effective_batch):
        batch = order[first : first + effective_batch]
        present = {kinds[index] for index in batch}
        for kind in (one for one in members if one not in present):
            commonest = Counter(kinds[index] for index in batch).most_common(1)[0][0]
            place = max(at for at, index in enumerate(batch) if kinds[index] == commonest)
            batch[place] = next(spare[kind])
        held += batch
    return held


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
