"""Agreement coefficients as functions of sums over frames, so that a bootstrap over scenes is one product."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def sums_by_scene(per_frame: npt.NDArray[Any], scenes: npt.NDArray[Any]) -> Floats:
    """(scenes, ...) sums of what each frame (frames, ...) adds; scenes in sorted order."""
    names, place = np.unique(scenes, return_inverse=True)
    columns = per_frame.reshape(len(per_frame), -1).T
    sums: list[Floats] = [np.bincount(place, weights=one, minlength=len(names)) for one in columns]  # type: ignore[misc]  # with weights they are floats
    return np.stack(sums, axis=-1).reshape(len(names), *per_frame.shape[1:])


def ac_tables(counts: Floats, agreement: Floats) -> Floats:
    """(frames, k + 2) what each frame rated twice or more adds to Gwet's AC: observed agreement, 1, its shares
    of the levels. agreement: (k, k) weights, 1 on the diagonal."""
    raters = counts.sum(axis=1, keepdims=True)
    observed = (counts * (counts @ agreement.T - 1)).sum(axis=1, keepdims=True) / (raters * (raters - 1))
    ones = np.ones_like(raters)
    return np.asarray(np.hstack([observed, ones, counts / raters]))


def ac_of(sums: Floats, agreement: Floats) -> Floats:
    """(...,) Gwet's AC1 or AC2 (Gwet 2014, ch. 4) of summed `ac_tables`; NaN where one level only was used."""
    levels = len(agreement)
    shares = sums[..., 2:] / sums[..., 1:2]
    chance = agreement.sum() / (levels * (levels - 1)) * (shares * (1 - shares)).sum(axis=-1)
    value = (sums[..., 0] / sums[..., 1] - chance) / (1 - chance)
    return np.where((shares > 0).sum(axis=-1) > 1, value, np.nan)


def fleiss_tables(counts: Floats) -> Floats:
    """(frames, k + 2) what each frame adds to Fleiss' kappa: observed agreement, 1, its counts."""
    raters = counts.sum(axis=1, keepdims=True)
    observed = ((counts**2).sum(axis=1, keepdims=True) - raters) / (raters * (raters - 1))
    return np.asarray(np.hstack([observed, np.ones_like(raters), counts]))


def fleiss_of(sums: Floats) -> Floats:
    """(...,) Fleiss' kappa (Fleiss 1971) of summed `fleiss_tables`; NaN where one level only was used."""
    counts = sums[..., 2:]
    chance = ((counts / counts.sum(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    observed = sums[..., 0] / sums[..., 1]
    certain = chance >= 1
    return np.where(certain, np.nan, (observed - chance) / np.where(certain, 1.0, 1 - chance))
