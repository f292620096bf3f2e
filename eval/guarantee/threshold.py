"""Which threshold on P(TELEOPERATION) misses no more than a guaranteed share, with scenes as units. Pure.

Learn then Test (Angelopoulos et al. 2021) in a fixed sequence: thresholds are tried from the most careful one upwards,
each tested for "the miss rate is above the guarantee" with the scene bound that claims rest on, until the first that
the test cannot reject. Misses only grow with the threshold, so the chance that the chosen one breaks the guarantee is
at most 1 - confidence, whatever the correlation of frames inside a scene.

The miss rate is that of a scene: the share of its TELEOPERATION frames that are missed, on average over scenes that
hold any. Counted by frames instead, one scene with thirty of them would weigh as much as thirty scenes, and the bound
would take several times as many scenes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eval.statistics.intervals import FEWEST_SCENES
from eval.statistics.rate import Undefined
from eval.statistics.scene_share import scene_upper_bound, shows, smallest_limit

Floats = NDArray[np.float64]
AT_ONCE = 256


@dataclass(frozen=True)
class Chosen:
    """The highest threshold that keeps the guarantee, from `frames` TELEOPERATION frames of `scenes` scenes.

    threshold: a frame is called TELEOPERATION where its probability is at least so high; None where not even the most
    careful threshold is shown to keep the guarantee. missed: frames below it. bound: upper end of its miss rate. least:
    the smallest guarantee that these scenes can show for any threshold.
    """

    threshold: float | None
    missed: int
    frames: int
    scenes: int
    bound: float | Undefined
    least: float | Undefined


def choose_threshold(
    probabilities: ArrayLike, scenes: ArrayLike, *, guarantee: float, confidence: float = 0.95
) -> Chosen:
    """probabilities: (frames,) of TELEOPERATION, for frames that are TELEOPERATION; scenes: (frames,) their scenes."""
    p = np.asarray(probabilities, dtype=np.float64)
    names, scene = np.unique(np.asarray(scenes), return_inverse=True)
    frames = np.bincount(scene, minlength=len(names)).astype(np.float64)
    least = smallest_limit(np.ones(len(names)), confidence=confidence)
    if len(names) < FEWEST_SCENES:
        return Chosen(None, 0, len(p), len(names), least, least)
    place = _last_shown(p, scene, frames, guarantee, confidence)
    if place is None:
        return Chosen(None, 0, len(p), len(names), Undefined("no threshold is shown to keep it"), least)
    threshold = float(np.unique(p)[place])
    events = np.bincount(scene, weights=p < threshold, minlength=len(names))
    bound = scene_upper_bound(events / frames, np.ones(len(names)), confidence=confidence)
    return Chosen(threshold, int(events.sum()), len(p), len(names), bound, least)


def _last_shown(
    p: Floats, scene: NDArray[np.int64], frames: Floats, guarantee: float, confidence: float
) -> int | None:
    """The place, among the distinct probabilities in order, of the last threshold before the first that fails."""
    candidates = np.unique(p)
    order = np.argsort(p, kind="stable")
    below = np.searchsorted(p[order], candidates, side="left")
    events = np.zeros(len(frames))
    last: int | None = None
    for first in range(0, len(candidates), AT_ONCE):
        block = []
        for place in range(first, min(first + AT_ONCE, len(candidates))):
            start = below[place - 1] if place else 0
            np.add.at(events, scene[order[start : below[place]]], 1)
            block.append(events / frames)
        shares = np.array(block)
        passed = np.asarray(shows(shares, np.ones_like(shares), limit=guarantee, confidence=confidence))
        if not passed.all():
            failed = first + int(np.argmin(passed))
            return failed - 1 if failed else None
        last = first + len(block) - 1
    return last
