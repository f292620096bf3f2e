"""Which arms there are: recipes, grids and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import RecipeError
from tests.training.builders import write_recipe
from training.arms.recipes import arms_of, parse_grid
from training.recipe import load_recipe


def test_a_grid_gives_every_combination_its_own_recipe(tmp_path: Path) -> None:
    arms = arms_of(["sa_dpo"], parse_grid(["beta=0.05,0.3", "loss.alpha_high=1,5"]))
    assert [arm.name for arm in arms] == [
        "sa_dpo-beta=0.05-alpha_high=1",
        "sa_dpo-beta=0.05-alpha_high=5",
        "sa_dpo-beta=0.3-alpha_high=1",
        "sa_dpo-beta=0.3-alpha_high=5",
    ]
    (tmp_path / "recipe.yaml").write_text(arms[2].text(seed=7))
    settings = load_recipe(tmp_path / "recipe.yaml").recipe
    assert (settings.loss.beta, settings.loss.alpha_high, settings.runtime.seed) == (0.3, 1.0, 7)


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (["betta=1"], "sa_dpo.yaml has no key betta; the nearest is loss.beta"),
        (["beta=0.1,high"], "The recipe sa_dpo-beta=high has 'high' for loss.beta"),
        (["beta"], "'beta' is no grid"),
        (["beta=0.1,"], "is no grid"),
        (["beta=1", "beta=2"], "names beta twice"),
    ],
)
def test_a_grid_that_means_nothing_is_one_sentence(grid: list[str], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        arms_of(["sa_dpo"], parse_grid(grid))


def test_two_recipes_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="Two arms are called sa_dpo"):
        arms_of(["sa_dpo", str(write_recipe(tmp_path / "sa_dpo.yaml"))], {})
