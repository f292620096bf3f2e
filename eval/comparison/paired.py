"""Two runs on the same frames: is one right more often, by the sign-flip test over scenes, and what would settle it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
from scipy.stats import norm

from eval.metrics.answers import Answers, Mask
from eval.statistics.holm import holm
from eval.statistics.intervals import FEWEST_SCENES, too_few_scenes
from eval.statistics.rate import Interval, Undefined
from eval.statistics.sign_flip import Floats, sign_flip_interval, sign_flip_p
from eval.statistics.values import Part

POWER = 0.8


class PairedTest(Part):
    """Two runs on `n` frames of `scenes` scenes: on how many only the first was right, on how many only the second.

    `p_value` is that of the sign-flip test over scene differences, two-sided; `p_holm` is corrected for every question
    and pair of runs of the evaluation. `difference` is the second run's share of right frames minus the first's;
    `interval` goes with it at the level that Holm's method leaves to this test and so excludes 0 exactly where `p_holm`
    is below 1 - confidence. `scenes_needed`: such scenes at which a difference of this size is found 8 times in 10.
    """

    among: str
    n: int
    scenes: int
    only_first: int
    only_second: int
    difference: float | Undefined
    interval: Interval | Undefined
    p_value: float | Undefined
    p_holm: float | Undefined
    scenes_needed: int | Undefined


def paired_test(among: str, first: Answers, second: Answers, taken: Mask, *, confidence: float) -> PairedTest:
    """The test on the frames `taken`, not yet corrected."""
    right = [(run.said == run.true)[taken] for run in (first, second)]
    differences, frames = _by_scene(first, taken, right[1].astype(np.int64) - right[0])
    difference = (
        differences.sum() / frames.sum() if len(frames) else Undefined(f"there are no {among} frames")
    )
    p_value = _p_value(differences)
    return PairedTest(
        among=among,
        n=int(taken.sum()),
        scenes=len(frames),
        only_first=int((right[0] & ~right[1]).sum()),
        only_second=int((right[1] & ~right[0]).sum()),
        difference=difference,
        interval=_interval(differences, frames, confidence),
        p_value=p_value,
        p_holm=p_value,
        scenes_needed=scenes_needed(differences, frames, confidence=confidence),
    )


def corrected(
    tests: Sequence[PairedTest], runs: Sequence[tuple[Answers, Answers, Mask]], *, confidence: float
) -> list[PairedTest]:
    """The tests with `p_holm` and `interval` for all of them together. runs: the runs and frames of each test."""
    found = [test.p_value for test in tests if not isinstance(test.p_value, Undefined)]
    adjusted = iter(holm(found))
    return [
        test
        if isinstance(test.p_value, Undefined)
        else _at_level(test, test.p_value, next(adjusted), of, confidence)
        for test, of in zip(tests, runs, strict=True)
    ]


def _at_level(
    test: PairedTest, p_value: float, p_holm: float, of: tuple[Answers, Answers, Mask], confidence: float
) -> PairedTest:
    first, second, taken = of
    right = [(run.said == run.true)[taken].astype(np.int64) for run in (first, second)]
    level = 1 - (1 - confidence) * p_value / p_holm
    interval = _interval(*_by_scene(first, taken, right[1] - right[0]), level)
    return test.model_copy(update={"p_holm": p_holm, "interval": interval})


def _by_scene(run: Answers, taken: Mask, of_frame: np.ndarray) -> tuple[Floats, Floats]:  # type: ignore[type-arg]
    """(scenes that hold such frames,) sums of a value per frame, and their numbers of frames."""
    scene = run.scene[taken]
    frames = np.bincount(scene, minlength=run.scenes).astype(np.float64)
    sums = np.asarray(np.bincount(scene, weights=of_frame, minlength=run.scenes), dtype=np.float64)
    return sums[frames > 0], frames[frames > 0]


def _p_value(differences: Floats) -> float | Undefined:
    if len(differences) < FEWEST_SCENES:
        return too_few_scenes(len(differences))
    if not differences.any():
        return Undefined("in every scene the runs are right equally often")
    return float(sign_flip_p(differences))


def _interval(differences: Floats, frames: Floats, confidence: float) -> Interval | Undefined:
    if len(differences) < FEWEST_SCENES:
        return too_few_scenes(len(differences))
    return sign_flip_interval(differences, frames, confidence=confidence)


def scenes_needed(
    differences: Floats, frames: Floats, *, confidence: float, power: float = POWER
) -> int | Undefined:
    """Scenes like these at which the observed difference is found, from its scene-linearised standard error."""
    scenes = len(frames)
    if scenes < FEWEST_SCENES:
        return too_few_scenes(scenes)
    if not differences.sum():
        return Undefined("the runs err equally often")
    mean = float(differences.sum() / frames.sum())
    residuals = float(((differences - mean * frames) ** 2).sum())
    variance = scenes / (scenes - 1) * residuals / float(frames.sum()) ** 2
    reach = float(norm.ppf((1 + confidence) / 2)) + float(norm.ppf(power))
    return max(ceil(scenes * (reach * sqrt(variance) / abs(mean)) ** 2), FEWEST_SCENES)
