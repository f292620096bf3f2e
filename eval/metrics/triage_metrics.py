"""How good the answers of one run are, computed from its confusion matrix alone.

A confusion matrix is a (..., 3, 4) integer array of frames: rows the true level A, S, T; columns what was said,
A, S, T, and last no assessment (a reply that could not be parsed, or none). A frame without an assessment is an
error in every figure. Leading dimensions (scenes, bootstrap resamples) are kept by `share_parts`, `macro_f1_values`
and `cost_values`; `rate_of`, `macro_f1` and `cost_weighted_error` take one (3, 4) matrix and return a value with its n.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from data.snapshot.pairs import pair_weight
from data.vocabulary import LEVELS
from eval.metrics.shares import Share, cells
from eval.statistics.rate import Rate, Score, Undefined

NO_ASSESSMENT = len(LEVELS)
SHAPE = (len(LEVELS), len(LEVELS) + 1)

Counts = NDArray[np.int64]
Values = NDArray[np.float64]
AnyCounts = TypeVar("AnyCounts", Counts, Values)


def share_parts(share: Share, matrices: AnyCounts) -> tuple[AnyCounts, AnyCounts]:
    """Numerators and denominators, each (...), of (..., 3, 4) matrices."""
    return (matrices * cells(share.hits)).sum((-2, -1)), (matrices * cells(share.among)).sum((-2, -1))


def share_values(share: Share, matrices: Counts) -> Values:
    """(...) shares of (..., 3, 4) matrices; NaN where n is 0."""
    count, n = share_parts(share, matrices)
    return np.divide(count, n, out=np.full(np.shape(n), np.nan), where=n > 0)


def rate_of(share: Share, matrix: Counts) -> Rate | Undefined:
    """The share of one (3, 4) matrix with its count and n."""
    count, n = share_parts(share, matrix)
    if not n:
        return Undefined(f"no {share.absent} among {matrix.sum()} frames")
    return Rate(int(count), int(n))


def macro_f1_values(matrices: Counts) -> Values:
    """(...) macro-F1 of (..., 3, 4) matrices: the plain mean of the three F1 = 2 TP / (true + said).

    NaN where a level has no true frame: its F1 would say nothing of the run (scikit-learn would put 0 there).
    """
    true = matrices.sum(-1)
    said = matrices[..., :NO_ASSESSMENT].sum(-2)
    right = np.diagonal(matrices[..., :NO_ASSESSMENT], axis1=-2, axis2=-1)
    f1 = np.divide(2 * right, true + said, out=np.full(true.shape, np.nan), where=true > 0)
    return np.asarray(f1.mean(-1))


def macro_f1(matrix: Counts) -> Score | Undefined:
    """Mean of the three levels' F1; not defined where a level has no true frame."""
    n = int(matrix.sum())
    missing = [level.value for level, frames in zip(LEVELS, matrix.sum(-1), strict=True) if not frames]
    if missing:
        return Undefined(f"no true {' or '.join(missing)} among {n} frames")
    return Score(float(macro_f1_values(matrix)), n)


def default_costs() -> Values:
    """(3, 4) cost of one frame by true level and answer: SA-DPO's pair weights, 0 where right.

    True T said A costs 5, true T said S costs 2, any other error 1. Without an assessment nobody is called, so a
    frame without one costs what AUTONOMY costs there, and 1 where AUTONOMY would have been right.
    """
    costs = np.array([[pair_weight(true, said) * (true is not said) for said in LEVELS] for true in LEVELS])
    return np.column_stack([costs, np.maximum(costs[:, 0], 1.0)])


def cost_values(matrices: Counts, costs: Values) -> Values:
    """(...) mean cost per frame of (..., 3, 4) matrices; NaN for a matrix without frames."""
    n = matrices.sum((-2, -1))
    total = (matrices * costs).sum((-2, -1))
    return np.divide(total, n, out=np.full(np.shape(n), np.nan), where=n > 0)


def cost_weighted_error(matrix: Counts, costs: Values | None = None) -> Score | Undefined:
    """Sum over cells of cost times frames, per frame. `costs` is (3, 4), by default `default_costs()`."""
    n = int(matrix.sum())
    if not n:
        return Undefined("no frames among 0 frames")
    return Score(float(cost_values(matrix, checked_costs(costs))), n)


def checked_costs(costs: Any | None) -> Values:
    """(3, 4) costs as floats; a matrix that prices a right answer, or anything below 0, is refused."""
    table = default_costs() if costs is None else np.asarray(costs, dtype=np.float64)
    if table.shape != SHAPE or not np.isfinite(table).all() or (table < 0).any() or np.diagonal(table).any():
        raise ValueError(
            f"Costs are a 3 x 4 matrix, 0 where the level is right and never below 0; got {table}."
        )
    return table
