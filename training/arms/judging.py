"""A snapshot's held-out frames as a model judges them, before and after training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from peft import PeftModel

from data.snapshot.folder import Snapshot
from data.snapshot.judged import JudgedFrame
from data.snapshot.pairs import EvaluationFrame
from data.vocabulary import ReplyForm
from training.level_reading import LevelReader
from training.models.folder import load_model
from training.pairs.processor import load_processor
from training.pairs.questions import shown_question
from training.process.chatter import library_chatter_to_stderr


def judge_held_out(
    snapshot: Snapshot, model: Path, adapter: Path | None, *, form: ReplyForm, width_px: int
) -> list[JudgedFrame]:
    """What the model, or the adapter on it, says of every held-out frame. Raises TrainingError for a picture that
    cannot be read, and for a form in which levels cannot be read without a reply."""
    lookback = snapshot.manifest.lookback
    questions = [
        shown_question(snapshot.folder, frame, lookback, width_px=width_px) for frame in snapshot.evaluation
    ]
    with library_chatter_to_stderr():
        network = load_model(model, dtype=torch.float32)
        if adapter is not None:
            network = PeftModel.from_pretrained(network, str(adapter))
        reader = LevelReader(network, load_processor(model), form)
        return _judged(snapshot.evaluation, reader.read(questions))


def _judged(frames: Sequence[EvaluationFrame], probabilities: Sequence[Sequence[float]]) -> list[JudgedFrame]:
    return [
        JudgedFrame(
            frame_id=frame.frame_id, scene_id=frame.scene_id, level=frame.level, probabilities=(a, s, t)
        )
        for frame, (a, s, t) in zip(frames, probabilities, strict=True)
    ]
