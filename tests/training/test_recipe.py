"""Recipes: what ships is valid, and what cannot be trained with is refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.errors import RecipeError
from data.vocabulary import LEVELS
from tests.training.builders import A, S, T, write_recipe
from training.recipe import find_recipe, load_recipe, shipped_recipes

SHIPPED = ("cdpo", "odpo", "sa_dpo", "sft", "sft_then_sa_dpo", "stand_in", "standard_dpo")


def test_the_shipped_recipes_load_and_bear_the_name_of_their_file() -> None:
    names = {name: load_recipe(path).recipe.name for name, path in shipped_recipes().items()}
    assert names == {name: name for name in SHIPPED}


def test_sa_dpo_holds_the_paper_s_weights_and_adapter() -> None:
    recipe = load_recipe(find_recipe("sa_dpo")).recipe
    assert (recipe.loss.alpha_high, recipe.loss.alpha_med) == (5.0, 2.0)
    assert (recipe.adapter.rank, recipe.adapter.allow_large_adapter) == (16, False)


def test_standard_dpo_is_sa_dpo_with_all_weights_one() -> None:
    sa_dpo = load_recipe(find_recipe("sa_dpo")).recipe.model_dump()
    standard = load_recipe(find_recipe("standard_dpo")).recipe.model_dump()
    assert standard == sa_dpo | {
        "name": "standard_dpo",
        "loss": sa_dpo["loss"] | {"alpha_high": 1.0, "alpha_med": 1.0},
    }


def test_mistakes_that_equation_4_weighs_one_can_weigh_otherwise(tmp_path: Path) -> None:
    others = {"SUPERVISION": {"AUTONOMY": 1.5}, "AUTONOMY": {"TELEOPERATION": 2.5}}
    loss = load_recipe(write_recipe(tmp_path / "mine.yaml", loss__other_weights=others)).recipe.loss
    weights = {(chosen, rejected): loss.weight(chosen, rejected) for chosen in LEVELS for rejected in LEVELS}
    assert {pair: weight for pair, weight in weights.items() if weight != 1.0} == {
        (T, A): 5.0,
        (T, S): 2.0,
        (S, A): 1.5,
        (A, T): 2.5,
    }


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("cdpo", {"soft_labels": 2.0}),
        ("odpo", {"costs_weigh": False, "cost_margin": 1.0}),
        ("sft", {"objective": "supervised", "beta": None, "alpha_high": 1.0, "alpha_med": 1.0}),
    ],
)
def test_the_other_recipes_are_sa_dpo_but_for_their_loss(name: str, changed: dict[str, Any]) -> None:
    sa_dpo = load_recipe(find_recipe("sa_dpo")).recipe.model_dump()
    other = load_recipe(find_recipe(name)).recipe.model_dump()
    assert other["loss"] == sa_dpo["loss"] | changed
    assert {key: other[key] for key in ("adapter", "image", "batch", "runtime", "contrast")} == {
        key: sa_dpo[key] for key in ("adapter", "image", "batch", "runtime", "contrast")
    }


def test_a_cost_weighs_or_must_be_won_by(tmp_path: Path) -> None:
    others = {"AUTONOMY": {"TELEOPERATION": 2.0}}
    odpo = load_recipe(write_recipe(tmp_path / "mine.yaml", "odpo", loss__other_weights=others)).recipe.loss
    assert (odpo.weight(T, A), odpo.weight(A, T)) == (1.0, 1.0)
    assert not odpo.weighs_pairs
    assert odpo.offset(T, A) == pytest.approx(1.6094, abs=1e-4)  # ln 5
    assert odpo.offset(A, T) == pytest.approx(0.6931, abs=1e-4)  # an over-escalation that costs 2
    assert odpo.offset(S, A) == 0.0


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"loss__beta": 0.1}, "the objective supervised does not read beta: leave it off"),
        ({"loss__sft_weight": 0.5, "loss__cost_margin": 1.0}, "does not read cost_margin, sft_weight"),
        ({"contrast": {"pairs_per_frame": 1}}, "which the objective supervised never reads"),
        ({"warm_up": {"steps": 5, "learning_rate": 1e-4}}, "is more of the same: raise schedule.epochs"),
    ],
)
def test_a_supervised_recipe_with_what_it_would_not_read_is_refused(
    tmp_path: Path, changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(RecipeError, match=sentence):
        load_recipe(write_recipe(tmp_path / "mine.yaml", "sft", **changed))


def test_preferences_without_a_beta_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="the objective preference needs a beta"):
        load_recipe(write_recipe(tmp_path / "mine.yaml", loss__beta=None))


def test_other_weights_alone_make_a_recipe_one_that_weighs(tmp_path: Path) -> None:
    path = write_recipe(tmp_path / "mine.yaml", "standard_dpo")
    assert not load_recipe(path).recipe.weighs_pairs
    others = {"AUTONOMY": {"TELEOPERATION": 2.0}}
    path = write_recipe(tmp_path / "mine.yaml", "standard_dpo", loss__other_weights=others)
    assert load_recipe(path).recipe.weighs_pairs


def test_a_missed_teleoperation_has_its_weight_from_one_place(tmp_path: Path) -> None:
    path = write_recipe(tmp_path / "mine.yaml", loss__other_weights={"TELEOPERATION": {"AUTONOMY": 9.0}})
    with pytest.raises(RecipeError, match="what a missed TELEOPERATION weighs is alpha_high and alpha_med"):
        load_recipe(path)


def test_an_unknown_key_is_refused_with_its_name_and_its_file(tmp_path: Path) -> None:
    path = write_recipe(tmp_path / "mine.yaml", loss__alpha_hihg=5.0)
    with pytest.raises(RecipeError) as refused:
        load_recipe(path)
    assert str(refused.value) == (
        f"The recipe {path} has a key that means nothing here: loss.alpha_hihg. Remove it or correct its name."
    )


def test_a_missing_key_is_refused_and_never_guessed(tmp_path: Path) -> None:
    path = write_recipe(tmp_path / "mine.yaml")
    path.write_text(path.read_text().replace("  beta: 0.1\n", ""))
    with pytest.raises(RecipeError, match=r"lacks the key loss\.beta"):
        load_recipe(path)


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = write_recipe(tmp_path / "mine.yaml")
    path.write_text(path.read_text() + "name: another\n")
    with pytest.raises(RecipeError, match="the key name stands twice"):
        load_recipe(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("loss__beta", 0),
        ("loss__alpha_high", -5.0),
        ("loss__alpha_med", float("inf")),
        ("adapter__target_modules", "(q_proj"),
        ("adapter__rank", 0),
        ("schedule__warmup_share", 1.0),
        ("runtime__precision", "fp16"),
        ("image__width_px", 10),
        ("batch__pairs_at_once", "many"),
        ("loss__other_weights", {"AUTONOMY": {"TELEOPERATION": 0}}),
        ("loss__cost_margin", -1.0),
        ("loss__soft_labels", 0.0),
        ("loss__objective", "supervise"),
        ("contrast", {"pairs_per_frame": 3}),
        ("loss__other_weights", {"LEVEL_5": {"AUTONOMY": 2}}),
    ],
)
def test_a_value_that_cannot_be_trained_with_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    path = write_recipe(tmp_path / "mine.yaml", **{key: value})
    with pytest.raises(RecipeError, match=key.replace("__", r"\.")):
        load_recipe(path)


def test_one_pair_per_step_is_refused_where_pairs_weigh_differently(tmp_path: Path) -> None:
    path = write_recipe(tmp_path / "mine.yaml", batch__pairs_per_update=1, batch__pairs_at_once=1)
    with pytest.raises(RecipeError, match="weight would have no effect"):
        load_recipe(path)


def test_one_pair_per_step_is_taken_where_all_weigh_one(tmp_path: Path) -> None:
    path = write_recipe(tmp_path / "mine.yaml", "standard_dpo", batch__pairs_per_update=1)
    assert load_recipe(path).recipe.batch.pairs_per_update == 1


@pytest.mark.parametrize("text", ["", "just words", "loss: [1, 2", "- a\n- b\n"])
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=r"mine\.yaml"):
        load_recipe(path)


def test_a_recipe_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    path = write_recipe(tmp_path / "mine.yaml")
    assert find_recipe("sa_dpo").name == "sa_dpo.yaml"
    assert find_recipe(str(path)) == path


def test_a_recipe_that_is_neither_names_those_that_ship() -> None:
    with pytest.raises(RecipeError, match=r"sa_dpo, stand_in, standard_dpo"):
        find_recipe("sa_dop")


def test_the_hash_covers_the_comments_too(tmp_path: Path) -> None:
    path = write_recipe(tmp_path / "mine.yaml")
    before = load_recipe(path).hash
    path.write_text("# a reason\n" + path.read_text())
    assert load_recipe(path).hash != before
