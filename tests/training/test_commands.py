"""The commands: instant to import, one JSON object on stdout, and errors left to the caller."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from data.errors import RecipeError, TrainingError
from data.terminal import Settings
from tests.repository import ROOT
from tests.training.builders import write_recipe, write_snapshot
from training.commands import CEILINGS, COMMANDS, FLOORS, GROUPS, refuse_version
from training.train import TrainingResult


def run(*words: str | Path) -> str:
    """Run one command as it will be mounted and return what it printed on stdout."""
    app = typer.Typer()
    for name, function in COMMANDS.items():
        app.command(name)(function)
    for name, group in GROUPS.items():
        app.add_typer(group, name=name)
    result = CliRunner().invoke(app, [str(word) for word in words], obj=Settings(Path("workspace")))
    if result.exception:
        raise result.exception
    return result.stdout


def run_json(*words: str | Path) -> Any:
    return json.loads(run(*words, "--json"))


def test_importing_the_commands_imports_no_torch() -> None:
    code = "import sys, training.commands; print([m for m in ('torch', 'transformers', 'trl') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_train_prints_one_json_object_and_nothing_else(tmp_path: Path, stand_in: Path) -> None:
    recipe = write_recipe(tmp_path / "recipe.yaml", schedule__max_steps=1)
    snapshot, out = write_snapshot(tmp_path / "snapshot"), tmp_path / "adapter"
    shown = run_json("train", "--snapshot", snapshot, "--recipe", recipe, "--model", stand_in, "--out", out)
    assert (shown["steps"], shown["adapter"], shown["stand_in"]) == (1, str(out), True)
    assert shown["loss_first"] == pytest.approx(17 / 8 * 0.6931472, abs=1e-4)


def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path: Path, stand_in: Path) -> None:
    words: list[str | Path] = ["--snapshot", write_snapshot(tmp_path / "snapshot"), "--recipe", "stand_in"]
    words += ["--model", stand_in, "--out", tmp_path / "adapter", "--dry-run"]
    assert run_json("train", *words)["pairs_by_weight"] == {"1.0": 5, "2.0": 1, "5.0": 2}
    text = run("train", *words)
    assert "Pairs: 8 (5 of weight 1.0, 1 of weight 2.0, 2 of weight 5.0)" in text
    assert "Steps: 2, each over 8 pairs" in text
    assert "Adapter: 3,584 parameters, 0.790% of 453,888" in text
    assert not (tmp_path / "adapter").exists()


def test_merge_prints_where_the_model_is(trained: TrainingResult, stand_in: Path, tmp_path: Path) -> None:
    out = tmp_path / "merged"
    shown = run_json("merge", "--adapter", trained.adapter, "--model", stand_in, "--out", out)
    assert shown.pop("served_name").startswith("merged-")
    assert shown == {"model": str(out), "dtype": "bfloat16", "stand_in": True}


def test_stand_in_builds_one(tmp_path: Path) -> None:
    assert run_json("stand-in", "build", "--out", tmp_path / "model") == {
        "model": str(tmp_path / "model"),
        "stand_in": True,
    }
    assert (tmp_path / "model" / "stand_in.json").is_file()


def test_a_recipe_that_does_not_exist_is_a_domain_error(tmp_path: Path, stand_in: Path) -> None:
    words: list[str | Path] = [
        "--snapshot",
        tmp_path,
        "--recipe",
        "sa_dop",
        "--model",
        stand_in,
        "--out",
        tmp_path / "out",
    ]
    with pytest.raises(RecipeError, match="sa_dop is neither a recipe file nor a shipped recipe"):
        run("train", *words)


def test_merging_what_is_no_adapter_is_a_domain_error(tmp_path: Path, stand_in: Path) -> None:
    with pytest.raises(TrainingError, match="holds no finished adapter"):
        run("merge", "--adapter", tmp_path, "--model", stand_in, "--out", tmp_path / "out")


def test_versions_are_refused_where_pyproject_refuses_them() -> None:
    train = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["train"]
    for name, (major, minor) in FLOORS.items():
        ceiling = CEILINGS.get(name)
        below = "" if ceiling is None else f",<{ceiling[0]}.{ceiling[1]}"
        assert f"{name}>={major}.{minor}{below}" in train


def test_an_older_library_is_refused_in_one_sentence() -> None:
    with pytest.raises(TrainingError) as refused:
        refuse_version("transformers", "5.0.0", FLOORS["transformers"], None)
    assert str(refused.value) == (
        "transformers 5.0.0 is installed and training needs >=5.23: pip install 'transformers>=5.23'."
    )


def test_a_run_names_everything_that_is_missing_and_how_a_known_model_is_fetched(tmp_path: Path) -> None:
    model = tmp_path / "models" / "Qwen3-VL-2B-Instruct"
    words = (
        "--snapshot",
        tmp_path / "none",
        "--recipe",
        "sa_dpo",
        "--model",
        model,
        "--out",
        tmp_path / "out",
    )
    with pytest.raises(TrainingError) as refused:
        run("train", *words)
    assert f"There is no snapshot {tmp_path / 'none'}: teletriage snapshot freezes one." in str(refused.value)
    assert f"hf download Qwen/Qwen3-VL-2B-Instruct --local-dir {model}" in str(refused.value)
