"""Training as a use case, on the stand-in: what it leaves, what it refuses, and that it repeats itself."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from data.errors import LeakError, RecipeError, TrainingError
from data.snapshot.pairs import Message
from data.vlm.reply import render_reply
from tests.training.builders import FORM, MIXED, A, S, T, a_pair, an_assessment, write_recipe, write_snapshot
from training.assembly import training_order
from training.plan.inputs import check_inputs
from training.recipe import BatchShape, find_recipe, load_recipe
from training.record.provenance import AdapterProvenance, read_adapter_provenance
from training.train import TrainingResult, plan, train
from training.trainer.dpo_config import dpo_config

SHORT: dict[str, Any] = {"schedule__max_steps": 2}


def weights(folder: Path) -> dict[str, Any]:
    return load_file(folder / "adapter_model.safetensors")


def test_the_stand_in_learns_which_side_is_chosen(trained: TrainingResult) -> None:
    assert trained.steps == 12  # 48 pairs, twice, 8 at a time
    assert trained.loss_last < trained.loss_first
    assert trained.accuracy_last == 1.0
    assert trained.pairs_by_weight == {"1.0": 30, "2.0": 6, "5.0": 12}
    assert (trained.adapter_parameters, trained.stand_in) == (3584, True)
    assert trained.notes == [
        "The base model is the stand-in with random weights: what is trained from it means nothing."
    ]


def test_a_trainer_is_told_when_the_chosen_side_is_much_longer(tmp_path: Path, stand_in: Path) -> None:
    long = " ".join(["A lorry stands across both lanes and two workers wave."] * 3)
    answers = {
        side: [Message(role="assistant", content=render_reply(an_assessment(T, words), FORM))]
        for side, words in (("chosen", long), ("rejected", "A lorry."))
    }
    pair = a_pair(tmp_path / "snapshot", rejected=T).model_copy(update=answers)
    write_snapshot(tmp_path / "snapshot", pairs=[pair])
    planned = plan(tmp_path / "snapshot", find_recipe("stand_in"), stand_in)
    assert any(
        re.match(r"Chosen answers are \d\.\d times as long as rejected", note) for note in planned.notes
    )


def test_stratified_updates_hold_their_share_in_the_same_order_whatever_pairs_weigh(
    tmp_path: Path, snapshot: Path, stand_in: Path
) -> None:
    orders = []
    for name, high in (("sa", 5.0), ("standard", 1.0)):
        settings: dict[str, Any] = {"loss__alpha_high": high, "batch__stratified": True}
        inputs = check_inputs(snapshot, write_recipe(tmp_path / f"{name}.yaml", **settings), stand_in)
        orders.append(training_order(inputs))
    assert orders[0] == orders[1]
    missed = [[inputs.pairs[i].levels for i in orders[0][n : n + 8]].count((T, A)) for n in range(0, 48, 8)]
    assert set(missed) <= {1, 2, 3}  # two of eight pairs are of that kind


def test_a_deterministic_recipe_asks_for_kernels_that_add_in_a_fixed_order(tmp_path: Path) -> None:
    for wanted in (True, False):
        recipe = load_recipe(write_recipe(tmp_path / "r.yaml", runtime__deterministic=wanted)).recipe
        assert dpo_config(recipe, BatchShape(8, 1, False), steps=1, out=tmp_path).full_determinism is wanted


def test_the_adapter_s_folder_holds_all_that_explains_it(trained: TrainingResult) -> None:
    names = {path.name for path in trained.adapter.iterdir()}
    assert names >= {
        "adapter_model.safetensors",
        "adapter_config.json",
        "recipe.yaml",
        "history.jsonl",
        "provenance.json",
        "README.md",
        "tensorboard",
    }
    assert (trained.adapter / "recipe.yaml").read_text() == find_recipe("stand_in").read_text()


def test_the_history_has_one_line_of_figures_per_log(trained: TrainingResult) -> None:
    lines = [json.loads(line) for line in (trained.adapter / "history.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert (len(losses), losses[0], losses[-1]) == (12, trained.loss_first, trained.loss_last)
    assert {"accuracy/weight_5", "margin/weight_5", "loss/weight_5", "logps/chosen"} <= set(lines[0])


def test_the_provenance_names_recipe_snapshot_base_and_machine(
    trained: TrainingResult, snapshot: Path, stand_in: Path
) -> None:
    provenance = read_adapter_provenance(trained.adapter)
    manifest = json.loads((snapshot / "manifest.json").read_text())
    assert provenance.snapshot_hash == manifest["snapshot_hash"]
    assert (provenance.recipe, provenance.seed, provenance.steps) == ("stand_in", 20, 12)
    assert provenance.recipe_text == find_recipe("stand_in").read_text()
    assert (provenance.base_model.path, provenance.base_model.stand_in) == (str(stand_in), True)
    assert (provenance.loss_first, provenance.loss_last) == (trained.loss_first, trained.loss_last)
    assert {"torch", "transformers", "trl", "peft"} <= set(provenance.environment.versions)


def test_the_same_recipe_snapshot_and_seed_give_the_same_parameters(tmp_path: Path, stand_in: Path) -> None:
    snapshot = write_snapshot(tmp_path / "snapshot", MIXED)
    recipe = write_recipe(tmp_path / "recipe.yaml", **SHORT)
    other_seed = write_recipe(tmp_path / "other.yaml", **SHORT, runtime__seed=21)
    first, again, other = (
        weights(train(snapshot, path, stand_in, tmp_path / f"out-{index}").adapter)
        for index, path in enumerate((recipe, recipe, other_seed))
    )
    assert all(bool((first[name] == again[name]).all()) for name in first)
    assert any(bool((first[name] != other[name]).any()) for name in first)


def test_sa_dpo_and_standard_dpo_end_in_different_places(tmp_path: Path, stand_in: Path) -> None:
    snapshot = write_snapshot(tmp_path / "snapshot", MIXED)
    sa_dpo = write_recipe(tmp_path / "sa.yaml", **SHORT)
    standard = write_recipe(tmp_path / "st.yaml", **SHORT, loss__alpha_high=1.0, loss__alpha_med=1.0)
    a = train(snapshot, sa_dpo, stand_in, tmp_path / "sa")
    b = train(snapshot, standard, stand_in, tmp_path / "st")
    assert (a.pairs_by_weight, b.pairs_by_weight) == ({"1.0": 5, "2.0": 1, "5.0": 2}, {"1.0": 8})
    assert any(bool((weights(a.adapter)[n] != weights(b.adapter)[n]).any()) for n in weights(a.adapter))


def test_bfloat16_gradient_checkpointing_and_checkpoints_run(tmp_path: Path, stand_in: Path) -> None:
    recipe = write_recipe(
        tmp_path / "recipe.yaml",
        **SHORT,
        batch__pairs_per_update=4,
        batch__pairs_at_once=2,
        image__width_px=64,
        runtime__precision="bf16",
        runtime__gradient_checkpointing=True,
        runtime__save_every_steps=1,
    )
    result = train(write_snapshot(tmp_path / "snapshot"), recipe, stand_in, tmp_path / "out")
    assert result.steps == 2
    assert (tmp_path / "out" / "checkpoints" / "checkpoint-2" / "adapter_model.safetensors").is_file()


def test_progress_and_lines_reach_the_person(tmp_path: Path, stand_in: Path) -> None:
    recipe = write_recipe(tmp_path / "recipe.yaml", **SHORT)
    steps: list[tuple[int, int]] = []
    lines: list[str] = []
    train(
        write_snapshot(tmp_path / "snapshot"),
        recipe,
        stand_in,
        tmp_path / "out",
        progress=lambda done, total: steps.append((done, total)),
        say=lines.append,
    )
    assert steps == [(1, 2), (2, 2)]
    assert lines[0] == "Adapter: 3,584 trainable parameters, 0.790% of 453,888"
    assert lines[1] == "Pairs: 8 at once on each device, without gradient checkpointing"
    assert lines[3].startswith("step 1 of 2: loss 1.4729; weight 1: ")


def test_nothing_is_printed_on_stdout(
    tmp_path: Path, stand_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = write_recipe(tmp_path / "recipe.yaml", **SHORT)
    train(write_snapshot(tmp_path / "snapshot"), recipe, stand_in, tmp_path / "out")
    assert capsys.readouterr().out == ""


def test_a_folder_with_a_finished_adapter_is_refused(
    trained: TrainingResult, snapshot: Path, stand_in: Path
) -> None:
    with pytest.raises(TrainingError, match="already holds a finished result"):
        train(snapshot, find_recipe("stand_in"), stand_in, trained.adapter)


def test_a_run_that_diverges_ends_and_is_never_mistaken_for_a_finished_one(
    tmp_path: Path, stand_in: Path
) -> None:
    snapshot = write_snapshot(tmp_path / "snapshot")
    wild = write_recipe(tmp_path / "wild.yaml", schedule__learning_rate=1e30, schedule__epochs=20)
    out = tmp_path / "out"
    with pytest.raises(TrainingError, match="the run has diverged"):
        train(snapshot, wild, stand_in, out)
    with pytest.raises(TrainingError, match="its training never ended"):
        read_adapter_provenance(out)
    with pytest.raises(TrainingError, match="holds a run that never finished"):
        train(snapshot, find_recipe("stand_in"), stand_in, out)


def test_a_leak_is_refused_before_anything_is_written(tmp_path: Path, stand_in: Path) -> None:
    snapshot = write_snapshot(tmp_path / "snapshot", held_out_scenes=["scene-0"])
    with pytest.raises(LeakError, match="scene-0"):
        train(snapshot, find_recipe("stand_in"), stand_in, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_adapter_that_is_too_large_for_its_model_is_refused(tmp_path: Path, stand_in: Path) -> None:
    with pytest.raises(TrainingError, match=r"3\.158% of 453,888: more than 0\.5%"):
        train(write_snapshot(tmp_path / "snapshot"), find_recipe("sa_dpo"), stand_in, tmp_path / "out")


def test_a_path_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="There is no model folder"):
        train(
            write_snapshot(tmp_path / "snapshot"),
            find_recipe("stand_in"),
            tmp_path / "none",
            tmp_path / "out",
        )


def test_the_plan_counts_what_training_will_do(snapshot: Path, stand_in: Path) -> None:
    planned = plan(snapshot, find_recipe("stand_in"), stand_in)
    assert (planned.steps, planned.pairs_per_update, planned.pairs) == (12, 8, 48)
    assert planned.pairs_by_weight == {"1.0": 30, "2.0": 6, "5.0": 12}
    assert (planned.image_tokens_mean, planned.image_tokens_max) == (15.0, 15)
    assert planned.prompt_tokens_mean == 244.0
    assert planned.text_estimated_from == 48


def test_the_plan_warns_of_pairs_that_all_weigh_the_same(tmp_path: Path, stand_in: Path) -> None:
    snapshot = write_snapshot(tmp_path / "snapshot", [(A, S)] * 3)
    planned = plan(snapshot, find_recipe("stand_in"), stand_in)
    assert planned.notes[:2] == [
        "All pairs weigh 1: weighing has no effect beyond the scale of the loss.",
        "There are 3 pairs for updates over 8: pairs repeat within one update.",
    ]


def test_the_plan_refuses_what_training_refuses(snapshot: Path, stand_in: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "recipe.yaml", loss__gamma=1.0)
    with pytest.raises(RecipeError, match=r"loss\.gamma"):
        plan(snapshot, recipe, stand_in)


def test_a_provenance_survives_being_written_and_read(trained: TrainingResult) -> None:
    text = (trained.adapter / "provenance.json").read_text()
    assert AdapterProvenance.model_validate_json(text).model_dump_json(indent=2) + "\n" == text


def out_of_memory(step: int, *, times: int) -> Any:
    """A progress callback that ends an update as a full device does, the first `times` that `step` is reached."""
    left = [times]

    def progress(done: int, _: int) -> None:
        if done == step and left[0]:
            left[0] -= 1
            raise torch.OutOfMemoryError("CUDA out of memory.")

    return progress


AUTO: dict[str, Any] = {
    "schedule__epochs": 4,
    "batch__pairs_at_once": "auto",
    "runtime__gradient_checkpointing": "auto",
    "runtime__save_every_steps": 1,
}


def test_a_run_out_of_memory_goes_on_in_a_smaller_shape_from_its_last_checkpoint(
    tmp_path: Path, stand_in: Path
) -> None:
    snapshot = write_snapshot(tmp_path / "snapshot", MIXED)
    recipe = write_recipe(tmp_path / "recipe.yaml", **AUTO)
    lines: list[str] = []
    whole = train(snapshot, recipe, stand_in, tmp_path / "whole")
    again = train(
        snapshot, recipe, stand_in, tmp_path / "out", progress=out_of_memory(3, times=1), say=lines.append
    )
    assert lines[1] == "Pairs: 8 at once on each device, without gradient checkpointing"
    assert (
        "Out of memory with 8 at once on each device, without gradient checkpointing. "
        "Trying once more with 4 at once on each device, without gradient checkpointing."
    ) in lines
    assert "Going on after step 2 of 4." in lines
    record = read_adapter_provenance(again.adapter)
    assert (record.pairs_per_update, record.pairs_at_once, record.gradient_checkpointing) == (8, 4, False)
    assert again.steps == whole.steps == 4
    ours, expected = weights(again.adapter), weights(whole.adapter)
    assert all(torch.allclose(ours[name], expected[name], atol=1e-5) for name in expected)


@pytest.mark.parametrize(("changed", "times"), [({}, 2), ({"batch__pairs_at_once": 8}, 2)])
def test_out_of_memory_twice_or_without_auto_ends_the_run_with_a_sentence(
    tmp_path: Path, stand_in: Path, changed: dict[str, Any], times: int
) -> None:
    recipe = write_recipe(tmp_path / "recipe.yaml", **(AUTO | changed))
    with pytest.raises(TrainingError, match=r"too little free memory for \d at once .* kept for --resume"):
        train(
            write_snapshot(tmp_path / "snapshot", MIXED),
            recipe,
            stand_in,
            tmp_path / "out",
            progress=out_of_memory(1, times=times),
        )
    assert (tmp_path / "out" / "run.json").is_file()


def test_a_trainer_that_cannot_be_built_leaves_the_folder_free(tmp_path: Path, stand_in: Path) -> None:
    snapshot = write_snapshot(tmp_path / "snapshot", MIXED)
    broken = Path(shutil.copytree(stand_in, tmp_path / "broken"))
    weights_file = broken / "model.safetensors"
    weights_file.write_bytes(weights_file.read_bytes()[:1000])
    recipe, out = write_recipe(tmp_path / "recipe.yaml", **SHORT), tmp_path / "out"
    with pytest.raises(TrainingError, match="cannot be loaded"):
        train(snapshot, recipe, broken, out)
    assert not out.exists()
    assert train(snapshot, recipe, stand_in, out).steps == 2
