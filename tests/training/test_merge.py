"""The merged model is the adapter's model in one piece, and nothing is ever written over."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from PIL import Image
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText

from data.errors import TrainingError
from data.vlm.weights import read_weights
from tests.training.builders import FORM, write_recipe, write_snapshot
from training.merge import MergeResult, merge
from training.models.folder import load_model
from training.pairs.processor import load_processor
from training.record.provenance import AdapterProvenance, MergeProvenance
from training.stand_in import build_stand_in
from training.train import TrainingResult, train


def logits(model: Any, folder: Path) -> torch.Tensor:
    processor = load_processor(folder)
    text = "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>What now?<|im_end|>\n"
    inputs = processor(images=[Image.new("RGB", (160, 90), (200, 30, 30))], text=[text], return_tensors="pt")
    with torch.no_grad():
        return torch.as_tensor(model.eval()(**inputs).logits).float()


def test_merged_and_adapter_model_give_the_same_logits(
    merged: MergeResult, trained: TrainingResult, stand_in: Path
) -> None:
    base = load_model(stand_in, dtype=torch.float32)
    plain = logits(base, stand_in)
    adapted = logits(PeftModel.from_pretrained(base, str(trained.adapter)), stand_in)
    loaded = logits(AutoModelForImageTextToText.from_pretrained(merged.model), merged.model)
    assert (adapted - plain).abs().max() > 0.1  # the adapter does something
    torch.testing.assert_close(loaded, adapted, atol=1e-5, rtol=0)


def test_merged_weights_have_no_adapter_layers_and_a_tied_head(merged: MergeResult, stand_in: Path) -> None:
    kept, base = (load_file(folder / "model.safetensors") for folder in (merged.model, stand_in))
    assert set(kept) == set(base)
    changed = {name for name in base if not torch.equal(kept[name], base[name])}
    assert len(changed) == 8
    assert all(".self_attn." in name and "visual" not in name for name in changed)


def test_bfloat16_is_one_rounding_of_the_float32_merge(
    trained: TrainingResult, merged: MergeResult, stand_in: Path, tmp_path: Path
) -> None:
    half = merge(trained.adapter, stand_in, tmp_path / "half")
    exact, rounded = (load_file(folder / "model.safetensors") for folder in (merged.model, half.model))
    assert all(torch.equal(rounded[name], exact[name].bfloat16()) for name in exact)
    assert json.loads((half.model / "config.json").read_text())["dtype"] == "bfloat16"


def test_the_merged_folder_says_where_it_comes_from_and_that_it_is_a_stand_in(
    merged: MergeResult, trained: TrainingResult
) -> None:
    provenance = MergeProvenance.model_validate_json((merged.model / "provenance.json").read_bytes())
    card = (merged.model / "README.md").read_text()
    assert f"# {merged.served_name}" in card
    assert "**A stand-in:**" in card
    assert isinstance(provenance.adapter, AdapterProvenance)
    assert (provenance.dtype, provenance.adapter.recipe, provenance.adapter.steps) == (
        "float32",
        "stand_in",
        12,
    )
    assert merged.stand_in
    assert (merged.model / "stand_in.json").is_file()


def test_a_merge_is_served_under_a_name_that_tells_its_training_from_another(
    merged: MergeResult, stand_in: Path, tmp_path: Path
) -> None:
    weights = read_weights(merged.model)
    assert merged.served_name == weights.served_name == f"merged-{weights.revision[:8]}"
    assert (weights.form, weights.image_width_px) == (FORM, 160)
    assert weights.lineage["recipe"] == "stand_in"
    assert weights.lineage["stand_in"] is True
    shorter = write_recipe(tmp_path / "recipe.yaml", schedule__max_steps=1)
    again = train(write_snapshot(tmp_path / "snapshot"), shorter, stand_in, tmp_path / "adapter")
    other = merge(again.adapter, stand_in, tmp_path / "merged")
    assert other.served_name.startswith("merged-")
    assert other.served_name != merged.served_name


def test_the_processor_is_copied_as_it_is(merged: MergeResult, stand_in: Path) -> None:
    for name in ("processor_config.json", "tokenizer.json"):
        assert (merged.model / name).read_bytes() == (stand_in / name).read_bytes()


def test_a_folder_that_holds_anything_is_never_written_over(
    trained: TrainingResult, stand_in: Path, tmp_path: Path
) -> None:
    (tmp_path / "model.safetensors").write_text("somebody's weights")
    with pytest.raises(TrainingError, match="is not empty"):
        merge(trained.adapter, stand_in, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_merge_is_never_written_over_its_own_base(trained: TrainingResult, stand_in: Path) -> None:
    with pytest.raises(TrainingError, match="is not empty"):
        merge(trained.adapter, stand_in, stand_in)


def test_an_adapter_is_refused_on_its_base_with_another_chat_template(
    trained: TrainingResult, stand_in: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(stand_in, changed)
    with (changed / "chat_template.jinja").open("a") as template:
        template.write("{# another #}")
    with pytest.raises(TrainingError, match=r"chat template or image processor in .* is not the one"):
        merge(trained.adapter, changed, tmp_path / "merged")


def test_an_adapter_is_refused_on_a_base_it_was_not_trained_on(
    trained: TrainingResult, tmp_path: Path
) -> None:
    other = build_stand_in(tmp_path / "other", seed=1)
    with pytest.raises(TrainingError, match="is not the model that the adapter was trained on"):
        merge(trained.adapter, other, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_an_adapter_whose_training_never_ended_is_refused(
    trained: TrainingResult, stand_in: Path, tmp_path: Path
) -> None:
    adapter = Path(shutil.copytree(trained.adapter, tmp_path / "adapter"))
    (adapter / "provenance.json").unlink()
    with pytest.raises(TrainingError, match="its training never ended"):
        merge(adapter, stand_in, tmp_path / "merged")


def test_a_merge_that_fails_leaves_nothing_behind(
    trained: TrainingResult, stand_in: Path, tmp_path: Path
) -> None:
    adapter = Path(shutil.copytree(trained.adapter, tmp_path / "adapter"))
    (adapter / "adapter_model.safetensors").write_bytes(b"cut")
    with pytest.raises(TrainingError, match="cannot be loaded"):
        merge(adapter, stand_in, tmp_path / "merged")
    assert [path.name for path in tmp_path.iterdir()] == ["adapter"]


def test_a_server_under_another_account_can_read_what_was_merged(
    trained: TrainingResult, stand_in: Path, tmp_path: Path
) -> None:
    before = os.umask(0o077)  # as every command sets it
    try:
        merged = merge(trained.adapter, stand_in, tmp_path / "models" / "aligned").model
    finally:
        os.umask(before)
    folders = [merged, merged.parent]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o755}
    assert {stat.S_IMODE(path.stat().st_mode) for path in merged.iterdir()} == {0o644}


def test_every_part_of_the_configuration_names_the_saved_dtype(
    trained: TrainingResult, stand_in: Path, tmp_path: Path
) -> None:
    half = merge(trained.adapter, stand_in, tmp_path / "half")
    fields = json.loads((half.model / "config.json").read_text())
    parts = [fields, fields["text_config"], fields["vision_config"]]
    assert [part["dtype"] for part in parts] == ["bfloat16"] * 3


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Path:
    """The sealed checkpoint after the first of three updates."""
    folder = tmp_path_factory.mktemp("checkpoints")
    every: dict[str, Any] = {"schedule__epochs": 2, "runtime__save_every_steps": 1}
    recipe = write_recipe(folder / "recipe.yaml", **every)
    train(write_snapshot(folder / "snapshot"), recipe, stand_in, folder / "run")
    return folder / "run" / "checkpoints" / "checkpoint-1"


def test_a_sealed_checkpoint_is_merged_and_bears_its_step(
    checkpoint: Path, stand_in: Path, tmp_path: Path
) -> None:
    early = merge(checkpoint, stand_in, tmp_path / "early", dtype="float32")
    model = PeftModel.from_pretrained(load_model(stand_in, dtype=torch.float32), str(checkpoint))
    ours = logits(load_model(early.model, dtype=torch.float32), early.model)
    assert torch.allclose(logits(model, stand_in), ours, atol=1e-5)
    end = merge(checkpoint.parents[1], stand_in, tmp_path / "end", dtype="float32")
    assert not torch.allclose(ours, logits(load_model(end.model, dtype=torch.float32), end.model), atol=1e-4)
    weights = read_weights(early.model)
    assert early.served_name == weights.served_name == f"early-{weights.revision[:8]}"
    assert (weights.form, weights.image_width_px) == (FORM, 160)
    assert (weights.lineage["recipe"], weights.lineage["step"]) == ("stand_in", 1)
    assert read_weights(checkpoint).lineage == weights.lineage


@pytest.mark.parametrize("damage", ["changed", "unsealed"])
def test_a_checkpoint_that_is_not_as_it_was_sealed_is_refused(
    checkpoint: Path, stand_in: Path, tmp_path: Path, damage: str
) -> None:
    copy = Path(shutil.copytree(checkpoint, tmp_path / "checkpoint-1"))
    if damage == "changed":
        (copy / "adapter_config.json").write_text((copy / "adapter_config.json").read_text() + " ")
        says = "is not what it was when it was sealed"
    else:
        (copy / "provenance.json").unlink()
        says = "its training never ended"
    with pytest.raises(TrainingError, match=says):
        merge(copy, stand_in, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
