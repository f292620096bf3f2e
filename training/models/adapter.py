"""The LoRA adapter: which layers it is on, and what share of the model's parameters it adds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from peft import LoraConfig
from torch import nn

from data.errors import TrainingError
from training.recipe import AdapterSettings

MAX_SHARE = 0.005
"""The paper's bound: less than 0.5 % additional parameters."""


@dataclass(frozen=True)
class AdapterSize:
    """`parameters` of the adapter, beside the `base` parameters that stay frozen."""

    parameters: int
    base: int

    @property
    def share(self) -> float:
        """Additional parameters as a share of the base model's."""
        return self.parameters / self.base

    def __str__(self) -> str:
        return f"{self.parameters:,} trainable parameters, {self.share:.3%} of {self.base:,}"


def lora_config(settings: AdapterSettings) -> LoraConfig:
    """PEFT's configuration. The pattern is matched against whole module names, as a string and not a list of names:

    a bare name such as `proj` would also hit the vision tower's patch embedding.
    """
    return LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,  # type: ignore[arg-type]  # annotated int, used as a factor only
        lora_dropout=0.0,
        bias="none",
        target_modules=settings.target_modules,
        task_type="CAUSAL_LM",
    )


def adapter_size(model: Any, settings: AdapterSettings) -> AdapterSize:
    """What the adapter would add to a model that has none yet; the model may be on the meta device.

    Raises TrainingError if no layer matches, or if a match is no linear layer.
    """
    matched = [
        (name, module)
        for name, module in model.named_modules()
        if re.fullmatch(settings.target_modules, name)
    ]
    if not matched:
        raise TrainingError(f"No layer of {type(model).__name__} matches {settings.target_modules!r}.")
    added = sum(_added(name, module, settings.rank) for name, module in matched)
    return AdapterSize(added, sum(parameter.numel() for parameter in model.parameters()))


def refuse_large_adapter(size: AdapterSize, settings: AdapterSettings) -> None:
    """Raise TrainingError above 0.5 % of the model's parameters, unless the recipe allows it."""
    if size.share > MAX_SHARE and not settings.allow_large_adapter:
        raise TrainingError(
            f"The adapter has {size}: more than {MAX_SHARE:.1%}. Lower adapter.rank, or set "
            "adapter.allow_large_adapter: true in the recipe."
        )


def _added(name: str, module: nn.Module, rank: int) -> int:
    if not isinstance(module, nn.Linear):
        raise TrainingError(
            f"The layer {name} is a {type(module).__name__}; the adapter needs linear layers."
        )
    return rank * (module.in_features + module.out_features)
