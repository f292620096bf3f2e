"""What the verified levels leave open: frames people disagree about, frames both overlooked, and how well people do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from data.vocabulary import LEVELS, TriageLevel
from eval.comparison.claim import Claimed
from eval.evaluation.label_draws import drawn_levels
from eval.evaluation.reference import ContestedFrame, Rated, ReferenceFrame
from eval.metrics.answers import Answers
from eval.metrics.contested import settled_as
from eval.metrics.shares import MISSED_TELEOPERATION, RECALL, Share
from eval.metrics.triage_metrics import Counts, Values, share_parts
from eval.statistics.imputed_share import pooled_interval
from eval.statistics.intervals import FEWEST_SCENES, too_few_scenes
from eval.statistics.rate import Interval, Undefined
from eval.statistics.scene_share import scene_interval
from eval.statistics.values import Method, Part

PAIR = 2
FIGURES: tuple[Share, ...] = (MISSED_TELEOPERATION, *reversed(RECALL.values()))


class HumanCeiling(Part):
    """Of the ratings whose frame the rest call `level`, how many are that level: each reviewer in turn against the
    adjudication or else what the others agree on, on the frames compared and those still contested.

    `runs` counts how often each run says the level on the same frames, once for each rating.
    """

    level: TriageLevel
    count: int
    n: int
    value: float | Undefined
    interval: Interval | Undefined
    runs: dict[str, int]


class Overlooked(Part):
    """TELEOPERATION that both of two independent reviewers overlooked: single^2 / (4 both), from the frames that one
    alone (`single`) and that `both` called so. A floor: frames that are hard for one are hard for the other too."""

    single: int
    both: int
    frames: float | Undefined


class WithLabels(Part):
    """A figure of a run, as far as the levels are certain.

    `low` and `high`: with every contested frame at the level that makes the figure lowest or highest. `interval`: over
    scenes, the levels of the other frames drawn anew from what independent reviewers said, the contested ones at their
    lowest and highest.
    """

    run: str
    figure: str
    low: float | Undefined
    high: float | Undefined
    interval: Interval | Undefined


class LabelUncertainty(Part):
    """`contested` frames are in no figure, `sent_back` ones are in all of them with the level they had."""

    contested: int
    sent_back: int
    overlooked: Overlooked
    ceilings: list[HumanCeiling]
    shares: list[WithLabels]


def label_uncertainty(
    frames: Sequence[ReferenceFrame],
    contested: Sequence[ContestedFrame],
    answers: Sequence[Answers],
    held: Mapping[str, Claimed],
    method: Method,
) -> LabelUncertainty:
    """frames: in the order of every run's answers. held: each run with what it said of the contested frames."""
    rated: list[Rated] = [*frames, *contested]
    said = {
        run.name: [*run.said.tolist(), *(rank for _, _, rank in held[run.name].contested)] for run in answers
    }
    return LabelUncertainty(
        contested=len(contested),
        sent_back=sum(frame.is_sent_back for frame in frames),
        overlooked=_overlooked(rated),
        ceilings=[_ceiling(level, rated, said, method) for level in LEVELS],
        shares=[one for run in answers for one in _shares(run, rated, held[run.name], method)],
    )


def _ceiling(
    level: TriageLevel, rated: Sequence[Rated], said: Mapping[str, Sequence[int]], method: Method
) -> HumanCeiling:
    by_scene: dict[str, list[int]] = {}
    runs = dict.fromkeys(said, 0)
    for place, frame in enumerate(rated):
        for own, rest in _against_the_rest(frame):
            if rest is level:
                counts = by_scene.setdefault(frame.scene_id, [0, 0])
                counts[0] += own is level
                counts[1] += 1
                for name, ranks in said.items():
                    runs[name] += ranks[place] == level.rank
    table = np.array(list(by_scene.values()), dtype=np.int64).reshape(-1, 2)
    count, n = (int(one) for one in table.sum(0))
    absent = Undefined(f"no frame rated by two is {level.value} to the rest")
    return HumanCeiling(
        level=level,
        count=count,
        n=n,
        value=count / n if n else absent,
        interval=scene_interval(table[:, 0], table[:, 1], confidence=method.confidence) if n else absent,
        runs=runs,
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


def _shares(run: Answers, rated: Sequence[Rated], held: Claimed, method: Method) -> Iterator[WithLabels]:
    places = [*run.scene.tolist(), *(scene for scene, _, _ in held.contested)]
    drawn = drawn_levels(run, rated, places, seed=method.seed) if run.scenes >= FEWEST_SCENES else None
    for share in FIGURES:
        ends = [
            settled_as(held.per_scene, held.contested, share, highest=highest) for highest in (False, True)
        ]
        low, high = (_share(share, end) for end in ends)
        interval = _over_draws(share, held.per_scene, ends, drawn, method)
        yield WithLabels(run=run.name, figure=share.key, low=low, high=high, interval=interval)


def _share(share: Share, per_scene: Counts) -> float | Undefined:
    count, n = (int(one.sum()) for one in share_parts(share, per_scene))
    return count / n if n else Undefined(f"no {share.absent}")


def _over_draws(
    share: Share,
    per_scene: Counts,
    ends: Sequence[Counts],
    drawn: Sequence[Values] | None,
    method: Method,
) -> Interval | Undefined:
    """From the lowest end of any set of draws to the highest, the contested frames at their lowest and highest."""
    holding = int(np.count_nonzero(share_parts(share, per_scene)[1]))
    if drawn is None or holding < FEWEST_SCENES:
        return too_few_scenes(holding)
    low, high = ([_pooled(share, levels + (end - per_scene), method) for levels in drawn] for end in ends)
    return Interval(min(one.low for one in low), max(one.high for one in high))


def _pooled(share: Share, matrices: Values, method: Method) -> Interval:
    """(draws, scenes, 3, 4) answers; a draw without such frames says nothing of the share."""
    hits, among = share_parts(share, matrices)
    some = among.sum(1) > 0
    return pooled_interval(hits[some], among[some], confidence=method.confidence)
