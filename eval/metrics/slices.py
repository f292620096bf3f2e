"""Figures on frames with one cue (night, rain, construction ...), and whether a run errs more often there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from data.vocabulary import Cue
from eval.metrics.answers import Answers, Mask
from eval.metrics.run_figures import enough_share_figure
from eval.metrics.shares import ACCURACY, MISSED_TELEOPERATION
from eval.metrics.triage_metrics import share_parts
from eval.statistics.holm import holm
from eval.statistics.rate import Undefined
from eval.statistics.scene_contrast import contrast_p
from eval.statistics.scene_share import scene_upper_bound
from eval.statistics.values import Clustering, Figure, Method, Part

_SUREST_PRIOR = 1e4


class Slice(Part):
    """One run on the frames with one cue, and on those without it: frames in which it could not be looked for are in
    neither. A figure on fewer than 30 frames is "too few".

    `p_value`: that missed TELEOPERATION is as frequent on the other frames, `p_accuracy` that accuracy is the same,
    over scenes and refused where the cue, or its absence, is in fewer than ten; `p_holm` and `p_accuracy_holm` are
    corrected for both questions, all cues and all runs. `pooled_missed` draws the slice's missed TELEOPERATION towards
    that of all slices, the more the fewer its effective frames (empirical Bayes).
    """

    cue: Cue
    run: str
    frames: int
    scenes: int
    teleoperation_scenes: int
    accuracy: Figure
    missed: Figure
    accuracy_elsewhere: Figure
    missed_elsewhere: Figure
    pooled_missed: float | Undefined
    p_value: float | Undefined
    p_holm: float | Undefined
    p_accuracy: float | Undefined
    p_accuracy_holm: float | Undefined


class WorstSlice(Part):
    """In no slice of ten or more scenes with TELEOPERATION is more than `bound` of it missed; `cue` has that bound.

    The bounds of all runs and slices share the error, so that one is as sure for the worst as for any.
    """

    run: str
    cue: Cue | None
    bound: float | Undefined
    slices: int


def slices(
    runs: Sequence[Answers],
    with_cue: Mapping[Cue, Mask],
    method: Method,
    unknown: Mapping[Cue, Mask] | None = None,
) -> list[Slice]:
    """Every cue of the set with every run; the cues in the order of the vocabulary. Frames in which a cue is `unknown`
    stand neither with it nor elsewhere."""
    shown = {cue: among for cue, among in with_cue.items() if among.any()}
    outside = {cue: ~among & ~(unknown or {}).get(cue, np.False_) for cue, among in shown.items()}
    found = [
        one
        for run in runs
        for one in _pooled([_slice(run, cue, shown[cue], outside[cue], method) for cue in shown])
    ]
    return sorted(_corrected(found), key=lambda one: list(Cue).index(one.cue))


def worst_slices(runs: Sequence[Answers], with_cue: Mapping[Cue, Mask], method: Method) -> list[WorstSlice]:
    """For every run the bound that holds for all of its slices at once."""
    cues = [cue for cue, among in with_cue.items() if among.any()]
    shared = 1 - (1 - method.confidence) / 2 / max(1, len(cues) * len(runs))
    return [_worst(run, {cue: with_cue[cue] for cue in cues}, shared) for run in runs]


def _worst(run: Answers, with_cue: Mapping[Cue, Mask], confidence: float) -> WorstSlice:
    parts = {cue: share_parts(MISSED_TELEOPERATION, run.per_scene(among)) for cue, among in with_cue.items()}
    bounds = {cue: scene_upper_bound(*one, confidence=confidence) for cue, one in parts.items()}
    known = {cue: bound for cue, bound in bounds.items() if not isinstance(bound, Undefined)}
    if not known:
        reason = Undefined("no cue has TELEOPERATION in ten scenes")
        return WorstSlice(run=run.name, cue=None, bound=reason, slices=0)
    worst = max(known, key=lambda cue: known[cue])
    return WorstSlice(run=run.name, cue=worst, bound=known[worst], slices=len(known))


def _slice(run: Answers, cue: Cue, among: Mask, elsewhere: Mask, method: Method) -> Slice:
    inside, outside = run.per_scene(among), run.per_scene(elsewhere)
    p_missed, p_accuracy = (
        contrast_p(share_parts(share, inside), share_parts(share, outside))
        for share in (MISSED_TELEOPERATION, ACCURACY)
    )
    return Slice(
        cue=cue,
        run=run.name,
        frames=int(among.sum()),
        scenes=len(set(run.scene[among].tolist())),
        teleoperation_scenes=int((share_parts(MISSED_TELEOPERATION, inside)[1] > 0).sum()),
        accuracy=enough_share_figure(ACCURACY, inside, method),
        missed=enough_share_figure(MISSED_TELEOPERATION, inside, method),
        accuracy_elsewhere=enough_share_figure(ACCURACY, outside, method),
        missed_elsewhere=enough_share_figure(MISSED_TELEOPERATION, outside, method),
        pooled_missed=Undefined("no true TELEOPERATION"),
        p_value=p_missed,
        p_holm=p_missed,
        p_accuracy=p_accuracy,
        p_accuracy_holm=p_accuracy,
    )


def _pooled(of_run: list[Slice]) -> list[Slice]:
    """The slices of a run with `pooled_missed`: beta-binomial, its prior from the spread between the slices."""
    known = [one for one in of_run if one.missed.n and one.missed.count is not None]
    if not known:
        return of_run
    shares = np.array([(one.missed.count or 0) / one.missed.n for one in known])
    worth = np.array([_worth(one) for one in known])
    mean = float((shares * worth).sum() / worth.sum())
    within = mean * (1 - mean) * float((1 / worth).mean())
    between = max(float(((shares - mean) ** 2).mean()) - within, 0.0)
    prior = min(max(mean * (1 - mean) / between - 1, 1.0), _SUREST_PRIOR) if between else _SUREST_PRIOR
    pooled = dict(
        zip([one.cue for one in known], (shares * worth + prior * mean) / (worth + prior), strict=True)
    )
    return [
        one.model_copy(update={"pooled_missed": float(pooled[one.cue])}) if one.cue in pooled else one
        for one in of_run
    ]


def _worth(one: Slice) -> float:
    """Effective frames; below ten scenes each scene counts as one."""
    known = one.missed.clustering
    return known.effective_n if isinstance(known, Clustering) else float(one.teleoperation_scenes)


def _corrected(found: list[Slice]) -> list[Slice]:
    questions = ("p_value", "p_holm"), ("p_accuracy", "p_accuracy_holm")
    tested = [
        (one, *keys)
        for one in found
        for keys in questions
        if not isinstance(getattr(one, keys[0]), Undefined)
    ]
    adjusted = holm([getattr(one, plain) for one, plain, _ in tested])
    updates: dict[int, dict[str, float]] = {}
    for (one, _, after), p in zip(tested, adjusted, strict=True):
        updates.setdefault(id(one), {})[after] = p
    return [one.model_copy(update=updates.get(id(one), {})) for one in found]
