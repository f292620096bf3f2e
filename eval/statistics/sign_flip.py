"""Whether a paired difference over scenes is more than chance: the sign-flip permutation test and its interval.

Where two runs do equally well, either run could have given either answer of a scene, so the sign of each scene's
difference is a coin's. Exact for that null hypothesis whatever the correlation inside scenes (Fisher 1935).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from eval.statistics.intervals import SEED
from eval.statistics.rate import Interval

Floats = NDArray[np.float64]

EXACT_UP_TO = 12
FLIPS = 9_999
_TOUCHING = 1e-9


@lru_cache(maxsize=16)
def flips(scenes: int, seed: int = SEED) -> NDArray[np.float32]:
    """(flips, scenes) signs: all of them up to 12 scenes, else the one that was seen and 9,999 drawn ones."""
    if scenes <= EXACT_UP_TO:
        signs = np.array(list(product((1, -1), repeat=scenes)), dtype=np.float32).reshape(-1, scenes)
    else:
        drawn = np.random.default_rng(seed).integers(2, size=(FLIPS, scenes), dtype=np.int8) * 2 - 1
        signs = np.vstack([np.ones(scenes), drawn]).astype(np.float32)
    signs.flags.writeable = False
    return signs


def sign_flip_p(differences: Floats) -> Floats:
    """(...) two-sided p-values of the sums of (..., scenes) differences.

    >>> float(sign_flip_p(np.ones(5)))  # 2 of the 32 flips are as extreme
    0.0625
    """
    signs = flips(differences.shape[-1])
    flipped = np.abs(differences.astype(np.float32) @ signs.T)
    seen = np.abs(differences.sum(-1))[..., None]
    return np.asarray((flipped >= seen - 1e-3).mean(-1))


def sign_flip_interval(differences: Floats, frames: Floats, *, confidence: float) -> Interval:
    """All mean differences per frame, -1 to 1, that the test does not reject; it excludes 0 where 0 is rejected.

    differences, frames: (scenes,), the difference of counts and the frames of each scene.
    """
    signs = flips(len(differences)).astype(np.float64)
    moved, weighed = (signs @ np.column_stack([differences, frames])).T
    n = float(frames.sum())
    mean = float(differences.sum()) / n
    from_mean = moved - mean * weighed
    kept = _fewest_extreme(len(signs), confidence)
    below, above = (_last_kept(from_mean, side * weighed, n, kept) for side in (-1, 1))
    return Interval(max(mean - below, -1.0), min(mean + above, 1.0))


@lru_cache(maxsize=64)
def _fewest_extreme(flipped: int, confidence: float) -> int:
    """Of how many flips at least as extreme as what was seen the test does not reject."""
    return 1 + int(np.count_nonzero(np.arange(1, flipped + 1) / flipped <= 1 - confidence))


def _last_kept(from_mean: Floats, weighed: Floats, n: float, kept: int) -> float:
    """How far from the mean a value is still not rejected.

    At distance d a flip is as extreme where |from_mean - d weighed| >= d n. As |weighed| <= n, that holds up to one
    distance for each flip; the value is kept up to the distance that enough flips reach.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        reached = np.fmax((_TOUCHING + from_mean) / (n + weighed), (_TOUCHING - from_mean) / (n - weighed))
    return float(np.partition(reached, len(reached) - kept)[len(reached) - kept])
