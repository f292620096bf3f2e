"""Which layers the adapter is on and how large it may be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft import get_peft_model
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from data.errors import TrainingError
from training.models.adapter import AdapterSize, adapter_size, lora_config, refuse_large_adapter
from training.models.folder import load_model, model_shape
from training.recipe import AdapterSettings, find_recipe, load_recipe

ATTENTION = r".*language_model.*\.self_attn\.(q|k|v|o)_proj"


def settings(rank: int = 4, target: str = ATTENTION, allow: bool = False) -> AdapterSettings:
    return AdapterSettings(rank=rank, alpha=8, target_modules=target, allow_large_adapter=allow)


def test_the_adapter_is_on_the_language_model_s_attention_alone(stand_in: Path) -> None:
    model = get_peft_model(load_model(stand_in, dtype=torch.float32), lora_config(settings()))
    adapted = {name.split(".lora_")[0] for name, p in model.named_parameters() if p.requires_grad}
    layers = [f"base_model.model.model.language_model.layers.{n}.self_attn" for n in (0, 1)]
    assert adapted == {f"{layer}.{part}_proj" for layer in layers for part in "qkvo"}


def test_the_size_known_beforehand_is_the_size_that_peft_trains(stand_in: Path) -> None:
    known = adapter_size(model_shape(stand_in), settings())
    model = get_peft_model(load_model(stand_in, dtype=torch.float32), lora_config(settings()))
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    # each layer: q 64->64, k 64->32, v 64->32, o 64->64; two layers; rank 4
    assert known.parameters == trained == 2 * 4 * (128 + 96 + 96 + 128)


def test_the_shipped_recipe_adds_0_302_percent_to_qwen3_vl_2b() -> None:
    size = adapter_size(_qwen3_vl_2b_on_no_memory(), load_recipe(find_recipe("sa_dpo")).recipe.adapter)
    assert (size.parameters, size.base) == (6_422_528, 2_127_532_032)
    assert str(size) == "6,422,528 trainable parameters, 0.302% of 2,127,532,032"


def test_more_than_half_a_percent_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"51 trainable parameters, 0\.510% of 10,000: more than 0\.5%"):
        refuse_large_adapter(AdapterSize(51, 10_000), settings())


def test_half_a_percent_is_taken_and_more_where_the_recipe_allows_it() -> None:
    refuse_large_adapter(AdapterSize(50, 10_000), settings())
    refuse_large_adapter(AdapterSize(51, 10_000), settings(allow=True))


def test_a_pattern_that_matches_nothing_is_refused(stand_in: Path) -> None:
    with pytest.raises(TrainingError, match="No layer of Qwen3VLForConditionalGeneration matches"):
        adapter_size(model_shape(stand_in), settings(target="q_proj"))


def test_a_pattern_that_hits_the_patch_embedding_is_refused(stand_in: Path) -> None:
    with pytest.raises(TrainingError, match="is a Conv3d; the adapter needs linear layers"):
        adapter_size(model_shape(stand_in), settings(target=r".*\.proj"))


def _qwen3_vl_2b_on_no_memory() -> Qwen3VLForConditionalGeneration:
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": 151936,
            "hidden_size": 2048,
            "intermediate_size": 6144,
            "num_hidden_layers": 28,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 5_000_000.0,
                "mrope_section": [24, 20, 20],
                "mrope_interleaved": True,
            },
        },
        vision_config={
            "depth": 24,
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_heads": 16,
            "out_hidden_size": 2048,
            "num_position_embeddings": 2304,
            "deepstack_visual_indexes": [5, 11, 17],
        },
        tie_word_embeddings=True,
    )
    with torch.device("meta"):
        model = Qwen3VLForConditionalGeneration(config)
    model.tie_weights()
    return model
