"""How much memory and time a run takes, from the model's dimensions: arithmetic, not measurement, and marked so.

Time counts the floating-point operations of matrix products (2 per multiply-add) and divides by what the device does at
an assumed utilisation. Memory adds up weights, adapter, what is kept for the backward pass, and a margin. Both are for
packed pairs, the vision tower frozen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from data.errors import TrainingError

DEVICE = "RTX A6000, 48 GB"
DEVICE_FLOPS = 154.8e12
"""Its peak in bf16 without sparsity, per second, as its data sheet says."""
UTILISATION = 0.3
"""Assumed share of the peak; small batches with gradient checkpointing seldom reach more."""
OVERHEAD_BYTES = 2 * 2**30
"""CUDA's own context, workspaces and fragmentation: assumed."""
_ADAPTER_BYTES = 16
"""Per adapter parameter in float32: itself, its gradient and AdamW's two moments."""


@dataclass(frozen=True)
class Dimensions:
    """Sizes of a model. `text` and `vision`: parameters that every token or patch is multiplied with."""

    total: int
    text: int
    vision: int
    layers: int
    hidden: int
    intermediate: int
    vocabulary: int
    vision_layers: int
    vision_hidden: int
    vision_intermediate: int
    patches_per_token: int

    @classmethod
    def of(cls, model: Any) -> Dimensions:
        """The sizes of a Qwen-VL model, which may be on the meta device."""
        text, vision = model.config.get_text_config(), model.config.vision_config
        language, tower = model.model.language_model, model.model.visual
        embeddings = language.embed_tokens.weight.numel()
        return cls(
            total=sum(p.numel() for p in model.parameters()),
            text=sum(p.numel() for p in language.parameters()) - embeddings,
            vision=sum(p.numel() for p in tower.parameters()),
            layers=text.num_hidden_layers,
            hidden=text.hidden_size,
            intermediate=text.intermediate_size,
            vocabulary=text.vocab_size,
            vision_layers=vision.depth,
            vision_hidden=vision.hidden_size,
            vision_intermediate=vision.intermediate_size,
            patches_per_token=vision.spatial_merge_size**2,
        )


@dataclass(frozen=True)
class PairTokens:
    """Tokens of one pair: of its image, its question without the image, and its two answers."""

    image: float
    question: float
    chosen: float
    rejected: float

    @property
    def row(self) -> float:
        """Tokens of the packed row."""
        return self.image + self.question + self.answers

    @property
    def answers(self) -> float:
        """Tokens whose log-probability counts."""
        return self.chosen + self.rejected


@dataclass(frozen=True)
class RunEstimate:
    """What a run takes on `device`, estimated; `hours` at the assumed `utilisation` of its peak."""

    device: str
    utilisation: float
    memory_gib: float
    tflop_per_pair: float
    hours: float


def run_estimate(
    dimensions: Dimensions,
    *,
    typical: PairTokens,
    memory_bytes: float,
    pairs_trained: int,
    distinct_pairs: int,
    recompute: bool,
) -> RunEstimate:
    """Time for `pairs_trained` of the `typical` pairs, beside the run's `memory_bytes`.

    `distinct_pairs` of them need the reference once. `recompute`: gradient checkpointing.
    """
    step = training_flop(dimensions, typical, recompute=recompute)
    reference = text_flop(dimensions, typical) * min(distinct_pairs, pairs_trained)
    return RunEstimate(
        device=DEVICE,
        utilisation=UTILISATION,
        memory_gib=memory_bytes / 2**30,
        tflop_per_pair=step / 1e12,
        hours=(step * pairs_trained + reference) / (DEVICE_FLOPS * UTILISATION) / 3600,
    )


def run_bytes(
    dimensions: Dimensions,
    largest: PairTokens,
    *,
    adapter_parameters: int,
    pairs_at_once: int,
    bytes_per_weight: int,
    recompute: bool,
) -> float:
    """Memory of a run with `pairs_at_once` of the `largest` pairs. `recompute`: gradient checkpointing."""
    return (
        dimensions.total * bytes_per_weight
        + adapter_parameters * _ADAPTER_BYTES
        + pairs_at_once * kept_bytes(dimensions, largest, bytes_per_weight, recompute=recompute)
        + OVERHEAD_BYTES
    )


def training_flop(dimensions: Dimensions, tokens: PairTokens, *, recompute: bool) -> float:
    """One pair, forward and backward: the base is frozen, so backward costs what forward does, not twice that."""
    return vision_flop(dimensions, tokens) + (3 if recompute else 2) * text_flop(dimensions, tokens)


def text_flop(dimensions: Dimensions, tokens: PairTokens) -> float:
    """One forward pass of a packed row through the language model, and of its answers through the head."""
    linear = 2 * tokens.row * dimensions.text
    attention = 4 * tokens.row**2 * dimensions.hidden * dimensions.layers
    head = 2 * tokens.answers * dimensions.hidden * dimensions.vocabulary
    return linear + attention + head


def vision_flop(dimensions: Dimensions, tokens: PairTokens) -> float:
    """One forward pass of a pair's image through the vision tower."""
    patches = tokens.image * dimensions.patches_per_token
    attention = 4 * patches**2 * dimensions.vision_hidden * dimensions.vision_layers
    return 2 * patches * dimensions.vision + attention


def kept_bytes(dimensions: Dimensions, tokens: PairTokens, bytes_per_value: int, *, recompute: bool) -> float:
    """What one pair holds at the peak of its step: layers' inputs, a layer at work, mask, logits, patches."""
    one_layer = tokens.row * (14 * dimensions.hidden + 5 * dimensions.intermediate)
    inputs = tokens.row * dimensions.hidden * dimensions.layers
    text = inputs + one_layer if recompute else one_layer * dimensions.layers
    patches = tokens.image * dimensions.patches_per_token
    vision = patches * (8 * dimensions.vision_hidden + 2 * dimensions.vision_intermediate)
    logits = tokens.answers * dimensions.vocabulary * 8  # float32, and their gradient
    return (text + vision + tokens.row**2) * bytes_per_value + logits


def refuse_too_little_memory(dimensions: Dimensions, *, bytes_per_weight: int, available: int) -> None:
    """Raise TrainingError if the weights alone are more than the `available` bytes."""
    needed = dimensions.total * bytes_per_weight
    if needed > available:
        raise TrainingError(
            f"The base model's weights take {needed / 2**30:.1f} GiB and {available / 2**30:.1f} GiB are free here. "
            "Free some, train on a larger machine, or set runtime.precision: bf16 in the recipe."
        )
