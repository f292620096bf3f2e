"""Percentiles of waiting times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eval.statistics.rate import Undefined
from eval.statistics.values import Part


class Percentiles(Part):
    """Nearest-rank percentiles in milliseconds."""

    p50: float
    p95: float
    p99: float


def percentiles(values_ms: Sequence[float]) -> Percentiles | Undefined:
    """p50, p95 and p99 by nearest rank.

    >>> percentiles([10.0, 20.0, 30.0, 40.0]).p50
    20.0
    """
    if not values_ms:
        return Undefined("no answers")
    found = np.percentile(values_ms, [50, 95, 99], method="inverted_cdf")
    return Percentiles(p50=float(found[0]), p95=float(found[1]), p99=float(found[2]))
