"""Do annotators agree: chance-corrected coefficients, TELEOPERATION-specific agreement, and who said what.

Formulae on arrays, no store and no screen. `ratings` is an (annotators, frames) float array of levels, NaN where an
annotator did not rate a frame; `levels` is the full scale in order (a level that nobody used still counts, because
the weights and chance agreement depend on it). A coefficient is a float, or an `Undefined` that names the reason.
The functions ending in `_of` take tables with leading dimensions (..., k, k), give NaN where undefined, and are what
a bootstrap over scenes calls: every table here is a sum over frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eval.statistics.rate import Rate, Undefined

Weights = Literal["linear", "quadratic", "ordinal"]
Metric = Literal["nominal", "ordinal", "interval", "ratio"]
Floats = NDArray[np.float64]

ONE_LEVEL = Undefined("only one level was used, so agreement cannot be told from habit")
NO_OVERLAP = Undefined("no frame was rated by two annotators")


def cohen_kappa(
    first: Sequence[Any] | NDArray[Any],
    second: Sequence[Any] | NDArray[Any],
    *,
    levels: Sequence[Any],
    weights: Weights | ArrayLike | None = None,
) -> float | Undefined:
    """Cohen's kappa of two annotators (Cohen 1960; weighted 1968): 1 - sum(d o) / sum(d e).

    o is the share of frames in each cell of who said what, e the product of its margins, d the disagreement weight
    of the cell. Frames that one of them did not rate (NaN or None) are left out. `weights` may also be a (k, k)
    matrix of disagreement costs.
    """
    table = raw_matrix(first, second, levels=levels)
    if not table.sum():
        return NO_OVERLAP
    value = float(kappa_of(table, disagreement(len(levels), weights)))
    return ONE_LEVEL if np.isnan(value) else value


def raw_matrix(
    first: Sequence[Any] | NDArray[Any], second: Sequence[Any] | NDArray[Any], *, levels: Sequence[Any]
) -> NDArray[np.int64]:
    """(k, k) frames by what the first (rows) and the second annotator (columns) said; frames both rated."""
    rows, columns = level_codes(first, levels), level_codes(second, levels)
    both = (rows >= 0) & (columns >= 0)
    table = np.zeros((len(levels), len(levels)), dtype=np.int64)
    np.add.at(table, (rows[both], columns[both]), 1)
    return table


def kappa_of(tables: NDArray[Any], weights: Floats) -> Floats:
    """(...) kappa of (..., k, k) tables under (k, k) disagreement weights; NaN where chance disagreement is 0."""
    n = tables.sum((-2, -1))
    expected = tables.sum(-1)[..., :, None] * tables.sum(-2)[..., None, :]
    observed_cost, expected_cost = (weights * tables).sum((-2, -1)), (weights * expected).sum((-2, -1))
    return 1 - _divided(observed_cost * n, expected_cost)


def fleiss_kappa(counts: ArrayLike) -> float | Undefined:
    """Fleiss' kappa (Fleiss 1971) of (frames, levels) counts of annotators; every frame rated by equally many."""
    table = np.asarray(counts, dtype=np.float64)
    raters = table.sum(-1)
    if not table.size or raters.max() < 2:  # noqa: PLR2004 - agreement takes two
        return NO_OVERLAP
    if raters.min() != raters.max():
        low, high = int(raters.min()), int(raters.max())
        return Undefined(f"frames were rated by {low} to {high} annotators; Krippendorff's alpha allows that")
    observed = ((table**2).sum(-1) - raters) / (raters * (raters - 1))
    chance = ((table.sum(0) / table.sum()) ** 2).sum()
    return ONE_LEVEL if chance == 1 else float((observed.mean() - chance) / (1 - chance))


def krippendorff_alpha(ratings: ArrayLike, *, metric: Metric = "ordinal") -> float | Undefined:
    """Krippendorff's alpha = 1 - D_o / D_e (Krippendorff 2011) of (annotators, frames) ratings, NaN where missing.

    The levels are taken from the ratings: ordinal distances depend on the used ones only.
    """
    table = np.asarray(ratings, dtype=np.float64)
    values = np.unique(table[~np.isnan(table)])
    coincidences = coincidence_matrices(table, values).sum(0)
    if not coincidences.sum():
        return NO_OVERLAP
    value = float(alpha_of(coincidences, values, metric))
    return ONE_LEVEL if np.isnan(value) else value


def coincidence_matrices(ratings: Floats, values: Floats) -> Floats:
    """(frames, k, k) what each frame adds to Krippendorff's coincidences; 0 for frames with fewer than two ratings."""
    counts = level_counts(ratings, values)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(values))
    raters = counts.sum(-1)
    return np.asarray(
        _divided(pairs, np.broadcast_to(np.maximum(raters - 1, 0)[:, None, None], pairs.shape), empty=0.0)
    )


def alpha_of(coincidences: Floats, values: Floats, metric: Metric) -> Floats:
    """(...) alpha of (..., k, k) coincidences over (k,) values; NaN where chance disagreement is 0."""
    margins = coincidences.sum(-1)
    n = margins.sum(-1)
    distances = _squared_distances(margins, values, metric)
    observed = (coincidences * distances).sum((-2, -1))
    expected = (margins[..., :, None] * margins[..., None, :] * distances).sum((-2, -1))
    return 1 - _divided(observed * (n - 1), expected)


def _squared_distances(margins: Floats, values: Floats, metric: Metric) -> Floats:
    """(..., k, k) squared differences of Krippendorff (2011), section D."""
    if metric == "nominal":
        return 1 - np.eye(len(values))
    if metric == "interval":
        return np.asarray((values[:, None] - values[None, :]) ** 2)
    if metric == "ratio":
        return _divided(values[:, None] - values[None, :], values[:, None] + values[None, :], empty=0.0) ** 2
    if metric != "ordinal":
        raise ValueError(f"The metric is nominal, ordinal, interval or ratio, not {metric!r}.")
    # sum_{g=c}^{k} n_g - (n_c + n_k) / 2 is the difference of mid-ranks
    middle = np.cumsum(margins, axis=-1) - margins / 2
    return np.asarray((middle[..., :, None] - middle[..., None, :]) ** 2)


def gwet_ac(
    ratings: ArrayLike, *, levels: Sequence[Any], weights: Weights | ArrayLike | None = None
) -> float | Undefined:
    """Gwet's AC1, or AC2 with weights (Gwet 2014, ch. 4) of (annotators, frames) ratings, NaN where missing.

    With one used level the formula gives 1 whatever people saw; that is reported as undefined.
    """
    counts = level_counts(np.asarray(ratings, dtype=np.float64), np.asarray(levels, dtype=np.float64))
    counts = counts[counts.sum(-1) > 0]
    if not (counts.sum(-1) > 1).any():
        return NO_OVERLAP
    if np.count_nonzero(counts.sum(0)) == 1:
        return ONE_LEVEL
    return _gwet(counts, 1 - disagreement(len(levels), weights))


def _gwet(counts: Floats, agreement: Floats) -> float:
    raters = counts.sum(-1, keepdims=True)
    several = raters[:, 0] > 1
    weighted = counts @ agreement.T
    pairs = raters * (raters - 1)
    observed = ((counts * (weighted - 1)).sum(-1)[several] / pairs[several, 0]).mean()
    shares = (counts / raters).mean(0)
    levels = len(agreement)
    chance = agreement.sum() / (levels * (levels - 1)) * (shares * (1 - shares)).sum()
    return float((observed - chance) / (1 - chance))


def specific_agreement(ratings: ArrayLike, level: float) -> Rate | Undefined:
    """How often the other annotator says `level` too when one does: 2 n_TT / (2 n_TT + off_T) for two annotators.

    For more, over all ordered pairs of ratings of one frame whose first says `level` (Uebersax 1982); that number
    of pairs is the n.
    """
    table = np.asarray(ratings, dtype=np.float64)
    said = (table == level).sum(0)
    others = (~np.isnan(table)).sum(0) - 1
    n = int((said * others).sum())
    if not n:
        return Undefined("no frame rated by two annotators was given this level")
    return Rate(int((said * (said - 1)).sum()), n)


def teleoperation_autonomy_conflicts(
    ratings: ArrayLike, *, autonomy: float = 0, teleoperation: float = 2
) -> tuple[int, ...]:
    """Columns of the (annotators, frames) ratings where one annotator said TELEOPERATION and another AUTONOMY."""
    table = np.asarray(ratings, dtype=np.float64)
    conflicting = (table == teleoperation).any(0) & (table == autonomy).any(0)
    return tuple(int(frame) for frame in np.flatnonzero(conflicting))


def level_codes(said: Sequence[Any] | NDArray[Any], levels: Sequence[Any]) -> NDArray[np.int64]:
    """(frames,) place of each answer on the scale, -1 where missing (NaN or None); an unknown level is refused."""
    answers = np.asarray(said)
    codes = np.full(len(answers), -1, dtype=np.int64)
    for place, level in enumerate(levels):
        codes[answers == level] = place
    for answer in answers[codes < 0]:
        if answer is not None and answer == answer:  # noqa: PLR0124 - NaN is missing
            raise ValueError(f"{answer!r} is not one of the levels {list(levels)}.")
    return codes


def level_counts(ratings: Floats, levels: Floats) -> Floats:
    """(frames, k) how many annotators gave each frame each level; a rating off the scale is refused."""
    counts = np.asarray((ratings[:, :, None] == levels).sum(0), dtype=np.float64)
    if counts.sum() != np.count_nonzero(~np.isnan(ratings)):
        strange = ratings[~np.isnan(ratings) & ~np.isin(ratings, levels)][0]
        raise ValueError(f"{strange} is not one of the levels {levels.tolist()}.")
    return counts


def disagreement(levels: int, weights: Weights | ArrayLike | None = None) -> Floats:
    """(k, k) disagreement weights, 0 on the diagonal and at most 1: 1 off it, |i-j|/(k-1), its square, or ordinal.

    Ordinal is Gwet's C(|i-j|+1, 2) / C(k, 2). A matrix is taken as it is, divided by its largest entry.
    """
    if weights is not None and not isinstance(weights, str):
        costs = np.asarray(weights, dtype=np.float64)
        return np.asarray(costs / costs.max())
    steps = np.abs(np.subtract.outer(np.arange(levels), np.arange(levels))).astype(np.float64)
    if weights is None:
        return np.asarray(steps > 0, dtype=np.float64)
    furthest = max(levels - 1, 1)
    if weights == "linear":
        return np.asarray(steps / furthest)
    if weights == "quadratic":
        return np.asarray((steps / furthest) ** 2)
    if weights == "ordinal":
        return np.asarray(steps * (steps + 1) / (furthest * (furthest + 1)))
    raise ValueError(f"Weights are None, linear, quadratic, ordinal or a matrix, not {weights!r}.")


def _divided(numerator: Any, denominator: Any, *, empty: float = np.nan) -> Floats:
    """Elementwise quotient, `empty` where the denominator is 0."""
    top, bottom = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    return np.asarray(np.divide(top, bottom, out=np.full(bottom.shape, empty), where=bottom != 0))
