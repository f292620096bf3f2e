"""Near-duplicates of a standing vehicle as one stack. Pure.

How far apart two pictures of a moving vehicle are depends on what made the vectors, so the distance below which
neighbours count as duplicates is measured on the set itself: one in a hundred pairs in motion is below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Metres = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MOVES_M = 1.0
"""A vehicle that came so far between two keyframes was in motion."""
STANDS_M = 0.2
MOVING_SHARE_BELOW = 0.01
FEWEST_MOVING = 100


@dataclass(frozen=True)
class Neighbours:
    """Frames in the order of scene and time. `scene`: (n,) numbers; `vectors`: (n, dims), NaN without one; `cues`: (n,)
    a number for each set of cues; `place_m`: (n, 2), NaN where nobody recorded it."""

    scene: Ints
    vectors: Floats
    cues: Ints
    place_m: Metres

    @property
    def distance(self) -> Floats:
        """(n - 1,) one minus the similarity of each frame with the next; NaN across scenes."""
        similar = np.einsum("ij,ij->i", self.vectors[:-1], self.vectors[1:])
        return np.where(self.scene[:-1] == self.scene[1:], 1 - similar, np.nan).astype(np.float32)

    @property
    def driven_m(self) -> Metres:
        """(n - 1,) how far the vehicle came between each frame and the next."""
        return np.asarray(np.linalg.norm(np.diff(self.place_m, axis=0), axis=1))


def duplicate_distance(found: Neighbours) -> float | None:
    """The distance that one in a hundred pairs of neighbours in motion is below; None with fewer than a hundred."""
    distance, driven = found.distance, found.driven_m
    moving = distance[(driven >= MOVES_M) & np.isfinite(distance)]
    return float(np.quantile(moving, MOVING_SHARE_BELOW)) if len(moving) >= FEWEST_MOVING else None


def stack_numbers(found: Neighbours, most: float | None) -> Ints:
    """(n,) the place of the first frame of each frame's stack; its own place for a frame that stands alone.

    Frames of a stack follow each other in a scene, the vehicle stands, their cues are the same, and each is at most so
    far from the one before and from the first: a slow change ends a stack. most: None makes no stacks.
    """
    numbers = np.arange(len(found.scene))
    if most is None or not len(numbers):
        return numbers
    joins = (found.distance <= most) & (found.driven_m <= STANDS_M) & (found.cues[:-1] == found.cues[1:])
    for at in np.flatnonzero(joins) + 1:
        first = numbers[at - 1]
        if 1 - float(found.vectors[first] @ found.vectors[at]) <= most:
            numbers[at] = first
    return numbers


def cue_numbers(cues: Sequence[dict[str, str]]) -> Ints:
    """A number for each set of cues."""
    known: dict[frozenset[str], int] = {}
    return np.array([known.setdefault(frozenset(one), len(known)) for one in cues], dtype=np.int64)
