"""Estimated confusion matrices of people (Dawid & Skene 1979). Pure; for ranking only, never to overrule anybody."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
ROUNDS = 60
SMOOTHING = 0.5


def confusion_matrices(ratings: Floats, *, levels: int = 3) -> tuple[Floats, Floats]:
    """((annotators, k, k) P(says column | true row), (frames, k) P(true level)), by expectation maximisation.

    ratings: (annotators, frames) ranks, NaN where missing. Starts from the shares of what was said; half a frame is
    added to every cell, so that a person with few ratings is not taken for certain.
    """
    said = np.stack([ratings == level for level in range(levels)], axis=-1).astype(np.float64)
    true = said.sum(axis=0) + 1e-9
    true /= true.sum(axis=1, keepdims=True)
    matrices = np.zeros((len(ratings), levels, levels))
    for _ in range(ROUNDS):
        matrices = np.einsum("ft,afs->ats", true, said) + SMOOTHING / levels
        matrices /= matrices.sum(axis=2, keepdims=True)
        log_chance = np.log(true.mean(axis=0) + 1e-12) + np.einsum("afs,ats->ft", said, np.log(matrices))
        true = np.exp(log_chance - log_chance.max(axis=1, keepdims=True))
        true /= true.sum(axis=1, keepdims=True)
    return matrices, true
