"""The trainer against TRL's own loss and against a second implementation that shares nothing with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from trl.trainer.dpo_trainer import DPOTrainer

from data.errors import TrainingError
from tests.training.builders import MIXED, A, StockCollator, T, write_recipe, write_snapshot
from tests.training.oracle import adapter_of, oracle_loss
from training.models.adapter import lora_config
from training.models.folder import DTYPES, load_model
from training.pairs.collator import OURS, WeightedPairCollator, shown_picture
from training.pairs.preference_dataset import preference_dataset
from training.plan.inputs import CheckedInputs, check_inputs
from training.trainer.dpo_config import dpo_config
from training.trainer.sa_dpo_trainer import SADPOTrainer

WEIGHTS = [5.0, 1.0, 1.0, 2.0, 1.0, 1.0, 5.0, 1.0]
BETA, SCALE = 0.1, 2.0  # as in the recipe below: alpha 8 / rank 4


def checked(tmp_path: Path, model: Path, **recipe: Any) -> CheckedInputs:
    path = write_recipe(tmp_path / "recipe.yaml", **({"loss__beta": BETA} | recipe))
    return check_inputs(write_snapshot(tmp_path / "snapshot", MIXED), path, model)


def a_trainer(inputs: CheckedInputs, out: Path, kind: type[DPOTrainer] = SADPOTrainer, **changed: Any) -> Any:
    """Any DPOTrainer on the inputs' pairs in the snapshot's order; TRL's own gets TRL's own collator."""
    steps = 4
    collator = WeightedPairCollator if issubclass(kind, SADPOTrainer) else StockCollator
    dataset = preference_dataset(inputs.pairs).select(
        [index % len(inputs.pairs) for index in range(steps * inputs.effective_batch)]
    )
    arguments: dict[str, Any] = {
        "model": load_model(inputs.model, dtype=DTYPES[inputs.recipe.runtime.precision]),
        "args": dpo_config(inputs.recipe, inputs.shape, steps=steps, out=out),
        "data_collator": collator(inputs.processor, width_px=inputs.recipe.image.width_px),
        "train_dataset": dataset,
        "processing_class": inputs.processor,
        "peft_config": lora_config(inputs.recipe.adapter),
    }
    return kind(**(arguments | changed))


def perturb(trainer: Any) -> None:
    """Move B away from zero: at LoRA's initialisation policy and reference are one, and wrong losses look right."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in trainer.model.named_parameters():
            if "lora_B" in name:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))


def adapter_values(trainer: Any) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in trainer.model.named_parameters() if p.requires_grad}


def for_the_model(batch: dict[str, Any]) -> dict[str, Any]:
    """What TRL's own methods expect: the batch without what is ours."""
    return {name: value for name, value in batch.items() if name not in OURS}


def backward(trainer: Any, batch: dict[str, Any]) -> tuple[float, dict[str, torch.Tensor]]:
    trainer.model.train()
    trainer.model.zero_grad()
    loss = trainer.compute_loss(trainer.model, batch)
    loss.backward()
    return loss.item(), {n: p.grad.clone() for n, p in trainer.model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_with_all_weights_one_every_step_equals_trl_s_own_to_the_last_bit(
    tmp_path: Path, stand_in: Path, precision: str
) -> None:
    unweighted = {"loss__alpha_high": 1.0, "loss__alpha_med": 1.0, "runtime__precision": precision}
    batches = {"batch__pairs_per_update": 4, "batch__pairs_at_once": 2, "schedule__max_steps": 4}
    inputs = checked(tmp_path, stand_in, **unweighted, **batches)
    ours, stock = (a_trainer(inputs, tmp_path / kind.__name__, kind) for kind in (SADPOTrainer, DPOTrainer))
    started = adapter_values(ours)
    ours.train()
    stock.train()
    ended, expected = adapter_values(ours), adapter_values(stock)
    assert ours.state.global_step == 4
    assert all(torch.equal(ended[name], expected[name]) for name in expected)
    assert not any(torch.equal(ended[name], started[name]) for name in expected)
    losses = [[line["loss"] for line in t.state.log_history if "loss" in line] for t in (ours, stock)]
    assert losses[0] == losses[1]


def test_weighted_loss_and_gradients_equal_an_independent_implementation(
    tmp_path: Path, stand_in: Path
) -> None:
    inputs = checked(tmp_path, stand_in)
    trainer = a_trainer(inputs, tmp_path / "out")
    perturb(trainer)
    loss, gradients = backward(trainer, next(iter(trainer.get_train_dataloader())))

    adapter = adapter_of(trainer.model)
    pairs = [
        (w.pair, shown_picture({"path": str(w.images[0])}, inputs.recipe.image.width_px), weight)
        for w, weight in zip(inputs.pairs, WEIGHTS, strict=True)
    ]
    base = load_model(stand_in, dtype=torch.float32)
    expected = oracle_loss(base, inputs.processor, pairs, adapter, scale=SCALE, beta=BETA)
    expected.backward()  # type: ignore[no-untyped-call]  # untyped in torch

    # float32 rounds per-token log-probabilities, and each sum of them, which is of some hundred nats
    assert loss == pytest.approx(expected.item(), rel=2e-6)
    assert len(gradients) == 2 * len(adapter) == 16
    for layer, (a, b) in adapter.items():
        for letter, matrix in (("A", a), ("B", b)):
            got = gradients[f"base_model.model.{layer}.lora_{letter}.default.weight"]
            assert matrix.grad is not None
            assert matrix.grad.abs().max() > 1e-4  # the comparison is of something
            torch.testing.assert_close(got, matrix.grad, atol=2e-6, rtol=0)  # of at most 1.57


def test_the_weight_reaches_each_pair_s_own_gradient(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in)
    trainer = a_trainer(inputs, tmp_path / "out")
    perturb(trainer)
    batch = next(iter(trainer.get_train_dataloader()))
    _, weighted = backward(trainer, batch)
    _, of_one_weight = backward(trainer, batch | {"weight": torch.full((8,), sum(WEIGHTS) / 8)})
    name = max(weighted, key=lambda name: float(weighted[name].norm()))
    # the same mean weight, spread evenly, is another gradient: the weight is no factor of the whole
    cosine = torch.cosine_similarity(weighted[name].flatten(), of_one_weight[name].flatten(), dim=0)
    assert cosine < 0.999


def test_the_weight_survives_the_trainer_s_own_removal_of_columns(tmp_path: Path, stand_in: Path) -> None:
    trainer = a_trainer(checked(tmp_path, stand_in), tmp_path / "out")
    assert trainer.args.remove_unused_columns
    assert next(iter(trainer.get_train_dataloader()))["weight"].tolist() == WEIGHTS


def test_a_batch_without_weights_is_refused_and_never_weighs_one(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in)
    stock = StockCollator(inputs.processor, width_px=inputs.recipe.image.width_px)
    trainer = a_trainer(inputs, tmp_path / "out", data_collator=stock)
    with pytest.raises(TrainingError, match="has no weights"):
        trainer.train()


def test_a_dataset_without_weights_is_refused(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in)
    bare = preference_dataset(inputs.pairs).remove_columns("weight")
    trainer = a_trainer(inputs, tmp_path / "out", train_dataset=bare)
    with pytest.raises(TrainingError, match="The pair pair-0 has no weight"):
        trainer.train()


@pytest.mark.parametrize(
    ("option", "value"),
    [("loss_type", ["hinge"]), ("label_smoothing", 0.1), ("use_weighting", True), ("ld_alpha", 0.5)],
)
def test_an_option_that_would_have_no_effect_is_refused(
    tmp_path: Path, stand_in: Path, option: str, value: Any
) -> None:
    inputs = checked(tmp_path, stand_in)
    args = dpo_config(inputs.recipe, inputs.shape, steps=1, out=tmp_path / "out")
    setattr(args, option, value)
    with pytest.raises(TrainingError, match=f"does not read {option}"):
        a_trainer(inputs, tmp_path / "out", args=args)


def test_the_reference_is_the_base_model_whatever_the_adapter_holds(tmp_path: Path, stand_in: Path) -> None:
    trainer = a_trainer(checked(tmp_path, stand_in), tmp_path / "out")
    batch = for_the_model(next(iter(trainer.get_train_dataloader())))
    before = trainer.compute_ref_log_probs(trainer.model, batch)
    perturb(trainer)
    after = trainer.compute_ref_log_probs(trainer.model, batch)
    assert all(torch.equal(x, y) for x, y in zip(before, after, strict=True))


def test_reference_log_probabilities_in_the_batch_are_taken_as_they_are(
    tmp_path: Path, stand_in: Path
) -> None:
    trainer = a_trainer(checked(tmp_path, stand_in), tmp_path / "out")
    perturb(trainer)
    batch = next(iter(trainer.get_train_dataloader()))
    chosen, rejected = trainer.compute_ref_log_probs(trainer.model, for_the_model(batch))
    computed, _ = backward(trainer, batch)
    given, _ = backward(trainer, batch | {"ref_chosen_logps": chosen, "ref_rejected_logps": rejected})
    assert given == computed


def test_the_log_shows_loss_margin_accuracy_and_count_of_each_weight(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in)
    trainer = a_trainer(inputs, tmp_path / "out")
    trainer.train()
    first = trainer.state.log_history[0]
    # policy and reference are one before the first update: every margin is 0, every loss log 2
    assert first["loss"] == pytest.approx(17 / 8 * 0.6931472, abs=1e-5)
    assert first["unweighted_loss"] == pytest.approx(0.6931472, abs=1e-6)
    assert {name: first[name] for name in first if name.startswith("pairs_seen/")} == {
        "pairs_seen/weight_1": 5,
        "pairs_seen/weight_2": 1,
        "pairs_seen/weight_5": 2,
    }
    for weight in ("1", "2", "5"):
        assert first[f"loss/weight_{weight}"] == pytest.approx(0.6931472, abs=1e-6)
        assert first[f"margin/weight_{weight}"] == pytest.approx(0, abs=1e-6)
        assert 0 <= first[f"accuracy/weight_{weight}"] <= 1
    last = [line for line in trainer.state.log_history if "loss" in line][-1]
    assert last["pairs_seen/weight_5"] == 8
    assert last["loss/weight_5"] < 0.6931472
    assert last["accuracy/weight_5"] == 1.0


@pytest.mark.parametrize(("most", "rate"), [(1e-6, 1.0), (1e6, 0.0)])
def test_the_log_shows_what_share_of_the_updates_was_clipped(
    tmp_path: Path, stand_in: Path, most: float, rate: float
) -> None:
    inputs = checked(tmp_path, stand_in, schedule__max_grad_norm=most, runtime__log_every_steps=2)
    trainer = a_trainer(inputs, tmp_path / "out")
    trainer.train()
    lines = [line for line in trainer.state.log_history if "loss" in line]
    assert [line["clip_rate"] for line in lines] == [rate] * len(lines)


def test_accumulated_micro_batches_are_one_batch(tmp_path: Path, stand_in: Path) -> None:
    ends = []
    for name, at_once in (("one", 8), ("four", 2)):
        folder = tmp_path / name
        folder.mkdir()
        inputs = checked(folder, stand_in, batch__pairs_at_once=at_once, schedule__max_steps=1)
        order = preference_dataset(inputs.pairs)
        trainer = a_trainer(inputs, folder / "out", train_dataset=order)
        perturb(trainer)
        trainer.train()
        ends.append(trainer.state.log_history[0])
    assert ends[0]["loss"] == pytest.approx(ends[1]["loss"], abs=1e-6)
    assert ends[0]["grad_norm"] == pytest.approx(ends[1]["grad_norm"], rel=1e-5)


def test_levels_weigh_what_the_paper_says_in_the_batch(tmp_path: Path, stand_in: Path) -> None:
    snapshot = write_snapshot(tmp_path / "two", [(T, A), (A, T)])
    recipe = write_recipe(tmp_path / "recipe.yaml", batch__pairs_per_update=2, batch__pairs_at_once=2)
    trainer = a_trainer(check_inputs(snapshot, recipe, stand_in), tmp_path / "out")
    assert next(iter(trainer.get_train_dataloader()))["weight"].tolist() == [5.0, 1.0]
