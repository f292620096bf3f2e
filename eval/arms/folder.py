"""A comparison's folder: the frames as each arm's model judged them, seed by seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.decisions.decision import DECISION, ModelDecision, decision_for
from data.errors import EvaluationError
from data.snapshot.judged import JUDGED, JudgedFrame, read_judged
from data.vlm.weights import read_weights
from data.vocabulary import LEVELS
from eval.metrics.answers import Answers, Places, rank_of

ZERO_SHOT, ADAPTER = "zero_shot", "adapter"
Arms = dict[str, list[Answers]]
"""An arm's name -> its runs, one for each seed that is judged, in the seeds' order."""


def read_arms(folder: Path) -> Arms:
    """What the folder holds, the untrained model first. Every run has its frames in one order; the level said is the
    one of the decision beside the run's adapter, else the likeliest.

    Raises EvaluationError where there is nothing, or two runs judged other frames; SnapshotError for a broken line;
    DecisionError for a decision of other weights.
    """
    places = {ZERO_SHOT: [folder / ZERO_SHOT / JUDGED]}
    for arm in sorted(path for path in folder.iterdir() if path.is_dir() and path.name != ZERO_SHOT):
        places[arm.name] = sorted(arm.glob(f"seed-*/{JUDGED}"), key=lambda path: _seed(path.parent.name))
    found = {
        name: [(read_judged(path), _decision(path.parent / ADAPTER)) for path in paths if path.is_file()]
        for name, paths in places.items()
    }
    if not any(found.values()):
        raise EvaluationError(f"{folder} holds no judged frames: run teletriage compare first.")
    _refuse_other_frames(folder, [frames for runs in found.values() for frames, _ in runs])
    return {name: [answers_of(name, *run) for run in runs] for name, runs in found.items() if runs}


def answers_of(name: str, frames: Sequence[JudgedFrame], decision: ModelDecision | None = None) -> Answers:
    """The frames as arrays; the level that is said is the decision's, else the likeliest."""
    ordered = sorted(frames, key=lambda frame: frame.frame_id)
    scenes = sorted({frame.scene_id for frame in frames})
    places = {scene: place for place, scene in enumerate(scenes)}
    probabilities = np.array([frame.probabilities for frame in ordered])
    likeliest = probabilities.argmax(axis=1)
    return Answers(
        name=name,
        true=np.array([frame.level.rank for frame in ordered]),
        said=likeliest if decision is None else _decided(decision, likeliest, ordered),
        scene=np.array([places[frame.scene_id] for frame in ordered]),
        scenes=len(scenes),
        probabilities=probabilities,
        decision=None if decision is None else decision.hash,
    )


def _decided(decision: ModelDecision, likeliest: Places, frames: Sequence[JudgedFrame]) -> Places:
    said = [
        decision.level(LEVELS[rank], frame.probabilities)
        for rank, frame in zip(likeliest, frames, strict=True)
    ]
    return np.array([rank_of(level) for level in said])


def _decision(adapter: Path) -> ModelDecision | None:
    """The decision that was fitted for these weights, where one was."""
    if not (adapter / DECISION).is_file():
        return None
    return decision_for(adapter, read_weights(adapter).revision)


def _seed(name: str) -> int:
    return int(name.rpartition("-")[2])


def _refuse_other_frames(folder: Path, runs: Sequence[Sequence[JudgedFrame]]) -> None:
    frames = {frozenset((one.frame_id, one.level) for one in run) for run in runs}
    if len(frames) > 1:
        raise EvaluationError(f"The arms in {folder} were judged on different frames: compare them anew.")
