"""What a run will do, known before it starts: checked inputs, pairs by weight, steps, tokens, size of the adapter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

from PIL import Image

from data.images.model_picture import model_size
from data.images.orientation import turn_of, turned_size
from data.snapshot.folder import Snapshot
from data.vocabulary import ReplyForm
from training.models.adapter import AdapterSize, adapter_size, refuse_large_adapter
from training.models.folder import DTYPES, is_stand_in, model_shape
from training.pairs.batches import update_steps
from training.pairs.preference_dataset import WeighedPair, load_pairs, pairs_by_weight, refuse_other_size
from training.pairs.processor import image_tokens, load_processor, refuse_resizing
from training.plan.estimate import Dimensions, PairTokens, RunEstimate, refuse_too_little_memory, run_estimate
from training.process.memory import available_bytes
from training.process.processes import processes
from training.recipe import Recipe, RecipeFile, load_recipe

_TOKENIZED_PAIRS = 64
"""Text lengths are estimated from this many pairs, spread evenly; image tokens are counted for all."""


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
        return self.recipe.pairs_per_update * processes()

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
    refuse_too_little_memory(
        dimensions, bytes_per_weight=_bytes_per_weight(settings), available=available_bytes()
    )
    frozen, pairs = load_pairs(snapshot, settings.loss)
    refuse_other_size(frozen, settings.image.width_px)
    for picture in {_shown_size(image, settings) for pair in pairs for image in pair.images}:
        refuse_resizing(processor, picture)
    return CheckedInputs(recipe_file, frozen, pairs, model, processor, size, dimensions)


def plan_training(inputs: CheckedInputs) -> TrainingPlan:
    """The plan of a run whose inputs are in order."""
    images = _image_tokens(inputs)
    texts = _text_tokens(inputs)
    prompt, chosen, rejected = (fmean(side) for side in zip(*texts, strict=True))
    typical = PairTokens(fmean(images), prompt, chosen, rejected)
    return TrainingPlan(
        recipe=inputs.recipe.name,
        snapshot_hash=inputs.snapshot.manifest.snapshot_hash,
        base_model=str(inputs.model),
        stand_in=is_stand_in(inputs.model),
        pairs=len(inputs.pairs),
        pairs_by_weight=pairs_by_weight(inputs.pairs),
        pairs_per_update=inputs.effective_batch,
        steps=inputs.steps,
        image_tokens_mean=fmean(images),
        image_tokens_max=max(images),
        prompt_tokens_mean=prompt,
        chosen_tokens_mean=chosen,
        rejected_tokens_mean=rejected,
        text_estimated_from=len(texts),
        adapter_parameters=inputs.adapter.parameters,
        base_parameters=inputs.adapter.base,
        adapter_share=inputs.adapter.share,
        estimate=_estimate(inputs, typical, max(images)),
        notes=notes(inputs),
    )


def _estimate(inputs: CheckedInputs, typical: PairTokens, largest_image: int) -> RunEstimate:
    return run_estimate(
        inputs.dimensions,
        typical=typical,
        largest=replace(typical, image=largest_image),
        adapter_parameters=inputs.adapter.parameters,
        pairs_at_once=inputs.recipe.batch.pairs_per_device,
        pairs_trained=inputs.steps * inputs.effective_batch,
        distinct_pairs=len(inputs.pairs),
        bytes_per_weight=_bytes_per_weight(inputs.recipe),
        recompute=inputs.recipe.runtime.gradient_checkpointing,
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
    if is_stand_in(inputs.model):
        found.append(
            "The base model is the stand-in with random weights: what is trained from it means nothing."
        )
    return found


def _image_tokens(inputs: CheckedInputs) -> list[int]:
    count = cache(lambda size: image_tokens(inputs.processor, *size))
    return [sum(count(_shown_size(image, inputs.recipe)) for image in pair.images) for pair in inputs.pairs]


def _shown_size(path: Path, recipe: Recipe) -> tuple[int, int]:
    with Image.open(path) as image:
        return model_size(*turned_size(image.size, turn_of(image)), most_width_px=recipe.image.width_px)


def _text_tokens(inputs: CheckedInputs) -> list[tuple[int, int, int]]:
    """(prompt, chosen, rejected) tokens of some pairs, spread evenly over the snapshot."""
    stride = max(1, len(inputs.pairs) // _TOKENIZED_PAIRS)
    tokenizer = inputs.processor.tokenizer
    return [
        tuple(  # type: ignore[misc]  # three sides give three counts
            sum(len(tokenizer(message.content)["input_ids"]) for message in messages)
            for messages in (weighed.pair.prompt, weighed.pair.chosen, weighed.pair.rejected)
        )
        for weighed in inputs.pairs[::stride][:_TOKENIZED_PAIRS]
    ]
