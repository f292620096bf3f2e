"""Figures on frames with one cue (night, rain, construction ...), and whether a run errs more often there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from data.vocabulary import Cue
from eval.metrics.answers import Answers, Mask
from eval.metrics.run_figures import share_figure
from eval.metrics.shares import ACCURACY, MISSED_TELEOPERATION, Share
from eval.metrics.triage_metrics import Counts, share_values
from eval.statistics.holm import holm
from eval.statistics.intervals import MIN_DEFINED_SHARE, scene_resamples
from eval.statistics.rate import Undefined
from eval.statistics.values import Figure, Method, Part

FEWEST = 30


class Slice(Part):
    """One run on the frames with one cue. A figure on fewer than 30 frames is "too few".

    `p_value`: that accuracy is the same on the other frames, from the bootstrap over scenes, two-sided; `p_holm`
    is corrected for all slices of the run.
    """

    cue: Cue
    run: str
    frames: int
    scenes: int
    accuracy: Figure
    missed: Figure
    accuracy_elsewhere: Figure
    p_value: float | Undefined
    p_holm: float | Undefined


def slices(runs: Sequence[Answers], with_cue: Mapping[Cue, Mask], method: Method) -> list[Slice]:
    """Every cue of the set with every run; the cues in the order of the vocabulary."""
    found = [
        _corrected([_slice(run, cue, among, method) for cue, among in with_cue.items() if among.any()])
        for run in runs
    ]
    return sorted((one for of_run in found for one in of_run), key=lambda one: list(Cue).index(one.cue))


def _slice(run: Answers, cue: Cue, among: Mask, method: Method) -> Slice:
    inside, outside = run.per_scene(among), run.per_scene(~among)
    p_value = _p_value(inside, outside, method)
    return Slice(
        cue=cue,
        run=run.name,
        frames=int(among.sum()),
        scenes=len(set(run.scene[among].tolist())),
        accuracy=_enough(ACCURACY, inside, method),
        missed=_enough(MISSED_TELEOPERATION, inside, method),
        accuracy_elsewhere=_enough(ACCURACY, outside, method),
        p_value=p_value,
        p_holm=p_value,
    )


def _enough(share: Share, per_scene: Counts, method: Method) -> Figure:
    figure = share_figure(share, per_scene, method)
    if figure.n >= FEWEST:
        return figure
    few = Undefined(f"too few (n = {figure.n})")
    return Figure(
        value=few, count=figure.count, n=figure.n, wilson=few, clopper_pearson=few, scene_bootstrap=few
    )


def _p_value(inside: Counts, outside: Counts, method: Method) -> float | Undefined:
    """Twice the smaller tail of the resampled difference beyond 0 (Efron & Tibshirani 1993, section 15.4)."""
    if min(inside.sum(), outside.sum()) < FEWEST:
        return Undefined("too few on one side")
    draws = scene_resamples(len(inside), method.resamples, method.seed).astype(np.int64)
    difference = share_values(ACCURACY, np.tensordot(draws, inside, axes=1)) - share_values(
        ACCURACY, np.tensordot(draws, outside, axes=1)
    )
    difference = difference[~np.isnan(difference)]
    if len(difference) < MIN_DEFINED_SHARE * method.resamples:
        return Undefined("too few scenes hold such frames")
    tail = min(int((difference <= 0).sum()), int((difference >= 0).sum()))
    return min(1.0, 2 * (tail + 1) / (len(difference) + 1))


def _corrected(found: list[Slice]) -> list[Slice]:
    tested = [one.p_value for one in found if not isinstance(one.p_value, Undefined)]
    adjusted = iter(holm(tested))
    return [
        one if isinstance(one.p_value, Undefined) else one.model_copy(update={"p_holm": next(adjusted)})
        for one in found
    ]
