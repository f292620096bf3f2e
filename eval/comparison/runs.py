"""Every pair of runs on the same frames: what differs, how surely, and how many frames would settle the rest."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations

import numpy as np

from eval.comparison.mcnemar import McNemar, mcnemar
from eval.comparison.same_over_escalation import SameOverEscalation, same_over_escalation
from eval.metrics.answers import Answers, T
from eval.metrics.run_figures import COST, MACRO_F1
from eval.metrics.shares import (
    ACCURACY,
    FALSE_TELEOPERATION,
    MISSED_TELEOPERATION,
    OVER_ESCALATION,
    RECALL,
    UNDER_ESCALATION,
)
from eval.metrics.triage_metrics import cost_values, macro_f1_values, share_values
from eval.presentation.in_words import told
from eval.statistics.holm import holm
from eval.statistics.intervals import FEWEST_SCENES, Statistic, scene_bootstrap
from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Method, Part

COMPARED = (
    ACCURACY,
    *RECALL.values(),
    UNDER_ESCALATION,
    MISSED_TELEOPERATION,
    FALSE_TELEOPERATION,
    OVER_ESCALATION,
)


class Difference(Part):
    """One figure of the second run minus that of the first, with its interval over resampled scenes (paired)."""

    key: str
    value: float | Undefined
    interval: Interval | Undefined


class Comparison(Part):
    """Two runs on the same frames. `says` is what may be concluded, one sentence each."""

    first: str
    second: str
    n: int
    scenes: int
    teleoperation: McNemar
    every_level: McNemar
    differences: list[Difference]
    same_over_escalation: SameOverEscalation | Undefined
    says: list[str]


def compare_runs(runs: Sequence[Answers], method: Method) -> list[Comparison]:
    """Every pair in the order of the runs, the earlier one first; p-values corrected over the pairs."""
    pairs = list(combinations(runs, 2))
    on_t = _corrected([_test(pair, "TELEOPERATION", method) for pair in pairs])
    on_all = _corrected([_test(pair, "all", method) for pair in pairs])
    return [
        _comparison(first, second, of_t, of_all, method)
        for (first, second), of_t, of_all in zip(pairs, on_t, on_all, strict=True)
    ]


def _test(pair: tuple[Answers, Answers], among: str, method: Method) -> McNemar:
    first, second = pair
    taken = first.true == T if among == "TELEOPERATION" else np.ones(first.n, dtype=np.bool_)
    right = [(run.said == run.true)[taken] for run in (first, second)]
    return mcnemar(among, right[0], right[1], confidence=method.confidence)


def _corrected(tests: list[McNemar]) -> list[McNemar]:
    """The tests with `p_holm` set over those that have a p-value."""
    found = [test.p_value for test in tests if not isinstance(test.p_value, Undefined)]
    adjusted = iter(holm(found))
    return [
        test if isinstance(test.p_value, Undefined) else test.model_copy(update={"p_holm": next(adjusted)})
        for test in tests
    ]


def _comparison(
    first: Answers, second: Answers, on_t: McNemar, on_all: McNemar, method: Method
) -> Comparison:
    differences = _differences(first, second, method)
    return Comparison(
        first=first.name,
        second=second.name,
        n=first.n,
        scenes=first.scenes,
        teleoperation=on_t,
        every_level=on_all,
        differences=differences,
        same_over_escalation=same_over_escalation(first, second, method),
        says=[
            _says(on_t, _of(differences, RECALL[list(RECALL)[T]].key), first, second, method.confidence),
            _says(on_all, _of(differences, ACCURACY.key), first, second, method.confidence),
        ],
    )


def _of(differences: list[Difference], key: str) -> Difference:
    return next(difference for difference in differences if difference.key == key)


def _differences(first: Answers, second: Answers, method: Method) -> list[Difference]:
    per_scene = np.stack([first.per_scene(), second.per_scene()], axis=1)
    statistics: dict[str, Statistic] = {share.key: partial(share_values, share) for share in COMPARED}
    statistics[MACRO_F1.key] = macro_f1_values
    statistics[COST.key] = partial(cost_values, costs=np.array(method.costs))
    return [_difference(key, per_scene, statistic, method) for key, statistic in statistics.items()]


def _difference(key: str, per_scene: np.ndarray, statistic: Statistic, method: Method) -> Difference:  # type: ignore[type-arg]
    def paired(sums: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        return statistic(sums[:, 1]) - statistic(sums[:, 0])

    value = float(paired(per_scene.sum(0, keepdims=True))[0])
    if np.isnan(value):
        absent = Undefined("a level it counts has no true frame")
        return Difference(key=key, value=absent, interval=absent)
    interval = scene_bootstrap(
        per_scene, paired, confidence=method.confidence, resamples=method.resamples, seed=method.seed
    )
    return Difference(key=key, value=value, interval=interval)


def _says(test: McNemar, difference: Difference, first: Answers, second: Answers, confidence: float) -> str:
    """One sentence: told apart only where the corrected exact test and the interval over scenes both say so."""
    frames = "TELEOPERATION frames" if test.among == "TELEOPERATION" else "frames of all levels"
    if not test.n:
        return f"There are no {frames}, so nothing can be said of them."
    alone = f"{first.name} alone was right on {test.only_first}, {second.name} alone on {test.only_second}"
    on = f"On the {test.n} {frames}, {alone}"
    if isinstance(test.p_holm, Undefined):
        return f"{on}: they cannot be told apart, {test.p_holm.reason}."
    p = f"exact McNemar p {_p(test.p_value)}, {_p(test.p_holm).removeprefix('= ')} after Holm's correction"
    if test.p_holm < 1 - confidence and first.scenes < FEWEST_SCENES:
        return (
            f"{on} ({p}), but the frames are from {first.scenes} scenes only: nothing is concluded from "
            f"fewer than {FEWEST_SCENES}."
        )
    if test.p_holm < 1 - confidence and _excludes_zero(difference.interval):
        better = first if test.only_first > test.only_second else second
        return f"{on} ({p}): {better.name} is right more often, and the interval over scenes says so too."
    if test.p_holm < 1 - confidence:
        return (
            f"{on} ({p}), but the interval over scenes holds 0: there are too few scenes to tell them apart."
        )
    return f"{on} ({p}): they cannot be told apart with these {test.n}. {_needed(test)}"


def _p(value: float | Undefined) -> str:
    text = told(value, "p")
    return text if text.startswith("<") else f"= {text}"


def _needed(test: McNemar) -> str:
    if isinstance(test.frames_needed, Undefined):
        return "They err equally often, so no number of such frames would settle it."
    frames = about(max(test.frames_needed, test.n + 1))
    return f"About {frames:,} independent frames would be needed to settle a difference of this size."


def _excludes_zero(interval: Interval | Undefined) -> bool:
    return isinstance(interval, Interval) and not interval.low <= 0 <= interval.high


def about(frames: int) -> int:
    """Rounded up to two figures: the estimate is no surer than that.

    >>> about(377), about(1234), about(8)
    (380, 1300, 8)
    """
    step: int = 10 ** max(0, len(str(frames)) - 2)
    return -(-frames // step) * step
