"""The small regression of the review order: how the true level differs from what the models alone say. Pure numpy.

One logistic regression per level (normalised afterwards) with the static log-odds as offset and a ridge that pulls
every coefficient to 0: without data it is the static form, and it moves away from it only as far as reviews ask.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RIDGE = 6.0
STEPS = 12
HALVINGS = 12
SMALL_STEP = 1e-4
STEEPEST = 30.0


def fit(features: Floats, offset: Floats, outcome: Floats, *, ridge: float = RIDGE) -> Floats:
    """(k + 1,) coefficients, the last the intercept, by Newton's method on the penalised likelihood.

    features (reviewed, k); offset (reviewed,) log-odds known beforehand; outcome (reviewed,) 0 or 1.
    """
    design = _with_intercept(features)
    penalty = np.full(design.shape[1], ridge)
    weights = np.zeros(design.shape[1])
    loss = _penalised_loss(offset, outcome, 0.0)
    for _ in range(STEPS):
        chance = _logistic(offset + design @ weights)
        slope = design.T @ (outcome - chance) - penalty * weights
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        for _ in range(HALVINGS):
            moved = weights + step
            moved_loss = _penalised_loss(offset + design @ moved, outcome, ridge * float(moved @ moved))
            if moved_loss <= loss:
                break
            step = step / 2
        else:
            break
        weights, loss = moved, moved_loss
        if np.abs(step).max() < SMALL_STEP:
            break
    return weights


def _penalised_loss(log_odds: Floats, outcome: Floats, penalty: float) -> float:
    return float((np.logaddexp(0, log_odds) - outcome * log_odds).sum() + penalty / 2)


def predict(features: Floats, offset: Floats, weights: Floats) -> Floats:
    """(frames,) probabilities of the outcome."""
    return _logistic(offset + _with_intercept(features) @ weights)


def _with_intercept(features: Floats) -> Floats:
    return np.column_stack([features, np.ones(len(features))])


def _logistic(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -STEEPEST, STEEPEST))))
