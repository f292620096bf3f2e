"""How many tokens pairs have, counted before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

from PIL import Image

from data.images.model_picture import model_size
from data.images.orientation import turn_of, turned_size
from training.pairs.preference_dataset import WeighedPair
from training.pairs.processor import image_tokens
from training.plan.estimate import PairTokens

_TOKENIZED_PAIRS = 64
"""Text lengths are estimated from this many pairs, spread evenly; image tokens are counted for all."""


@dataclass(frozen=True)
class TokenCounts:
    """`images`: of each pair; `texts`: (prompt, chosen, rejected) of some pairs, spread evenly."""

    images: list[int]
    texts: list[tuple[int, int, int]]

    @property
    def typical(self) -> PairTokens:
        """The mean of each part."""
        return PairTokens(fmean(self.images), *(fmean(part) for part in zip(*self.texts, strict=True)))

    @property
    def largest(self) -> PairTokens:
        """The most of each part: what memory must hold."""
        return PairTokens(max(self.images), *(max(part) for part in zip(*self.texts, strict=True)))


def count_tokens(pairs: Sequence[WeighedPair], processor: Any, *, width_px: int) -> TokenCounts:
    """Tokens of the pairs, their pictures `width_px` wide at most."""
    count = cache(lambda size: image_tokens(processor, *size))
    images = [sum(count(shown_size(image, width_px)) for image in pair.images) for pair in pairs]
    stride = max(1, len(pairs) // _TOKENIZED_PAIRS)
    return TokenCounts(images, [_text_tokens(pair, processor) for pair in pairs[::stride][:_TOKENIZED_PAIRS]])


def shown_size(path: Path, width_px: int) -> tuple[int, int]:
    """(width, height) in pixels of a picture as the model is shown it."""
    with Image.open(path) as image:
        return model_size(*turned_size(image.size, turn_of(image)), most_width_px=width_px)


def _text_tokens(weighed: WeighedPair, processor: Any) -> tuple[int, int, int]:
    pair = weighed.pair
    prompt, chosen, rejected = (
        sum(len(processor.tokenizer(message.content)["input_ids"]) for message in messages)
        for messages in (pair.prompt, pair.chosen, pair.rejected)
    )
    return prompt, chosen, rejected
