"""What moving a threshold on P(TELEOPERATION) trades: misses against false calls. Pure.

Levels are the verified ones; scores are P(TELEOPERATION) of the same frames, in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.vocabulary import TriageLevel

T = TriageLevel.TELEOPERATION
NEVER = 1.01
"""A threshold that no probability reaches."""


@dataclass(frozen=True)
class Point:
    """TELEOPERATION is called from `threshold` on: of `right` frames `missed` are not, of `others` `false` are."""

    threshold: float
    missed: int
    right: int
    false: int
    others: int

    @property
    def false_share(self) -> float:
        """Of the frames that are not TELEOPERATION, the share that is called; 0 where there are none."""
        return self.false / self.others if self.others else 0.0


def operating_points(levels: Sequence[TriageLevel], scores: Sequence[float]) -> list[Point]:
    """One point per different score, most careful last, and before them the one that calls nothing.

    >>> [(one.missed, one.false) for one in operating_points([T, TriageLevel.AUTONOMY, T], [0.9, 0.5, 0.2])]
    [(2, 0), (1, 0), (1, 1), (0, 1)]
    """
    return points_of(np.array([level is T for level in levels], dtype=bool), np.asarray(scores, dtype=float))


def points_of(is_right: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> list[Point]:
    """As `operating_points`, of one mark and one score per frame, both of shape (frames,)."""
    right, others = int(is_right.sum()), int((~is_right).sum())
    highest_first = np.unique(scores)[::-1]
    caught = np.searchsorted(np.sort(scores[is_right]), highest_first)
    called = np.searchsorted(np.sort(scores[~is_right]), highest_first)
    points = [Point(NEVER, right, right, 0, others)]
    return points + [
        Point(float(threshold), int(missed), right, others - int(below), others)
        for threshold, missed, below in zip(highest_first, caught, called, strict=True)
    ]


def best_within(points: Sequence[Point], false_calls: float) -> Point:
    """The point that misses least while at most this share of the other frames is called; of equals the one that calls
    fewest of them."""
    allowed = [point for point in points if point.false_share <= false_calls]
    return min(allowed, key=lambda point: (point.missed, point.false))


def area_under(levels: Sequence[TriageLevel], scores: Sequence[float]) -> float | None:
    """The probability that a TELEOPERATION frame scores above another one, a tie counting half: AUC, the Mann-Whitney
    statistic. None where either is missing.

    >>> area_under([T, TriageLevel.AUTONOMY, TriageLevel.SUPERVISION], [0.5, 0.5, 0.1])
    0.75
    """
    return auc(np.array([level is T for level in levels], dtype=bool), np.asarray(scores, dtype=float))


def auc(is_right: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> float | None:
    """As `area_under`, of one mark and one score per frame, both of shape (frames,)."""
    positive, negative = scores[is_right], np.sort(scores[~is_right])
    if not len(positive) or not len(negative):
        return None
    below, up_to = np.searchsorted(negative, positive), np.searchsorted(negative, positive, side="right")
    return float((below + up_to).sum() / (2 * len(positive) * len(negative)))
