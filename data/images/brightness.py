"""Figures of a picture's brightness, exact and cheap: 8-bit values are counted instead of sorted. Pure."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.intp]
Whole = npt.NDArray[np.int32]


def counts_of(luma: Bytes) -> Counts:
    """How often each of the 256 values stands in a picture."""
    return np.bincount(luma.ravel(), minlength=256)


def median_of(counts: Counts) -> float:
    """The median of counted values; the mean of the two in the middle where their number is even.

    >>> median_of(np.array([0, 2, 1, 0, 3]))
    3.0
    """
    n = int(counts.sum())
    low, high = _values_at(counts, (n - 1) // 2), _values_at(counts, n // 2)
    return (low + high) / 2


def percentile_of(counts: Counts, percent: int) -> float:
    """`numpy.percentile` of counted values taken as float32, to the bit.

    >>> percentile_of(np.array([5, 5]), 75)
    1.0
    """
    place, share = _place(int(counts.sum()), percent)
    return _between(_values_at(counts, place), _values_at(counts, place + 1), share)


def edge_percentile(luma: Bytes, percent: int) -> float:
    """The percentile of the gradient's magnitude, central differences inside and one-sided ones at the rim, as
    `numpy.gradient` takes them. Twice a gradient is a whole number, so that the places are found among squares and
    only two roots are drawn. luma: (height, width), two pixels a side at least."""
    values = luma.astype(np.int32)
    squares = (_doubled_gradient(values) ** 2 + _doubled_gradient(values.T).T ** 2).ravel()
    place, share = _place(squares.size, percent)
    after = min(place + 1, squares.size - 1)
    found = np.partition(squares, [place, after])[[place, after]]
    low, high = np.sqrt(found.astype(np.float64)) / 2
    return _between(float(low), float(high), share)


def _doubled_gradient(values: Whole) -> Whole:
    """Twice the gradient along the rows."""
    doubled = np.empty_like(values)
    np.subtract(values[:, 2:], values[:, :-2], out=doubled[:, 1:-1])
    doubled[:, 0] = 2 * (values[:, 1] - values[:, 0])
    doubled[:, -1] = 2 * (values[:, -1] - values[:, -2])
    return doubled


def _values_at(counts: Counts, place: int) -> int:
    """The value at a place of the sorted values, the last one beyond their end."""
    return int(np.searchsorted(np.cumsum(counts), min(place, int(counts.sum()) - 1), side="right"))


def _place(n: int, percent: int) -> tuple[int, float]:
    """(place before the percentile, share of the way to the next)."""
    at = (n - 1) * (percent / 100)
    return math.floor(at), at - math.floor(at)


def _between(low: float, high: float, share: float) -> float:
    """On the way from one float32 to the next, from the nearer end, as numpy goes it."""
    first, last = np.float32(low), np.float32(high)
    way = float(last - first)
    return float(last) - way * (1 - share) if share >= _HALF else float(first) + way * share


_HALF = 0.5
