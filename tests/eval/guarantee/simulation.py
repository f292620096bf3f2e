"""Projects in which the true miss rate of every threshold is known: scenes differ, and frames of a scene resemble."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from eval.guarantee.live_evidence import ALPHA, evidence
from eval.guarantee.threshold import choose_threshold

MEAN, NOISE = 1.5, 1.0


@dataclass(frozen=True)
class Cell:
    """So many scenes with TELEOPERATION; `scene_spread`: how far scenes lie apart, in units of the noise of a frame
    (0: frames are independent, 1: half of the variance lies between scenes)."""

    scenes: int
    scene_spread: float
    guarantee: float = 0.05
    confidence: float = 0.95


@dataclass(frozen=True)
class Outcome:
    """Of `projects`: how many got a threshold, how many of those miss more than guaranteed, and what the thresholds
    miss on average."""

    projects: int
    given: int
    violations: int
    mean_miss_rate: float | None


def guaranteed(cell: Cell, projects: int, seed: int = 0) -> Outcome:
    """Choose a threshold in each project and hold it against the truth."""
    rng, rates = np.random.default_rng(seed), []
    for _ in range(projects):
        scenes = np.repeat(np.arange(cell.scenes), 1 + rng.geometric(1 / 8, cell.scenes).clip(max=30))
        effect = rng.normal(0, cell.scene_spread * NOISE, cell.scenes)[scenes]
        logits = MEAN + effect + rng.normal(0, NOISE, len(scenes))
        p = 1 / (1 + np.exp(-logits))
        chosen = choose_threshold(p, scenes, guarantee=cell.guarantee, confidence=cell.confidence)
        if chosen.threshold is not None:
            rates.append(true_miss_rate(chosen.threshold, cell))
    broken = sum(rate > cell.guarantee for rate in rates)
    return Outcome(projects, len(rates), broken, float(np.mean(rates)) if rates else None)


def true_miss_rate(threshold: float, cell: Cell) -> float:
    """Of all frames that hold the level, with a probability below the threshold."""
    spread = NOISE * np.hypot(1, cell.scene_spread)
    return float(norm.cdf((np.log(threshold / (1 - threshold)) - MEAN) / spread))


def withdrawals(
    rate: float, guarantee: float, *, projects: int, frames: int, seed: int = 0
) -> tuple[float, float | None]:
    """(share of projects that withdraw within so many frames, median frames until then over all projects; None where
    fewer than half do)."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(projects):
        stake = evidence(rng.random(frames) < rate, guarantee)
        over = np.flatnonzero(stake >= 1 / ALPHA)
        found.append(float(over[0]) + 1 if len(over) else np.inf)
    median = float(np.median(found))
    return float(np.mean(np.isfinite(found))), median if np.isfinite(median) else None
