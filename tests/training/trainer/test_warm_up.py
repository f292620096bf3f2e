"""The supervised warm-up: it teaches the chosen side, and SA-DPO then starts from it and is held to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.training.builders import MIXED, write_recipe, write_snapshot
from tests.training.trainer.test_trainer import a_trainer, backward, checked
from training.assembly import pack_pairs
from training.merge import merge
from training.pairs.collator import WeightedPairCollator
from training.recipe import find_recipe, load_recipe
from training.train import train
from training.trainer.supervised_trainer import SupervisedTrainer

WARM: dict[str, Any] = {
    "warm_up": {"steps": 4, "learning_rate": 5e-3},
    "schedule__max_steps": 3,
    "runtime__save_every_steps": 1,
}


@pytest.fixture(scope="module")
def warmed(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Path:
    """The folder of a finished run with a warm-up; its recipe and snapshot lie beside it."""
    folder = tmp_path_factory.mktemp("warmed")
    snapshot = write_snapshot(folder / "snapshot", MIXED)
    train(snapshot, write_recipe(folder / "recipe.yaml", **WARM), stand_in, folder / "out")
    return folder / "out"


def adapter(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def test_the_shipped_recipe_is_sa_dpo_with_a_warm_up() -> None:
    warm = load_recipe(find_recipe("sft_then_sa_dpo")).recipe.model_dump()
    plain = load_recipe(find_recipe("sa_dpo")).recipe.model_dump()
    changed = {"name": "sft_then_sa_dpo", "warm_up": {"steps": 60, "learning_rate": 1e-4}}
    assert warm == plain | changed


def test_both_forms_of_a_batch_have_one_warm_up_loss(tmp_path: Path, stand_in: Path) -> None:
    inputs = checked(tmp_path, stand_in)
    losses = []
    for packed in (False, True):
        rows = WeightedPairCollator(inputs.processor, width_px=160, chosen_only=True)
        trainer = a_trainer(inputs, tmp_path / f"out-{packed}", SupervisedTrainer, data_collator=rows)
        if packed:
            pack_pairs(trainer, inputs)
        batch = unweighted(next(iter(trainer.get_train_dataloader())))
        assert batch["completion_mask"].shape[0] == 8
        assert int(batch["completion_mask"].sum(dim=1).min()) > 20
        losses.append(backward(trainer, batch)[0])
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    assert losses[0] == pytest.approx(
        6.53, abs=0.1
    )  # nats per token; knowing nothing would be log 1,024 = 6.93


def unweighted(batch: dict[str, Any]) -> dict[str, Any]:
    return batch | {"weight": torch.ones_like(batch["weight"])}


def test_sa_dpo_starts_at_the_warm_up_and_is_held_to_it(warmed: Path, stand_in: Path) -> None:
    started, ended = adapter(warmed / "warm_up"), adapter(warmed)
    assert started.keys() == ended.keys()
    assert any(bool(value.abs().max() > 0) for name, value in started.items() if "lora_B" in name)
    assert not any(torch.equal(started[name], ended[name]) for name in ended)
    first = (warmed / "history.jsonl").read_text().splitlines()[0]
    assert '"rewards/margins": 0.0' in first  # before the first update policy and reference are one


def test_a_run_that_was_interrupted_after_its_warm_up_does_not_warm_up_again(
    warmed: Path, stand_in: Path, tmp_path: Path
) -> None:
    out, given = tmp_path / "out", warmed.parent

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(given / "snapshot", given / "recipe.yaml", stand_in, out, progress=stop)
    written = (out / "warm_up" / "adapter_model.safetensors").stat().st_mtime_ns
    train(given / "snapshot", given / "recipe.yaml", stand_in, out, resume=True)
    assert (out / "warm_up" / "adapter_model.safetensors").stat().st_mtime_ns == written
    assert all(torch.equal(adapter(out)[name], value) for name, value in adapter(warmed).items())


def test_the_result_merges_like_any_other(warmed: Path, stand_in: Path, tmp_path: Path) -> None:
    assert merge(warmed, stand_in, tmp_path / "merged").model == tmp_path / "merged"
    assert not (warmed / "ref").exists()  # the reference is not part of the result
