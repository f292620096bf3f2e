"""Write a tiny Qwen3-VL with random weights, its tokenizer and its processor: 0.6 million parameters, no download.

usage: tiny_checkpoint.py FOLDER (in the environment that serves it)
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
TAGS = ("<think>", "</think>", "<tool_call>", "</tool_call>")
CORPUS = (
    'AUTONOMY SUPERVISION TELEOPERATION the road is clear {"reasoning": "x", "level": "S", "action": "y"}'
)
CHAT_TEMPLATE = (
    "{%- for m in messages %}<|im_start|>{{ m.role }}\n"
    "{%- if m.content is string %}{{ m.content }}{%- else %}{%- for c in m.content %}"
    "{%- if c.type == 'image' or 'image' in c or 'image_url' in c %}<|vision_start|><|image_pad|><|vision_end|>"
    "{%- elif 'text' in c %}{{ c.text }}{%- endif %}{%- endfor %}{%- endif %}<|im_end|>\n{%- endfor %}"
    "{%- if add_generation_prompt %}<|im_start|>assistant\n{%- endif %}"
)


def tokenizer() -> Any:
    """A byte-level BPE tokenizer learned from one line, with Qwen's special tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE(unk_token=None))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=list(SPECIAL), initial_alphabet=alphabet)
    bpe.train_from_iterator([CORPUS] * 50, trainer)
    bpe.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in TAGS])
    classes: Any = importlib.import_module("transformers")
    fast = classes.PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(SPECIAL[1:]),
        model_max_length=32768,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def model_config(tokens: Any) -> Any:
    """Two layers each of text and vision."""
    from transformers import Qwen3VLConfig

    ids = {name: tokens.convert_tokens_to_ids(name) for name in SPECIAL}
    rope = {
        "rope_type": "default",
        "rope_theta": 5e6,
        "mrope_section": [8, 4, 4],
        "mrope_interleaved": True,
    }
    text = {
        "vocab_size": -(-max(640, len(tokens)) // 64) * 64,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "max_position_embeddings": 8192,
        "rope_theta": 5e6,
        "tie_word_embeddings": True,
        "rope_parameters": rope,
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
    }
    vision = {
        "depth": 2,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_heads": 2,
        "patch_size": 16,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "out_hidden_size": 64,
        "num_position_embeddings": 256,
        "deepstack_visual_indexes": [0, 1],
        "in_channels": 3,
    }
    return Qwen3VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )


def write_checkpoint(folder: Path) -> None:
    """Weights, tokenizer and processor into a new folder."""
    import torch

    classes: Any = importlib.import_module("transformers")
    folder.mkdir(parents=True, exist_ok=True)
    tokens = tokenizer()
    torch.manual_seed(0)
    model = classes.Qwen3VLForConditionalGeneration(model_config(tokens)).to(torch.bfloat16)
    model.generation_config.eos_token_id = [
        tokens.convert_tokens_to_ids("<|im_end|>"),
        tokens.convert_tokens_to_ids("<|endoftext|>"),
    ]
    model.generation_config.pad_token_id = tokens.convert_tokens_to_ids("<|endoftext|>")
    model.save_pretrained(folder)
    patches = {"patch_size": 16, "temporal_patch_size": 2, "merge_size": 2}
    images = classes.Qwen2VLImageProcessor(
        **patches,
        size={"shortest_edge": 4096, "longest_edge": 262144},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    videos = classes.Qwen3VLVideoProcessor(**patches)
    classes.Qwen3VLProcessor(
        image_processor=images, tokenizer=tokens, video_processor=videos, chat_template=CHAT_TEMPLATE
    ).save_pretrained(folder)


if __name__ == "__main__":
    write_checkpoint(Path(sys.argv[1]))
