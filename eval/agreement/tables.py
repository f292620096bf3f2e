"""Agreement coefficients as functions of sums over frames, so that a bootstrap over scenes is one product.

`…_tables` gives what each frame adds, `…_of` the coefficient of summed tables with any leading dimensions: NaN where
it is not defined. `counts` is (frames, k): how many people gave each frame each level.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Metric = Literal["nominal", "ordinal", "interval", "ratio"]


def sums_by_scene(per_frame: npt.NDArray[Any], scenes: npt.NDArray[Any]) -> Floats:
    """(scenes, ...) sums of what each frame (frames, ...) adds; scenes in sorted order."""
    names, place = np.unique(scenes, return_inverse=True)
    columns = per_frame.reshape(len(per_frame), -1).T
    sums: list[Floats] = [np.bincount(place, weights=one, minlength=len(names)) for one in columns]  # type: ignore[misc]  # with weights they are floats
    return np.stack(sums, axis=-1).reshape(len(names), *per_frame.shape[1:])


def kappa_of(tables: npt.NDArray[Any], weights: Floats) -> Floats:
    """(...) kappa of (..., k, k) tables under (k, k) disagreement weights; NaN where chance disagreement is 0."""
    n = tables.sum((-2, -1))
    expected = tables.sum(-1)[..., :, None] * tables.sum(-2)[..., None, :]
    observed_cost, expected_cost = (weights * tables).sum((-2, -1)), (weights * expected).sum((-2, -1))
    return 1 - quotient(observed_cost * n, expected_cost)


def coincidence_tables(counts: Floats) -> Floats:
    """(frames, k, k) what each frame adds to Krippendorff's coincidences; 0 for frames with fewer than two ratings."""
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[-1])
    others = np.maximum(counts.sum(-1) - 1, 0)[:, None, None]
    return quotient(pairs, np.broadcast_to(others, pairs.shape), empty=0.0)


def alpha_of(coincidences: Floats, values: Floats, metric: Metric) -> Floats:
    """(...) alpha of (..., k, k) coincidences over (k,) values; NaN where chance disagreement is 0."""
    margins = coincidences.sum(-1)
    n = margins.sum(-1)
    distances = _squared_distances(margins, values, metric)
    observed = (coincidences * distances).sum((-2, -1))
    expected = (margins[..., :, None] * margins[..., None, :] * distances).sum((-2, -1))
    return 1 - quotient(observed * (n - 1), expected)


def _squared_distances(margins: Floats, values: Floats, metric: Metric) -> Floats:
    """(..., k, k) squared differences of Krippendorff (2011), section D."""
    if metric == "nominal":
        return 1 - np.eye(len(values))
    if metric == "interval":
        return np.asarray((values[:, None] - values[None, :]) ** 2)
    if metric == "ratio":
        return quotient(values[:, None] - values[None, :], values[:, None] + values[None, :], empty=0.0) ** 2
    if metric != "ordinal":
        raise ValueError(f"The metric is nominal, ordinal, interval or ratio, not {metric!r}.")
    # sum_{g=c}^{k} n_g - (n_c + n_k) / 2 is the difference of mid-ranks
    middle = np.cumsum(margins, axis=-1) - margins / 2
    return np.asarray((middle[..., :, None] - middle[..., None, :]) ** 2)


def chance_corrected_tables(counts: Floats, agreement: Floats) -> Floats:
    """(frames, k + 3) what each frame adds to Gwet's AC and Fleiss' kappa; a frame nobody rated adds nothing.

    Observed agreement and 1 where two or more rated it; 1 and its shares of the levels where anybody did: Gwet (2014,
    ch. 4) takes the margins from every rated frame. agreement: (k, k) weights, 1 on the diagonal.
    """
    raters = counts.sum(axis=1)
    agreeing = (counts * (counts @ agreement.T - 1)).sum(axis=1)
    observed = quotient(agreeing, raters * (raters - 1), empty=0.0)
    shares = quotient(counts, np.broadcast_to(raters[:, None], counts.shape), empty=0.0)
    return np.column_stack([observed, raters > 1, raters > 0, shares])


def ac_of(sums: Floats, agreement: Floats) -> Floats:
    """(...) Gwet's AC1 or AC2 (Gwet 2014, ch. 4) of summed `chance_corrected_tables`.

    NaN where no frame was rated twice, or only one level was used (the formula would give 1 whatever people saw).
    """
    levels = len(agreement)
    observed, shares = _observed_and_shares(sums)
    chance = agreement.sum() / (levels * (levels - 1)) * (shares * (1 - shares)).sum(axis=-1)
    return np.where((shares > 0).sum(axis=-1) > 1, (observed - chance) / (1 - chance), np.nan)


def fleiss_of(sums: Floats) -> Floats:
    """(...) Fleiss' kappa (Fleiss 1971) of `chance_corrected_tables` without weights, summed.

    For unequal numbers of ratings as generalised by Gwet (2014, ch. 2): agreement over frames rated twice, chance from
    the mean share of each level over all rated frames. NaN as in `ac_of`.
    """
    observed, shares = _observed_and_shares(sums)
    chance = (shares**2).sum(axis=-1)
    return quotient(observed - chance, np.where((shares > 0).sum(axis=-1) > 1, 1 - chance, 0.0))


def _observed_and_shares(sums: Floats) -> tuple[Floats, Floats]:
    observed = quotient(sums[..., 0], sums[..., 1])
    return observed, quotient(sums[..., 3:], np.broadcast_to(sums[..., 2:3], sums[..., 3:].shape), empty=0.0)


def specific_tables(counts: Floats, level: int) -> Floats:
    """(frames, 2) ordered pairs of ratings whose first says the level (a column of `counts`): both say it, and all."""
    said, others = counts[:, level], np.maximum(counts.sum(axis=1) - 1, 0)
    return np.stack([said * np.maximum(said - 1, 0), said * others], axis=1)


def quotient(numerator: Any, denominator: Any, *, empty: float = np.nan) -> Floats:
    """Elementwise quotient, `empty` where the denominator is 0."""
    top, bottom = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    return np.asarray(np.divide(top, bottom, out=np.full(bottom.shape, empty), where=bottom != 0))
