"""Arms are trained and judged once, whatever interrupts them, and a folder holds one comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.errors import TrainingError
from data.snapshot.judged import read_judged
from eval.arms.folder import read_arms
from eval.decisions.for_model import decide_for_model
from tests.training.builders import (
    A,
    S,
    T,
    a_development_frame,
    an_evaluation_frame,
    write_recipe,
    write_snapshot,
)
from training.arms.recipes import arms_of
from training.arms.run import Compared, run_arms
from training.train import train


def test_a_comparison_goes_on_where_it_was(tmp_path: Path, stand_in: Path) -> None:
    part = [a_development_frame(tmp_path / "snapshot", place, level) for place, level in enumerate((T, A, S))]
    snapshot = write_snapshot(tmp_path / "snapshot", evaluation=[an_evaluation_frame()], development=part)
    watch = {"every_steps": 1, "false_calls": 0.2, "patience": None, "replies": 0}
    recipe = write_recipe(tmp_path / "short.yaml", schedule__max_steps=1, watch=watch)
    compared, out, said = (
        Compared(snapshot, stand_in, arms_of([str(recipe)], {}), 2),
        tmp_path / "out",
        list[str](),
    )
    run_arms(compared, out, said.append)
    assert [line for line in said if line.startswith("short, seed")] == ["short, seed 1", "short, seed 2"]
    assert {name: len(runs) for name, runs in read_arms(out).items()} == {"zero_shot": 1, "short": 2}
    (frame,) = read_judged(out / "short" / "seed-2" / "judged.jsonl")
    assert frame.scene_id == "scene-held-out"
    assert sum(frame.probabilities) == pytest.approx(1.0)

    decision = decide_for_model(out / "short" / "seed-2" / "adapter", snapshot)
    assert [run.decision for run in read_arms(out)["short"]] == [None, decision.hash]
    assert decision.hash in (out / "short" / "seed-2" / "adapter" / "README.md").read_text()

    (out / "short" / "seed-2" / "judged.jsonl").unlink()
    said.clear()
    run_arms(compared, out, said.append)
    assert said == ["short, seed 2"]  # judged anew from the adapter that is there

    other = write_snapshot(tmp_path / "other", evaluation=[an_evaluation_frame()], policy={"other": True})
    with pytest.raises(TrainingError, match="compares arms on another snapshot"):
        run_arms(Compared(other, stand_in, compared.arms, 2), out, said.append)
    (tmp_path / "b").mkdir()
    changed = write_recipe(tmp_path / "b" / "short.yaml", schedule__max_steps=2)
    with pytest.raises(TrainingError, match="holds the arm short of another recipe"):
        run_arms(Compared(snapshot, stand_in, arms_of([str(changed)], {}), 2), out, said.append)


def test_arms_that_begin_alike_warm_up_once_and_end_as_they_would_alone(
    tmp_path: Path, stand_in: Path
) -> None:
    snapshot = write_snapshot(tmp_path / "snapshot", evaluation=[an_evaluation_frame()])
    begins: dict[str, Any] = {"warm_up": {"steps": 2, "learning_rate": 5e-3}, "schedule__max_steps": 1}
    recipes = [
        write_recipe(tmp_path / f"{name}.yaml", name=name, **begins, loss__cost_margin=margin)
        for name, margin in (("plain", 0.0), ("margins", 1.0))
    ]
    said = list[str]()
    arms = arms_of([str(recipe) for recipe in recipes], {})
    run_arms(Compared(snapshot, stand_in, arms, 1), tmp_path / "out", said.append)
    assert len([line for line in said if line.startswith("step 1 of 2:")]) == 1
    margins = tmp_path / "out" / "margins" / "seed-1"
    train(snapshot, margins / "recipe.yaml", stand_in, tmp_path / "alone")
    for name in ("warm_up/adapter_model.safetensors", "adapter_model.safetensors"):
        assert (margins / "adapter" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


def test_nothing_to_judge_on_and_a_taken_folder_are_refused(tmp_path: Path, stand_in: Path) -> None:
    arms = arms_of(["stand_in"], {})
    with pytest.raises(TrainingError, match="has no held-out frames"):
        run_arms(Compared(write_snapshot(tmp_path / "bare"), stand_in, arms, 1), tmp_path / "out", print)
    snapshot = write_snapshot(tmp_path / "snapshot", evaluation=[an_evaluation_frame()])
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").touch()
    with pytest.raises(TrainingError, match="holds no comparison"):
        run_arms(Compared(snapshot, stand_in, arms, 1), tmp_path / "taken", print)
