"""How fast a pair is trained on, beside stock TRL: forward and backward of one pair, taken in turns in one process.

The last line is one JSON object. `speed_ratio`: our pairs per second over stock TRL's for a whole run of the shipped
recipe's epochs, the reference computed in the first and kept for the others. `memory_ratio`: our memory over stock's;
on a GPU the peak of the step, on a CPU the bytes kept for the backward pass. On a CPU the model is a small one of the
same architecture at the real proportions of image, question and answer. Fails if loss or gradients differ.

`three_frames_ratio`: what a pair costs whose question shows three pictures that together have no more pixels than the
one, over what the pair of one picture costs, both packed and in a whole run.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from PIL import Image
from transformers import AutoConfig, Qwen3VLForConditionalGeneration
from trl.trainer.dpo_trainer import DPOTrainer

from data.hashing import file_hash
from data.snapshot.pairs import Message
from data.vlm.moment import STILL, Lookback
from data.vlm.reply import render_reply
from tests.gpu.setting import take_large_pictures
from tests.training.builders import (
    FORM,
    A,
    StockCollator,
    T,
    a_pair,
    an_assessment,
    looking_back,
    write_recipe,
    write_snapshot,
)
from training.assembly import is_packed, pack_pairs
from training.models.adapter import lora_config
from training.models.folder import DTYPES, load_model
from training.pairs.collator import WeightedPairCollator
from training.pairs.preference_dataset import preference_dataset
from training.plan.inputs import CheckedInputs, check_inputs
from training.process.chatter import library_chatter_to_stderr
from training.recipe import find_recipe, load_recipe
from training.sa_dpo import pair_weight
from training.stand_in import build_stand_in
from training.trainer.dpo_config import dpo_config
from training.trainer.reference_cache import ReferenceCache, reference_keys
from training.trainer.sa_dpo_trainer import SADPOTrainer

ROUNDS = 5
WIDTH_PX = 1088
THREE, THREE_WIDTH_PX = Lookback(3, 0.5), 608
"""Three pictures of 608 x 352 pixels have 627 tokens, one of 1088 x 608 has 646."""
ANSWER_WORDS = 40
"""Words in the reasoning of an answer; with the stand-in's tokenizer an answer is then about 120 tokens."""
LOSS_TOLERANCE = GRADIENT_TOLERANCE = 1e-5
ON_GPU = torch.cuda.is_available()


@dataclass(frozen=True)
class Arm:
    """One way to train on a pair: seconds and bytes of one step."""

    seconds: float
    memory: float


def main() -> None:
    """Measure, print, and fail if the paths do not agree."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch, library_chatter_to_stderr():
        figures = measure(Path(scratch))
    print(json.dumps(figures))


def measure(folder: Path) -> dict[str, Any]:
    """All figures, ratios as ours over stock's."""
    model = _model(folder / "model")
    one = _question(_inputs(folder / "one", model, STILL, WIDTH_PX), folder / "one")
    three = _question(_inputs(folder / "three", model, THREE, THREE_WIDTH_PX), folder / "three")
    arms = _rounds(
        {
            "stock": lambda: _step(one.stock, one.batches["stock"]),
            "ours": lambda: _step(one.ours, one.batches["ours"]),
            "ours_reference_kept": lambda: _step(one.ours, one.batches["ours"], one.kept()),
            "three": lambda: _step(three.ours, three.batches["ours"]),
            "three_reference_kept": lambda: _step(three.ours, three.batches["ours"], three.kept()),
        }
    )
    return {**_figures(arms, one.batches), **_three_frames(arms, three.batches)}


@dataclass(frozen=True)
class Question:
    """A pair's question with stock TRL and with ours; `keys`: of the reference's values, kept in `folder`."""

    stock: Any
    ours: Any
    batches: dict[str, Any]
    keys: dict[str, str]
    folder: Path

    def kept(self) -> ReferenceCache:
        """The reference's values, computed by the first who asks."""
        cache = ReferenceCache(self.folder / "kept.jsonl", self.keys)
        if cache.find(self.batches["ours"]["pair_id"]) is None:
            _step(self.ours, self.batches["ours"], cache)
        return cache


def _question(inputs: CheckedInputs, folder: Path) -> Question:
    stock, ours = _trainer(inputs, folder, DPOTrainer), _trainer(inputs, folder, SADPOTrainer)
    pack_pairs(ours, inputs)
    if not is_packed(ours):
        sys.exit("The benchmark's model does not pack: there is nothing to measure.")
    batches = {"stock": _batch(stock), "ours": _batch(ours)}
    _refuse_difference(stock, ours, batches)
    return Question(stock, ours, batches, reference_keys(inputs.pairs, setting={}), folder)


def _inputs(folder: Path, model: Path, lookback: Lookback, width_px: int) -> CheckedInputs:
    pair = a_pair(folder / "snapshot", chosen=T, rejected=A)
    pair = looking_back(folder / "snapshot", pair, lookback, lookback.due_s)
    images = [folder / "snapshot" / name for name in pair.images]
    for image in images:
        Image.effect_noise((1600, 900), 60).convert("RGB").save(image)
    *before, own = [file_hash(image) for image in images]
    earlier = [
        shown.model_copy(update={"image_sha256": sha256})
        for shown, sha256 in zip(pair.earlier, before, strict=True)
    ]
    words = "a lorry stands across both lanes while workers direct traffic "
    chosen, rejected = (
        Message(role="assistant", content=_reply(level, words)) for level in (pair.chosen_level, A)
    )
    pair = pair.model_copy(
        update={"image_sha256": own, "earlier": earlier, "chosen": [chosen], "rejected": [rejected]}
    )
    write_snapshot(folder / "snapshot", pairs=[pair], **lookback.as_dict())
    standard: dict[str, Any] = {
        "loss__alpha_high": 1.0,
        "loss__alpha_med": 1.0,
        "image__width_px": width_px,
    }
    precision: dict[str, Any] = {
        "runtime__precision": "bf16" if ON_GPU else "fp32",
        "batch__pairs_per_update": 1,
        "batch__pairs_at_once": 1,
    }
    recipe = write_recipe(folder / "recipe.yaml", **standard, **precision)
    if pair_weight(T, A, alpha_high=1.0, alpha_med=1.0) != 1.0:
        sys.exit("The benchmark's pair must weigh 1, as in stock TRL.")
    return check_inputs(folder / "snapshot", recipe, model)


def _reply(level: Any, words: str) -> str:
    return render_reply(an_assessment(level, (words * 20)[: 5 * ANSWER_WORDS].strip(), "Take control."), FORM)


def _model(folder: Path) -> Path:
    """The stand-in's processor with a model large enough that time goes where it goes in a real one."""
    build_stand_in(folder)
    take_large_pictures(folder)
    config: Any = AutoConfig.from_pretrained(folder)
    text, vision = config.text_config, config.vision_config
    text.hidden_size, text.intermediate_size, text.num_hidden_layers = 256, 768, 6
    text.num_attention_heads, text.num_key_value_heads, text.head_dim = 8, 4, 32
    text.rope_parameters["mrope_section"] = [8, 4, 4]
    vision.hidden_size, vision.intermediate_size, vision.depth = 192, 768, 5
    vision.num_heads, vision.out_hidden_size, vision.num_position_embeddings = 6, 256, 2304
    vision.deepstack_visual_indexes = [1, 3]
    torch.manual_seed(0)
    Qwen3VLForConditionalGeneration(config).save_pretrained(folder)
    return folder


def _trainer(inputs: CheckedInputs, folder: Path, kind: type[DPOTrainer]) -> Any:
    collator = WeightedPairCollator if kind is SADPOTrainer else StockCollator
    torch.manual_seed(1)
    trainer: Any = kind(
        model=load_model(inputs.model, dtype=DTYPES[inputs.recipe.runtime.precision]),
        args=dpo_config(inputs.recipe, inputs.shape, steps=1, out=folder / kind.__name__),
        train_dataset=preference_dataset(inputs.pairs),
        data_collator=collator(inputs.processor, width_px=inputs.recipe.image.width_px),
        processing_class=inputs.processor,
        peft_config=lora_config(inputs.recipe.adapter),
    )
    generator = torch.Generator().manual_seed(7)
    for name, parameter in trainer.model.named_parameters():
        if "lora_B" in name:
            parameter.data.add_(0.02 * torch.randn(parameter.shape, generator=generator).to(parameter.device))
    return trainer


def _batch(trainer: Any) -> Any:
    batch = trainer.data_collator([trainer.train_dataset[0]])
    return trainer._prepare_inputs(batch)


def _step(trainer: Any, batch: Any, cache: ReferenceCache | None = None) -> tuple[float, Arm]:
    trainer.model.train()
    trainer.model.zero_grad()
    trainer.reference_cache = cache
    kept = _KeptForBackward(trainer.model)
    if ON_GPU:
        torch.cuda.reset_peak_memory_stats()
    started = _now()
    with kept.hooks(), trainer.compute_loss_context_manager():
        loss = trainer.compute_loss(trainer.model, batch)
    loss.backward()
    seconds = _now() - started
    memory = torch.cuda.max_memory_allocated() if ON_GPU else kept.bytes
    return float(loss.detach()), Arm(seconds, float(memory))


def _now() -> float:
    """Seconds: of this process's CPU, or of the wall once the GPU is done."""
    if not ON_GPU:
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


class _KeptForBackward:
    """Bytes of the tensors that autograd keeps, each storage once, the model's own parameters aside."""

    def __init__(self, model: Any) -> None:
        self._own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
        self._kept: dict[int, int] = {}

    @property
    def bytes(self) -> int:
        return sum(self._kept.values())

    def hooks(self) -> Any:
        return torch.autograd.graph.saved_tensors_hooks(self._see, lambda tensor: tensor)

    def _see(self, tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self._own:
            self._kept[storage.data_ptr()] = storage.nbytes()
        return tensor


def _rounds(arms: dict[str, Callable[[], tuple[float, Arm]]]) -> dict[str, Arm]:
    """Medians over rounds in which each arm has its turn, after one round that nobody counts."""
    seen: dict[str, list[Arm]] = {name: [] for name in arms}
    for _ in range(ROUNDS + 1):
        for name, step in arms.items():
            seen[name].append(step()[1])
    return {
        name: Arm(median(arm.seconds for arm in taken[1:]), median(arm.memory for arm in taken[1:]))
        for name, taken in seen.items()
    }


def _refuse_difference(stock: Any, ours: Any, batches: dict[str, Any]) -> None:
    losses, gradients = [], []
    for trainer, batch in ((stock, batches["stock"]), (ours, batches["ours"])):
        losses.append(_step(trainer, batch)[0])
        gradients.append(
            {n: p.grad.clone() for n, p in trainer.model.named_parameters() if p.grad is not None}
        )
    loss = abs(losses[0] - losses[1])
    gradient = max(float((gradients[0][name] - gradients[1][name]).abs().max()) for name in gradients[0])
    largest = max(float(value.abs().max()) for value in gradients[0].values())
    allowed = 1e-2 if ON_GPU else GRADIENT_TOLERANCE  # bf16 rounds at 2^-8
    if loss > max(LOSS_TOLERANCE, allowed * abs(losses[0])) or gradient > allowed * max(1.0, largest):
        sys.exit(f"The paths differ: loss by {loss:.2e}, gradients by {gradient:.2e} of {largest:.2e}.")


def _figures(arms: dict[str, Arm], batches: dict[str, Any]) -> dict[str, Any]:
    stock, first, later = arms["stock"], arms["ours"], arms["ours_reference_kept"]
    epochs, run = _epochs(), _run_seconds(first, later)
    packed = batches["ours"]
    image_tokens = _image_tokens(packed)
    answers = int(packed["completion_mask"].sum())
    return {
        "speed_ratio": round(stock.seconds / run, 3),
        "memory_ratio": round(max(first.memory, later.memory) / stock.memory, 3),
        "speed_ratio_first_epoch": round(stock.seconds / first.seconds, 3),
        "speed_ratio_later_epochs": round(stock.seconds / later.seconds, 3),
        "epochs": epochs,
        "stock_pairs_per_second": round(1 / stock.seconds, 4),
        "pairs_per_second": round(1 / run, 4),
        "stock_memory_mib": round(stock.memory / 2**20, 1),
        "memory_mib": round(max(first.memory, later.memory) / 2**20, 1),
        "image_tokens": image_tokens,
        "question_tokens": int((packed["segments"] == 0).sum()) + 1 - image_tokens,
        "answer_tokens_mean": answers / 2,
        "rounds": ROUNDS,
        "device": torch.cuda.get_device_name() if ON_GPU else "cpu, 1 thread, small model of the same shape",
    }


def _three_frames(arms: dict[str, Arm], batches: dict[str, Any]) -> dict[str, Any]:
    one, kept, three, three_kept = (
        arms[name] for name in ("ours", "ours_reference_kept", "three", "three_reference_kept")
    )
    memory = [max(first.memory, later.memory) for first, later in ((one, kept), (three, three_kept))]
    return {
        "three_frames_ratio": round(_run_seconds(three, three_kept) / _run_seconds(one, kept), 3),
        "three_frames_ratio_first_epoch": round(three.seconds / one.seconds, 3),
        "three_frames_ratio_later_epochs": round(three_kept.seconds / kept.seconds, 3),
        "three_frames_memory_ratio": round(memory[1] / memory[0], 3),
        "three_frames_image_tokens": _image_tokens(batches["ours"]),
    }


def _epochs() -> float:
    return load_recipe(find_recipe("sa_dpo")).recipe.schedule.epochs


def _run_seconds(first: Arm, later: Arm) -> float:
    """Seconds of a pair in a whole run: the reference is computed in the first epoch and kept for the others."""
    return (first.seconds + (_epochs() - 1) * later.seconds) / _epochs()


def _image_tokens(packed: Any) -> int:
    return int(packed["image_grid_thw"].prod(dim=1).sum()) // 4


if __name__ == "__main__":
    main()
