"""Ask a local model the project's own question about frames, without a server, and record its raw replies."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from data.errors import TrainingError
from data.images.inspection import ImageRefused
from data.images.model_picture import model_picture_of, shared_width_px
from data.vlm.moment import STILL, AskedFrame, Lookback, Moment
from data.vlm.weights import RECORD, read_weights
from data.vocabulary import ModelRole, ReplyForm
from data.whole_files import written_whole
from training.models.folder import load_model
from training.pairs.processor import load_processor
from training.pairs.questions import ShownQuestion, question_batch
from training.process.callbacks import Progress
from training.process.chatter import library_chatter_to_stderr

MAX_NEW_TOKENS = 256
"""Enough for a reply within the reply format's lengths; a longer one is cut and parses as truncated."""

_FRAMES_AT_ONCE = 8


def write_replies(
    model: Path,
    frames: Sequence[AskedFrame],
    out: Path,
    *,
    role: ModelRole,
    model_name: str,
    form: ReplyForm | None = None,
    width_px: int | None = None,
    lookback: Lookback | None = None,
    max_new_tokens: int = MAX_NEW_TOKENS,
    progress: Progress | None = None,
) -> int:
    """Write one recorded reply per frame to the JSONL file `out`, in the order given; return how many.

    Each line is {"filename", "role", "model", "raw"}, and where questions look back what they showed. Decoding is
    greedy, so the same model gives the same replies. A frame's id is its filename as the store knows it; its pictures
    are shown `width_px` wide and asked about in `form` and with `lookback`, by default as the model was trained. The
    file appears when it is whole.

    Raises TrainingError if the model cannot be loaded or an image cannot be read.
    """
    known = read_weights(model) if (model / RECORD).is_file() else None
    form = form or (known.form if known else ReplyForm.LEVEL_FIRST)
    lookback = lookback or (known.lookback if known else STILL)
    width_px = width_px or (known.image_width_px if known else shared_width_px(lookback.frames))
    with library_chatter_to_stderr():
        processor = load_processor(model)
        network = load_model(model, dtype="auto").to("cuda" if torch.cuda.is_available() else "cpu")
        rows: list[dict[str, Any]] = []
        for start in range(0, len(frames), _FRAMES_AT_ONCE):
            some = frames[start : start + _FRAMES_AT_ONCE]
            questions = [_shown(frame, lookback, width_px) for frame in some]
            replies = greedy_replies(network, processor, questions, form, max_new_tokens)
            for frame, raw in zip(some, replies, strict=True):
                said = {"filename": frame.frame_id, "role": role.value, "model": model_name, "raw": raw}
                rows.append({**said, **_showed(frame, lookback)})
            if progress:
                progress(len(rows), len(frames))
    _write(out, rows)
    return len(rows)


def _showed(frame: AskedFrame, lookback: Lookback) -> dict[str, Any]:
    """What a line says of its question's earlier pictures."""
    if lookback.frames == 1:
        return {}
    return {**lookback.as_dict(), "before_s": [one.before_s for one in frame.earlier]}


def greedy_replies(
    network: Any, processor: Any, questions: Sequence[ShownQuestion], form: ReplyForm, max_new_tokens: int
) -> list[str]:
    """The model's whole replies to some questions at once, each as it is written without sampling."""
    inputs = question_batch(processor, questions, form).to(network.device)
    written = network.generate(
        **inputs, max_new_tokens=max_new_tokens, do_sample=False, temperature=None, top_p=None, top_k=None
    )
    answers = written[:, inputs["input_ids"].shape[1] :]
    return [str(text) for text in processor.batch_decode(answers, skip_special_tokens=True)]


def _shown(frame: AskedFrame, lookback: Lookback, width_px: int) -> ShownQuestion:
    images = [*(one.picture for one in frame.earlier), frame.image]
    moment = Moment.of(lookback, [one.before_s for one in frame.earlier])
    return ShownQuestion([_picture(image, width_px) for image in images], moment)


def _picture(path: Path, width_px: int) -> Image.Image:
    try:
        return Image.open(io.BytesIO(model_picture_of(path, width_px=width_px).content))
    except ImageRefused as error:
        raise TrainingError(f"The image {path} cannot be read: {error}") from error


def _write(out: Path, rows: list[dict[str, Any]]) -> None:
    with written_whole(out) as partial:
        lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        partial.write_text(lines, encoding="utf-8")
