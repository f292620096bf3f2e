"""How many pairs at once, and whether layers are recomputed, where the recipe leaves it to the device's memory. Pure.

What is learned depends on the pairs of an update alone; how many of them are in memory at a time decides speed.
"""

from __future__ import annotations

from collections.abc import Callable

from training.recipe import BatchShape, Recipe

MOST_AT_ONCE = 8
"""More at once have not been measured to be faster, and rows of one batch are padded to the longest."""
MEMORY_SHARE = 0.75
"""Share of a device's memory that an estimate may fill: it is arithmetic, not measurement."""

MemoryOf = Callable[[BatchShape], float]
"""Estimated bytes of a run in that shape."""


def possible_shapes(recipe: Recipe) -> list[BatchShape]:
    """Every shape that the recipe allows, fastest first: recomputing costs a forward pass, small batches less."""
    pairs, at_once = recipe.batch.pairs_per_update, recipe.batch.pairs_at_once
    wanted = recipe.runtime.gradient_checkpointing
    counts = [n for n in range(min(pairs, MOST_AT_ONCE), 0, -1) if pairs % n == 0]
    return [
        BatchShape(n, pairs // n, recompute)
        for recompute in ([False, True] if wanted == "auto" else [wanted])
        for n in (counts if at_once == "auto" else [at_once])
    ]


def fitting_shape(recipe: Recipe, memory_of: MemoryOf, *, available: int) -> BatchShape:
    """The fastest shape that is estimated to fit into `available` bytes; the smallest if none is."""
    shapes = possible_shapes(recipe)
    return next((shape for shape in shapes if memory_of(shape) <= MEMORY_SHARE * available), shapes[-1])


def smaller_shape(recipe: Recipe, memory_of: MemoryOf, failed: BatchShape) -> BatchShape | None:
    """What to try after `failed` ran out of memory: the fastest shape that saves half of what can be saved.

    None if the recipe leaves no other. The weights are in every shape's memory: nothing saves them.
    """
    shapes = possible_shapes(recipe)
    halfway = (memory_of(failed) + memory_of(shapes[-1])) / 2
    return next((shape for shape in shapes if shape != failed and memory_of(shape) <= halfway), None)
