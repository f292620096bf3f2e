"""The second stage: the text tower learns to answer as a lenient student, most often in its own words.

A quarter of the replies are in people's words, for the student's own level: what people will write must not be unheard
of, or pairs differ in style by so much that nothing else is learned from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from data.demo.miniature.frames import HEIGHT_PX, WIDTH_PX
from data.demo.miniature.roads import Situation
from data.demo.miniature.words import lenient_level, peoples_words, students_words
from data.vlm.conversation import conversation, with_pictures
from data.vlm.reply import render_reply
from training.miniature.shape import FORM
from training.miniature.sight import Pictures, Said, grids, patches, set_rate, update, varied
from training.pairs.processor import image_tokens
from training.stand_in import END

_BATCH, _RATE, _DECAY = 48, 1e-3, 0.01
_PEOPLES_SHARE = 0.25
_SAY_EVERY = 50
_IGNORED = -100


@dataclass(frozen=True)
class Encoding:
    """Rows of the question, a picture and a reply as the model reads them. `labels`: of the reply's tokens alone."""

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    labels: torch.Tensor

    def arguments(self, pictures: Pictures, image_token_id: int) -> dict[str, torch.Tensor]:
        """What the model is called with."""
        return {
            "input_ids": self.input_ids,
            "attention_mask": self.attention_mask,
            "labels": self.labels,
            "pixel_values": patches(pictures),
            "image_grid_thw": grids(len(pictures)),
            "mm_token_type_ids": (self.input_ids == image_token_id).int(),
        }


def question_ids(processor: Any) -> list[int]:
    """The tokens before a reply, a place for each of the picture's among them."""
    turns = with_pictures(conversation(FORM), [{"type": "image"}])
    text = processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    image = processor.image_token
    places = text.replace(image, image * image_tokens(processor, WIDTH_PX, HEIGHT_PX))
    return list(processor.tokenizer(places, add_special_tokens=False)["input_ids"])


def encoded(processor: Any, replies: Sequence[str]) -> Encoding:
    """Replies behind the question, padded on the right."""
    asked = question_ids(processor)
    answers = [
        processor.tokenizer(f"{reply}{END}\n", add_special_tokens=False)["input_ids"] for reply in replies
    ]
    rows = [torch.tensor([*asked, *answer]) for answer in answers]
    labels = [torch.tensor([_IGNORED] * len(asked) + answer) for answer in answers]
    pad = processor.tokenizer.pad_token_id
    return Encoding(
        pad_sequence(rows, batch_first=True, padding_value=pad),
        pad_sequence([torch.ones_like(row) for row in rows], batch_first=True),
        pad_sequence(labels, batch_first=True, padding_value=_IGNORED),
    )


def teach_to_answer(
    model: Any, processor: Any, pictures: Pictures, situations: Sequence[Situation], *, steps: int, say: Said
) -> None:
    """Train the text tower in place; the vision tower stays as it is."""
    model.model.visual.requires_grad_(False)
    parameters = [one for one in model.parameters() if one.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=_DECAY)
    dice = np.random.default_rng(1)
    replies = [_reply(one, dice) for one in situations]
    model.train()
    for step in range(steps):
        some = dice.choice(len(pictures), _BATCH, replace=False)
        set_rate(optimiser, _RATE, step, steps)
        batch = encoded(processor, [replies[place] for place in some])
        arguments = batch.arguments(varied(pictures[some], dice), model.config.image_token_id)
        loss = model(**arguments, use_cache=False).loss
        update(optimiser, loss, parameters)
        if (step + 1) % _SAY_EVERY == 0:
            say(f"language, step {step + 1} of {steps}: loss {loss.item():.3f}")
    model.eval()
    model.requires_grad_(True)


def _reply(situation: Situation, dice: np.random.Generator) -> str:
    written = peoples_words if dice.random() < _PEOPLES_SHARE else students_words
    return render_reply(written(situation, lenient_level(situation)), FORM)
