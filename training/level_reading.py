"""P(level) of questions without a word being written: one forward pass, read at the token in which a level begins.

It holds where the level is written first. In another form it would be conditional on words that nobody has written yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from data.errors import TrainingError
from data.vocabulary import LEVELS, ReplyForm
from training.pairs.questions import ShownQuestion, question_batch

_BEFORE_LEVEL = '{"level":"'
_QUESTIONS_AT_ONCE = 64


class LevelReader:
    """Reads the levels off a model. Raises TrainingError for a form in which the level is not written first."""

    def __init__(self, model: Any, processor: Any, form: ReplyForm) -> None:
        if form is not ReplyForm.LEVEL_FIRST:
            raise TrainingError(
                f"Levels can be read without a reply only where they are written first; this is {form.value}. Ask "
                "for replies instead, with teletriage propose."
            )
        self._model, self._processor, self._form = model.eval(), processor, form
        self._before, self._levels = _level_tokens(processor.tokenizer)

    @torch.no_grad()
    def read(self, questions: Sequence[ShownQuestion]) -> list[list[float]]:
        """For each question the probabilities of the three levels in the order of `LEVELS`, which add up to 1."""
        found: list[list[float]] = []
        for start in range(0, len(questions), _QUESTIONS_AT_ONCE):
            found += self._read(questions[start : start + _QUESTIONS_AT_ONCE])
        return found

    def _read(self, questions: Sequence[ShownQuestion]) -> list[list[float]]:
        inputs = question_batch(self._processor, questions, self._form)
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
