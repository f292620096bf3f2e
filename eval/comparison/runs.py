"""Every pair of runs on the same frames: what differs, how surely, and how many scenes would settle the rest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.comparison.paired import PairedTest, corrected, paired_test
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
    Share,
)
from eval.metrics.triage_metrics import Counts, macro_f1_values, share_parts
from eval.presentation.in_words import told
from eval.statistics.intervals import FEWEST_SCENES, scene_bootstrap, too_few_scenes
from eval.statistics.rate import Interval, Undefined
from eval.statistics.sign_flip import sign_flip_interval
from eval.statistics.values import Method, Part

ON_TELEOPERATION, ON_ALL = "TELEOPERATION", "all"
COMPARED = (
    ACCURACY,
    *RECALL.values(),
    UNDER_ESCALATION,
    MISSED_TELEOPERATION,
    FALSE_TELEOPERATION,
    OVER_ESCALATION,
)


class Difference(Part):
    """One figure of the second run minus that of the first, with its interval at the level of the comparison."""

    key: str
    value: float | Undefined
    interval: Interval | Undefined


class Comparison(Part):
    """Two runs on the same frames. `says` is what may be concluded, one sentence each.

    `confidence` is the level of the intervals of `differences`: that of the evaluation, shared over all pairs and both
    tests.
    """

    first: str
    second: str
    n: int
    scenes: int
    confidence: float
    teleoperation: PairedTest
    every_level: PairedTest
    differences: list[Difference]
    same_over_escalation: SameOverEscalation | Undefined
    says: list[str]


def compare_runs(runs: Sequence[Answers], method: Method) -> list[Comparison]:
    """Every pair in the order of the runs, the earlier one first; Holm's method over all pairs and both questions."""
    pairs = list(combinations(runs, 2))
    every = [
        (first, second, _taken(first, among))
        for first, second in pairs
        for among in (ON_TELEOPERATION, ON_ALL)
    ]
    tests = corrected(
        [
            paired_test(among, *of, confidence=method.confidence)
            for of, among in zip(every, [ON_TELEOPERATION, ON_ALL] * len(pairs), strict=True)
        ],
        every,
        confidence=method.confidence,
    )
    shared = 1 - (1 - method.confidence) / max(len(tests), 1)
    return [
        _comparison(first, second, tests[2 * place], tests[2 * place + 1], method, shared)
        for place, (first, second) in enumerate(pairs)
    ]


def _taken(run: Answers, among: str) -> np.ndarray:  # type: ignore[type-arg]
    return run.true == T if among == ON_TELEOPERATION else np.ones(run.n, dtype=np.bool_)


def _comparison(
    first: Answers, second: Answers, on_t: PairedTest, on_all: PairedTest, method: Method, shared: float
) -> Comparison:
    return Comparison(
        first=first.name,
        second=second.name,
        n=first.n,
        scenes=first.scenes,
        confidence=shared,
        teleoperation=on_t,
        every_level=on_all,
        differences=_differences(first.per_scene(), second.per_scene(), method, shared),
        same_over_escalation=same_over_escalation(first, second, method),
        says=[_says(test, first, second, method.confidence) for test in (on_t, on_all)],
    )


def _differences(first: Counts, second: Counts, method: Method, confidence: float) -> list[Difference]:
    costs = np.array(method.costs)
    cost = [(one * costs).sum((-2, -1)) for one in (first, second)]
    found = [_share_difference(share, first, second, confidence) for share in COMPARED]
    found.append(_macro_f1_difference(first, second, method, confidence))
    return [*found, _mean_difference(COST.key, cost[1] - cost[0], first.sum((-2, -1)), confidence)]


def _share_difference(share: Share, first: Counts, second: Counts, confidence: float) -> Difference:
    """These shares count true levels, so both runs have the same denominators."""
    hits, frames = share_parts(share, first)
    return _mean_difference(share.key, share_parts(share, second)[0] - hits, frames, confidence)


def _mean_difference(
    key: str, differences: NDArray[Any], frames: NDArray[Any], confidence: float
) -> Difference:
    held = frames > 0
    if not held.any():
        absent = Undefined("a level it counts has no true frame")
        return Difference(key=key, value=absent, interval=absent)
    value = float(differences.sum() / frames.sum())
    if held.sum() < FEWEST_SCENES:
        return Difference(key=key, value=value, interval=too_few_scenes(int(held.sum())))
    scale = max(1.0, float(np.abs(differences[held] / frames[held]).max()))  # costs may exceed 1 per frame
    found = sign_flip_interval(
        differences[held] / scale, frames[held].astype(np.float64), confidence=confidence
    )
    return Difference(key=key, value=value, interval=Interval(found.low * scale, found.high * scale))


def _macro_f1_difference(first: Counts, second: Counts, method: Method, confidence: float) -> Difference:
    def paired(sums: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        return macro_f1_values(sums[:, 1]) - macro_f1_values(sums[:, 0])

    per_scene = np.stack([first, second], axis=1)
    value = float(paired(per_scene.sum(0, keepdims=True))[0])
    if np.isnan(value):
        absent = Undefined("a level it counts has no true frame")
        return Difference(key=MACRO_F1.key, value=absent, interval=absent)
    interval = scene_bootstrap(
        per_scene, paired, confidence=confidence, resamples=method.resamples, seed=method.seed
    )
    return Difference(key=MACRO_F1.key, value=value, interval=interval)


def _says(test: PairedTest, first: Answers, second: Answers, confidence: float) -> str:
    """One sentence: told apart only by the corrected sign-flip test over the scenes that hold the level."""
    frames = "TELEOPERATION frames" if test.among == ON_TELEOPERATION else "frames of all levels"
    if not test.n:
        return f"There are no {frames}, so nothing can be said of them."
    alone = f"{first.name} alone was right on {test.only_first}, {second.name} alone on {test.only_second}"
    on = f"On the {test.n} {frames} of {test.scenes} {'scene' if test.scenes == 1 else 'scenes'}, {alone}"
    if isinstance(test.p_value, Undefined) or isinstance(test.p_holm, Undefined):
        why = next(one.reason for one in (test.p_value, test.p_holm) if isinstance(one, Undefined))
        return f"{on}. Nothing is concluded: {why}."
    after = _p(test.p_holm).removeprefix("= ")
    p = f"sign-flip test over scenes, p {_p(test.p_value)}, {after} after Holm's correction"
    if test.p_holm <= 1 - confidence and not isinstance(test.difference, Undefined):
        better = second if test.difference > 0 else first
        return f"{on} ({p}): {better.name} is right more often."
    return f"{on} ({p}): they cannot be told apart with these scenes. {_needed(test)}"


def _p(value: float | Undefined) -> str:
    text = told(value, "p")
    return text if text.startswith("<") else f"= {text}"


def _needed(test: PairedTest) -> str:
    if isinstance(test.scenes_needed, Undefined):
        return "They err equally often, so no number of such scenes would settle it."
    scenes = about(max(test.scenes_needed, test.scenes + 1))
    return f"About {scenes:,} scenes with such frames would be needed to settle a difference of this size."


def about(number: int) -> int:
    """Rounded up to two figures: the estimate is no surer than that.

    >>> about(377), about(1234), about(8)
    (380, 1300, 8)
    """
    step: int = 10 ** max(0, len(str(number)) - 2)
    return -(-number // step) * step
