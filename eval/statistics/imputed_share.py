"""The interval of a share whose frames are not known for certain: pooled over draws of what they could be."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc

from eval.statistics.rate import Interval
from eval.statistics.scene_share import Floats, effective_counts


def pooled_interval(events: Floats, frames: Floats, *, confidence: float) -> Interval:
    """From (draws, scenes) events and frames, each draw with a frame at least: `scene_interval` over all draws at once.

    Korn and Graubard's ends are percentiles of two beta distributions; these are the percentiles of the mixtures over
    the draws, so that the interval holds what differs between scenes and between draws (as Rubin 1987, section 3.1,
    adds both variances). One draw, or draws that are all alike, give `scene_interval`.
    """
    x, n = effective_counts(events, frames, confidence=confidence)
    tail = (1 - confidence) / 2
    return Interval(_quantile(x, n - x + 1, tail), _quantile(x + 1, n - x, 1 - tail))


def _quantile(a: Floats, b: Floats, chance: float) -> float:
    """Of the mixture of beta distributions; where a or b is 0 all of it lies at 0 or 1."""
    inside = (a > 0) & (b > 0)
    at_zero, at_one = float(np.mean(a <= 0)), float(np.mean(b <= 0))
    if chance <= at_zero:
        return 0.0
    if chance >= 1 - at_one:
        return 1.0

    def below(share: float) -> Any:
        return at_zero + betainc(a[inside], b[inside], share).sum() / len(a) - chance

    return float(brentq(below, 0.0, 1.0, xtol=1e-9))
