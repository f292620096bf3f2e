"""Whether a share differs between two kinds of frames of a set of scenes, such as those with a cue and the others."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.statistics.intervals import FEWEST_SCENES, SEED
from eval.statistics.rate import Undefined
from eval.statistics.sign_flip import FLIPS, Floats, sign_flip_p

Parts = tuple[NDArray[Any], NDArray[Any]]
"""(scenes,) events and (scenes,) frames."""


def contrast_p(inside: Parts, outside: Parts) -> float | Undefined:
    """Two-sided p-value that both shares are equal; a reason where either kind is in fewer than ten scenes.

    Where no scene has both kinds, by permuting which scenes are of which kind (exact where scenes are exchangeable);
    otherwise by flipping the signs of what each scene adds to the difference, which is centred under the hypothesis.
    """
    for frames in (inside[1], outside[1]):
        scenes = int((frames > 0).sum())
        if scenes < FEWEST_SCENES:
            return Undefined(f"too few scenes ({scenes})")
    events, frames = inside[0] + outside[0], inside[1] + outside[1]
    if not 0 < events.sum() < frames.sum():
        return Undefined("every frame is alike")
    held = frames > 0
    if not ((inside[1] > 0) & (outside[1] > 0)).any():
        return _permuted(events[held], frames[held], (inside[1] > 0)[held])
    share = events.sum() / frames.sum()
    adds = [(hits - share * n) / n.sum() for hits, n in (inside, outside)]
    scaled = (adds[0] - adds[1])[held]
    if not scaled.any():
        return 1.0
    return float(sign_flip_p(scaled * (1000 / np.abs(scaled).sum())))


def _permuted(events: NDArray[Any], frames: NDArray[Any], is_inside: NDArray[np.bool_]) -> float:
    kinds = _kinds(len(frames), int(is_inside.sum()))
    seen = _difference(is_inside[None], events, frames)[0]
    drawn = _difference(kinds, events, frames)
    return float((1 + (drawn >= seen - 1e-9).sum()) / (1 + len(drawn)))


def _difference(kinds: NDArray[np.bool_], events: NDArray[Any], frames: NDArray[Any]) -> Floats:
    """(n,) distance of the shares for (n, scenes) divisions into two kinds."""
    hits, n = kinds @ events, kinds @ frames
    return np.asarray(np.abs(hits / n - (events.sum() - hits) / (frames.sum() - n)))


@lru_cache(maxsize=8)
def _kinds(scenes: int, inside: int, seed: int = SEED) -> NDArray[np.bool_]:
    """(draws, scenes) divisions that put `inside` scenes on one side."""
    order = np.random.default_rng(seed).random((FLIPS, scenes)).argsort(axis=1)
    return np.asarray(order < inside)
