"""What the levels of frames could be besides the verified ones, given what people said of them independently.

Reviewers share one confusion matrix, estimated with the levels themselves by expectation maximisation (Dawid & Skene
1979) from all independent ratings: where a lead settled a disagreement the level is known, where reviewers agree it is
theirs but for the chance that all of them erred alike. Their errors are taken as independent given the level. Frames
that are hard for one are hard for the other too, so what is found is a floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.vocabulary import LEVELS
from eval.evaluation.reference import Rated, ReferenceFrame
from eval.metrics.answers import Answers
from eval.metrics.triage_metrics import SHAPE, Values
from eval.statistics.intervals import scene_resamples

DRAWS = 200
OPEN = -1
_ROUNDS = 50
_SMOOTHING = 0.5 / len(LEVELS)
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Patterns:
    """What was said of frames, each combination once: (patterns, 3) ratings of each level and (patterns,) the known
    level's rank or `OPEN`. `of` is the pattern of each frame."""

    ratings: Values
    known: Places
    of: Places


def patterns_of(frames: Sequence[Rated]) -> Patterns:
    """A verified level is open where no lead settled it and all independent ratings are that level."""
    rows = [(*(frame.own.count(level) for level in LEVELS), _known(frame)) for frame in frames]
    table = np.array(rows, dtype=np.int64).reshape(-1, len(LEVELS) + 1)
    found, of = np.unique(table, axis=0, return_inverse=True)
    return Patterns(found[:, :-1].astype(np.float64), found[:, -1], of.reshape(-1))


def _known(frame: Rated) -> int:
    if frame.adjudicated is not None:
        return frame.adjudicated.rank
    if not isinstance(frame, ReferenceFrame):
        return OPEN
    return OPEN if set(frame.own) == {frame.level} else frame.level.rank


def level_chances(patterns: Patterns, counts: Values) -> Values:
    """(draws, patterns, 3) chances of each level, from (draws, patterns) how many frames show each pattern."""
    settled = patterns.known != OPEN
    fixed = np.eye(len(LEVELS))[patterns.known]
    said = patterns.ratings / np.maximum(patterns.ratings.sum(1, keepdims=True), 1.0)
    chances = np.broadcast_to(np.where(settled[:, None], fixed, said), (*counts.shape, len(LEVELS)))
    for _ in range(_ROUNDS):
        weight = counts[..., None] * chances
        says = np.einsum("dpz,pa->dza", weight, patterns.ratings) + _SMOOTHING
        says /= says.sum(-1, keepdims=True)
        prior = weight.sum(1) + _SMOOTHING
        log = np.log(prior)[:, None] + np.einsum("pa,dza->dpz", patterns.ratings, np.log(says))
        open_chances = np.exp(log - log.max(-1, keepdims=True))
        open_chances /= open_chances.sum(-1, keepdims=True)
        chances = np.where(settled[:, None], fixed, open_chances)
    return chances


def drawn_levels(
    run: Answers, rated: Sequence[Rated], scenes: Sequence[int], *, seed: int
) -> tuple[Values, Values]:
    """Two (draws, scenes, 3, 4) sets of answers of the run, the levels of its frames drawn anew.

    rated: the run's frames in its order, then others that were rated too; scenes: the place of the scene of each. Each
    draw resamples the scenes, estimates the chances of the levels from the ratings in them, and draws the levels of the
    run's frames from these. In the first set the run's answer tells nothing of the level beyond what people said; in
    the second it answers frames of a level alike whether people overlooked the level or not.
    """
    patterns, place = patterns_of(rated), np.array(scenes, dtype=np.int64)
    height, kinds, answers = int(place.max()) + 1, len(patterns.known), SHAPE[1]
    weights = scene_resamples(height, DRAWS, seed)
    chances = level_chances(patterns, weights @ _counted(place, patterns.of, height, kinds))
    pattern = patterns.of[: run.n]
    answered = weights @ _counted(place[: run.n], pattern * answers + run.said, height, kinds * answers)
    by_answer = _given_answers(chances, answered.reshape(DRAWS, kinds, answers))
    groups, times = np.unique(np.stack([run.scene, run.said, pattern]), axis=1, return_counts=True)
    whatever = np.broadcast_to(chances[:, :, None], by_answer.shape)
    rng = np.random.default_rng(seed)
    return _drawn(rng, whatever, groups, times, height), _drawn(rng, by_answer, groups, times, height)


def _counted(rows: Places, columns: Places, height: int, width: int) -> Values:
    """(height, width) how often each row and column come together."""
    return (
        np.bincount(rows * width + columns, minlength=height * width)
        .reshape(height, width)
        .astype(np.float64)
    )


def _given_answers(chances: Values, answered: Values) -> Values:
    """(draws, patterns, 4, 3) chances of the level where the run gave each answer, the run one more rater."""
    found = np.broadcast_to(chances[:, :, None], (*answered.shape, len(LEVELS)))
    for _ in range(_ROUNDS // 5):
        says = np.einsum("dps,dpsz->dzs", answered, found) + _SMOOTHING
        says /= says.sum(-1, keepdims=True)
        found = chances[:, :, None] * says.transpose(0, 2, 1)[:, None]
        found /= found.sum(-1, keepdims=True)
    return found


def _drawn(rng: np.random.Generator, chances: Values, groups: Places, times: Places, scenes: int) -> Values:
    """(draws, scenes, 3, 4) answers; groups: (3, groups) scene, answer and pattern of so many frames each, in order."""
    scene, said, pattern = groups
    levels = rng.multinomial(times, chances[:, pattern, said])
    first = np.flatnonzero(np.diff(scene * SHAPE[1] + said, prepend=-1))
    matrices = np.zeros((len(chances), scenes, *SHAPE))
    matrices[:, scene[first], :, said[first]] = np.add.reduceat(levels, first, axis=1).transpose(1, 0, 2)
    return matrices
