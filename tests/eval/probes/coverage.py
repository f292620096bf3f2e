"""How often the intervals of probes hold the truth, in projects whose truth is known: scenes that differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.probes.paired import counted, difference_interval
from eval.statistics.rate import Interval, Undefined

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Draws = Callable[[np.random.Generator], Interval | Undefined]


@dataclass(frozen=True)
class Coverage:
    """Of simulated projects, how many intervals hold the truth, lie wholly above it or below it, or are not defined."""

    what: str
    scenes: int
    truth: float
    alike: float
    projects: int
    held: int
    above: int
    below: int

    @property
    def share(self) -> float:
        """Of the defined ones; 1 where none is."""
        defined = self.held + self.above + self.below
        return self.held / defined if defined else 1.0

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "share": round(self.share, 4)}


def scenes_of(dice: np.random.Generator, scenes: int, mean: float, alike: float) -> tuple[Floats, Ints]:
    """(scenes,) shares around the mean, beta-distributed with this correlation inside, and numbers of frames."""
    spread = 1 / alike - 1
    return dice.beta(mean * spread, (1 - mean) * spread, scenes), 1 + dice.poisson(6, scenes)


def of_differences(scenes: int, lost: float, gained: float, alike: float, projects: int) -> Coverage:
    """Of frames that are right with their picture and not without, and the other way round."""

    def draw(dice: np.random.Generator) -> Interval | Undefined:
        share, frames = scenes_of(dice, scenes, lost, alike)
        more = dice.binomial(frames, share)
        fewer = dice.binomial(frames - more, gained / (1 - lost))
        return difference_interval(more.astype(float), fewer.astype(float), frames.astype(float))

    return _covered(
        f"difference, {lost:g} lost and {gained:g} gained", scenes, lost - gained, alike, projects, draw
    )


def of_rates(scenes: int, rate: float, alike: float, projects: int) -> Coverage:
    """Of violations at three strengths: scenes differ in how likely their frames are to violate a duty."""

    def draw(dice: np.random.Generator) -> Interval | Undefined:
        share, frames = scenes_of(dice, scenes, rate, alike)
        hits = dice.binomial(3 * frames, share)
        return counted(
            (str(scene), place < hit)
            for scene, (hit, n) in enumerate(zip(hits.tolist(), (3 * frames).tolist(), strict=True))
            for place in range(n)
        ).interval

    return _covered("rate of violations", scenes, rate, alike, projects, draw)


def _covered(what: str, scenes: int, truth: float, alike: float, projects: int, draw: Draws) -> Coverage:
    dice, held, above, below = np.random.default_rng(scenes), 0, 0, 0
    for _ in range(projects):
        found = draw(dice)
        if isinstance(found, Interval):
            above += found.low > truth
            below += found.high < truth
            held += found.low <= truth <= found.high
    return Coverage(what, scenes, round(truth, 4), alike, projects, held, above, below)


def every_cell(projects: int) -> Iterator[Coverage]:
    """Models that lose much, little and nothing without their picture, and duties that are broken often and seldom."""
    sizes: Iterable[tuple[int, float]] = list(product((10, 20, 50, 150), (0.1, 0.3, 0.5)))
    for scenes, alike in sizes:
        for lost, gained in ((0.40, 0.05), (0.15, 0.10), (0.10, 0.10), (0.03, 0.01)):
            yield of_differences(scenes, lost, gained, alike, projects)
        for rate in (0.40, 0.10, 0.03):
            yield of_rates(scenes, rate, alike, projects)
