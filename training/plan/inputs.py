"""What a run will do, known before it starts: checked inputs, pairs by weight, steps, tokens, size of the adapter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data.errors import TrainingError
from data.snapshot.folder import Snapshot
from data.vocabulary import ReplyForm
from training.models.adapter import AdapterSize, adapter_size, refuse_large_adapter
from training.models.folder import DTYPES, RANDOM, is_stand_in, model_shape, stand_in_weights
from training.pairs.batches import update_steps
from training.pairs.development_part import development_part
from training.pairs.preference_dataset import (
    WeighedPair,
    load_pairs,
    pairs_by_weight,
    refuse_other_size,
    with_contrast,
)
from training.pairs.processor import load_processor, refuse_resizing
from training.plan.batch_shape import MemoryOf, fitting_shape, smaller_shape
from training.plan.estimate import (
    Dimensions,
    PairTokens,
    RunEstimate,
    refuse_too_little_memory,
    run_bytes,
    run_estimate,
)
from training.plan.tokens import TokenCounts, count_tokens, shown_size
from training.process.memory import available_bytes
from training.process.processes import processes
from training.recipe import BatchShape, Recipe, RecipeFile, load_recipe

LONGER = 1.5
"""From this ratio of chosen to rejected tokens on, a trainer is told."""


@dataclass(frozen=True)
class CheckedInputs:
    """Everything a run needs but the weights, checked: no rule is left to be broken after the model is loaded."""

    recipe_file: RecipeFile
    snapshot: Snapshot
    pairs: list[WeighedPair]
    model: Path
    processor: Any
    adapter: AdapterSize
    dimensions: Dimensions
    tokens: TokenCounts
    shape: BatchShape

    @property
    def recipe(self) -> Recipe:
        """The recipe itself."""
        return self.recipe_file.recipe

    @property
    def form(self) -> ReplyForm:
        """The reply form of the snapshot; `load_pairs` refuses one without."""
        return self.snapshot.manifest.reply_form or ReplyForm.LEVEL_FIRST

    @property
    def effective_batch(self) -> int:
        """Pairs per update over all processes."""
        return self.recipe.batch.pairs_per_update * processes()

    @property
    def steps(self) -> int:
        """Optimizer updates of the run."""
        schedule = self.recipe.schedule
        return update_steps(
            len(self.pairs),
            epochs=schedule.epochs,
            effective_batch=self.effective_batch,
            max_steps=schedule.max_steps,
        )

    def with_less_memory(self) -> CheckedInputs | None:
        """The same run in a smaller shape, for after it ran out of memory; None if the recipe leaves no other."""
        memory_of = _memory_of(self.recipe, self.dimensions, self.adapter, self.tokens.largest)
        smaller = smaller_shape(self.recipe, memory_of, self.shape)
        return None if smaller is None else replace(self, shape=smaller)


@dataclass(frozen=True)
class TrainingPlan:
    """What `--dry-run` shows. Token counts are per pair; the means of text are over `text_estimated_from` pairs."""

    recipe: str
    snapshot_hash: str
    base_model: str
    stand_in: bool
    pairs: int
    pairs_by_weight: dict[str, int]
    pairs_per_update: int
    shape: BatchShape
    available_gib: float
    steps: int
    image_tokens_mean: float
    image_tokens_max: int
    prompt_tokens_mean: float
    chosen_tokens_mean: float
    rejected_tokens_mean: float
    text_estimated_from: int
    adapter_parameters: int
    base_parameters: int
    adapter_share: float
    estimate: RunEstimate
    notes: list[str]


def check_inputs(snapshot: Path, recipe: Path, model: Path) -> CheckedInputs:
    """Read and check everything but the weights. Raises the domain error of the first rule that is broken."""
    recipe_file = load_recipe(recipe)
    settings = recipe_file.recipe
    shape = model_shape(model)
    processor = load_processor(model)
    size, dimensions = adapter_size(shape, settings.adapter), Dimensions.of(shape)
    refuse_large_adapter(size, settings.adapter)
    available = available_bytes()
    refuse_too_little_memory(dimensions, bytes_per_weight=_bytes_per_weight(settings), available=available)
    frozen, pairs = load_pairs(snapshot, settings.loss)
    pairs = with_contrast(pairs, settings)
    _refuse_no_room(pairs, settings)
    refuse_other_size(frozen, settings.image.width_px)
    for picture in {shown_size(image, settings.image.width_px) for pair in pairs for image in pair.images}:
        refuse_resizing(processor, picture)
    if settings.watch:
        development_part(frozen, width_px=settings.image.width_px)
    tokens = count_tokens(pairs, processor, width_px=settings.image.width_px)
    memory_of = _memory_of(settings, dimensions, size, tokens.largest)
    shape = fitting_shape(settings, memory_of, available=available)
    return CheckedInputs(recipe_file, frozen, pairs, model, processor, size, dimensions, tokens, shape)


def _refuse_no_room(pairs: list[WeighedPair], recipe: Recipe) -> None:
    kinds, room = len({pair.kind for pair in pairs}), recipe.batch.pairs_per_update
    if recipe.batch.hold_each_weight and kinds > room:
        raise TrainingError(
            f"The pairs have {kinds} different weights, and {room} pairs per step cannot hold one of each: raise "
            "batch.pairs_per_update or set batch.hold_each_weight: false."
        )


def plan_training(inputs: CheckedInputs) -> TrainingPlan:
    """The plan of a run whose inputs are in order."""
    typical = inputs.tokens.typical
    return TrainingPlan(
        recipe=inputs.recipe.name,
        snapshot_hash=inputs.snapshot.manifest.snapshot_hash,
        base_model=str(inputs.model),
        stand_in=is_stand_in(inputs.model),
        pairs=len(inputs.pairs),
        pairs_by_weight=pairs_by_weight(inputs.pairs),
        pairs_per_update=inputs.effective_batch,
        shape=inputs.shape,
        available_gib=available_bytes() / 2**30,
        steps=inputs.steps,
        image_tokens_mean=typical.image,
        image_tokens_max=max(inputs.tokens.images),
        prompt_tokens_mean=typical.question,
        chosen_tokens_mean=typical.chosen,
        rejected_tokens_mean=typical.rejected,
        text_estimated_from=len(inputs.tokens.texts),
        adapter_parameters=inputs.adapter.parameters,
        base_parameters=inputs.adapter.base,
        adapter_share=inputs.adapter.share,
        estimate=_estimate(inputs),
        notes=notes(inputs),
    )


def _estimate(inputs: CheckedInputs) -> RunEstimate:
    memory_of = _memory_of(inputs.recipe, inputs.dimensions, inputs.adapter, inputs.tokens.largest)
    return run_estimate(
        inputs.dimensions,
        typical=inputs.tokens.typical,
        memory_bytes=memory_of(inputs.shape),
        pairs_trained=inputs.steps * inputs.effective_batch,
        distinct_pairs=len(inputs.pairs),
        recompute=inputs.shape.recompute,
    )


def _memory_of(recipe: Recipe, dimensions: Dimensions, adapter: AdapterSize, largest: PairTokens) -> MemoryOf:
    return lambda shape: run_bytes(
        dimensions,
        largest,
        adapter_parameters=adapter.parameters,
        pairs_at_once=shape.pairs_at_once,
        bytes_per_weight=_bytes_per_weight(recipe),
        recompute=shape.recompute,
    )


def _bytes_per_weight(recipe: Recipe) -> int:
    return DTYPES[recipe.runtime.precision].itemsize


def notes(inputs: CheckedInputs) -> list[str]:
    """What a trainer should know before believing in the run; each a sentence, none a refusal."""
    found = []
    weights = {pair.weight for pair in inputs.pairs}
    if inputs.recipe.weighs_pairs and len(weights) == 1:
        found.append(
            f"All pairs weigh {weights.pop():g}: weighing has no effect beyond the scale of the loss."
        )
    if len(inputs.pairs) < inputs.effective_batch:
        found.append(
            f"There are {len(inputs.pairs)} pairs for updates over {inputs.effective_batch}: "
            "pairs repeat within one update."
        )
    typical = inputs.tokens.typical
    if typical.chosen > LONGER * typical.rejected:
        found.append(
            f"Chosen answers are {typical.chosen / typical.rejected:.1f} times as long as rejected ones: their "
            "log-probabilities are summed over tokens, so part of every margin will be length and style."
        )
    if (weights_are := stand_in_weights(inputs.model)) == RANDOM:
        found.append(
            "The base model is the stand-in with random weights: what is trained from it means nothing."
        )
    elif weights_are:
        found.append(
            f"The base model is a stand-in, {weights_are}: what is trained from it says nothing of real roads."
        )
    return found
