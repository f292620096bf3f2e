"""All figures of one run, each with its n and its intervals, and what each is called and counts."""

from __future__ import annotations

from functools import partial

import numpy as np

from eval.metrics.shares import SHARES, Share
from eval.metrics.triage_metrics import (
    Counts,
    Values,
    cost_values,
    cost_weighted_error,
    macro_f1,
    macro_f1_values,
    rate_of,
    share_parts,
)
from eval.statistics.intervals import Statistic, clopper_pearson, scene_bootstrap, wilson
from eval.statistics.rate import Score, Undefined
from eval.statistics.scene_share import clustering, scene_interval
from eval.statistics.values import Definition, Figure, Method

MACRO_F1 = Definition(
    key="macro_f1",
    title="Macro-F1",
    text="Plain mean over the three levels of F1 = 2 TP / (true + said). n is the number of frames.",
)
COST = Definition(
    key="cost_weighted_error",
    title="Cost-weighted error",
    text="Mean cost per frame under the costs listed with the method: 0 where the level is right.",
)
NO_COUNT = Undefined("not a share")
FEWEST = 30
"""Frames of a part of the set below which no figure is given."""


def definitions() -> list[Definition]:
    """Every figure of a run, in the order in which they are shown."""
    counted = [Definition(key=share.key, title=share.title, text=share.definition) for share in SHARES]
    return [counted[0], MACRO_F1, *counted[1:], COST]


def run_figures(per_scene: Counts, method: Method) -> dict[str, Figure]:
    """Figures by key, from (scenes, 3, 4) confusion matrices."""
    matrix: Counts = per_scene.sum(0)
    costs: Values = np.array(method.costs)
    found = {share.key: share_figure(share, per_scene, method) for share in SHARES}
    found[MACRO_F1.key] = _score_figure(macro_f1(matrix), macro_f1_values, per_scene, method)
    found[COST.key] = _score_figure(
        cost_weighted_error(matrix, costs), partial(cost_values, costs=costs), per_scene, method
    )
    return {definition.key: found[definition.key] for definition in definitions()}


def share_figure(share: Share, per_scene: Counts, method: Method) -> Figure:
    """One share from (scenes, 3, 4) confusion matrices."""
    found = rate_of(share, per_scene.sum(0))
    if isinstance(found, Undefined):
        return Figure.absent(found)
    events, frames = share_parts(share, per_scene)
    return Figure(
        value=found.value,
        count=found.count,
        n=found.n,
        interval=scene_interval(events, frames, confidence=method.confidence),
        clustering=clustering(events, frames),
        wilson=wilson(found, confidence=method.confidence),
        clopper_pearson=clopper_pearson(found, confidence=method.confidence),
    )


def enough_share_figure(share: Share, per_scene: Counts, method: Method) -> Figure:
    """The same, with a reason in place of a figure on fewer than 30 frames."""
    figure = share_figure(share, per_scene, method)
    if figure.n >= FEWEST:
        return figure
    return Figure.absent(Undefined(f"too few (n = {figure.n})"), count=figure.count, n=figure.n)


def _score_figure(
    found: Score | Undefined, statistic: Statistic, per_scene: Counts, method: Method
) -> Figure:
    if isinstance(found, Undefined):
        return Figure.absent(found)
    spread = scene_bootstrap(
        per_scene, statistic, confidence=method.confidence, resamples=method.resamples, seed=method.seed
    )
    return Figure(
        value=found.value,
        count=None,
        n=found.n,
        interval=spread,
        clustering=NO_COUNT,
        wilson=NO_COUNT,
        clopper_pearson=NO_COUNT,
    )
