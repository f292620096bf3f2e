"""The packed path against the plain one: the same loss and the same gradients, with a fraction of the work."""

from __future__ import annotations

import contextlib
import io
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from data.errors import TrainingError
from tests.training.builders import MIXED, write_recipe, write_snapshot, write_snapshot_with_time
from tests.training.trainer.test_trainer import (
    a_trainer,
    adapter_values,
    backward,
    checked,
    for_the_model,
    perturb,
)
from training.assembly import is_packed, pack_pairs
from training.models.folder import model_shape
from training.models.shared_vision import rope_rule, vision_once, why_not_packed
from training.pairs.collator import PackedPairCollator
from training.pairs.preference_dataset import preference_dataset
from training.plan.inputs import check_inputs
from training.train import train
from training.trainer.reference_cache import ReferenceCache, reference_keys

VISION_TOO = r".*(language_model.*\.self_attn\.(q|k|v|o)_proj|visual\.blocks.*\.attn\.qkv)"


def a_packed_trainer(inputs: Any, out: Path) -> Any:
    trainer = a_trainer(inputs, out)
    pack_pairs(trainer, inputs)
    assert is_packed(trainer)
    return trainer


def one_batch(trainer: Any) -> Any:
    return next(iter(trainer.get_train_dataloader()))


def test_loss_and_gradients_equal_the_plain_path_s(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in)
    plain, packed = a_trainer(inputs, tmp_path / "plain"), a_packed_trainer(inputs, tmp_path / "packed")
    perturb(plain)
    perturb(packed)
    loss, gradients = backward(packed, one_batch(packed))
    expected_loss, expected = backward(plain, one_batch(plain))
    assert loss == pytest.approx(expected_loss, rel=1e-6)
    assert loss == pytest.approx(1.722, abs=1e-3)  # not log 2 times the mean weight: the adapter is at work
    assert gradients.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(gradients[name], gradient, atol=1e-6, rtol=0)


def test_loss_and_gradients_equal_the_plain_path_s_with_several_pictures(
    tmp_path: Path, stand_in: Path
) -> None:
    """Pairs of three, two and one pictures in one batch; each is encoded once, by one call of the tower."""
    recipe = write_recipe(tmp_path / "recipe.yaml", loss__beta=0.1)
    inputs = check_inputs(write_snapshot_with_time(tmp_path / "snapshot", MIXED), recipe, stand_in)
    plain, packed = a_trainer(inputs, tmp_path / "plain"), a_packed_trainer(inputs, tmp_path / "packed")
    perturb(plain)
    perturb(packed)
    calls: list[int] = []
    packed.model.get_base_model().model.visual.register_forward_hook(lambda *_: calls.append(1))
    batch, stock = one_batch(packed), one_batch(plain)
    loss, gradients = backward(packed, batch)
    expected_loss, expected = backward(plain, stock)
    assert (len(batch["image_grid_thw"]), len(stock["image_grid_thw"]), len(calls)) == (17, 34, 1)
    assert loss == pytest.approx(expected_loss, rel=1e-6)
    for name, gradient in expected.items():
        torch.testing.assert_close(gradients[name], gradient, atol=1e-6, rtol=0)


def test_the_packed_tokens_are_trl_s_own(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in)
    plain = one_batch(a_trainer(inputs, tmp_path / "plain"))
    packed = one_batch(a_packed_trainer(inputs, tmp_path / "packed"))
    for index in range(8):
        segments, ids = packed["segments"][index], packed["input_ids"][index]
        for side, row in ((1, index), (2, 8 + index)):
            kept = plain["attention_mask"][row].bool()
            assert torch.equal(ids[(segments == 0) | (segments == side)], plain["input_ids"][row][kept])
    assert torch.equal(packed["pixel_values"], plain["pixel_values"].chunk(2)[0])  # once, not twice


def test_images_are_encoded_once_for_policy_and_reference(tmp_path: Path, stand_in: Path) -> None:
    trainer = a_packed_trainer(checked(tmp_path, stand_in), tmp_path / "out")
    calls: list[int] = []
    visual = trainer.model.get_base_model().model.visual
    handle = visual.register_forward_hook(lambda *_: calls.append(1))
    backward(trainer, one_batch(trainer))
    handle.remove()
    assert len(calls) == 1


def test_what_is_shared_within_a_batch_is_forgotten_after_it(tmp_path: Path, stand_in: Path) -> None:
    trainer = a_packed_trainer(checked(tmp_path, stand_in), tmp_path / "out")
    core = trainer.model.get_base_model().model
    before = core.get_image_features
    with contextlib.suppress(ZeroDivisionError), vision_once(trainer.model):
        assert core.get_image_features != before
        raise ZeroDivisionError
    assert core.get_image_features == before


def test_bfloat16_and_gradient_checkpointing_leave_the_packed_gradients_alone(
    tmp_path: Path, stand_in: Path
) -> None:
    results = []
    for name, checkpointing in (("without", False), ("with", True)):
        folder = tmp_path / name
        folder.mkdir()
        inputs = checked(
            folder,
            stand_in,
            runtime__precision="bf16",
            runtime__gradient_checkpointing=checkpointing,
            schedule__max_steps=2,
        )
        trainer = a_packed_trainer(inputs, folder / "out")
        perturb(trainer)
        results.append(backward(trainer, one_batch(trainer)))
    (loss, gradients), (again, recomputed) = results
    assert loss == again
    assert all(torch.equal(gradients[name], recomputed[name]) for name in gradients)


def test_with_the_adapter_on_the_vision_tower_the_plain_path_is_taken(tmp_path: Path, stand_in: Path) -> None:
    recipe = {"adapter__target_modules": VISION_TOO, "schedule__max_steps": 1}
    inputs = checked(tmp_path, stand_in, **recipe)
    trainer = a_trainer(inputs, tmp_path / "plain")
    pack_pairs(trainer, inputs)
    assert not is_packed(trainer)
    assert why_not_packed(trainer.model) == (
        "the adapter is on the vision tower too, so policy and reference see images differently"
    )
    result = train(tmp_path / "snapshot", tmp_path / "recipe.yaml", stand_in, tmp_path / "out")
    assert any(note.startswith("Pairs are not packed: the adapter is on the vision") for note in result.notes)


def test_with_an_attention_that_takes_no_mask_the_plain_path_is_taken(tmp_path: Path, stand_in: Path) -> None:
    trainer = a_trainer(checked(tmp_path, stand_in), tmp_path / "out")
    trainer.model.get_base_model().config.text_config._attn_implementation = "flash_attention_2"
    assert why_not_packed(trainer.model) == (
        "its attention is flash_attention_2, which takes no mask of its own for each token"
    )


def test_a_recipe_can_ask_for_the_plain_path(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in, runtime__pack_pairs=False)
    trainer = a_trainer(inputs, tmp_path / "out")
    pack_pairs(trainer, inputs)
    assert not is_packed(trainer)


def test_packing_without_the_model_s_positions_is_refused(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in)
    trainer = a_trainer(inputs, tmp_path / "out", data_collator=PackedPairCollator(inputs.processor))
    with pytest.raises(TrainingError, match="rope_index"):
        one_batch(trainer)


def cached(trainer: Any, inputs: Any, file: Path) -> Any:
    trainer.reference_cache = ReferenceCache(
        file, reference_keys(inputs.pairs, setting={"model": "stand-in"})
    )
    return trainer


def test_kept_reference_values_are_those_that_would_be_computed(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in)
    trainer = cached(a_packed_trainer(inputs, tmp_path / "out"), inputs, tmp_path / "reference.jsonl")
    perturb(trainer)
    batch = one_batch(trainer)
    computed = backward(trainer, batch)
    kept = backward(trainer, batch)
    assert kept[0] == computed[0]
    assert all(torch.equal(kept[1][name], computed[1][name]) for name in computed[1])
    model = a_trainer(inputs, tmp_path / "plain")
    chosen, _ = model.compute_ref_log_probs(model.model, for_the_model(one_batch(model)))
    found = trainer.reference_cache.find([pair.pair.pair_id for pair in inputs.pairs])
    assert found is not None
    assert [c for c, _ in found] == pytest.approx(chosen.tolist(), abs=1e-4)


def test_the_reference_runs_once_per_pair_however_many_epochs(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in)
    trainer = cached(a_packed_trainer(inputs, tmp_path / "out"), inputs, tmp_path / "reference.jsonl")
    calls: list[bool] = []
    trainer.model.get_base_model().model.language_model.register_forward_hook(
        lambda *_: calls.append(torch.is_grad_enabled())
    )
    trainer.train()
    assert (calls.count(False), calls.count(True)) == (1, 4)  # the 8 pairs are one batch, seen four times


def test_training_with_kept_values_ends_where_training_without_ends(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in)
    ends = []
    for kept in (True, False):
        trainer = a_packed_trainer(inputs, tmp_path / f"kept-{kept}")
        if kept:
            cached(trainer, inputs, tmp_path / "reference.jsonl")
        trainer.train()
        ends.append(adapter_values(trainer))
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_a_second_run_finds_what_the_first_one_kept(tmp_path: Path, stand_in: Path) -> None:
    snapshot, file = write_snapshot(tmp_path / "snapshot", MIXED), tmp_path / "kept.jsonl"
    for name, alpha in (("sa_dpo", 5.0), ("standard", 1.0)):
        folder = tmp_path / name
        folder.mkdir()
        inputs = checked(folder, stand_in, loss__alpha_high=alpha, schedule__max_steps=2)
        train(snapshot, folder / "recipe.yaml", stand_in, folder / "out", reference_file=file)
        assert len(file.read_text().splitlines()) == 8
        assert len(inputs.pairs) == 8
    assert check_inputs(snapshot, tmp_path / "standard" / "recipe.yaml", stand_in).steps == 2


class NoWeights(pickle.Pickler):
    """Pickles what goes to a data-loader worker, and fails where a model or its weights would go along."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor | torch.storage.UntypedStorage):
            raise AssertionError(f"a tensor of shape {tuple(getattr(value, 'shape', ()))} goes along")
        return NotImplemented


def test_the_collator_takes_no_weights_into_data_loader_workers(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in)
    collator = a_packed_trainer(inputs, tmp_path / "out").data_collator
    content = io.BytesIO()
    NoWeights(content).dump(collator)
    assert content.tell() < 200_000  # nearly all of it is the tokenizer
    again = pickle.loads(content.getvalue())  # noqa: S301 - written above
    examples = list(preference_dataset(inputs.pairs).select(range(2)))
    ours, theirs = (one(examples)["position_ids"] for one in (collator, again))
    assert torch.equal(ours, theirs)


def test_the_rule_for_positions_is_small_at_the_true_shape(stand_in: Path) -> None:
    """Qwen3-VL-2B's layers and widths, without weights: what is pickled does not grow with the model."""
    shape = model_shape(stand_in)
    shape.config.text_config.num_hidden_layers, shape.config.text_config.hidden_size = 28, 2048
    content = io.BytesIO()
    NoWeights(content).dump(rope_rule(shape.model))
    assert content.tell() < 20_000
