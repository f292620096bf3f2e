"""Held-out sets whose true levels are known: two people review each frame blind, a lead settles most disagreements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.vocabulary import LEVELS
from eval.comparison.claim import Claimed
from eval.evaluation.label_uncertainty import LabelUncertainty, label_uncertainty
from eval.evaluation.reference import ContestedFrame, ReferenceFrame
from eval.metrics.answers import Answers, T
from eval.metrics.shares import MISSED_TELEOPERATION, RECALL
from eval.metrics.triage_metrics import share_parts
from eval.statistics.rate import Undefined
from eval.statistics.scene_share import scene_interval
from tests.eval.builders import A_METHOD

PEOPLE = np.array([[0.94, 0.05, 0.01], [0.08, 0.88, 0.04], [0.04, 0.06, 0.90]])
"""Of frames of each true level (rows), how often a reviewer says A, S, T."""
RUN = np.array([[0.85, 0.10, 0.05], [0.15, 0.75, 0.10], [0.05, 0.05, 0.90]])
HARD, SEEN, MISSED = 0.15, 0.70, 0.25
"""Of true TELEOPERATION so much is hard: people see less of it and the run misses more."""
TRUTH = {
    MISSED_TELEOPERATION.key: 1 - RUN[T, T],
    **{share.key: RUN[level.rank, level.rank] for level, share in RECALL.items()},
}


@dataclass(frozen=True)
class World:
    """`left`: the share of disagreements that no lead has settled. `errors`: how many times as often as in PEOPLE a
    reviewer errs. What the run misses overall is TRUTH in any world, and correlated by .3 inside scenes."""

    scenes: int = 60
    frames: int = 12
    left: float = 0.0
    errors: float = 1.0
    with_hard_frames: bool = False

    @property
    def people(self) -> NDArray[Any]:
        return np.eye(3) + self.errors * (PEOPLE - np.eye(3))


@dataclass(frozen=True)
class Project:
    """(frames,) true levels, places of scenes, (2, frames) reviews and the run's answers; what no lead has settled."""

    true: NDArray[Any]
    scene: NDArray[Any]
    own: NDArray[Any]
    said: NDArray[Any]
    is_left: NDArray[Any]


def project(rng: np.random.Generator, world: World) -> Project:
    n = world.scenes * world.frames
    scene = np.arange(n) // world.frames
    of_scene = rng.choice(3, size=world.scenes, p=[0.5, 0.25, 0.25])
    true = np.where(rng.random(n) < 0.8, of_scene[scene], rng.choice(3, size=n))
    is_hard = (true == T) & (rng.random(n) < HARD * world.with_hard_frames)
    seen, answers = world.people[true], RUN[true]
    seen[is_hard] = [(1 - SEEN) / 2, (1 - SEEN) / 2, SEEN]
    share = HARD * world.with_hard_frames
    easy = (1 - RUN[T, T] - share * MISSED) / (1 - share)
    by_scene = rng.beta(easy * 7 / 3, (1 - easy) * 7 / 3, world.scenes)
    missed = np.where(is_hard, MISSED, by_scene[scene])
    answers[true == T] = np.stack([missed / 2, missed / 2, 1 - missed], axis=1)[true == T]
    own = np.stack([_chosen(rng, seen), _chosen(rng, seen)])
    is_left = (own[0] != own[1]) & (rng.random(n) < world.left)
    return Project(true, scene, own, _chosen(rng, answers), is_left)


def _chosen(rng: np.random.Generator, chances: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((rng.random((len(chances), 1)) > chances.cumsum(1)).sum(1).clip(max=2))


def reported(found: Project) -> LabelUncertainty:
    """What a report says of the project."""
    frames = [_frame(found, int(place)) for place in np.flatnonzero(~found.is_left)]
    contested = [
        ContestedFrame(f"frame-{place}", f"scene-{found.scene[place]}", frozenset(own), own)
        for place in np.flatnonzero(found.is_left)
        if (own := _own(found, int(place)))
    ]
    run = answers_of(found)
    open_frames = [
        (int(found.scene[place]), one.levels, int(found.said[place]))
        for place, one in zip(np.flatnonzero(found.is_left), contested, strict=True)
    ]
    held = {run.name: Claimed(run.per_scene(), open_frames)}
    return label_uncertainty(frames, contested, [run], held, A_METHOD)


def answers_of(found: Project) -> Answers:
    """The run on what is settled, against what people verified."""
    kept = ~found.is_left
    verified = np.where(found.own[0] == found.own[1], found.own[0], found.true)
    nothing = np.full((int(kept.sum()), 3), np.nan)
    scenes = int(found.scene.max()) + 1
    return Answers("run", verified[kept], found.said[kept], found.scene[kept], scenes, nothing)


def _own(found: Project, place: int) -> tuple[Any, ...]:
    return tuple(LEVELS[rank] for rank in found.own[:, place])


def _frame(found: Project, place: int) -> ReferenceFrame:
    own = _own(found, place)
    settled = None if own[0] is own[1] else LEVELS[found.true[place]]
    level = settled or own[0]
    return ReferenceFrame(
        f"frame-{place}", f"scene-{found.scene[place]}", level, "", "", own=own, adjudicated=settled
    )


def holding(world: World, figure: str, projects: int, seed: int = 0) -> tuple[float, float]:
    """Shares of projects whose interval holds the truth: with the errors of the labels, and without them. An interval
    that is refused says nothing wrong."""
    rng, held = np.random.default_rng(seed), np.zeros(2)
    share = next(one for one in (MISSED_TELEOPERATION, *RECALL.values()) if one.key == figure)
    for _ in range(projects):
        found = project(rng, world)
        (told,) = [one.interval for one in reported(found).shares if one.figure == figure]
        as_counted = scene_interval(*share_parts(share, answers_of(found).per_scene()))
        held += [_holds(one, TRUTH[figure]) for one in (told, as_counted)]
    with_labels, without = held / projects
    return float(with_labels), float(without)


def _holds(interval: Any, truth: float) -> bool:
    return isinstance(interval, Undefined) or interval.low <= truth <= interval.high
