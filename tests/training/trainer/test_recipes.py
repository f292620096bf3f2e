"""Every recipe with weights 1 and options off is TRL's own training, and each option does what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import logsigmoid
from transformers import PrinterCallback
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from data.errors import TrainingError
from tests.training.builders import MIXED, A, T, write_recipe, write_snapshot
from tests.training.trainer.test_trainer import (
    WEIGHTS,
    a_trainer,
    adapter_values,
    backward,
    checked,
    perturb,
)
from training.assembly import pack_pairs
from training.models.adapter import lora_config
from training.models.folder import load_model
from training.pairs.collator import WeightedPairCollator, shown_picture
from training.plan.inputs import CheckedInputs, check_inputs
from training.recipe import load_recipe, shipped_recipes
from training.sa_dpo import sa_dpo_losses
from training.trainer.dpo_config import dpo_config
from training.trainer.supervised_trainer import SupervisedTrainer

SMALL: dict[str, Any] = {
    "watch": None,
    "batch__pairs_per_update": 4,
    "batch__pairs_at_once": 2,
    "batch__stratified": False,
    "schedule__max_steps": 3,
    "schedule__learning_rate": 5e-3,
    "schedule__decay": "constant",
    "runtime__precision": "fp32",
    "runtime__gradient_checkpointing": False,
    "runtime__log_every_steps": 1,
    "image__width_px": 160,
    "adapter__rank": 4,
    "adapter__alpha": 8,
    "adapter__allow_large_adapter": True,
}
OFF: dict[str, Any] = {
    "loss__alpha_high": 1.0,
    "loss__alpha_med": 1.0,
    "loss__costs_weigh": True,
    "loss__cost_margin": 0.0,
    "loss__soft_labels": None,
    "loss__sft_weight": 0.0,
    "contrast": None,
    "warm_up": None,
}


def of_recipe(folder: Path, model: Path, name: str, **changed: Any) -> CheckedInputs:
    path = write_recipe(folder / f"{name}.yaml", name, **(SMALL | changed))
    return check_inputs(write_snapshot(folder / f"snapshot-{name}", MIXED), path, model)


@pytest.mark.parametrize("name", [name for name in shipped_recipes() if name not in ("sft", "stand_in")])
def test_a_recipe_with_weights_one_and_options_off_is_standard_dpo(tmp_path: Path, name: str) -> None:
    """Which trains TRL's own parameters to the last bit (test_trainer)."""
    off, standard = (
        load_recipe(write_recipe(tmp_path / f"{one}.yaml", one, **OFF)).recipe.model_dump()
        for one in (name, "standard_dpo")
    )
    assert off | {"name": ""} == standard | {"name": ""}


def test_off_options_leave_the_losses_their_bits() -> None:
    margins, weights, zeros = torch.randn(64) * 30, torch.rand(64) * 5, torch.zeros(64)
    plain = sa_dpo_losses(margins, weights, beta=0.1)
    assert torch.equal(sa_dpo_losses(margins, weights, beta=0.1, offsets=zeros, doubts=zeros), plain)


def test_an_anchor_is_trl_s_sum_of_two_losses(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in, loss__alpha_high=1.0, loss__alpha_med=1.0)
    args = dpo_config(inputs.recipe, inputs.shape, steps=1, out=tmp_path / "stock")
    args.loss_type, args.loss_weights = ["sigmoid", "sft"], [1.0, 0.7]
    stock = a_trainer(inputs, tmp_path / "stock", DPOTrainer, args=args)
    ours = a_trainer(inputs, tmp_path / "ours", sft_weight=0.7)
    got = []
    for trainer in (ours, stock):
        perturb(trainer)
        got.append(backward(trainer, next(iter(trainer.get_train_dataloader()))))
    (loss, gradients), (expected, of_stock) = got
    assert loss == pytest.approx(expected, rel=1e-6)
    for name, gradient in of_stock.items():
        torch.testing.assert_close(gradients[name], gradient, atol=1e-6, rtol=0)
    assert loss - 0.7 * 5 > 0.5  # the anchor is of some six nats per token


def test_offset_and_doubt_reach_their_pair(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in, loss__costs_weigh=False, loss__cost_margin=2.0)
    trainer = a_trainer(inputs, tmp_path / "out")
    batch = next(iter(trainer.get_train_dataloader()))
    assert batch["weight"].tolist() == [1.0] * 8
    offsets = 2.0 * torch.tensor(WEIGHTS).log()
    torch.testing.assert_close(batch["offset"], offsets)
    doubts = torch.tensor([0.4, *[0.0] * 7])
    loss, _ = backward(trainer, batch | {"doubt": doubts})
    # before the first update every margin is 0, so that a pair's loss is that of its offset alone
    by_hand = -(1 - doubts) * logsigmoid(-offsets) - doubts * logsigmoid(offsets)
    assert loss == pytest.approx(by_hand.mean().item(), abs=1e-5)


def test_a_cost_inside_the_sigmoid_goes_on_where_a_weight_is_spent() -> None:
    def pull(margin: float, **options: torch.Tensor) -> float:
        at = torch.tensor([margin], requires_grad=True)
        sa_dpo_losses(at, options.pop("weights", torch.ones(1)), beta=1.0, **options).sum().backward()  # type: ignore[no-untyped-call]
        assert at.grad is not None
        return -float(at.grad)

    five, offset = torch.tensor([5.0]), torch.tensor([1.6094379])
    assert pull(0.0, weights=five) == pytest.approx(2.5)
    assert pull(0.0, offsets=offset) == pytest.approx(5 / 6)
    assert pull(0.0, doubts=torch.tensor([0.2])) == pytest.approx(0.3)
    # sure labels pull for ever, a doubt of 0.2 until sigma(z) is 0.8
    assert pull(1.3862944, doubts=torch.tensor([0.2])) == pytest.approx(0.0, abs=1e-6)


def stock_sft(inputs: CheckedInputs, out: Path) -> SFTTrainer:
    """TRL's own supervised trainer on the same answers to the same questions, pictures as ours are shown."""
    import datasets

    plain = dpo_config(inputs.recipe, inputs.shape, steps=3, out=out)
    shared = (
        "per_device_train_batch_size", "gradient_accumulation_steps", "learning_rate", "lr_scheduler_type",
        "max_grad_norm", "bf16", "gradient_checkpointing", "use_cpu", "seed", "logging_steps", "save_strategy",
        "train_sampling_strategy", "num_train_epochs", "report_to", "disable_tqdm", "logging_first_step",
    )  # fmt: skip
    settings = {name: getattr(plain, name) for name in shared}
    rows = [
        {
            "images": [shown_picture({"path": str(path)}, 160).convert("RGB") for path in one.images],
            "prompt": [turn.model_dump() for turn in one.pair.prompt],
            "completion": [turn.model_dump() for turn in one.pair.chosen],
        }
        for one in (inputs.pairs * 2)[:12]
    ]
    trainer = SFTTrainer(
        model=load_model(inputs.model, dtype=torch.float32),
        args=SFTConfig(output_dir=str(out), max_length=None, **settings),
        train_dataset=datasets.Dataset.from_list(rows),
        processing_class=inputs.processor,
        peft_config=lora_config(inputs.recipe.adapter),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


@pytest.mark.parametrize("packed", [False, True])
def test_the_supervised_recipe_trains_trl_s_sft(tmp_path: Path, stand_in: Path, packed: bool) -> None:
    inputs = of_recipe(tmp_path, stand_in, "sft")
    stock = stock_sft(inputs, tmp_path / "stock")
    rows = WeightedPairCollator(inputs.processor, width_px=160, chosen_only=True)
    ours = a_trainer(inputs, tmp_path / "ours", SupervisedTrainer, data_collator=rows)
    ours.train_dataset = ours.train_dataset.select(range(12))
    if packed:
        pack_pairs(ours, inputs)
    for trainer in (ours, stock):
        perturb(trainer)
        trainer.train()
    losses = [
        [line["loss"] for line in trainer.state.log_history if "loss" in line] for trainer in (ours, stock)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=2e-6)
    assert len(losses[0]) == 3
    ended, expected = adapter_values(ours), adapter_values(stock)
    for name, value in expected.items():
        torch.testing.assert_close(ended[name], value, atol=2e-5, rtol=0)  # three steps of 5e-3 each


def test_more_weights_than_an_update_has_room_for_are_refused(tmp_path: Path, stand_in: Path) -> None:
    recipe = write_recipe(
        tmp_path / "r.yaml",
        batch__hold_each_weight=True,
        batch__pairs_per_update=2,
        batch__pairs_at_once=2,
    )
    with pytest.raises(TrainingError, match="have 3 different weights, and 2 pairs per step cannot hold"):
        check_inputs(write_snapshot(tmp_path / "s", [*MIXED, (T, A)]), recipe, stand_in)


def test_a_held_weight_is_in_every_update(tmp_path: Path, stand_in: Path) -> None:
    from training.assembly import training_order

    recipe = write_recipe(tmp_path / "r.yaml", batch__hold_each_weight=True)
    levels = [(T, A), *[(A, A)] * 39]
    inputs = check_inputs(write_snapshot(tmp_path / "s", levels), recipe, stand_in)
    order = training_order(inputs)
    assert all(0 in order[first : first + 8] for first in range(0, len(order), 8))
