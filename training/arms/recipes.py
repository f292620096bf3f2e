"""Recipes and a grid of their keys -> arms, each a recipe file of its own."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # PyYAML ships no types

from data.errors import RecipeError
from data.text.strict_yaml import YAMLError, read_yaml
from training.recipe import find_recipe, load_recipe, read_recipe

Grid = Mapping[str, Sequence[Any]]
"""A key of the recipe, such as loss.beta -> the values that it takes."""


@dataclass(frozen=True)
class Arm:
    """One recipe with some keys set. `name` says which: sa_dpo, or sa_dpo-beta=0.3."""

    name: str
    recipe: Path
    keys: Mapping[str, Any]

    def text(self, seed: int) -> str:
        """The arm's recipe file with a seed. Raises RecipeError as `training.recipe.load_recipe`."""
        fields = read_yaml(self.recipe.read_text(encoding="utf-8"))
        for key, value in {**self.keys, "runtime.seed": seed}.items():
            _set(fields, key, value)
        head = f"# {self.recipe.name} with {', '.join(f'{key}: {value}' for key, value in self.keys.items())}"
        body = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)
        return f"{head if self.keys else f'# {self.recipe.name}'}, seed {seed}.\n{body}"


def parse_grid(given: Sequence[str]) -> dict[str, list[Any]]:
    """Options such as beta=0.05,0.1 or loss.alpha_high=1,5 as keys and values. Raises RecipeError.

    >>> parse_grid(["beta=0.05,0.1", "batch.stratified=true"])
    {'beta': [0.05, 0.1], 'batch.stratified': [True]}
    """
    grid: dict[str, list[Any]] = {}
    for one in given:
        key, equals, values = one.partition("=")
        if not (key and equals and all(value.strip() for value in values.split(","))):
            raise RecipeError(
                f"{one!r} is no grid: write a recipe's key and its values, such as beta=0.05,0.1."
            )
        if key in grid:
            raise RecipeError(f"The grid names {key} twice: put all its values behind one.")
        grid[key] = [_value(one, value) for value in values.split(",")]
    return grid


def arms_of(recipes: Sequence[str], grid: Grid) -> list[Arm]:
    """Every recipe with every combination of the grid's values. Raises RecipeError: an unknown recipe, one named twice,
    a key that a recipe does not have, a value that it does not take."""
    arms = [arm for recipe in recipes for arm in _arms(find_recipe(recipe), grid)]
    for arm in arms:
        read_recipe(Path(arm.name), arm.text(seed=0))
        if [other.name for other in arms].count(arm.name) > 1:
            raise RecipeError(f"Two arms are called {arm.name}: give one recipe file another name.")
    return arms


def _arms(recipe: Path, grid: Grid) -> list[Arm]:
    load_recipe(recipe)
    fields = read_yaml(recipe.read_text(encoding="utf-8"))
    found = {key: _full_key(recipe, fields, key) for key in grid}
    arms = []
    for values in itertools.product(*grid.values()):
        shown = [f"{key.rpartition('.')[2]}={value}" for key, value in zip(grid, values, strict=True)]
        keys = {found[key]: value for key, value in zip(grid, values, strict=True)}
        arms.append(Arm("-".join([recipe.stem, *shown]), recipe, keys))
    return arms


def _full_key(recipe: Path, fields: dict[str, Any], key: str) -> str:
    """The key with its section: beta is loss.beta."""
    known = [
        f"{section}.{name}" for section, inner in fields.items() if isinstance(inner, dict) for name in inner
    ]
    matching = [one for one in known if key in (one, one.rpartition(".")[2])]
    if len(matching) != 1:
        raise RecipeError(f"The recipe {recipe.name} has {_what_instead(key, matching, known)}.")
    return matching[0]


def _what_instead(key: str, matching: Sequence[str], known: Sequence[str]) -> str:
    if matching:
        return f"several keys {key}: name one of {', '.join(matching)}"
    short = {one.rpartition(".")[2]: one for one in known}
    near = [short[name] for name in get_close_matches(key.rpartition(".")[2], short, n=3)]
    return f"no key {key}" + (f"; the nearest is {' or '.join(near)}" if near else "")


def _set(fields: dict[str, Any], key: str, value: Any) -> None:
    section, _, name = key.partition(".")
    fields[section][name] = value


def _value(given: str, value: str) -> Any:
    try:
        return read_yaml(value.strip())
    except YAMLError as error:
        raise RecipeError(f"{value!r} in {given!r} is no value of a recipe.") from error
