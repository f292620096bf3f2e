"""How often what a report says over scenes is wrong, by rate, number of scenes and correlation inside a scene.

Every cell simulates projects whose truth is known: beta-binomial scenes of 1 + Poisson(7) frames, so unequal ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.vocabulary import TriageLevel
from eval.agreement.estimates import Estimate, ordinal_alpha, specific_estimate
from eval.metrics.shares import MISSED_TELEOPERATION
from eval.metrics.triage_metrics import macro_f1_values
from eval.statistics.intervals import scene_bootstrap
from eval.statistics.rate import Interval, Rate, Undefined
from eval.statistics.scene_share import (
    CLAIM_CONFIDENCE,
    korn_graubard,
    scene_interval,
    scene_upper_bound,
    shows,
)
from eval.statistics.sign_flip import sign_flip_p
from tests.eval.evaluation.label_simulation import World, holding

Floats = NDArray[np.float64]
RATES = (0.03, 0.10, 0.30)
SCENES = (5, 9, 12, 30, 60)
CORRELATIONS = (0.0, 0.3, 0.5)
MEAN_FRAMES = 8
AT_ONCE = 250


@dataclass(frozen=True)
class Cell:
    """Shares of n simulated projects.

    `coverage`: two-sided 95 % intervals that hold the truth, `above` and `below` those where it lies beyond either end,
    all None where an interval is refused. `false_claims`: claims accepted at a limit equal to the truth, a refusal is
    none. `false_differences`: of two equal runs one is called more often right, on frames of the level or on all
    levels, after Holm's correction as in a report.
    """

    rate: float
    scenes: int
    correlation: float
    coverage: float | None
    above: float | None
    below: float | None
    false_claims: float
    false_differences: float
    n: int


def a_cell(rate: float, scenes: int, correlation: float, *, n: int, seed: int = 20260101) -> Cell:
    """n simulated projects."""
    rng = np.random.default_rng([seed, round(1000 * rate), scenes, round(1000 * correlation)])
    frames = some_frames(rng, n, scenes)
    first, second = (some_events(rng, frames, rate, correlation) for _ in range(2))
    refused = [of(first[0], frames[0]) for of in (scene_interval, scene_upper_bound)]
    if all(isinstance(one, Undefined) for one in refused):
        return Cell(rate, scenes, correlation, None, None, None, 0.0, 0.0, n)
    low, high = korn_graubard(first, frames)
    claimed = shows(first, frames, limit=rate, confidence=CLAIM_CONFIDENCE)
    on_level = sign_flips(second - first)
    others = 2 * frames  # of the other levels, where the runs err as often
    first_all, second_all = (own + some_events(rng, others, rate, correlation) for own in (first, second))
    on_all = sign_flips(second_all - first_all)
    smaller = np.minimum(
        on_level, on_all
    )  # Holm's method calls a difference where twice the smaller p is below .05
    above, below = float(np.mean(high < rate)), float(np.mean(low > rate))
    return Cell(
        rate,
        scenes,
        correlation,
        coverage=1 - above - below,
        above=above,
        below=below,
        false_claims=float(np.mean(claimed)),
        false_differences=float(np.mean(2 * smaller <= 0.05)),
        n=n,
    )


def sign_flips(differences: Floats) -> Floats:
    """(n,) p-values, a few projects at a time."""
    parts = np.array_split(differences, -(-len(differences) // AT_ONCE))
    return np.concatenate([sign_flip_p(part) for part in parts])


def some_frames(rng: np.random.Generator, n: int, scenes: int) -> Floats:
    """(n, scenes) frames of each scene, at least one."""
    return 1.0 + rng.poisson(MEAN_FRAMES - 1, size=(n, scenes))


def some_events(rng: np.random.Generator, frames: Floats, rate: float, correlation: float) -> Floats:
    """As many events in (n, scenes) frames, correlated inside a scene."""
    if not correlation:
        return rng.binomial(frames.astype(np.int64), rate).astype(np.float64)
    spread = 1 / correlation - 1
    of_scene = rng.beta(rate * spread, (1 - rate) * spread, size=frames.shape)
    return rng.binomial(frames.astype(np.int64), of_scene).astype(np.float64)


def every_cell(n: int) -> list[Cell]:
    """All cells, with n projects each."""
    return [a_cell(*where, n=n) for where in product(RATES, SCENES, CORRELATIONS)]


def as_values(cells: list[Cell]) -> list[dict[str, Any]]:
    """The cells for JSON, shares to four decimals."""
    return [
        {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(cell).items()}
        for cell in cells
    ]


def other_intervals(n: int, *, seed: int = 20260101) -> list[dict[str, Any]]:
    """Coverage of the other intervals that a screen or report shows, at 12, 30 and 60 scenes with correlation .3 and
    from n projects each."""
    rng = np.random.default_rng(seed)
    return [
        {"what": what, "scenes": scenes, "coverage": round(covered(rng, scenes, n), 4), "n": n}
        for what, covered in OTHERS.items()
        for scenes in (12, 30, 60)
    ]


def _weighted(rng: np.random.Generator, scenes: int, n: int) -> float:
    """A share weighted by 1 / inclusion, where misses are drawn four times less often than hits are."""
    rates, pi = (
        np.array([0.05, 0.30]),
        np.array([0.8, 0.2]),
    )  # with and without a cue, equally many on the road
    frames = some_frames(rng, n * 2, scenes).reshape(2, n, scenes) * 4
    taken = np.stack([rng.binomial(one.astype(np.int64), p) for one, p in zip(frames, pi, strict=True)])
    events = np.stack([some_events(rng, one, rate, 0.3) for one, rate in zip(taken, rates, strict=True)])
    weights = (1 / pi)[:, None, None]
    m, y = (taken * weights).sum(0), (events * weights).sum(0)
    scale = (taken.sum((0, 2)) / m.sum(1))[:, None]
    held = m > 0
    inside = [
        _holds(scene_interval((y * scale)[at][held[at]], (m * scale)[at][held[at]]), rates.mean())
        for at in range(n)
    ]
    return float(np.mean(inside))


def _agreement(rng: np.random.Generator, scenes: int, n: int, *, figure: int) -> float:
    """Two people, right 85 times in 100, on scenes of one level each in nine of ten frames."""
    truth = estimates_of(rng, 20_000)[figure].value
    inside = [_holds(estimates_of(rng, scenes)[figure].interval, _number(truth)) for _ in range(n)]
    return float(np.mean(inside))


def estimates_of(rng: np.random.Generator, scenes: int) -> tuple[Estimate, Estimate]:
    """Ordinal alpha and agreement on TELEOPERATION of simulated ratings."""
    level = np.repeat(rng.choice(3, size=scenes, p=[0.5, 0.3, 0.2]), MEAN_FRAMES)
    level = np.where(rng.random(len(level)) < 0.9, level, rng.choice(3, size=len(level)))
    counts = np.zeros((len(level), 3))
    for _ in range(2):
        said = np.where(rng.random(len(level)) < 0.85, level, rng.choice(3, size=len(level)))
        counts[np.arange(len(level)), said] += 1
    places = np.repeat(np.arange(scenes), MEAN_FRAMES)
    return ordinal_alpha(counts, places), specific_estimate(counts, places, TriageLevel.TELEOPERATION)


def _macro_f1(rng: np.random.Generator, scenes: int, n: int) -> float:
    """Of a run that is right on 8 of 10 frames of each level, more or less so from scene to scene."""
    chances = np.where(np.eye(3) > 0, 0.8, 0.1)
    inside = []
    truth = float(macro_f1_values(_confusions(rng, 50_000, chances).sum(0)))
    for _ in range(n):
        spread = scene_bootstrap(_confusions(rng, scenes, chances), macro_f1_values, resamples=1000)
        inside.append(_holds(spread, truth))
    return float(np.mean(inside))


def _confusions(rng: np.random.Generator, scenes: int, chances: Floats) -> NDArray[np.int64]:
    """(scenes, 3, 4) answers, correlated by .3 inside a scene."""
    frames = rng.multinomial(MEAN_FRAMES, [0.5, 0.3, 0.2], size=scenes)
    drawn = rng.standard_gamma(chances * 7 / 3, size=(scenes, 3, 3))
    said = rng.multinomial(frames, drawn / drawn.sum(-1, keepdims=True))
    return np.concatenate([said, np.zeros((scenes, 3, 1), dtype=np.int64)], axis=-1)


def _labels(rng: np.random.Generator, scenes: int, n: int) -> float:
    """Missed TELEOPERATION where reviewers err on one frame in five and leads have settled two thirds of that."""
    world = World(scenes=scenes, errors=2.0, left=1 / 3)
    return holding(world, MISSED_TELEOPERATION.key, n, seed=int(rng.integers(2**31)))[0]


def _number(value: float | Rate | Undefined) -> float:
    return value.value if isinstance(value, Rate) else float(str(value))


def _holds(interval: Interval | Undefined, truth: float) -> bool:
    """An interval that is refused says nothing wrong."""
    return isinstance(interval, Undefined) or interval.low <= truth <= interval.high


OTHERS: dict[str, Callable[[np.random.Generator, int, int], float]] = {
    "a share weighted by inclusion probability": _weighted,
    "Krippendorff's alpha": partial(_agreement, figure=0),
    "agreement on TELEOPERATION": partial(_agreement, figure=1),
    "macro-F1": _macro_f1,
    "missed TELEOPERATION with errors of the labels": _labels,
}
