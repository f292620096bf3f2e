"""What a run said of the compared frames, as arrays: the form that figures are computed from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.vocabulary import TriageLevel
from eval.metrics.triage_metrics import NO_ASSESSMENT, SHAPE, Counts, Values

Places = NDArray[np.int64]
Mask = NDArray[np.bool_]
T = TriageLevel.TELEOPERATION.rank


@dataclass(frozen=True)
class Answers:
    """One run on n frames, in the same order for every run of an evaluation.

    `true` and `said` are (n,) ranks 0, 1, 2 of the level; `said` is 3 where there is no assessment. `scene` is (n,)
    places of `scenes` scenes. `probabilities` is (n, 3) of A, S, T, NaN in rows that the run has none for. `inclusion`
    is (n,) the probability with which the draw took the frame, NaN where it was not drawn, None where none is known.
    `decision`: the hash of the decision that made `said` of the probabilities; None where the model's own levels stand.
    """

    name: str
    true: Places
    said: Places
    scene: Places
    scenes: int
    probabilities: Values
    inclusion: Values | None = None
    decision: str | None = None

    @property
    def n(self) -> int:
        return len(self.true)

    def per_scene(self, among: Mask | None = None) -> Counts:
        """(scenes, 3, 4) confusion matrices, of all frames or of those `among`."""
        taken = np.ones(self.n, dtype=np.bool_) if among is None else among
        matrices = np.zeros((self.scenes, *SHAPE), dtype=np.int64)
        np.add.at(matrices, (self.scene[taken], self.true[taken], self.said[taken]), 1)
        return matrices

    def weighted_scenes(self) -> Values | None:
        """(scenes, 3, 4) confusion matrices with each frame counted 1 / inclusion times, scaled to the number of frames
        that were drawn (Hajek); None without inclusion probabilities. Frames that were not drawn count nothing."""
        if self.inclusion is None or np.isnan(self.inclusion).all():
            return None
        weight = np.nan_to_num(1 / self.inclusion)
        weight = weight * (np.count_nonzero(weight) / weight.sum())
        matrices = np.zeros((self.scenes, *SHAPE))
        np.add.at(matrices, (self.scene, self.true, self.said), weight)
        return matrices

    def with_said(self, said: Places) -> Answers:
        """The same frames under another decision rule."""
        return replace(self, said=said)

    @property
    def has_probabilities(self) -> bool:
        """Whether every frame has the probabilities of the three levels."""
        return bool(self.n) and not bool(np.isnan(self.probabilities).any())


def rank_of(level: TriageLevel | None) -> int:
    """0, 1, 2 of the level, 3 where there is none."""
    return NO_ASSESSMENT if level is None else level.rank
