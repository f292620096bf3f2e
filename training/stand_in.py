"""The stand-in: a tiny Qwen3-VL with random weights, built offline, so that the real code path runs on a CPU.

It knows nothing of driving and says so: `stand_in.json` marks its folder and everything that is trained from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3VLConfig, Qwen3VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from data.errors import TrainingError
from data.vlm.conversation import conversation
from data.vlm.reply import render_reply
from data.vocabulary import LEVELS, Assessment, ReplyForm, TriageLevel
from training.models.folder import RANDOM, STAND_IN_MARKER
from training.pairs.processor import ImageOnlyQwen3VLProcessor
from training.process.chatter import library_chatter_to_stderr

NAME = "stand-in-qwen3-vl-random-weights"
VOCABULARY = 1024
MAX_PIXELS = 128 * 128
"""A 1600 x 900 frame becomes 160 x 96 pixels: 15 tokens."""

END, PAD = "<|im_end|>", "<|endoftext|>"
_VISION = ("vision_start", "vision_end", "vision_pad", "image_pad", "video_pad")
_SPECIALS = [PAD, "<|im_start|>", END, *(f"<|{name}|>" for name in _VISION)]

# Renders messages as Qwen3-VL's template does, as far as a system turn, a user turn with images and one answer go.
_CHAT_TEMPLATE = """\
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' }}
    {%- if message.content is string %}
        {{- message.content }}
    {%- else %}
        {%- for part in message.content %}
            {%- if part.type == 'image' %}
                {{- '<|vision_start|><|image_pad|><|vision_end|>' }}
            {%- elif 'text' in part %}
                {{- part.text }}
            {%- endif %}
        {%- endfor %}
    {%- endif %}
    {{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

_README = f"""\
# {NAME}

A stand-in, not a model: the architecture of Qwen3-VL with a few hundred thousand **random** weights.
It shows that training, merging and asking run from end to end on a machine without real weights.
Its answers mean nothing. Everything trained from it carries `{STAND_IN_MARKER}`.
"""


def build_stand_in(out: Path, *, seed: int = 0) -> Path:
    """Write the stand-in's model and processor into `out` and return it. The same seed gives the same weights.

    Raises TrainingError if `out` holds anything.
    """
    if out.exists() and any(out.iterdir()):
        raise TrainingError(f"{out} is not empty: the stand-in is never written over anything.")
    processor = image_only_processor(learned_tokenizer(_corpus(), VOCABULARY), most_pixels=MAX_PIXELS)
    model = seeded_model(stand_in_config(processor.tokenizer, _TEXT_SHAPE, _VISION_SHAPE), seed)
    save_stand_in(
        model, processor, out, readme=_README, marker={"name": NAME, "weights": RANDOM, "seed": seed}
    )
    return out


def save_stand_in(model: Any, processor: Any, out: Path, *, readme: str, marker: dict[str, Any]) -> None:
    """Write a model folder that says what it is: in words, and in `stand_in.json` for programs."""
    with library_chatter_to_stderr():
        model.save_pretrained(out)
        processor.save_pretrained(out)
    _name_the_public_processor(out)
    (out / "README.md").write_text(readme, encoding="utf-8")
    (out / STAND_IN_MARKER).write_text(
        json.dumps({"stand_in": True, **marker}, indent=2) + "\n", encoding="utf-8"
    )


def _name_the_public_processor(out: Path) -> None:
    """Other programs know Qwen3VLProcessor; a class they do not know would give them a bare tokenizer, silently."""
    for name in ("processor_config.json", "tokenizer_config.json"):
        path = out / name
        fields = json.loads(path.read_text(encoding="utf-8"))
        if "processor_class" in fields:
            fields["processor_class"] = "Qwen3VLProcessor"
            path.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


def image_only_processor(tokenizer: PreTrainedTokenizerFast, *, most_pixels: int) -> Any:
    """Qwen3-VL's processor around a tokenizer; pictures with more pixels are scaled down."""
    image_processor = Qwen2VLImageProcessorPil(
        patch_size=16,
        merge_size=2,
        temporal_patch_size=2,
        size={"shortest_edge": 32 * 32, "longest_edge": most_pixels},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    return ImageOnlyQwen3VLProcessor(image_processor, tokenizer, chat_template=_CHAT_TEMPLATE)


def learned_tokenizer(corpus: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE of so many tokens, learned from texts, with Qwen's special tokens."""
    bytes_to_pairs = Tokenizer(models.BPE())
    bytes_to_pairs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_to_pairs.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=_SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bytes_to_pairs.train_from_iterator(corpus, trainer)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # untyped in transformers
        tokenizer_object=bytes_to_pairs,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=_SPECIALS[1:2] + _SPECIALS[3:],
    )


def _corpus() -> list[str]:
    """The question and replies, with every level alone and often: DPO then moves one token, not a part of a word."""
    bare = [level.value for level in LEVELS] * 200
    rendered = [render_reply(_example(level), ReplyForm.LEVEL_FIRST) for level in LEVELS]
    replies = [
        json.dumps(json.loads(reply)) for reply in rendered
    ] * 20  # spaced: words are tokens without signs
    asked = [turn["content"] for turn in conversation(ReplyForm.LEVEL_FIRST)] * 20
    turns = ["system user assistant"] * 20
    return bare + replies + turns + asked


def _example(level: TriageLevel) -> Assessment:
    return Assessment(
        reasoning="The road ahead is clear. A pedestrian, a construction zone or heavy rain is near the ego lane.",
        level=level,
        action="Watch closely; take control if the lane is blocked. No action is needed.",
    )


def seeded_model(config: Qwen3VLConfig, seed: int) -> Any:
    """A model of random weights, the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen3VLForConditionalGeneration(config)
    text: Any = config.text_config
    model.generation_config.eos_token_id = text.eos_token_id
    model.generation_config.pad_token_id = text.pad_token_id
    return model


def stand_in_config(
    tokenizer: PreTrainedTokenizerFast, text: dict[str, Any], vision: dict[str, Any]
) -> Qwen3VLConfig:
    """Qwen3-VL's configuration at another size. `text`, `vision`: the sizes of the two towers."""
    vocabulary = tokenizer.get_vocab()
    ids = {name: vocabulary[f"<|{name}|>"] for name in _VISION}
    return Qwen3VLConfig(
        text_config={
            **text,
            "vocab_size": len(tokenizer),
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "bos_token_id": None,
            "tie_word_embeddings": True,
        },
        vision_config=vision,
        image_token_id=ids["image_pad"],
        video_token_id=ids["video_pad"],
        vision_start_token_id=ids["vision_start"],
        vision_end_token_id=ids["vision_end"],
        tie_word_embeddings=True,
    )


_TEXT_SHAPE: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 8192,
    "rope_parameters": {
        "rope_type": "default",
        "rope_theta": 5_000_000.0,
        "mrope_section": [4, 2, 2],  # sums to half of head_dim
        "mrope_interleaved": True,
    },
}

_VISION_SHAPE: dict[str, Any] = {
    "depth": 2,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_heads": 4,
    "patch_size": 16,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
    "out_hidden_size": 64,
    "num_position_embeddings": 64,
    "deepstack_visual_indexes": [0],
}
