"""Textbook intervals of counts, and a bootstrap over scenes for what is no share of frames.

Frames of one scene resemble each other, so intervals that take frames as independent (Wilson, Clopper-Pearson) are
too narrow when a scene gives several of the counted frames. Shares have `scene_share`; the percentile bootstrap here is
for coefficients and scores, and too narrow for rare events and for fewer than ten scenes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm
from scipy.stats import t as student

from eval.statistics.rate import Interval, Rate, Undefined

CONFIDENCE = 0.95
RESAMPLES = 2000
SEED = 20260101
# Below this share of resamples in which the figure exists at all, its spread says more about which scenes happen
# to hold the level than about the run.
MIN_DEFINED_SHARE = 0.95
FEWEST_SCENES = 10
"""Fewer scenes than this that hold a level say too little of how it varies between scenes."""

Statistic = Callable[[NDArray[Any]], NDArray[np.float64]]


def wilson(rate: Rate, *, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a share (Wilson 1927; Newcombe 1998, method 3). Frames taken as independent."""
    return _binomial(rate, "wilson", confidence)


def clopper_pearson(rate: Rate, *, confidence: float = CONFIDENCE) -> Interval:
    """The exact interval of a share (Clopper & Pearson 1934): never too narrow. Frames taken as independent."""
    return _binomial(rate, "exact", confidence)


def _binomial(rate: Rate, method: Literal["wilson", "exact"], confidence: float) -> Interval:
    found = binomtest(rate.count, rate.n).proportion_ci(confidence_level=confidence, method=method)
    return Interval(float(found.low), float(found.high))


@lru_cache(maxsize=8)
def scene_resamples(scenes: int, resamples: int = RESAMPLES, seed: int = SEED) -> NDArray[np.float64]:
    """(resamples, scenes) how often each scene is drawn when `scenes` are drawn with replacement.

    The same draw for every run and figure of an evaluation, so that differences between runs stay paired.
    """
    drawn = np.random.default_rng(seed).integers(scenes, size=(resamples, scenes), dtype=np.int32)
    # One count over (resample, scene) numbers: several times as fast as drawing from a multinomial.
    places = drawn + np.arange(resamples, dtype=np.int64)[:, None] * scenes
    draws = np.bincount(places.ravel(), minlength=resamples * scenes).astype(np.float64)
    draws.flags.writeable = False
    return draws.reshape(resamples, scenes)


def scene_bootstrap(
    per_scene: NDArray[Any],
    statistic: Statistic,
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Interval | Undefined:
    """Percentile bootstrap over scenes (Efron & Tibshirani 1993, ch. 13) of a figure made of sums over frames, its
    percentiles moved outwards for few scenes.

    `per_scene` is (scenes, ...): what each scene adds to the table the figure is computed from (a confusion matrix,
    a contingency or coincidence table). `statistic` takes (resamples, ...) summed tables and returns (resamples,)
    values, NaN where the figure is not defined. A reason below `FEWEST_SCENES` scenes.
    """
    if len(per_scene) < FEWEST_SCENES:
        return too_few_scenes(len(per_scene))
    draws = scene_resamples(len(per_scene), resamples, seed)
    values = statistic(np.tensordot(draws, per_scene, axes=1))
    return percentile_interval(values[~np.isnan(values)], resamples, expanded(confidence, len(per_scene)))


def expanded(confidence: float, scenes: int) -> float:
    """The level at which percentiles of so few scenes cover what they say (Hesterberg 2015, section 4.3).

    >>> round(expanded(0.95, 12), 3), round(expanded(0.95, 1000), 3)
    (0.978, 0.95)
    """
    reach = np.sqrt(scenes / (scenes - 1)) * student.ppf((1 + confidence) / 2, scenes - 1)
    return float(2 * norm.cdf(reach) - 1)


def too_few_scenes(scenes: int) -> Undefined:
    """Why nothing is concluded from so few scenes."""
    holds = "scene holds" if scenes == 1 else "scenes hold"
    return Undefined(f"{scenes or 'no'} {holds} such frames, {FEWEST_SCENES} are needed")


def percentile_interval(
    values: NDArray[np.float64], resamples: int, confidence: float
) -> Interval | Undefined:
    """The middle of the values, or a reason where too few of the resamples have one or all are equal."""
    if len(values) < MIN_DEFINED_SHARE * resamples:
        return Undefined("too few scenes hold such frames")
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    if low == high:
        return Undefined("all resamples are equal")
    return Interval(float(low), float(high))
