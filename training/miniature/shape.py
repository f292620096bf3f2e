"""The miniature's towers and tokenizer: Qwen3-VL's architecture, and Qwen's shape of tokens, at another size."""

from __future__ import annotations

from typing import Any

from data.demo.miniature.frames import HEIGHT_PX, WIDTH_PX
from data.demo.miniature.roads import Situation
from data.demo.miniature.words import all_words
from data.vlm.conversation import conversation
from data.vlm.reply import render_reply
from data.vocabulary import LEVELS, ReplyForm
from training.stand_in import image_only_processor, learned_tokenizer, seeded_model, stand_in_config

FORM = ReplyForm.LEVEL_FIRST
"""The only form in which the miniature is asked and answers."""
TEXT_SIZE = 128
VOCABULARY = 640
_TEXT: dict[str, Any] = {
    "hidden_size": TEXT_SIZE,
    "intermediate_size": 320,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "max_position_embeddings": 1024,
    "rope_parameters": {
        "rope_type": "default",
        "rope_theta": 10_000.0,
        "mrope_section": [8, 4, 4],  # sums to half of head_dim
        "mrope_interleaved": True,
    },
}
_VISION: dict[str, Any] = {
    "depth": 3,
    "hidden_size": 96,
    "intermediate_size": 256,
    "num_heads": 4,
    "patch_size": 16,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
    "out_hidden_size": TEXT_SIZE,
    "num_position_embeddings": 64,
    "deepstack_visual_indexes": [1],
}


def blank_miniature(seed: int) -> tuple[Any, Any]:
    """(model, processor): the miniature before it has seen anything."""
    processor = image_only_processor(_tokenizer(), most_pixels=WIDTH_PX * HEIGHT_PX)
    return seeded_model(stand_in_config(processor.tokenizer, _TEXT, _VISION), seed), processor


def _tokenizer() -> Any:
    """Words of the replies are tokens, and each level is one. So are the turns that never change: a model of this size
    would spend most of its time on the question's 400."""
    replies = [render_reply(words, FORM) for situation in _situations() for words in all_words(situation)]
    bare = [level.value for level in LEVELS] * len(replies)
    tokenizer = learned_tokenizer([*replies, *bare, *["system user assistant"] * len(replies)], VOCABULARY)
    tokenizer.add_tokens([turn["content"] for turn in conversation(FORM)])
    return tokenizer


def _situations() -> list[Situation]:
    """One of each that words tell apart."""
    hazards = [
        Situation(hazard, gap_m, 10.0)
        for hazard in ("police officer", "deer", "excavator", "fallen tree")
        for gap_m in (-0.5, 0.5, 1.8, 3.0)
    ]
    weathers = [Situation(weather=weather) for weather in ("fog", "rain")]
    return [*hazards, *weathers, Situation(cones=True), Situation()] * 10
