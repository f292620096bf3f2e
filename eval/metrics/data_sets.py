"""Figures on the frames of each data set, where a report is about several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.vocabulary import LEVELS, TriageLevel
from eval.metrics.answers import Answers, Mask
from eval.metrics.run_figures import enough_share_figure
from eval.metrics.shares import ACCURACY, FALSE_TELEOPERATION, MISSED_TELEOPERATION
from eval.statistics.values import Figure, Method, Part


class DataSetPart(Part):
    """One run on the compared frames of one data set. A figure on fewer than 30 frames is "too few"; data sets differ
    in what they show and in how they were drawn, so that a difference between two says nothing of the run alone."""

    data_set: str
    run: str
    frames: int
    scenes: int
    by_level: dict[TriageLevel, int]
    accuracy: Figure
    missed: Figure
    false_teleoperation: Figure


def by_data_set(runs: Sequence[Answers], data_sets: Sequence[str], method: Method) -> list[DataSetPart]:
    """Every data set with every run, by name. `data_sets`: that of each frame; a single one has no parts."""
    of_frames, names = np.array(data_sets), sorted(set(data_sets))
    if len(names) < 2:  # noqa: PLR2004 - the whole report is about it
        return []
    return [_part(run, name, np.asarray(of_frames == name), method) for name in names for run in runs]


def _part(run: Answers, name: str, among: Mask, method: Method) -> DataSetPart:
    inside = run.per_scene(among)
    return DataSetPart(
        data_set=name,
        run=run.name,
        frames=int(among.sum()),
        scenes=len(set(run.scene[among].tolist())),
        by_level={level: int((run.true[among] == level.rank).sum()) for level in LEVELS},
        accuracy=enough_share_figure(ACCURACY, inside, method),
        missed=enough_share_figure(MISSED_TELEOPERATION, inside, method),
        false_teleoperation=enough_share_figure(FALSE_TELEOPERATION, inside, method),
    )
