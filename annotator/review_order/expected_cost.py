"""What comes next: frames by the safety cost that a review is expected to remove. Pure and deterministic.

The probabilities of a frame's true level are learnt online from what people have said: a small regression
(`order_model`) on the models' probabilities, votes, the student's level, cues, and the proposals and verified levels
around the frame (`order_features`). It is refitted at fixed counts of reviews; in between, new reviews still move
their neighbours. With few reviews it is the static form, the models' probabilities alone. A probability is held
against what it costs to leave the proposed level standing, and a TELEOPERATION that would be missed counts again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.review_order.features import (
    Surroundings,
    static_probabilities,
    surroundings,
    unverified_features,
    verified_features,
)
from annotator.review_order.regression import fit, predict

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Pool = Mapping[str, npt.NDArray[Any]]

COST: Floats = np.array([[0.0, 0.5, 1.0], [1.0, 0.0, 0.5], [5.0, 2.0, 0.0]])
"""COST[true level, standing level]: what it costs if nobody looks."""
MISS_WEIGHT = 4.0
NEIGHBOUR_WEIGHT = 0.5
BOUNDARY_WEIGHT = 1.0
NEIGHBOUR_REACH = 3
CONTRADICTED_WEIGHT = 0.25
"""What contradicted words are worth: as much as a fair chance that a SUPERVISION is one level too low."""
REFIT_EVERY = 200
FIRST_FIT_AT = 100
FIT_ON_AT_MOST = 12_000
LEAST_CHANCE = 1e-4
"""No model's certainty is taken for more than this, or nothing could be learnt against it."""
TELEOPERATION = 2
TERMS = ("expected_cost", "teleoperation_missed", "boundary", "neighbour_of_miss", "contradicted")

TRUE_GIVEN_TEACHER: Floats = np.array([[0.88, 0.10, 0.02], [0.08, 0.80, 0.12], [0.02, 0.13, 0.85]])
"""Planning values, rows by the teacher's level, used where a run stored no level probabilities."""
STUDENT_GIVEN_TRUE: Floats = np.array([[0.90, 0.09, 0.01], [0.70, 0.28, 0.02], [0.65, 0.27, 0.08]])
"""Planning values, rows by the true level: a zero-shot student says AUTONOMY to most of everything."""


def planned_probabilities(teacher: npt.NDArray[np.int64], student: npt.NDArray[np.int64]) -> Floats:
    """P(true level) from two levels alone, shape (frames, 3); -1 where a model gave no level.

    >>> planned_probabilities(np.array([-1]), np.array([-1])).round(3).tolist()
    [[0.333, 0.333, 0.333]]
    """
    prior = np.where(teacher[:, None] >= 0, TRUE_GIVEN_TEACHER[teacher], 1 / 3)
    seen = np.where(student[:, None] >= 0, STUDENT_GIVEN_TRUE.T[student], 1.0)
    joint = prior * seen
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def scores(pool: Pool, reviewed: Sequence[int], levels: Sequence[int]) -> Floats:
    """One score per frame, (frames,), high = next; frames already reviewed keep a score. Arguments as for `terms`."""
    return np.asarray(sum(terms(pool, reviewed, levels).values()))


def terms(pool: Pool, reviewed: Sequence[int], levels: Sequence[int]) -> dict[str, Floats]:
    """The visible terms of the order, each of shape (frames,); their sum is the score.

    pool: arrays `a` (proposed level 0..2), `probs` (frames, 3), `scene`, `pos` (place in its scene) and, where
    known, `votes` (frames, 3 counts), `student` (level, -1 unknown), `cues` (frames, c; NaN unknown), `contradicted` (0
    or 1: what is there denies the proposal's words). reviewed: indices done so far, in the order in which they were
    done; levels: what people said there, 0..2.
    """
    done, said = np.asarray(reviewed, dtype=np.int64), np.asarray(levels, dtype=np.int64)
    proposed = np.asarray(pool["a"], dtype=np.int64)
    if not len(proposed):
        return dict.fromkeys(TERMS, np.zeros(0))
    around = surroundings(pool)
    probabilities = _level_probabilities(pool, around, done, said)
    missed = np.where(proposed < TELEOPERATION, probabilities[:, TELEOPERATION], 0.0)
    return {
        "expected_cost": np.asarray((probabilities * COST[:, proposed].T).sum(axis=1)),
        "teleoperation_missed": MISS_WEIGHT * missed,
        "boundary": BOUNDARY_WEIGHT * 2 * np.minimum(probabilities[:, 1], probabilities[:, 2]),
        "neighbour_of_miss": NEIGHBOUR_WEIGHT * _near_misses(proposed, around, done, said),
        "contradicted": CONTRADICTED_WEIGHT
        * np.asarray(pool.get("contradicted", np.zeros(len(proposed))), np.float64),
    }


def level_probabilities(pool: Pool, reviewed: Sequence[int], levels: Sequence[int]) -> Floats:
    """(frames, 3) P(true level) as the order sees it now. Arguments as for `terms`."""
    done, said = np.asarray(reviewed, dtype=np.int64), np.asarray(levels, dtype=np.int64)
    return _level_probabilities(pool, surroundings(pool), done, said)


def _level_probabilities(pool: Pool, around: Surroundings, reviewed: Ints, levels: Ints) -> Floats:
    static = static_probabilities(pool)
    fitted_on = reviews_fitted_on(len(reviewed))
    if not fitted_on:
        return static
    fixed = unverified_features(pool, static, around)
    now = np.column_stack([fixed, verified_features(pool, static, around, reviewed, levels)])
    then = now
    if fitted_on < len(reviewed):
        then = np.column_stack(
            [fixed, verified_features(pool, static, around, reviewed[:fitted_on], levels[:fitted_on])]
        )
    rows, said = _thinned(reviewed[:fitted_on], levels[:fitted_on])
    known = np.clip(static, LEAST_CHANCE, 1 - LEAST_CHANCE)
    log_odds = np.log(known / (1 - known))
    learnt = [
        predict(now, log_odds[:, level], fit(then[rows], log_odds[rows, level], (said == level) * 1.0))
        for level in range(3)
    ]
    joint = np.stack(learnt, axis=1)
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def reviews_fitted_on(reviews: int) -> int:
    """How many of the first reviews the regression is fitted on: it waits for a first batch, then goes in steps.

    >>> [reviews_fitted_on(n) for n in (0, 99, 100, 250, 1399)]
    [0, 0, 100, 200, 1200]
    """
    if reviews < FIRST_FIT_AT:
        return 0
    return max(FIRST_FIT_AT, reviews // REFIT_EVERY * REFIT_EVERY)


def _thinned(reviewed: Ints, levels: Ints) -> tuple[Ints, Ints]:
    """At most `FIT_ON_AT_MOST` reviews, evenly spaced, so that a fit's time is bounded."""
    if len(reviewed) <= FIT_ON_AT_MOST:
        return reviewed, levels
    kept = np.linspace(0, len(reviewed) - 1, FIT_ON_AT_MOST).astype(np.int64)
    return reviewed[kept], levels[kept]


def _near_misses(proposed: Ints, around: Surroundings, reviewed: Ints, levels: Ints) -> Floats:
    """1.0 for frames below TELEOPERATION within reach of one on which people said it and the teacher did not."""
    missed = reviewed[(levels == TELEOPERATION) & (proposed[reviewed] < TELEOPERATION)]
    found = np.zeros(len(proposed))
    found[missed] = 1.0
    found = found[around.order]
    near = found.copy()
    for step in range(1, NEIGHBOUR_REACH + 1):
        close = (around.scene[step:] == around.scene[:-step]) & (
            around.place[step:] - around.place[:-step] <= NEIGHBOUR_REACH
        )
        near[:-step] = np.maximum(near[:-step], found[step:] * close)
        near[step:] = np.maximum(near[step:], found[:-step] * close)
    back = np.empty_like(near)
    back[around.order] = near
    return np.where(proposed < TELEOPERATION, back, 0.0)
