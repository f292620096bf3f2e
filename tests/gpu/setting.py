"""What the checks run on: a Qwen3-VL with random weights, at the true shape of 2B or tiny, and pairs of noise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import AutoConfig, Qwen3VLForConditionalGeneration
from trl.trainer.dpo_trainer import DPOTrainer

from data.hashing import file_hash
from data.snapshot.pairs import Message, PreferencePair
from data.vlm.reply import render_reply
from tests.training.builders import (
    FORM,
    MIXED,
    StockCollator,
    a_pair,
    an_assessment,
    write_recipe,
    write_snapshot,
)
from training.assembly import pack_pairs
from training.models.adapter import lora_config
from training.models.folder import DTYPES, STAND_IN_MARKER, load_model
from training.pairs.collator import WeightedPairCollator
from training.pairs.preference_dataset import preference_dataset
from training.plan.inputs import CheckedInputs, check_inputs
from training.recipe import BatchShape
from training.stand_in import build_stand_in
from training.trainer.dpo_config import dpo_config
from training.trainer.sa_dpo_trainer import SADPOTrainer

ON_GPU = torch.cuda.is_available()
VOCABULARY = 151_936
FRAME = (1600, 900)
WORDS = {
    "chosen": "a lorry stands across both lanes while workers direct traffic around it ",
    "rejected": "clear ",
}


@dataclass(frozen=True)
class Setting:
    """`small`: the stand-in and few pairs, for a CPU; else the shape of Qwen3-VL-2B, pictures of 720 tokens."""

    folder: Path
    small: bool

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def snapshot(self) -> Path:
        return self.folder / "snapshot"

    @property
    def pairs(self) -> int:
        return 8 if self.small else 64

    @property
    def pairs_at_once(self) -> int:
        """How many the exactness of a batch is looked at with."""
        return 4

    def recipe(self, name: str, **changed: Any) -> Path:
        """A shipped recipe, changed; the tiny model has its own."""
        return write_recipe(self.folder / f"{name}.yaml", "stand_in" if self.small else "sa_dpo", **changed)

    def inputs(self, name: str, **changed: Any) -> CheckedInputs:
        return check_inputs(self.snapshot, self.recipe(name, **changed), self.model)


def prepare(folder: Path, *, small: bool) -> Setting:
    """Build the model and the snapshot."""
    setting = Setting(folder, small)
    build_stand_in(setting.model)
    if not small:
        _grow(setting.model)
    write_snapshot(setting.snapshot, pairs=[_pair(setting, index) for index in range(setting.pairs)])
    return setting


def _grow(folder: Path) -> None:
    """The stand-in's tokenizer and processor in front of random weights at the shape of Qwen3-VL-2B, in bfloat16."""
    torch.manual_seed(0)
    with torch.device("cuda" if ON_GPU else "cpu"):
        model: Any = Qwen3VLForConditionalGeneration(true_shape(folder))
    model.to(torch.bfloat16).save_pretrained(folder)
    (
        folder / STAND_IN_MARKER
    ).unlink()  # the stand-in's settings, one thread among them, are not this model's
    take_large_pictures(folder)


def true_shape(folder: Path) -> Any:
    """The configuration of the stand-in in that folder, grown to that of Qwen3-VL-2B."""
    config: Any = AutoConfig.from_pretrained(folder)
    text, vision = config.text_config, config.vision_config
    text.vocab_size, text.hidden_size, text.intermediate_size = VOCABULARY, 2048, 6144
    text.num_hidden_layers, text.num_attention_heads, text.num_key_value_heads, text.head_dim = 28, 16, 8, 128
    text.rope_parameters["mrope_section"] = [24, 20, 20]
    vision.depth, vision.hidden_size, vision.intermediate_size, vision.num_heads = 24, 1024, 4096, 16
    vision.out_hidden_size, vision.num_position_embeddings = 2048, 2304
    vision.deepstack_visual_indexes = [5, 11, 17]
    return config


def take_large_pictures(folder: Path) -> None:
    """Lift the stand-in's limit on pictures to that of Qwen3-VL."""
    for path in (folder / "preprocessor_config.json", folder / "processor_config.json"):
        fields = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        for part in (fields, fields.get("image_processor", {})):
            if "size" in part:
                part["size"] = {"shortest_edge": 65_536, "longest_edge": 16_777_216}
        if fields:
            path.write_text(json.dumps(fields), encoding="utf-8")


def _pair(setting: Setting, index: int) -> PreferencePair:
    chosen, rejected = MIXED[index % len(MIXED)]
    pair = a_pair(setting.snapshot, index, chosen=chosen, rejected=rejected)
    image = setting.snapshot / pair.images[0]
    Image.effect_noise((160, 90) if setting.small else FRAME, 60 + index).convert("RGB").save(image)
    sides = {
        side: [Message(role="assistant", content=render_reply(an_assessment(level, _words(side)), FORM))]
        for side, level in (("chosen", chosen), ("rejected", rejected))
    }
    return pair.model_copy(update={"image_sha256": file_hash(image), **sides})


def _words(side: str) -> str:
    return (WORDS[side] * 20)[: 180 if side == "chosen" else 60].strip()


def a_trainer(
    inputs: CheckedInputs, out: Path, *, stock: bool, pairs_at_once: int, recompute: bool = False
) -> Any:
    """Stock TRL's trainer with its own collator, or ours on packed rows, in batches of so many pairs."""
    kind = DPOTrainer if stock else SADPOTrainer
    collator = StockCollator if stock else WeightedPairCollator
    torch.manual_seed(1)
    trainer: Any = kind(
        model=load_model(inputs.model, dtype=DTYPES[inputs.recipe.runtime.precision]),
        args=dpo_config(inputs.recipe, BatchShape(pairs_at_once, 1, recompute), steps=1, out=out),
        train_dataset=preference_dataset(inputs.pairs),
        data_collator=collator(inputs.processor, width_px=inputs.recipe.image.width_px),
        processing_class=inputs.processor,
        peft_config=lora_config(inputs.recipe.adapter),
    )
    if not stock:
        pack_pairs(trainer, inputs)
    return trainer


def perturb(trainer: Any) -> None:
    """Move B away from zero: at its initialisation policy and reference are one."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in trainer.model.named_parameters():
            if "lora_B" in name:
                noise = torch.randn(parameter.shape, generator=generator)
                parameter.add_(0.02 * noise.to(parameter.device, parameter.dtype))


def a_batch(trainer: Any, pairs: int, first: int = 0) -> Any:
    rows = [trainer.train_dataset[(first + index) % len(trainer.train_dataset)] for index in range(pairs)]
    return trainer._prepare_inputs(trainer.data_collator(rows))


def step(trainer: Any, batch: Any) -> float:
    """Forward and backward of one batch; the loss."""
    trainer.model.train()
    trainer.model.zero_grad()
    with trainer.compute_loss_context_manager():
        loss = trainer.compute_loss(trainer.model, batch)
    loss.backward()
    return float(loss.detach())


def gradients(trainer: Any) -> torch.Tensor:
    """All of the adapter's, as one vector of float64 on the CPU."""
    found = [
        p.grad.double().flatten().cpu()
        for _, p in sorted(trainer.model.named_parameters())
        if p.grad is not None
    ]
    return torch.cat(found)


@contextmanager
def freed() -> Iterator[None]:
    """What is made inside is gone from the GPU afterwards."""
    from training.process.memory import release_memory

    try:
        yield
    finally:
        release_memory()
