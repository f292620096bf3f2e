"""Estimated confusion matrices of people (Dawid & Skene 1979). Pure; for ranking only, never to overrule anybody."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
ROUNDS = 60
SETTLED = 1e-6
SMOOTHING = 0.5


def confusion_matrices(ratings: Floats, *, levels: int = 3) -> tuple[Floats, Floats]:
    """((annotators, k, k) P(says column | true row), (frames, k) P(true level)), by expectation maximisation.

    ratings: (annotators, frames) ranks, NaN where missing. Starts from the shares of what was said; half a frame is
    added to every cell, so that a person with few ratings is not taken for certain.
    """
    said = np.stack([ratings == level for level in range(levels)], axis=1).astype(np.float64)
    true = said.sum(axis=0).T + 1e-9
    true /= true.sum(axis=1, keepdims=True)
    matrices = np.zeros((len(ratings), levels, levels))
    flat = said.reshape(
        -1, ratings.shape[1]
    )  # (annotators and what they said, frames): products instead of sums
    for _ in range(ROUNDS):
        before = matrices
        matrices = (flat @ true).reshape(matrices.shape).transpose(0, 2, 1) + SMOOTHING / levels
        matrices /= matrices.sum(axis=2, keepdims=True)
        chances = np.log(matrices).transpose(0, 2, 1).reshape(-1, levels)
        log_chance = np.log(true.mean(axis=0) + 1e-12) + flat.T @ chances
        true = np.exp(log_chance - log_chance.max(axis=1, keepdims=True))
        true /= true.sum(axis=1, keepdims=True)
        if np.abs(matrices - before).max(initial=0.0) < SETTLED:
            break
    return matrices, true
