"""Runs share a warm-up exactly where it would be the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.vocabulary import ReplyForm
from tests.training.builders import write_recipe
from training.recipe import BatchShape, load_recipe
from training.record.provenance import Environment, RunOrigin
from training.record.warm_ups import warm_up_key

ENVIRONMENT = Environment(
    commit=None, python="3.11", machine="x86_64", cpus=1, device="cpu", processes=1,
    versions={"torch": "2", "transformers": "5", "trl": "1", "peft": "0"},
)  # fmt: skip
ORIGIN = RunOrigin(
    recipe="r", recipe_hash="0", recipe_text="", reply_form=ReplyForm.LEVEL_FIRST, image_width_px=160,
    snapshot_hash="s", base_model_hash="m", pairs_per_update=8, environment=ENVIRONMENT,
)  # fmt: skip
WARM = {"warm_up": {"steps": 2, "learning_rate": 5e-3}}


def key(folder: Path, *, origin: RunOrigin = ORIGIN, at_once: int = 8, **changed: Any) -> str:
    recipe = load_recipe(write_recipe(folder / "recipe.yaml", **{**WARM, **changed})).recipe
    return warm_up_key(recipe, BatchShape(at_once, 1, recompute=False), origin)


@pytest.mark.parametrize(
    "changed",
    [
        {"loss__beta": 0.5},
        {"loss__cost_margin": 1.0},
        {"schedule__learning_rate": 1e-6},
        {"schedule__max_steps": 3},
        {"runtime__log_every_steps": 7},
        {"watch": None},
        {"name": "another"},
    ],
)
def test_what_comes_after_it_leaves_it_as_it_is(tmp_path: Path, changed: dict[str, Any]) -> None:
    assert key(tmp_path, **changed) == key(tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        {"warm_up": {"steps": 3, "learning_rate": 5e-3}},
        {"contrast": {"pairs_per_frame": 1}},
        {"adapter__rank": 3},
        {"runtime__seed": 99},
        {"schedule__decay": "linear"},
        {"at_once": 4},
        {"origin": ORIGIN.model_copy(update={"snapshot_hash": "another"})},
        {"origin": ORIGIN.model_copy(update={"base_model_hash": "another"})},
    ],
)
def test_what_changes_it_keeps_it_apart(tmp_path: Path, changed: dict[str, Any]) -> None:
    assert key(tmp_path, **changed) != key(tmp_path)


def test_costs_keep_it_apart_where_each_batch_holds_every_weight(tmp_path: Path) -> None:
    held: dict[str, Any] = {"batch__hold_each_weight": True}
    assert key(tmp_path, **held, loss__alpha_high=4.0) != key(tmp_path, **held)
    assert key(tmp_path, loss__alpha_high=4.0) == key(tmp_path)
