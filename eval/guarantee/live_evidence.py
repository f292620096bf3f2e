"""Does the guarantee still hold? A test that may be looked at after every frame. Pure.

A gambler bets, frame by frame, that misses come more often than guaranteed: the stake is spread over several higher
miss rates, and each part is multiplied by the likelihood of what was seen under its rate against the guaranteed one.
As long as the miss rate, given the past, is at most the guarantee, the expected stake never grows, so that it ever
exceeds 1 / alpha with probability alpha at most (Ville 1939), however often one looks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALPHA = 0.05
RATES = (1.25, 1.5, 2.0, 3.0, 5.0)
"""The miss rates that are bet on, in multiples of the guarantee; twice the guarantee is a shift that matters."""


def evidence(misses: Sequence[bool] | NDArray[np.bool_], guarantee: float) -> Floats:
    """(..., frames) the stake after each frame; misses: (..., frames) in the order in which they were settled."""
    missed = np.asarray(misses, dtype=np.float64)
    n = np.arange(1, missed.shape[-1] + 1)
    k = missed.cumsum(-1)
    logs = [
        k * np.log(rate / guarantee) + (n - k) * np.log((1 - rate) / (1 - guarantee))
        for rate in _rates(guarantee)
    ]
    return np.asarray(np.exp(np.logaddexp.reduce(np.stack(logs), axis=0) - np.log(len(logs))))


def withdrawn_at(
    misses: Sequence[bool] | NDArray[np.bool_], guarantee: float, *, alpha: float = ALPHA
) -> int | None:
    """After how many frames the guarantee is withdrawn; None while it stands.

    >>> withdrawn_at([False] * 200, 0.05), withdrawn_at([True] * 10, 0.05)
    (None, 3)
    """
    over = np.flatnonzero(evidence(misses, guarantee) >= 1 / alpha)
    return int(over[0]) + 1 if len(over) else None


def _rates(guarantee: float) -> list[float]:
    """Below certainty, whatever the guarantee."""
    return [min(times * guarantee, (1 + guarantee) / 2) for times in RATES]
