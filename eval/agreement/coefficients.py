"""Do annotators agree: chance-corrected coefficients, TELEOPERATION-specific agreement, and who said what.

Formulae on arrays, no store and no screen. `ratings` is an (annotators, frames) float array of levels, NaN where an
annotator did not rate a frame; `levels` is the full scale in order (a level that nobody used still counts, because
the weights and chance agreement depend on it). A coefficient is a float, or an `Undefined` that names the reason.
What a screen or report bootstraps over scenes are the functions of `tables`, which these call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eval.agreement.tables import (
    Floats,
    Metric,
    ac_of,
    alpha_of,
    chance_corrected_tables,
    coincidence_tables,
    fleiss_of,
    kappa_of,
    specific_tables,
)
from eval.statistics.rate import Rate, Undefined

Weights = Literal["linear", "quadratic", "ordinal"]

ONE_LEVEL = Undefined("only one level was used, so agreement cannot be told from habit")
NO_OVERLAP = Undefined("no frame was rated by two annotators")
NEVER_SAID_TWICE = Undefined("no frame rated by two annotators was given this level")


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
    return _defined(kappa_of(table, disagreement(len(levels), weights)))


def raw_matrix(
    first: Sequence[Any] | NDArray[Any], second: Sequence[Any] | NDArray[Any], *, levels: Sequence[Any]
) -> NDArray[np.int64]:
    """(k, k) frames by what the first (rows) and the second annotator (columns) said; frames both rated."""
    rows, columns = level_codes(first, levels), level_codes(second, levels)
    both = (rows >= 0) & (columns >= 0)
    table = np.zeros((len(levels), len(levels)), dtype=np.int64)
    np.add.at(table, (rows[both], columns[both]), 1)
    return table


def fleiss_kappa(counts: ArrayLike) -> float | Undefined:
    """Fleiss' kappa (Fleiss 1971) of (frames, levels) counts of annotators, who may be unequally many.

    Where they are, it is the generalisation of Gwet (2014, ch. 2): frames rated once count in the margins only.
    """
    table = np.asarray(counts, dtype=np.float64)
    if not table.size or table.sum(-1).max() < 2:  # noqa: PLR2004 - agreement takes two
        return NO_OVERLAP
    return _defined(fleiss_of(chance_corrected_tables(table, np.eye(table.shape[-1])).sum(0)))


def krippendorff_alpha(ratings: ArrayLike, *, metric: Metric = "ordinal") -> float | Undefined:
    """Krippendorff's alpha = 1 - D_o / D_e (Krippendorff 2011) of (annotators, frames) ratings, NaN where missing.

    The levels are taken from the ratings: ordinal distances depend on the used ones only.
    """
    table = np.asarray(ratings, dtype=np.float64)
    values = np.unique(table[~np.isnan(table)])
    coincidences = coincidence_tables(level_counts(table, values)).sum(0)
    if not coincidences.sum():
        return NO_OVERLAP
    return _defined(alpha_of(coincidences, values, metric))


def gwet_ac(
    ratings: ArrayLike, *, levels: Sequence[Any], weights: Weights | ArrayLike | None = None
) -> float | Undefined:
    """Gwet's AC1, or AC2 with weights (Gwet 2014, ch. 4) of (annotators, frames) ratings, NaN where missing.

    With one used level the formula gives 1 whatever people saw; that is reported as undefined.
    """
    counts = level_counts(np.asarray(ratings, dtype=np.float64), np.asarray(levels, dtype=np.float64))
    if not (counts.sum(-1) > 1).any():
        return NO_OVERLAP
    agreement = 1 - disagreement(len(levels), weights)
    return _defined(ac_of(chance_corrected_tables(counts, agreement).sum(0), agreement))


def specific_agreement(ratings: ArrayLike, level: float) -> Rate | Undefined:
    """How often the other annotator says `level` too when one does: 2 n_TT / (2 n_TT + off_T) for two annotators.

    For more, over all ordered pairs of ratings of one frame whose first says `level` (Uebersax 1982); that number
    of pairs is the n.
    """
    table = np.asarray(ratings, dtype=np.float64)
    rated = ~np.isnan(table)
    counts = np.stack([(table == level).sum(0), (rated & (table != level)).sum(0)], axis=1).astype(np.float64)
    agreeing, n = specific_tables(counts, 0).sum(0)
    return Rate(int(agreeing), int(n)) if n else NEVER_SAID_TWICE


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


def _defined(value: Floats) -> float | Undefined:
    return ONE_LEVEL if np.isnan(value) else float(value)
