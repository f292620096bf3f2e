"""In which order pairs are trained on: a pure rule, so that the order is part of what a recipe determines."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator


def update_steps(pairs: int, *, epochs: float, effective_batch: int, max_steps: int | None) -> int:
    """How many optimizer updates it takes to see every pair `epochs` times, at most `max_steps`.

    >>> update_steps(100, epochs=1, effective_batch=16, max_steps=None)
    7
    """
    steps = math.ceil(pairs * epochs / effective_batch)
    return steps if max_steps is None else min(steps, max_steps)


def pair_order(pairs: int, *, steps: int, effective_batch: int, seed: int) -> list[int]:
    """Indices of the pairs in training order, `steps * effective_batch` of them.

    Pairs come in shuffled epochs laid end to end, so every update is over a full batch: a smaller last batch would
    count each of its pairs more than the others, and with AdamW a last batch of one would lose its weight.
    """
    if pairs < 1:
        raise ValueError("there are no pairs to order")
    return list(itertools.islice(_epochs(pairs, random.Random(seed)), steps * effective_batch))


def _epochs(pairs: int, randomness: random.Random) -> Iterator[int]:
    while True:
        yield from randomness.sample(range(pairs), pairs)
