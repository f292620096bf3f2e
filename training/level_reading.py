"""P(level) of pictures without a word being written: one forward pass, read at the token in which a level begins.

It holds where the level is written first. In another form it would be conditional on words that nobody has written yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image

from data.errors import TrainingError
from data.vlm.conversation import conversation, with_pictures
from data.vocabulary import LEVELS, ReplyForm
from training.pairs.processor import template_switch

_BEFORE_LEVEL = '{"level":"'
_PICTURES_AT_ONCE = 64


class LevelReader:
    """Reads the levels off a model. Raises TrainingError for a form in which the level is not written first."""

    def __init__(self, model: Any, processor: Any, form: ReplyForm) -> None:
        if form is not ReplyForm.LEVEL_FIRST:
            raise TrainingError(
                f"Levels can be read without a reply only where they are written first; this is {form.value}. Ask "
                "for replies instead, with teletriage propose."
            )
        self._model, self._processor = model.eval(), processor
        turns = with_pictures(conversation(form), [{"type": "image"}])
        switch = template_switch(processor, thinks=False)
        self._prompt = processor.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True, **switch
        )
        self._before, self._levels = _level_tokens(processor.tokenizer)

    @torch.no_grad()
    def read(self, pictures: Sequence[Image.Image]) -> list[list[float]]:
        """For each picture the probabilities of the three levels in the order of `LEVELS`, which add up to 1."""
        found: list[list[float]] = []
        for start in range(0, len(pictures), _PICTURES_AT_ONCE):
            found += self._read(pictures[start : start + _PICTURES_AT_ONCE])
        return found

    def _read(self, pictures: Sequence[Image.Image]) -> list[list[float]]:
        inputs = self._processor(
            images=[[picture] for picture in pictures],
            text=[self._prompt] * len(pictures),
            padding=True,
            padding_side="left",
            return_tensors="pt",
        )
        for name, value in (("input_ids", None), ("attention_mask", 1), ("mm_token_type_ids", 0)):
            if name in inputs:
                inputs[name] = self._continued(inputs[name], value)
        logits = self._model(**inputs.to(self._model.device), use_cache=False).logits[:, -1, self._levels]
        probabilities: list[list[float]] = logits.float().softmax(dim=-1).tolist()
        return probabilities

    def _continued(self, rows: torch.Tensor, value: int | None) -> torch.Tensor:
        """Rows with the tokens before the level behind them; value: what stands for each of those, None: themselves."""
        more = torch.tensor(self._before if value is None else [value] * len(self._before))
        return torch.cat([rows, more.to(rows).expand(len(rows), -1)], dim=1)


def _level_tokens(tokenizer: Any) -> tuple[list[int], list[int]]:
    """(the tokens that come before a level, the token with which each level begins)."""
    written = [
        tokenizer(f'{_BEFORE_LEVEL}{level.value}","', add_special_tokens=False)["input_ids"]
        for level in LEVELS
    ]
    shared = next(place for place, ids in enumerate(zip(*written, strict=False)) if len(set(ids)) > 1)
    first = [ids[shared] for ids in written]
    if len(set(first)) < len(LEVELS):
        raise TrainingError(
            "Two levels begin with one token of this tokenizer, so they cannot be told apart."
        )
    return written[0][:shared], first
