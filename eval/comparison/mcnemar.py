"""Two runs on the same frames: McNemar's exact test, and how many frames would settle it."""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np
from scipy.stats import binomtest, norm

from eval.metrics.answers import Mask
from eval.statistics.rate import Undefined
from eval.statistics.values import Part

POWER = 0.8


class McNemar(Part):
    """Two runs on n frames: on how many only the first was right, on how many only the second.

    `p_value` is two-sided and exact; `p_holm` is corrected for all pairs of runs that the evaluation compares.
    `frames_needed`: frames of this kind at which a difference of this size is found 8 times in 10.
    """

    among: str
    n: int
    only_first: int
    only_second: int
    p_value: float | Undefined
    p_holm: float | Undefined
    frames_needed: int | Undefined


def mcnemar(among: str, first_right: Mask, second_right: Mask, *, confidence: float) -> McNemar:
    """McNemar's test of two (n,) masks of right answers, frames taken as independent. `p_holm` is still `p_value`."""
    only_first = int(np.sum(first_right & ~second_right))
    only_second = int(np.sum(second_right & ~first_right))
    p_value = exact_p(only_first, only_second)
    return McNemar(
        among=among,
        n=len(first_right),
        only_first=only_first,
        only_second=only_second,
        p_value=p_value,
        p_holm=p_value,
        frames_needed=frames_needed(only_first, only_second, len(first_right), confidence=confidence),
    )


def exact_p(only_first: int, only_second: int) -> float | Undefined:
    """Two-sided binomial p-value of the discordant frames (McNemar 1947, exact form).

    >>> exact_p(0, 3), exact_p(0, 6)
    (0.25, 0.03125)
    """
    if not only_first + only_second:
        return Undefined("the runs are right on the same frames")
    return float(binomtest(only_first, only_first + only_second).pvalue)


def frames_needed(
    only_first: int, only_second: int, n: int, *, confidence: float, power: float = POWER
) -> int | Undefined:
    """Frames for McNemar's test to find the observed shares of discordant frames (Connor 1987, equation 3).

    Frames taken as independent: where a scene gives several of them, more are needed.
    """
    if only_first == only_second:
        return Undefined("the runs err equally often")
    discordant = (only_first + only_second) / n
    difference = abs(only_first - only_second) / n
    at_null = float(norm.ppf((1 + confidence) / 2)) * sqrt(discordant)
    at_difference = float(norm.ppf(power)) * sqrt(max(discordant - difference**2, 0.0))
    return ceil(((at_null + at_difference) / difference) ** 2)
