"""A simulated pool for judging orders of review: scenes, a teacher who errs together in a scene, and what is true.

A hazard moves slowly through each scene (first-order autoregression) and sets the true level. The teacher sees it
with an error of its own that is shared by the scene and drifts in it, and in some stretches does not see it at all:
there it calls TELEOPERATION AUTONOMY and is sure of it. Votes and level probabilities come from what the teacher
saw, the probabilities calibrated over the whole pool; cues come from the hazard itself, weakly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEVEL_SHARES = (0.49, 0.38, 0.13)
VOTES = 5
CUES = 5
SHIFT_OF_SCENE, SHIFT_OF_STRETCH = 0.34, 0.42
UNSEEN_STRETCHES = 0.055
CALIBRATION_BINS = 25


@dataclass(frozen=True)
class SimulatedPool:
    """`pool` as `review_order.scores` takes it, and the (frames,) true levels."""

    pool: dict[str, npt.NDArray[Any]]
    true: Ints


def simulated_pool(seed: int = 0, *, scenes: int = 350, frames: int = 9500) -> SimulatedPool:
    """A pool of scenes of about equal length; the same seed gives the same pool."""
    rng = np.random.default_rng(seed)
    scene = np.sort(np.arange(frames) % scenes)
    pos = np.arange(frames) - np.searchsorted(scene, scene)
    hazard = rng.normal(0, 0.75, scenes)[scene] + _drift(rng, pos, 0.93, 0.66)
    edges = np.quantile(hazard, np.cumsum(LEVEL_SHARES)[:2])
    true = np.digitize(hazard, edges)
    seen = hazard + rng.normal(0, SHIFT_OF_SCENE, scenes)[scene] + _drift(rng, pos, 0.8, SHIFT_OF_STRETCH)
    unseen = _stretches(rng, scene, pos, UNSEEN_STRETCHES)
    seen = np.where(
        unseen & (true > 0), np.minimum(seen, edges[0] - 0.35 - rng.exponential(0.4, frames)), seen
    )
    votes = np.stack([np.digitize(seen + rng.normal(0, 0.3, frames), edges) for _ in range(VOTES)], axis=1)
    counts = (votes[:, :, None] == np.arange(3)).sum(axis=1)
    pool = {
        "a": np.digitize(seen, edges),
        "probs": _calibrated(rng, seen, true),
        "votes": counts,
        "student": _student(rng, hazard, edges),
        "cues": _cues(rng, hazard, edges),
        "scene": scene,
        "pos": pos,
    }
    return SimulatedPool(pool, true)


def _drift(rng: np.random.Generator, pos: Ints, stay: float, spread: float) -> Floats:
    """(frames,) a stationary first-order autoregression that starts afresh in every scene."""
    steps = rng.normal(0, spread, len(pos))
    values = np.empty(len(pos))
    for frame, place in enumerate(pos):
        values[frame] = (
            steps[frame] if place == 0 else (stay * values[frame - 1] + np.sqrt(1 - stay**2) * steps[frame])
        )
    return values


def _stretches(rng: np.random.Generator, scene: Ints, pos: Ints, share: float) -> npt.NDArray[np.bool_]:
    """(frames,) stretches of 6 to 14 frames, one in some scenes, that together hold about `share` of all."""
    scenes = int(scene.max()) + 1
    length, start = rng.integers(6, 15, scenes), rng.integers(0, 20, scenes)
    has = rng.random(scenes) < share * len(scene) / scenes / length.mean()
    return np.asarray(has[scene] & (pos >= start[scene]) & (pos < (start + length)[scene]))


def _calibrated(rng: np.random.Generator, seen: Floats, true: Ints) -> Floats:
    """(frames, 3) the shares of true levels among frames that look alike to the teacher, with noise."""
    noisy = seen + rng.normal(0, 0.15, len(seen))
    edges = np.quantile(noisy, np.linspace(0, 1, CALIBRATION_BINS + 1)[1:-1])
    place = np.digitize(noisy, edges)
    counts = (
        np.stack([np.bincount(place, true == level, CALIBRATION_BINS) for level in range(3)], axis=1) + 0.5
    )
    return np.asarray((counts / counts.sum(axis=1, keepdims=True))[place])


def _student(rng: np.random.Generator, hazard: Floats, edges: Floats) -> Ints:
    """A zero-shot student: it says less than it should."""
    return np.digitize(hazard - 0.7 + rng.normal(0, 0.8, len(hazard)), edges)


def _cues(rng: np.random.Generator, hazard: Floats, edges: Floats) -> Floats:
    """(frames, cues) 0 or 1, each a little likelier where there is more hazard."""
    lift = np.linspace(0.2, 1.0, CUES)
    odds = lift * (hazard[:, None] - edges[1]) - 0.4
    return np.asarray(rng.random((len(hazard), CUES)) < 1 / (1 + np.exp(-odds)), dtype=np.float64)
