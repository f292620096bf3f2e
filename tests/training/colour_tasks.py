"""Tasks on images of one colour, where what is right is known exactly: whether training learns, in seconds on a CPU."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import torch
from PIL import Image
from transformers import PrinterCallback

from data.vocabulary import TriageLevel
from tests.training.builders import COLOURS, A, S, T, write_recipe
from training.models.adapter import lora_config
from training.models.folder import load_model
from training.models.shared_vision import base_model
from training.pairs.collator import OURS, PackedPairCollator
from training.pairs.processor import load_processor
from training.recipe import BatchShape, load_recipe
from training.sa_dpo import pair_weight
from training.trainer.dpo_config import dpo_config
from training.trainer.sa_dpo_trainer import SADPOTrainer

Row = dict[str, Any]
GRID = [(i + 0.5) / 40 for i in range(40)]
"""Hazards at which decisions are read off."""


@dataclass(frozen=True)
class Errors:
    """Exact shares over all hazards: of true TELEOPERATION called AUTONOMY, and the other way round."""

    under: float
    over: float


def a_row(colour: tuple[int, int, int], chosen: TriageLevel, rejected: TriageLevel, weight: float) -> Row:
    return {
        "images": [Image.new("RGB", (64, 64), colour)],
        "prompt": [{"role": "user", "content": "level"}],
        "chosen": [{"role": "assistant", "content": chosen.value}],
        "rejected": [{"role": "assistant", "content": rejected.value}],
        "weight": weight,
        "offset": 0.0,
        "doubt": 0.0,
    }


def solid_colours(pairs: int, seed: int) -> list[Row]:
    """Three colours, each a level, with noise of 25 in every channel; the rejected level is one of the other two."""
    dice, rows = random.Random(seed), []
    for index in range(pairs):
        level = (A, S, T)[index % 3]
        red, green, blue = (min(255, max(0, c + dice.randint(-25, 25))) for c in COLOURS[level])
        rejected = dice.choice([other for other in (A, S, T) if other is not level])
        rows.append(a_row((red, green, blue), level, rejected, pair_weight(level, rejected)))
    return rows


def escalation_share(hazard: float) -> float:
    """P(TELEOPERATION | hazard): people disagree near 0.9, and about 12 % of all frames need it."""
    return 1 / (1 + math.exp(-(hazard - 0.9) / 0.07))


def graded_hazard(pairs: int, seed: int, *, alpha_high: float) -> list[Row]:
    """The redder the more hazardous; whether TELEOPERATION is right is drawn with `escalation_share`."""
    dice, rows = random.Random(seed), []
    for _ in range(pairs):
        hazard = dice.random()
        chosen, rejected = (T, A) if dice.random() < escalation_share(hazard) else (A, T)
        rows.append(
            a_row(
                _hazard_colour(hazard), chosen, rejected, pair_weight(chosen, rejected, alpha_high=alpha_high)
            )
        )
    return rows


def trained(
    model: Path, rows: Sequence[Row], folder: Path, *, seed: int, steps: int, beta: float
) -> SADPOTrainer:
    """A trainer that has taken `steps` updates over the rows, 16 at a time, again and again."""
    folder.mkdir(parents=True, exist_ok=True)
    batches: dict[str, Any] = {"batch__pairs_per_update": 16, "batch__pairs_at_once": 16}
    runtime: dict[str, Any] = {"runtime__log_every_steps": 1000, "runtime__seed": seed}
    rates: dict[str, Any] = {"loss__beta": beta, "schedule__learning_rate": 1e-2, "adapter__rank": 8}
    recipe = load_recipe(write_recipe(folder / "recipe.yaml", **batches, **rates, **runtime)).recipe
    network, processor = load_model(model, dtype=torch.float32), load_processor(model)
    order = [index % len(rows) for index in range(16 * steps)]
    trainer = SADPOTrainer(
        model=network,
        args=dpo_config(recipe, BatchShape(16, 1, recompute=False), steps=steps, out=folder / "out"),
        train_dataset=datasets.Dataset.from_list(list(rows)).select(order),
        data_collator=PackedPairCollator(processor, rope_index=base_model(network).model.get_rope_index),
        processing_class=processor,
        peft_config=lora_config(recipe.adapter),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return trainer


def preferences(trainer: SADPOTrainer, rows: Sequence[Row]) -> torch.Tensor:
    """log p(chosen) - log p(rejected) of each row under the trained model itself, without the reference."""
    batch: Any = trainer._prepare_inputs(trainer.data_collator([dict(row) for row in rows]))
    model_inputs = {name: value for name, value in batch.items() if name not in OURS}
    trainer.model.eval()
    with torch.no_grad():
        _, (chosen, rejected) = trainer._logps(trainer.model, model_inputs)
    return chosen - rejected


def escalations(trainer: SADPOTrainer) -> torch.Tensor:
    """How much TELEOPERATION is preferred to AUTONOMY at each hazard of the grid, in nats."""
    return preferences(trainer, [a_row(_hazard_colour(hazard), T, A, 1.0) for hazard in GRID])


def errors(scores: torch.Tensor, threshold: float = 0.0) -> Errors:
    """What deciding TELEOPERATION above the threshold costs."""
    shares = torch.tensor([escalation_share(hazard) for hazard in GRID])
    called = scores > threshold
    return Errors(
        under=float((shares * ~called).sum() / shares.sum()),
        over=float(((1 - shares) * called).sum() / (1 - shares).sum()),
    )


def matched(scores: torch.Tensor, over: float) -> Errors:
    """The errors of the same scores with the threshold moved to the over-escalation nearest to `over`."""
    thresholds = [float("inf"), *scores.tolist(), float("-inf")]
    return min((errors(scores, threshold) for threshold in thresholds), key=lambda e: abs(e.over - over))


def _hazard_colour(hazard: float) -> tuple[int, int, int]:
    return round(255 * hazard), 90, round(255 * (1 - hazard))
