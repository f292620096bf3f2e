"""What an evaluation shows of the training levels, as data."""

from __future__ import annotations

from data.vocabulary import TriageLevel
from eval.statistics.values import Part
from eval.training_levels.shortcuts import Shortcut


class DoubtedLevel(Part):
    """A verified training level that may be wrong. `p_verified`, `p_likely`: cross-fitted chances of both levels."""

    frame_id: str
    verified: TriageLevel
    likely: TriageLevel
    p_verified: float
    p_likely: float
    why: str


class TrainingLevelFigures(Part):
    """Of `frames` verified training frames of `scenes` scenes: those to look at again, most suspicious first, and what
    levels follow. `based_on`: the evidence; `reason`: why nothing can be said of so few frames. `left_out`: how many
    more are suspicious than are listed."""

    frames: int
    scenes: int
    based_on: list[str]
    reason: str | None
    doubted: list[DoubtedLevel]
    left_out: int
    shortcuts: list[Shortcut]
