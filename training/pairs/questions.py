"""A question as a local model is shown it: pictures, oldest first, and the message that times them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from data.snapshot.folder import Entry
from data.vlm.conversation import conversation, with_pictures
from data.vlm.moment import NOW, Lookback, Moment
from data.vocabulary import ReplyForm
from training.pairs.collator import shown_picture
from training.pairs.processor import template_switch


@dataclass(frozen=True)
class ShownQuestion:
    """`pictures`: scaled for the model, the frame's own last; `moment`: what the message says of the earlier ones."""

    pictures: Sequence[Image.Image]
    moment: Moment = NOW

    def prompt(self, processor: Any, form: ReplyForm) -> str:
        """The conversation as text, up to where the reply begins."""
        turns = with_pictures(conversation(form, self.moment), [{"type": "image"}] * len(self.pictures))
        switch = template_switch(processor, thinks=form is ReplyForm.THOUGHT_FIRST)
        text: str = processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **switch)
        return text


def shown_question(folder: Path, entry: Entry, lookback: Lookback, *, width_px: int) -> ShownQuestion:
    """The question about an entry of the snapshot in `folder`. Raises TrainingError for a picture that is gone."""
    pictures = [shown_picture({"path": str(folder / name)}, width_px) for name in entry.images]
    return ShownQuestion(pictures, entry_moment(entry, lookback))


def entry_moment(entry: Entry, lookback: Lookback) -> Moment:
    """What the message about an entry says of its earlier pictures."""
    return Moment.of(lookback, [one.before_s for one in entry.earlier])


def question_batch(processor: Any, questions: Sequence[ShownQuestion], form: ReplyForm) -> Any:
    """The questions as one batch of a model's inputs, padded on the left."""
    return processor(
        images=[list(one.pictures) for one in questions],
        text=[one.prompt(processor, form) for one in questions],
        padding=True,
        padding_side="left",
        return_tensors="pt",
    )
