"""A batch of pictures -> a batch of replies, each token with its log-probabilities; greedy or sampled, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from transformers import LogitsProcessor, LogitsProcessorList

from data.vlm.conversation import conversation, with_pictures
from data.vlm.request import LOGPROBS, PICTURE_MARKS
from data.vocabulary import ReplyForm
from training.pairs.processor import template_switch
from training.serving.grammar import ReplyGrammar, State, grammar_of


@dataclass(frozen=True)
class Asked:
    """One reply to be written. temperature 0: greedy; the same seed and picture give the same reply."""

    picture: Image.Image
    temperature: float
    seed: int
    max_tokens: int


@dataclass(frozen=True)
class WrittenToken:
    """A token with its natural log-probability before the grammar took its choice, and the likeliest instead of it."""

    text: str
    logprob: float
    likeliest: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Written:
    """A reply. `is_whole`: it ended; else it was cut at its most tokens."""

    tokens: tuple[WrittenToken, ...]
    prompt_tokens: int
    is_whole: bool

    @property
    def text(self) -> str:
        return "".join(token.text for token in self.tokens)


class Engine:
    """A model that writes replies of one form. Not for several threads at once."""

    def __init__(self, model: Any, processor: Any, form: ReplyForm) -> None:
        self._model, self._processor, self._form = model.eval(), processor, form
        self._grammar = grammar_of(processor.tokenizer)
        self._texts = [processor.tokenizer.decode([token]) for token in range(len(processor.tokenizer))]
        turns = with_pictures(conversation(form), [{"type": "image"}])
        switch = template_switch(processor, thinks=False)
        self._prompt = processor.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True, **switch
        )

    @torch.no_grad()
    def write(self, asked: Sequence[Asked]) -> list[Written]:
        """One reply to each question, in their order."""
        inputs = self._processor(
            images=[[one.picture] for one in asked],
            text=[self._prompt] * len(asked),
            padding=True,
            padding_side="left",
            return_tensors="pt",
        )
        begins = inputs["input_ids"].shape[1]
        out = self._model.generate(
            **inputs,
            max_new_tokens=max(one.max_tokens for one in asked),
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            logits_processor=LogitsProcessorList([_Choosing(self._grammar, asked, begins)]),
            return_dict_in_generate=True,
            output_logits=True,
        )
        logprobs = torch.stack(out.logits, dim=1).float().log_softmax(dim=-1)
        counts = inputs["attention_mask"].sum(dim=1).tolist()
        return [
            self._written(ids, row, count, one.max_tokens)
            for ids, row, count, one in zip(
                out.sequences[:, begins:].tolist(), logprobs, counts, asked, strict=True
            )
        ]

    def count_text(self) -> int:
        """Tokens of the conversation without its picture's."""
        return len(self._processor.tokenizer(self._prompt)["input_ids"]) - 1 - PICTURE_MARKS

    def _written(self, ids: list[int], logprobs: torch.Tensor, prompt_tokens: int, most: int) -> Written:
        end = self._processor.tokenizer.eos_token_id
        length = ids.index(end) if end in ids else len(ids)
        kept = ids[: min(length, most)]
        values, places = logprobs[: len(kept)].topk(LOGPROBS, dim=-1)
        tokens = tuple(
            WrittenToken(
                self._texts[token],
                float(row[token]),
                tuple((self._texts[place], value) for place, value in zip(likely, by, strict=True)),
            )
            for token, row, likely, by in zip(kept, logprobs, places.tolist(), values.tolist(), strict=False)
        )
        return Written(tokens, prompt_tokens, is_whole=length <= min(most, len(ids) - 1))


class _Choosing(LogitsProcessor):
    """Leaves each row the tokens of the grammar, and for a sampled row lets the largest be a sample (Gumbel's trick):

    greedy and sampled rows then go through one batch.
    """

    def __init__(self, grammar: ReplyGrammar, asked: Sequence[Asked], begins: int) -> None:
        self._grammar, self._asked, self._begins = grammar, asked, begins
        self._states: list[State] = [grammar.start for _ in asked]
        self._dice = [torch.Generator().manual_seed(one.seed) for one in asked]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """(rows, vocabulary) scores of which each row's largest is what it writes."""
        if input_ids.shape[1] > self._begins:
            last = input_ids[:, -1].tolist()
            self._states = [
                self._grammar.next(state, token) for state, token in zip(self._states, last, strict=True)
            ]
        mask = torch.stack([self._grammar.allowed(state) for state in self._states])
        return self._noisy(scores.float()).masked_fill(~mask, -torch.inf)

    def _noisy(self, scores: torch.Tensor) -> torch.Tensor:
        rows = []
        for row, one, dice in zip(scores, self._asked, self._dice, strict=True):
            if one.temperature > 0:
                noise = torch.empty_like(row).exponential_(generator=dice).log()
                rows.append(row / one.temperature - noise)
            else:
                rows.append(row)
        return torch.stack(rows)
