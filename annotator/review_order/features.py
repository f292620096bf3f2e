"""What the review order knows of each frame before anybody looks: the models, the cues, and the frames around it.

All functions are pure. Frames are neighbours when they are near in time within one scene; what was verified there
enters as the difference from what was expected, so that only news counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from data.frames.cues import unknown_at_the_mean

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Pool = Mapping[str, npt.NDArray[Any]]

REACHES = (1.5, 5.0)
"""Over how many frames (1/e) a verified neighbour speaks; the whole scene speaks besides."""
FURTHEST = 12
"""How many sampled frames to each side are looked at."""
_TINY = 1e-6


@dataclass(frozen=True)
class Surroundings:
    """For every step to each side of the frames sorted by scene and place: who is there and how far away.

    `order` sorts frames by scene and place; `scene` numbers scenes from 0 in that order; `place` is the place in
    the scene, both of shape (frames,) in sorted order.
    """

    order: Ints
    scene: Ints
    place: Floats

    def spread(self, values: Floats, reach: float) -> Floats:
        """(frames, k) sums over the neighbours' (frames, k) values, weighted by exp(-distance / reach), without
        the frame's own; sorted order in and out."""
        total = np.zeros_like(values)
        for step in range(1, min(FURTHEST, len(values) - 1) + 1):
            distance = self.place[step:] - self.place[:-step]
            weight = np.where(self.scene[step:] == self.scene[:-step], np.exp(-np.abs(distance) / reach), 0.0)
            if reach * 6 < step or not weight.any():
                break
            total[:-step] += weight[:, None] * values[step:]
            total[step:] += weight[:, None] * values[:-step]
        return total

    def of_scene(self, values: Floats) -> Floats:
        """(frames, k) sums over the other frames of the scene."""
        scenes = int(self.scene[-1]) + 1 if len(self.scene) else 0
        sums = np.stack([np.bincount(self.scene, column, scenes) for column in values.T], axis=1)
        return np.asarray(sums[self.scene] - values)


def surroundings(pool: Pool) -> Surroundings:
    """Sort the pool's frames by scene and place once. Scenes are text or numbers; a frame whose scene is unknown
    (None, empty, NaN or negative) has no neighbours: it is a scene of its own."""
    scene = _scene_numbers(np.asarray(pool["scene"]))
    place = np.asarray(pool["pos"], dtype=np.float64)
    order = np.lexsort((place, scene))
    return Surroundings(order, scene[order], place[order])


def _scene_numbers(names: npt.NDArray[Any]) -> Ints:
    """(frames,) a number per scene, and one of its own for each frame without a scene."""
    if names.dtype.kind in "iuf":
        unknown = ~(names >= 0)
    else:
        unknown = np.array([name is None or name != name or str(name) == "" for name in names], dtype=bool)  # noqa: PLR0124 - NaN
        names = np.where(unknown, "", names).astype(str)
    _, scene = np.unique(names, return_inverse=True)
    alone = np.flatnonzero(unknown)
    scene[alone] = len(names) + np.arange(len(alone))
    _, numbers = np.unique(scene, return_inverse=True)
    return np.asarray(numbers, dtype=np.int64)


def static_probabilities(pool: Pool) -> Floats:
    """(frames, 3) what the models alone say of the true level: `probs`, made to add up to 1."""
    said = np.clip(np.nan_to_num(np.asarray(pool["probs"], dtype=np.float64), nan=1 / 3), 0, None)
    total = said.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, said / np.where(total > 0, total, 1.0), 1 / 3))


def unverified_features(pool: Pool, static: Floats, around: Surroundings) -> Floats:
    """(frames, k) features that reviews do not change, standardised: votes, student, cues, level, neighbours."""
    log_static = np.log(static + 0.005)
    columns = [_level_indicators(pool["a"]), log_static, *_given(pool)]
    for reach in REACHES:
        sums = _unsorted(around, around.spread(_with_ones(static[around.order]), reach))
        columns.append(sums[:, 1:3] / (sums[:, 3:] + 0.5))
    sums = _unsorted(around, around.of_scene(_with_ones(static[around.order])))
    columns.append(sums[:, 1:3] / (sums[:, 3:] + 0.5))
    return _standardised(np.column_stack(columns))


def verified_features(
    pool: Pool, static: Floats, around: Surroundings, reviewed: Ints, levels: Ints
) -> Floats:
    """(frames, k) how much more of each level was found around a frame than expected; its own review not counted.

    Beside the level itself, the same among frames for which the teacher proposed the frame's own level.
    """
    news = np.zeros((len(static), 4))
    news[reviewed, :3] = np.eye(3)[levels] - static[reviewed]
    news[reviewed, 3] = 1.0
    proposed = np.asarray(pool["a"], dtype=np.int64)
    alike = [np.where((proposed == level)[:, None], news, 0.0) for level in range(3)]
    every = np.column_stack([news, *alike])[around.order]
    sums = [around.spread(every, reach) for reach in REACHES]
    columns = []
    for total in (_unsorted(around, one) for one in (*sums, around.of_scene(every))):
        own = 4 + 4 * proposed[:, None] + np.arange(4)
        same = np.take_along_axis(total, own, axis=1)
        columns += [total[:, 1:3] / (1 + total[:, 3:4]), same[:, 1:3] / (1 + same[:, 3:4])]
    return np.asarray(np.column_stack(columns) * 3)


def _given(pool: Pool) -> list[Floats]:
    """The features that a pool may leave out: votes, the student's level, cues."""
    columns = []
    if "votes" in pool:
        votes = np.asarray(pool["votes"], dtype=np.float64)
        columns.append(np.log((votes + 0.5) / (votes + 0.5).sum(axis=1, keepdims=True)))
    if "student" in pool:
        columns.append(_level_indicators(pool["student"]))
    if "cues" in pool:
        cues = np.asarray(pool["cues"], dtype=np.float64).reshape(len(pool["a"]), -1)
        columns.append(unknown_at_the_mean(cues))
    return columns


def _level_indicators(levels: npt.NDArray[Any]) -> Floats:
    return np.asarray(np.asarray(levels)[:, None] == np.arange(3), dtype=np.float64)


def _with_ones(values: Floats) -> Floats:
    return np.column_stack([values, np.ones(len(values))])


def _unsorted(around: Surroundings, values: Floats) -> Floats:
    out = np.empty_like(values)
    out[around.order] = values
    return out


def _standardised(values: Floats) -> Floats:
    centred = np.nan_to_num(values) - np.nan_to_num(values).mean(axis=0)
    spread = centred.std(axis=0)
    return np.asarray(centred / np.where(spread > _TINY, spread, 1.0))
