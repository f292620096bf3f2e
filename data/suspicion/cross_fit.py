"""Level probabilities of frames from models that saw none of their scenes (pure).

Scenes are dealt into folds; of each fold's frames the chances are predicted by a multinomial logistic regression with a
ridge penalty, fitted on the other folds. What neighbours say is part of the evidence and comes from other scenes too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEVELS = 3
FOLDS = 5
NEAREST = 10
MOST_REFERENCES = 4_000
"""Among more frames neighbours are sought in a seeded draw of so many: the cost stays linear."""
DIRECTIONS = 24
PENALTY = 3.0
"""Times the mean number of frames in a scene: they resemble each other, and tell little more than one of them would."""
_CANDIDATES = 8 * NEAREST
_STEPS = 200
_BLOCK = 1_024
Evidence = Callable[[npt.NDArray[np.bool_]], Floats]
"""Given which frames a model is fitted on, (n, features) of all frames."""


def folds_of(scene: Ints, seed: int = 0) -> Ints:
    """(n,) the fold of each frame; frames of a scene share it, and folds hold nearly as many scenes each."""
    scenes, place = np.unique(scene, return_inverse=True)
    dealt = np.random.default_rng(seed).permutation(np.arange(len(scenes)) % FOLDS)
    return np.asarray(dealt[place], dtype=np.int64)


def cross_fitted(levels: Ints, scene: Ints, evidence: Evidence, *, seed: int = 0) -> Floats:
    """(n, 3) chances of each level, of each frame by a model that saw no frame of its fold."""
    fold = folds_of(scene, seed)
    penalty = PENALTY * len(scene) / len(np.unique(scene))
    chances = np.empty((len(levels), LEVELS))
    for held in np.unique(fold):
        fitted_on = fold != held
        features = evidence(fitted_on)
        weights = _fit(features[fitted_on], levels[fitted_on], penalty)
        chances[~fitted_on] = _chances(features[~fitted_on], weights)
    return _tempered(chances, levels)


def _tempered(chances: Floats, levels: Ints) -> Floats:
    """Chances drawn towards the shares of the levels as far as that foretells levels better: scenes are few, and what a
    model learns from some of them says too much of others. Evidence that tells nothing ends at the shares."""
    shares = np.bincount(levels, minlength=LEVELS) / len(levels)
    base, said = np.log(np.maximum(shares, 1e-12)), np.log(np.maximum(chances, 1e-12))
    rows = np.arange(len(levels))

    def loss(trust: float) -> float:
        return float(-np.log(_softmax(base + trust * (said - base))[rows, levels] + 1e-300).mean())

    trust = float(minimize_scalar(loss, bounds=(0, 1), method="bounded").x)
    return _softmax(base + trust * (said - base))


def _fit(features: Floats, levels: Ints, penalty: float) -> Floats:
    """(features + 1, 3) weights; the last row is the constant, which is not penalised."""
    design = _with_constant(features)
    wanted = np.eye(LEVELS)[levels]
    shape = (design.shape[1], LEVELS)

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(shape)
        chances = _softmax(design @ weights)
        penalised = weights.copy()
        penalised[-1] = 0
        said = np.log(np.maximum((chances * wanted).sum(1), 1e-300))
        slope = design.T @ (chances - wanted) + penalty * penalised
        return float(-said.sum() + penalty / 2 * (penalised**2).sum()), slope.ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    return np.asarray(found.x.reshape(shape))


def _chances(features: Floats, weights: Floats) -> Floats:
    return _softmax(_with_constant(features) @ weights)


def _with_constant(features: Floats) -> Floats:
    return np.column_stack([features, np.ones(len(features))])


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def directions(vectors: Floats) -> Floats:
    """(n, 24 at most) the vectors along the directions in which they differ most, each of unit spread; rows of NaN (no
    vector) become zeros."""
    known = np.isfinite(vectors).all(axis=1)
    if known.sum() < 2:  # noqa: PLR2004 - one vector differs from none
        return np.zeros((len(vectors), 0))
    centred = np.where(known[:, None], vectors - vectors[known].mean(axis=0), 0.0)
    spread, axes = np.linalg.eigh(centred.T @ centred / known.sum())
    kept = np.argsort(-spread)[: min(DIRECTIONS, int(known.sum()) - 1)]
    kept = kept[spread[kept] > 1e-9]  # noqa: PLR2004 - what is left of rounding
    return np.asarray(centred @ axes[:, kept] / np.sqrt(spread[kept]))


def nearest_elsewhere(vectors: npt.NDArray[np.float32], scene: Ints, *, seed: int = 0) -> Ints:
    """(n, 80 at most) the places of the nearest frames of other scenes, nearest first; -1 where there are no more, and
    for frames without a vector. Eighty, so that ten are left once a fold is taken away."""
    known = np.isfinite(vectors).all(axis=1)
    places = np.flatnonzero(known)
    if len(places) > MOST_REFERENCES:
        places = np.sort(np.random.default_rng(seed).choice(places, MOST_REFERENCES, replace=False))
    width = min(_CANDIDATES, len(places))
    found = np.full((len(vectors), width), -1, dtype=np.int64)
    if width == 0:
        return found
    for block in _blocks(np.flatnonzero(known)):
        similar = vectors[block] @ vectors[places].T
        similar[scene[block][:, None] == scene[places]] = -np.inf
        near = np.argpartition(-similar, width - 1, axis=1)[:, :width]
        values = np.take_along_axis(similar, near, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        usable = np.isfinite(np.take_along_axis(values, order, axis=1))
        found[block] = np.where(usable, places[np.take_along_axis(near, order, axis=1)], -1)
    return found


def neighbour_shares(nearest: Ints, levels: Ints, fitted_on: npt.NDArray[np.bool_]) -> Floats:
    """(n, 3) which levels the ten nearest fitted frames have, one more frame shared evenly."""
    counts = (nearest >= 0) & fitted_on[nearest]
    counts &= counts.cumsum(axis=1) <= NEAREST
    said = np.stack([(counts & (levels[nearest] == rank)).sum(axis=1) for rank in range(LEVELS)], axis=1)
    counted = said + 1 / LEVELS
    return np.asarray(counted / counted.sum(axis=1, keepdims=True))


def _blocks(places: Ints) -> Iterator[Ints]:
    return (places[first : first + _BLOCK] for first in range(0, len(places), _BLOCK))
