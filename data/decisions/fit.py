"""Fitting a decision on frames that were not trained on: the temperature by likelihood, thresholds by cost. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from data.decisions.curve import NEVER, Point, operating_points
from data.decisions.decision import A, S, T, tempered
from data.errors import DecisionError
from data.vocabulary import LEVELS, TriageLevel

Costs = Mapping[TriageLevel, Mapping[TriageLevel, float]]
"""Right level -> level said -> cost; nothing costs nothing."""
COSTS: Costs = {T: {A: 5.0, S: 2.0}, S: {A: 1.0, T: 1.0}, A: {S: 1.0, T: 1.0}}
"""Equation 4 of the paper, where every other mistake costs 1."""

_MOST_THRESHOLDS = 200
"""So many are tried of each kind: more tell no two of them apart on a development part."""
_GOLDEN = (math.sqrt(5) - 1) / 2
_TEMPERATURES = (0.05, 20.0)
_STEPS = 40


def fit_temperature(levels: Sequence[TriageLevel], probabilities: Sequence[Sequence[float]]) -> float:
    """The temperature under which the verified levels are likeliest: golden section on its logarithm, where the
    negative log-likelihood has one valley."""
    rows = np.log(np.maximum(np.asarray(probabilities, dtype=float), 1e-9))
    right = np.array([level.rank for level in levels])

    def unlikely(log_temperature: float) -> float:
        logits = rows / math.exp(log_temperature)
        highest = logits.max(axis=1, keepdims=True)
        normal = highest[:, 0] + np.log(np.exp(logits - highest).sum(axis=1))
        return float((normal - logits[np.arange(len(right)), right]).mean())

    low, high = (math.log(one) for one in _TEMPERATURES)
    for _ in range(_STEPS):
        first, second = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, second) if unlikely(first) <= unlikely(second) else (first, high)
    return math.exp((low + high) / 2)


def fit_thresholds(
    levels: Sequence[TriageLevel],
    probabilities: Sequence[Sequence[float]],
    *,
    costs: Costs = COSTS,
    false_calls: float = 1.0,
) -> tuple[float, float]:
    """(on P(TELEOPERATION), on P(SUPERVISION or TELEOPERATION)): the pair that costs least on these frames, among those
    that call at most `false_calls` of the frames which are not TELEOPERATION. Of equals the more careful one.

    Raises DecisionError where no frame is TELEOPERATION.
    """
    if not any(level is T for level in levels):
        raise DecisionError(
            f"None of the {len(levels)} development frames is TELEOPERATION: no threshold on it can be fitted. Freeze "
            "a snapshot with a larger --development."
        )
    table = np.asarray(probabilities, dtype=float)
    right = np.array([level.rank for level in levels])
    of_t, at_least_s = table[:, T.rank], table[:, S.rank] + table[:, T.rank]
    cost = np.array([[costs.get(one, {}).get(said, 0.0) for said in LEVELS] for one in LEVELS])
    best = (math.inf, NEVER, NEVER)
    others = right != T.rank
    for call in _candidates(of_t):
        calls = of_t >= call
        if others.any() and calls[others].mean() > false_calls:
            continue
        for raised in _candidates(at_least_s):
            said = np.where(calls, T.rank, np.where(at_least_s >= raised, S.rank, A.rank))
            best = min(best, (float(cost[right, said].sum()), call, raised))
    return best[1], best[2]


def curve_of(levels: Sequence[TriageLevel], probabilities: Sequence[Sequence[float]]) -> list[Point]:
    """What other thresholds on P(TELEOPERATION) would have given."""
    return operating_points(levels, [row[T.rank] for row in probabilities])


def at_temperature(probabilities: Sequence[Sequence[float]], temperature: float) -> list[list[float]]:
    """Every row as the decision reads it."""
    return [tempered(row, temperature) for row in probabilities]


def _candidates(scores: NDArray[np.float64]) -> list[float]:
    """Thresholds that tell the scores apart, and one that none reaches."""
    found = np.unique(scores)
    if len(found) > _MOST_THRESHOLDS:
        found = np.unique(np.quantile(scores, np.linspace(0, 1, _MOST_THRESHOLDS), method="nearest"))
    return [*(float(one) for one in found), NEVER]
