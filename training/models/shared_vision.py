"""The vision tower, run once per batch: it is frozen, so policy and reference see the same images the same way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from data.vlm.profiles import model_profiles


def why_not_packed(model: Any) -> str | None:
    """Why this model, adapter included, cannot train on packed rows; None if it can. `model`: with or without PEFT."""
    base = base_model(model)
    family = model_profiles().families.get(base.config.model_type)
    if family is None or not family.packs:
        why = family.why_not if family else None
        return f"the model is a {base.config.model_type}: {why or 'no packed rows were tried with it'}"
    attention = base.config.get_text_config()._attn_implementation
    if attention != "sdpa":
        return f"its attention is {attention}, which takes no mask of its own for each token"
    if any(parameter.requires_grad for parameter in base.model.visual.parameters()):
        return "the adapter is on the vision tower too, so policy and reference see images differently"
    return None


def base_model(model: Any) -> Any:
    """The model inside its adapter, or the model itself."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def rope_rule(core: Any) -> Any:
    """The `get_rope_index` of a model, bound to its class and configuration alone.

    A collator that holds it is sent to every data-loader worker: bound to the model, all weights would go along.
    """
    bare = object.__new__(type(core))
    bare.__dict__["config"] = core.config
    return bare.get_rope_index


@contextlib.contextmanager
def vision_once(model: Any) -> Iterator[None]:
    """Inside, images are encoded on the first forward and taken from there on the next: for one batch alone.

    Nothing is kept for a backward pass, since nothing in the tower is trained. It works on the inner module, so that
    wrappers which gather parameters around a forward (DDP, FSDP) stay in between.
    """
    core = base_model(model).model
    encode = core.get_image_features
    seen: list[Any] = []

    def once(*args: Any, **kwargs: Any) -> Any:
        if not seen:
            with torch.no_grad():
                seen.append(encode(*args, **kwargs))
        return seen[0]

    core.get_image_features = once
    try:
        yield
    finally:
        del core.get_image_features  # the class's own again
