"""What the verified levels leave open: frames people disagree about, frames both overlooked, and how well people do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from data.vocabulary import LEVELS, TriageLevel
from eval.evaluation.reference import ContestedFrame, Rated, ReferenceFrame
from eval.metrics.answers import Answers, T
from eval.statistics.intervals import (
    FEWEST_SCENES,
    expanded,
    percentile_interval,
    scene_resamples,
    too_few_scenes,
)
from eval.statistics.rate import Interval, Undefined
from eval.statistics.scene_share import scene_interval
from eval.statistics.values import Method, Part

PAIR = 2


class HumanCeiling(Part):
    """Of the frames that the rest call `level`, how often one reviewer alone does: each reviewer in turn against the
    adjudication or else what the others agree on, on the frames compared and those still contested."""

    level: TriageLevel
    count: int
    n: int
    value: float | Undefined
    interval: Interval | Undefined


class Overlooked(Part):
    """TELEOPERATION that both of two independent reviewers overlooked: single^2 / (4 both), from the frames that one
    alone (`single`) and that `both` called so. A floor: frames that are hard for one are hard for the other too."""

    single: int
    both: int
    frames: float | Undefined


class MissedWithLabels(Part):
    """Missed TELEOPERATION of a run, as far as the levels are certain.

    `low` and `high`: with every contested frame at the level that is best or worst for the run. `interval`: labels are
    drawn anew in each resample of scenes, with as many overlooked frames as its own double ratings suggest.
    """

    run: str
    low: float | Undefined
    high: float | Undefined
    interval: Interval | Undefined


class LabelUncertainty(Part):
    """`contested` frames are in no figure, `sent_back` ones are in all of them with the level they had."""

    contested: int
    sent_back: int
    overlooked: Overlooked
    ceilings: list[HumanCeiling]
    missed: list[MissedWithLabels]


def label_uncertainty(
    frames: Sequence[ReferenceFrame],
    contested: Sequence[ContestedFrame],
    runs: Sequence[Answers],
    said: Sequence[Sequence[int]],
    method: Method,
) -> LabelUncertainty:
    """frames: in the order of every run's answers. said: what each run answers on each contested frame (3: nothing)."""
    rated: list[Rated] = [*frames, *contested]
    return LabelUncertainty(
        contested=len(contested),
        sent_back=sum(frame.is_sent_back for frame in frames),
        overlooked=_overlooked(rated),
        ceilings=[_ceiling(level, rated, method) for level in LEVELS],
        missed=[
            _missed(run, frames, contested, of_run, method) for run, of_run in zip(runs, said, strict=True)
        ],
    )


def _ceiling(level: TriageLevel, rated: Sequence[Rated], method: Method) -> HumanCeiling:
    by_scene: dict[str, list[int]] = {}
    for frame in rated:
        for own, rest in _against_the_rest(frame):
            if rest is level:
                counts = by_scene.setdefault(frame.scene_id, [0, 0])
                counts[0] += own is level
                counts[1] += 1
    table = np.array(list(by_scene.values()), dtype=np.int64).reshape(-1, 2)
    count, n = (int(one) for one in table.sum(0))
    absent = Undefined(f"no frame rated by two is {level.value} to the rest")
    return HumanCeiling(
        level=level,
        count=count,
        n=n,
        value=count / n if n else absent,
        interval=scene_interval(table[:, 0], table[:, 1], confidence=method.confidence) if n else absent,
    )


def _against_the_rest(frame: Rated) -> Iterator[tuple[TriageLevel, TriageLevel]]:
    """What each reviewer said alone, and what the rest say where they are of one mind."""
    if len(frame.own) < PAIR:
        return
    for place, own in enumerate(frame.own):
        others = {*frame.own[:place], *frame.own[place + 1 :]}
        rest = {frame.adjudicated} if frame.adjudicated else others
        if len(rest) == 1:
            yield own, next(iter(rest))


def _overlooked(rated: Sequence[Rated]) -> Overlooked:
    pairs = [frame.own[:PAIR] for frame in rated if len(frame.own) >= PAIR]
    times = [pair.count(TriageLevel.TELEOPERATION) for pair in pairs]
    single, both = times.count(1), times.count(2)
    none = Undefined("no frame was called TELEOPERATION by two independent reviewers")
    return Overlooked(single=single, both=both, frames=single**2 / (4 * both) if both else none)


def _missed(
    run: Answers,
    frames: Sequence[ReferenceFrame],
    contested: Sequence[ContestedFrame],
    said: Sequence[int],
    method: Method,
) -> MissedWithLabels:
    missed, n = int(((run.true == T) & (run.said != T)).sum()), int((run.true == T).sum())
    could = [
        answer
        for frame, answer in zip(contested, said, strict=True)
        if TriageLevel.TELEOPERATION in frame.levels
    ]
    hits = sum(answer == T for answer in could)
    misses = len(could) - hits
    absent = Undefined("no true TELEOPERATION")
    return MissedWithLabels(
        run=run.name,
        low=missed / (n + hits) if n + hits else absent,
        high=(missed + misses) / (n + misses) if n + misses else absent,
        interval=_with_overlooked(run, frames, contested, method),
    )


def _with_overlooked(
    run: Answers, frames: Sequence[ReferenceFrame], contested: Sequence[ContestedFrame], method: Method
) -> Interval | Undefined:
    """Percentiles over resampled scenes, in each of which overlooked frames turn up among those not called."""
    holding = len(np.unique(run.scene[run.true == T]))
    if holding < FEWEST_SCENES:
        return too_few_scenes(holding)
    names = {frame.scene_id: int(place) for frame, place in zip(frames, run.scene, strict=True)}
    rated: list[Rated] = [*frames, *contested]
    pairs = np.zeros((run.scenes, 2))
    for frame in rated:
        times = frame.own[:PAIR].count(TriageLevel.TELEOPERATION) if len(frame.own) >= PAIR else 0
        if times and frame.scene_id in names:
            pairs[names[frame.scene_id], times - 1] += 1
    per_scene = run.per_scene()
    lower = per_scene[:, :T].sum(1)
    table = np.column_stack(
        [
            per_scene[:, T, :T].sum(1) + per_scene[:, T, T + 1],
            per_scene[:, T].sum(1),
            pairs,
            lower[:, T],
            lower.sum(1),
        ]
    )
    draws = scene_resamples(run.scenes, method.resamples, method.seed)
    missed, n, single, both, called, others = (draws @ table).T
    rng = np.random.default_rng(method.seed)
    hidden = rng.poisson(single**2 / (4 * np.maximum(both, 1.0)))
    quiet = rng.binomial(hidden, np.where(others > 0, 1 - called / np.maximum(others, 1.0), 0.0))
    whole = n + hidden
    values = np.divide(missed + quiet, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return percentile_interval(
        values[~np.isnan(values)], method.resamples, expanded(method.confidence, holding)
    )
