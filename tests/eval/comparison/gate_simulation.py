"""How often the gate passes a run that is as much worse as the margin allows, and how often its interval is right.

The first run misses 10 % of TELEOPERATION frames, correlated inside a scene. The second misses some that the first
found and finds some that it missed, correlated too, so that it misses `truth` more on average.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from eval.statistics.scene_share import Floats, difference_ends
from eval.statistics.sign_flip import sign_flip_interval
from tests.eval.coverage_matrix import some_events

MISSED = 0.1
SIZES: Mapping[str, Callable[[np.random.Generator, tuple[int, int]], Floats]] = {
    "even": lambda rng, shape: 1.0 + rng.poisson(3, size=shape),
    "uneven": lambda rng, shape: np.minimum(rng.geometric(0.12, size=shape), 40).astype(np.float64),
    "a tenth hold most": lambda rng, shape: np.where(rng.random(shape) < 0.1, 40.0, 2.0),
}
"""How many TELEOPERATION frames scenes hold."""


@dataclass(frozen=True)
class World:
    """`fixed`: of the frames that the first run missed, the share that the second finds."""

    scenes: int
    correlation: float
    truth: float = 0.01
    fixed: float = 0.02
    sizes: str = "even"

    @property
    def newly_missed(self) -> float:
        return max((self.truth + MISSED * self.fixed) / (1 - MISSED), 1e-9)

    def drawn(self, n: int, *, seed: int = 7) -> tuple[Floats, Floats, Floats]:
        """(n, scenes) frames that the second run alone misses, that the first alone does, and all."""
        rng = np.random.default_rng([seed, self.scenes, round(1000 * self.correlation)])
        frames = SIZES[self.sizes](rng, (n, self.scenes))
        missed = some_events(rng, frames, MISSED, self.correlation)
        newly = some_events(rng, frames - missed, self.newly_missed, self.correlation)
        fixed = some_events(rng, missed, max(self.fixed, 1e-9), self.correlation)
        return newly, fixed, frames


def passes(world: World, n: int, *, margin: float) -> float:
    """The share of n projects in which the gate passes."""
    return float(np.mean(difference_ends(*world.drawn(n), confidence=0.95)[1] <= margin))


def coverage(world: World, n: int) -> float:
    """The share of n projects whose interval holds the truth."""
    low, high = difference_ends(*world.drawn(n), confidence=0.95)
    return float(np.mean((low <= world.truth) & (world.truth <= high)))


def sign_flip_passes(world: World, n: int, *, margin: float) -> float:
    """The same gate on the interval of the sign-flip test."""
    drawn = zip(*world.drawn(n), strict=True)
    return float(np.mean([sign_flip_interval(a - b, m, confidence=0.95).high <= margin for a, b, m in drawn]))


def normal_passes(world: World, n: int, *, margin: float) -> float:
    """The same gate on the scene-linearised variance and a normal quantile."""
    newly, fixed, frames = world.drawn(n)
    differences, total = newly - fixed, frames.sum(1)
    mean = differences.sum(1) / total
    residual = differences - mean[:, None] * frames
    error = np.sqrt(world.scenes / (world.scenes - 1) * (residual**2).sum(1)) / total
    return float(np.mean(mean + 1.96 * error <= margin))


FALSE = [
    (World(scenes, correlation, margin, fixed, sizes), margin)
    for (margin, scenes), correlation, fixed, sizes in product(
        ((0.01, 60), (0.01, 600), (0.01, 1500), (0.05, 100), (0.05, 600)), (0.0, 0.3, 0.9), (0.0, 0.05), SIZES
    )
]
"""Runs that are worse by the margin, with that margin."""
GOOD = [
    (World(scenes, 0.3, 0.0, fixed), margin)
    for (margin, scenes), fixed in product(((0.01, 600), (0.01, 1500), (0.05, 100), (0.05, 200)), (0.0, 0.02))
]


def every_gate(n: int) -> dict[str, Any]:
    """All cells for `make bench-coverage`: runs that are worse by the margin, and runs that are as good."""
    false: list[dict[str, Any]] = [
        {
            "scenes": world.scenes,
            "sizes": world.sizes,
            "correlation": world.correlation,
            "fixed": world.fixed,
            "margin": margin,
            "false_passes": round(passes(world, n, margin=margin), 4),
            "coverage": round(coverage(world, n), 4),
            "false_passes_normal": round(normal_passes(world, n, margin=margin), 4),
        }
        for world, margin in FALSE
    ]
    good: list[dict[str, Any]] = [
        {
            "scenes": world.scenes,
            "fixed": world.fixed,
            "margin": margin,
            "passes": round(passes(world, n, margin=margin), 4),
        }
        for world, margin in GOOD
    ]
    few = World(60, 0.9)
    return {
        "worse_by_the_margin": false,
        "as_good": good,
        "most_false_passes": max(one["false_passes"] for one in false),
        "most_false_passes_normal": max(one["false_passes_normal"] for one in false),
        "false_passes_sign_flip_60_scenes": round(sign_flip_passes(few, max(20, n // 100), margin=0.01), 4),
        "lowest_coverage": min(one["coverage"] for one in false),
    }
