"""Pairs -> one batch of tensors, each with its weight. Two forms: TRL's two rows per pair, and one packed row per pair.

What TRL would train on without a word (a cut completion, an empty side, a lost weight) is refused here.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from trl.data_utils import apply_chat_template, prepare_multimodal_messages
from trl.trainer.dpo_trainer import DataCollatorForVisionPreference

from data.errors import TrainingError
from data.images.inspection import ImageRefused
from data.images.model_picture import DEFAULT_WIDTH_PX, model_picture, model_picture_of
from data.vlm.reply import parse_reply
from data.vocabulary import ReplyForm
from training.pairs.packing import TokenizedPair, pack
from training.pairs.processor import template_switch

RopeIndex = Callable[..., tuple[torch.Tensor, torch.Tensor]]
"""Qwen3-VL's `get_rope_index`: ids, modalities, image grids, mask -> (positions of shape (3, rows, tokens), deltas)."""


OURS = ("weight", "offset", "doubt", "pair_id")
"""What a batch of ours has beside TRL's."""

_ALIGNMENT = 8
"""Row lengths of packed pairs: GPU attention takes a mask as it is only if its rows are aligned."""


@dataclass
class WeightedPairCollator(DataCollatorForVisionPreference):
    """Adds `weight`, `offset` and `doubt`, float32 of shape (pairs,), and `pair_id` to TRL's batch of chosen rows, then
    rejected rows.

    `width_px`: to what width pictures are scaled down, by the function that scales what is served. `chosen_only`: leave
    the rejected side out, where a loss does not read it.

    Raises TrainingError for a pair without a weight, a pair with an empty side, and for any `max_length`: TRL cuts
    completions without a word, and a pair whose completion is gone has loss log 2 and no gradient.
    """

    width_px: int = DEFAULT_WIDTH_PX
    chosen_only: bool = False

    def __post_init__(self) -> None:
        if self.max_length is not None:
            raise TrainingError(
                f"A max_length of {self.max_length} would cut pairs silently. Set it to None and lower "
                "image.width_px in the recipe if sequences are too long."
            )

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """One batch. `examples`: rows of the preference dataset, images decoded."""
        weights = [_weight(example) for example in examples]
        for example in examples:
            _refuse_empty_side(example)
        batch = self._encode([self._shown(_without_ours(example)) for example in examples])
        if (batch["completion_mask"].sum(dim=1) == 0).any():
            raise TrainingError("A pair's completion has no tokens: it would be trained on without effect.")
        batch["weight"] = torch.tensor(weights, dtype=torch.float32)
        for name in ("offset", "doubt"):
            batch[name] = torch.tensor([float(example[name]) for example in examples], dtype=torch.float32)
        batch["pair_id"] = [_name(example) for example in examples]
        return batch

    def _shown(self, example: dict[str, Any]) -> dict[str, Any]:
        """The example with its pictures as the model is shown them, and its template told whether to think."""
        thinks = parse_reply(example["chosen"][-1]["content"]).form is ReplyForm.THOUGHT_FIRST
        switch = template_switch(self.processor, thinks=thinks)
        pictures = [shown_picture(image, self.width_px) for image in example["images"]]
        return {**example, "images": pictures, "chat_template_kwargs": switch}

    def _encode(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super().torch_call(examples)
        return {name: value.chunk(2)[0] for name, value in batch.items()} if self.chosen_only else batch


@dataclass
class PackedPairCollator(WeightedPairCollator):
    """One row per pair (see `training.pairs.packing`), with each image preprocessed once instead of twice.

    `rope_index`: the model's own rule for the positions of text and image tokens.
    """

    rope_index: RopeIndex | None = None

    def _encode(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        images = [example["images"] for example in examples]
        sides = ("completion",) if self.chosen_only else ("chosen", "rejected")
        texts = [apply_chat_template(self._conversation(example), self.processor) for example in examples]
        questions = self._tokens([text["prompt"] for text in texts], padding_side="left", images=images)
        answers = [self._tokens([text[side] for text in texts]) for side in sides]
        batch: dict[str, Any] = pack(
            self._pairs(questions, *answers), pad_id=self._pad_id(), multiple_of=_ALIGNMENT
        )
        batch |= {name: questions[name] for name in ("pixel_values", "image_grid_thw")}
        return batch

    def _conversation(self, example: dict[str, Any]) -> dict[str, Any]:
        """In TRL's form of a pair, or of a question and its answer where the rejected side is not read."""
        blocks = _with_placeholders(example)
        if self.chosen_only:
            blocks["completion"] = blocks.pop("chosen")
            del blocks["rejected"]
        return blocks

    def _tokens(self, texts: list[str], **kwargs: Any) -> Any:
        return self.processor(
            text=texts, padding=True, return_tensors="pt", add_special_tokens=False, **kwargs
        )

    def _pairs(self, questions: Any, chosen: Any, rejected: Any = None) -> list[TokenizedPair]:
        if self.rope_index is None:
            raise TrainingError("Packing needs the model's rope_index: positions decide what a token means.")
        positions, _ = self.rope_index(
            questions["input_ids"],
            questions["mm_token_type_ids"],
            image_grid_thw=questions["image_grid_thw"],
            attention_mask=questions["attention_mask"],
        )
        kept = questions["attention_mask"].bool()
        return [
            TokenizedPair(
                questions["input_ids"][i, kept[i]],
                positions[:, i, kept[i]],
                _row(chosen, i),
                _row(chosen, i)[:0] if rejected is None else _row(rejected, i),
            )
            for i in range(len(kept))
        ]

    def _pad_id(self) -> int:
        return int(self.processor.tokenizer.pad_token_id or 0)


def shown_picture(image: dict[str, Any] | Image.Image, width_px: int) -> Image.Image:
    """A picture of the dataset ({"path"}, {"bytes"}, or opened) as the model is shown it. Raises TrainingError."""
    try:
        if isinstance(image, Image.Image):
            image.save(content := io.BytesIO(), "PNG")
            picture = model_picture(content.getvalue(), "A picture of the snapshot", width_px=width_px)
        elif image.get("bytes") is not None:
            picture = model_picture(image["bytes"], "A picture of the snapshot", width_px=width_px)
        else:
            picture = model_picture_of(Path(image["path"]), width_px=width_px)
    except ImageRefused as error:
        raise TrainingError(f"A picture of the snapshot cannot be shown to the model: {error}") from error
    return Image.open(io.BytesIO(picture.content))


def _with_placeholders(example: dict[str, Any]) -> dict[str, Any]:
    """The conversation in blocks, with an image block for each image, as TRL's own collator makes it."""
    return {
        "chat_template_kwargs": example["chat_template_kwargs"],
        "prompt": prepare_multimodal_messages(example["prompt"], images=example["images"]),
        "chosen": prepare_multimodal_messages(example["chosen"]),
        "rejected": prepare_multimodal_messages(example["rejected"]),
    }


def _row(encoded: Any, index: int) -> torch.Tensor:
    row: torch.Tensor = encoded["input_ids"][index, encoded["attention_mask"][index].bool()]
    return row


def _weight(example: dict[str, Any]) -> float:
    weight = example.get("weight")
    if weight is None:
        raise TrainingError(f"The pair {_name(example)} has no weight.")
    if not (math.isfinite(weight) and weight > 0):
        raise TrainingError(
            f"The pair {_name(example)} has the weight {weight}; it must be above 0 and finite."
        )
    return float(weight)


def _refuse_empty_side(example: dict[str, Any]) -> None:
    for side in ("chosen", "rejected"):
        if not any(message["content"].strip() for message in example[side]):
            raise TrainingError(f"The {side} side of the pair {_name(example)} is empty.")


def _without_ours(example: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in example.items() if name not in OURS}


def _name(example: dict[str, Any]) -> str:
    return str(example.get("pair_id", "(unnamed)"))
