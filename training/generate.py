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
from data.images.model_picture import DEFAULT_WIDTH_PX, model_picture_of
from data.vlm.conversation import conversation, with_pictures
from data.vlm.weights import RECORD, read_weights
from data.vocabulary import ModelRole, ReplyForm
from data.whole_files import written_whole
from training.models.folder import load_model
from training.pairs.processor import load_processor, template_switch
from training.process.callbacks import Progress
from training.process.chatter import library_chatter_to_stderr

MAX_NEW_TOKENS = 256
"""Enough for a reply within the reply format's lengths; a longer one is cut and parses as truncated."""

_FRAMES_AT_ONCE = 8


def write_replies(
    model: Path,
    images: Sequence[tuple[str, Path]],
    out: Path,
    *,
    role: ModelRole,
    model_name: str,
    form: ReplyForm | None = None,
    width_px: int | None = None,
    max_new_tokens: int = MAX_NEW_TOKENS,
    progress: Progress | None = None,
) -> int:
    """Write one recorded reply per image to the JSONL file `out`, in the order given; return how many.

    Each line is {"filename", "role", "model", "raw"}. Decoding is greedy, so the same model gives the same replies.
    `images` holds (filename as the store knows it, where the image is); they are shown `width_px`
    wide and asked about in `form`, by default as the model was trained. The file appears when it is whole.

    Raises TrainingError if the model cannot be loaded or an image cannot be read.
    """
    form, width_px = _as_trained(model, form, width_px)
    with library_chatter_to_stderr():
        processor = load_processor(model)
        network = load_model(model, dtype="auto").to("cuda" if torch.cuda.is_available() else "cpu")
        rows: list[dict[str, str]] = []
        for start in range(0, len(images), _FRAMES_AT_ONCE):
            some = images[start : start + _FRAMES_AT_ONCE]
            pictures = [_shown(path, width_px) for _, path in some]
            replies = greedy_replies(network, processor, pictures, form, max_new_tokens)
            for (filename, _), raw in zip(some, replies, strict=True):
                rows.append({"filename": filename, "role": role.value, "model": model_name, "raw": raw})
            if progress:
                progress(len(rows), len(images))
    _write(out, rows)
    return len(rows)


def _as_trained(model: Path, form: ReplyForm | None, width_px: int | None) -> tuple[ReplyForm, int]:
    known = read_weights(model) if (model / RECORD).is_file() else None
    return (
        form or (known.form if known else ReplyForm.LEVEL_FIRST),
        width_px or (known.image_width_px if known else DEFAULT_WIDTH_PX),
    )


def greedy_replies(
    network: Any, processor: Any, pictures: list[Image.Image], form: ReplyForm, max_new_tokens: int
) -> list[str]:
    """The model's whole replies about some pictures at once, each as it is written without sampling."""
    turns = with_pictures(conversation(form), [{"type": "image"}])
    switch = template_switch(processor, thinks=form is ReplyForm.THOUGHT_FIRST)
    prompt = processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **switch)
    inputs = processor(
        images=[[picture] for picture in pictures],
        text=[prompt] * len(pictures),
        padding=True,
        padding_side="left",
        return_tensors="pt",
    ).to(network.device)
    written = network.generate(
        **inputs, max_new_tokens=max_new_tokens, do_sample=False, temperature=None, top_p=None, top_k=None
    )
    answers = written[:, inputs["input_ids"].shape[1] :]
    return [str(text) for text in processor.batch_decode(answers, skip_special_tokens=True)]


def _shown(path: Path, width_px: int) -> Image.Image:
    try:
        return Image.open(io.BytesIO(model_picture_of(path, width_px=width_px).content))
    except ImageRefused as error:
        raise TrainingError(f"The image {path} cannot be read: {error}") from error


def _write(out: Path, rows: list[dict[str, str]]) -> None:
    with written_whole(out) as partial:
        lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        partial.write_text(lines, encoding="utf-8")
