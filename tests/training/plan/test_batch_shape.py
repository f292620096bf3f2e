"""Which batch shape is chosen on which device, and what is tried after it ran out of memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.errors import RecipeError
from tests.training.builders import write_recipe
from tests.training.plan.test_estimate import QWEN3_VL_2B
from training.plan.batch_shape import fitting_shape, smaller_shape
from training.plan.estimate import PairTokens, run_bytes
from training.recipe import BatchShape, Recipe, load_recipe

GIB = 2**30
TOKENS = PairTokens(image=720, question=240, chosen=120, rejected=120)


def memory_of(shape: BatchShape) -> float:
    """Of the paper's run on Qwen3-VL-2B in bf16."""
    return run_bytes(
        QWEN3_VL_2B,
        TOKENS,
        adapter_parameters=6_422_528,
        pairs_at_once=shape.pairs_at_once,
        bytes_per_weight=2,
        recompute=shape.recompute,
    )


def a_recipe(folder: Path, **changed: Any) -> Recipe:
    return load_recipe(write_recipe(folder / "recipe.yaml", "sa_dpo", **changed)).recipe


@pytest.mark.parametrize(
    ("device_gib", "expected"),
    [
        (80, BatchShape(8, 2, recompute=False)),
        (48, BatchShape(4, 4, recompute=False)),
        (24, BatchShape(2, 8, recompute=False)),
        (12, BatchShape(4, 4, recompute=True)),
        (4, BatchShape(1, 16, recompute=True)),
    ],
)
def test_auto_takes_the_fastest_shape_that_leaves_room(
    tmp_path: Path, device_gib: int, expected: BatchShape
) -> None:
    recipe = a_recipe(tmp_path, batch__pairs_per_update=16)
    assert fitting_shape(recipe, memory_of, available=device_gib * GIB) == expected


def test_numbers_in_the_recipe_are_taken_as_they_are(tmp_path: Path) -> None:
    fixed = a_recipe(
        tmp_path, batch__pairs_per_update=12, batch__pairs_at_once=3, runtime__gradient_checkpointing=False
    )
    assert fitting_shape(fixed, memory_of, available=4 * GIB) == BatchShape(3, 4, recompute=False)


def test_pairs_at_once_divide_an_update_evenly(tmp_path: Path) -> None:
    recipe = a_recipe(tmp_path, batch__pairs_per_update=10)
    assert fitting_shape(recipe, memory_of, available=80 * GIB) == BatchShape(5, 2, recompute=False)
    with pytest.raises(RecipeError, match="4 pairs at once do not divide 10"):
        a_recipe(tmp_path, batch__pairs_per_update=10, batch__pairs_at_once=4)


def test_after_running_out_of_memory_half_of_what_can_be_saved_is_saved(tmp_path: Path) -> None:
    recipe = a_recipe(tmp_path, batch__pairs_per_update=16)
    failed = BatchShape(8, 2, recompute=False)
    smaller = smaller_shape(recipe, memory_of, failed)
    assert smaller == BatchShape(4, 4, recompute=False)
    assert memory_of(smaller) < 0.6 * memory_of(failed)
    alone = BatchShape(1, 16, recompute=False)
    assert smaller_shape(recipe, memory_of, alone) == BatchShape(2, 8, recompute=True)


def test_after_the_smallest_shape_there_is_nothing_to_try(tmp_path: Path) -> None:
    recipe = a_recipe(tmp_path, batch__pairs_per_update=16)
    assert smaller_shape(recipe, memory_of, BatchShape(1, 16, recompute=True)) is None
    fixed = a_recipe(tmp_path, batch__pairs_at_once=1, runtime__gradient_checkpointing=True)
    assert smaller_shape(fixed, memory_of, BatchShape(1, 16, recompute=True)) is None
