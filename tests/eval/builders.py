"""Frames and runs with defaults, for the tests of `eval`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.vocabulary import LEVELS, Failure, ModelRole, TriageLevel
from eval.evaluation.evaluate import EvaluatedRun, Prediction
from eval.evaluation.reference import ReferenceFrame
from eval.evaluation.result import Lineage
from eval.metrics.answers import Answers, rank_of
from eval.metrics.triage_metrics import default_costs
from eval.statistics.values import Method

A, S, T = LEVELS
LINEAGE = Lineage(
    snapshot_hash="9f2c", question_hash="4be1", commit="5d0e7f1", versions={"teletriage": "0.1.0"}
)


def a_frame(
    frame_id: str = "frame-1",
    *,
    scene_id: str = "scene-0001",
    level: TriageLevel = A,
    reasoning: str = "The road is clear.",
    action: str = "None.",
    image: Path | None = None,
) -> ReferenceFrame:
    return ReferenceFrame(frame_id, scene_id, level, reasoning, action, image)


def an_answer(
    said: TriageLevel | Failure = A,
    *,
    reasoning: str = "Nothing in the lane.",
    action: str = "None.",
    probabilities: tuple[float, float, float] | None = None,
) -> Prediction:
    if isinstance(said, Failure):
        return Prediction(None, said)
    return Prediction(said, None, reasoning, action, probabilities)


def a_run(
    predictions: Mapping[str, Prediction] | None = None,
    *,
    name: str = "sa-dpo",
    role: ModelRole = ModelRole.ALIGNED,
    model: str = "scripted-student",
    revision: str | None = "abc123",
    is_stand_in: bool = True,
) -> EvaluatedRun:
    return EvaluatedRun(name, role, model, revision, is_stand_in, predictions or {})


def near(value: float | tuple[float, ...], abs: float | None = None) -> Any:
    """`pytest.approx` where a field of a value is expected."""
    return pytest.approx(value, abs=abs)


def frames_of(
    matrix: Sequence[Sequence[int]], *, scenes: int = 10
) -> tuple[list[ReferenceFrame], dict[str, Prediction]]:
    """Frames and answers that add up to a (3, 4) confusion matrix, dealt out over the scenes in turn."""
    columns: tuple[TriageLevel | Failure, ...] = (*LEVELS, Failure.NO_JSON)
    frames: list[ReferenceFrame] = []
    answers: dict[str, Prediction] = {}
    for row, level in zip(matrix, LEVELS, strict=True):
        for said, count in zip(columns, row, strict=True):
            for _ in range(count):
                frame_id = f"frame-{len(frames):04d}"
                frames.append(a_frame(frame_id, scene_id=f"scene-{len(frames) % scenes:04d}", level=level))
                answers[frame_id] = an_answer(said)
    return frames, answers


A_METHOD = Method(confidence=0.95, resamples=500, seed=1, costs=default_costs().tolist())


def some_answers(
    true: Sequence[TriageLevel],
    said: Sequence[TriageLevel | None],
    *,
    name: str = "run",
    scenes: int = 10,
    probabilities: Sequence[tuple[float, float, float]] | None = None,
) -> Answers:
    """A run's answers as arrays, frames dealt out over the scenes in turn."""
    n = len(true)
    return Answers(
        name=name,
        true=np.array([level.rank for level in true], dtype=np.int64),
        said=np.array([rank_of(level) for level in said], dtype=np.int64),
        scene=np.arange(n, dtype=np.int64) % scenes,
        scenes=scenes,
        probabilities=np.full((n, 3), np.nan) if probabilities is None else np.array(probabilities),
    )
