"""Ask a local model the project's own question about frames, without a server, and record its raw replies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from data.errors import TrainingError
from data.vlm.question import question_text
from data.vocabulary import ModelRole
from data.whole_files import written_whole
from training.models.folder import load_model
from training.pairs.processor import load_processor
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
    max_new_tokens: int = MAX_NEW_TOKENS,
    progress: Progress | None = None,
) -> int:
    """Write one recorded reply per image to the JSONL file `out`, in the order given; return how many.

    Each line is {"filename", "role", "model", "raw"}. Decoding is greedy, so the same model gives the same replies.
    `images` holds (filename as the store knows it, where the image is). The file appears when it is whole.

    Raises TrainingError if the model cannot be loaded or an image cannot be read.
    """
    with library_chatter_to_stderr():
        processor = load_processor(model)
        network = load_model(model, dtype="auto").to("cuda" if torch.cuda.is_available() else "cpu")
        rows: list[dict[str, str]] = []
        for start in range(0, len(images), _FRAMES_AT_ONCE):
            some = images[start : start + _FRAMES_AT_ONCE]
            replies = _ask(network, processor, [path for _, path in some], max_new_tokens)
            for (filename, _), raw in zip(some, replies, strict=True):
                rows.append({"filename": filename, "role": role.value, "model": model_name, "raw": raw})
            if progress:
                progress(len(rows), len(images))
    _write(out, rows)
    return len(rows)


def _ask(network: Any, processor: Any, paths: list[Path], max_new_tokens: int) -> list[str]:
    prompt = processor.apply_chat_template(_conversation(), tokenize=False, add_generation_prompt=True)
    inputs = processor(
        images=[[_open(path)] for path in paths],
        text=[prompt] * len(paths),
        padding=True,
        padding_side="left",
        return_tensors="pt",
    ).to(network.device)
    written = network.generate(
        **inputs, max_new_tokens=max_new_tokens, do_sample=False, temperature=None, top_p=None, top_k=None
    )
    answers = written[:, inputs["input_ids"].shape[1] :]
    return [str(text).strip() for text in processor.batch_decode(answers, skip_special_tokens=True)]


def _conversation() -> list[dict[str, Any]]:
    question = {"type": "text", "text": question_text(thinking=False)}
    return [{"role": "user", "content": [{"type": "image"}, question]}]


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except OSError as error:
        raise TrainingError(f"The image {path} cannot be read: {error}.") from error


def _write(out: Path, rows: list[dict[str, str]]) -> None:
    with written_whole(out) as partial:
        lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        partial.write_text(lines, encoding="utf-8")
