"""Traits drawn with and without a say in levels, both lasting within scenes: how often a finding is claimed, and how
often the interval holds the mean of what is found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.suspicion.traits import Trait
from eval.statistics.rate import Interval
from eval.training_levels.shortcuts import shortcut_figures

GROUPS = 5


@dataclass(frozen=True)
class Simulated:
    """Shares of projects: a finding claimed; the interval holding the mean of all projects' figures."""

    found: float
    covered: float


def simulated(
    projects: int, *, scenes: int = 40, frames: int = 15, effect: float = 0.0, exchanges: int = 99
) -> Simulated:
    """effect: the share of frames whose level is that of their group."""
    drawn = [_one(seed, scenes, frames, effect, exchanges) for seed in range(projects)]
    bits = [one for one, _, _ in drawn]
    mean = float(np.mean(bits))
    covered = [low <= mean <= high for _, (low, high), _ in drawn]
    return Simulated(float(np.mean([is_finding for _, _, is_finding in drawn])), float(np.mean(covered)))


def _one(
    seed: int, scenes: int, frames: int, effect: float, exchanges: int
) -> tuple[float, tuple[float, float], bool]:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(frames // 2, frames * 2, size=scenes)
    scene = np.repeat(np.arange(scenes), sizes)
    level, group = (_lasting(rng, scene, scenes, height) for height in (3, GROUPS))
    follows = rng.random(len(scene)) < effect
    level = np.where(follows, group % 3, level)
    [found] = shortcut_figures(
        [Trait("brightness", [str(one) for one in range(GROUPS)], group)],
        level,
        scene,
        exchanges=exchanges,
        seed=seed,
    )
    assert isinstance(found.bits, float)
    assert isinstance(found.interval, Interval)
    return found.bits, (found.interval.low, found.interval.high), found.is_finding


def _lasting(rng: np.random.Generator, scene: np.ndarray, scenes: int, height: int) -> np.ndarray:  # type: ignore[type-arg]
    """What most frames of a scene share."""
    of_scene = rng.integers(height, size=scenes)[scene]
    return np.where(rng.random(len(scene)) < 0.8, of_scene, rng.integers(height, size=len(scene)))
