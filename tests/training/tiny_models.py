"""Tiny models with random weights of the families that a profile names as students, with the stand-in's processor."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, Qwen3_5Config, Qwen3_5ForConditionalGeneration

from data.vlm.profiles import model_profiles
from data.vocabulary import ModelRole

STUDENT_FAMILIES = sorted({one.family for one in model_profiles().profiles if ModelRole.STUDENT in one.roles})


def a_tiny(family: str, stand_in: Path, out: Path) -> Path:
    """A folder with a model of the family, or the stand-in's own, which is a Qwen3-VL."""
    own = AutoConfig.from_pretrained(stand_in)
    if family == own.model_type:
        return stand_in
    shutil.copytree(stand_in, out)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        _MODELS[family](own).save_pretrained(out)
    return out


def _qwen3_5(own: Any) -> Any:
    """One layer of either kind: a recurrent one and one that attends."""
    text = {
        "vocab_size": own.text_config.vocab_size,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "layer_types": ["linear_attention", "full_attention"],
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 2,
        "linear_key_head_dim": 16,
        "linear_value_head_dim": 16,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10_000_000.0,
            "partial_rotary_factor": 0.25,
            "mrope_section": [2, 1, 1],  # sums to half of the quarter of head_dim that turns
            "mrope_interleaved": True,
        },
        "pad_token_id": own.text_config.pad_token_id,
        "eos_token_id": own.text_config.eos_token_id,
        "tie_word_embeddings": True,
    }
    vision = own.vision_config.to_dict()
    for name in ("model_type", "deepstack_visual_indexes", "rope_parameters"):
        vision.pop(name, None)
    tokens = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    config = Qwen3_5Config(
        text_config=text,
        vision_config=vision,
        tie_word_embeddings=True,
        **{name: getattr(own, name) for name in tokens},
    )
    return Qwen3_5ForConditionalGeneration(config)


_MODELS = {"qwen3_5": _qwen3_5}
