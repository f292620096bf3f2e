"""Warm-ups that runs share: those that begin alike need one supervised start, whatever they do after it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from data.hashing import canonical_json
from training.recipe import BatchShape, Recipe
from training.record.provenance import RunOrigin

_SECTIONS = {"contrast", "adapter", "image", "batch", "warm_up", "schedule", "runtime"}
_AFTERWARDS = {
    "schedule": {"epochs", "max_steps", "learning_rate"},
    "runtime": {"log_every_steps", "save_every_steps"},
}
"""Keys that only what follows the warm-up reads, or that change no result."""


def warm_up_key(recipe: Recipe, shape: BatchShape, origin: RunOrigin) -> str:
    """Everything that the adapter after a warm-up depends on, as SHA-256 in hex.

    A warm-up weighs all pairs alike, so the recipe's loss is in it only where it decides which pairs a batch holds.
    """
    sections = _SECTIONS | ({"loss"} if recipe.batch.hold_each_weight else set())
    environment = origin.environment
    found = {
        "recipe": recipe.model_dump(mode="json", include=sections, exclude=_AFTERWARDS),
        "pairs_at_once": shape.pairs_at_once,
        "snapshot": origin.snapshot_hash,
        "base_model": origin.base_model_hash,
        "processor": origin.processor_hash,
        "device": environment.device,
        "versions": {name: environment.versions[name] for name in ("torch", "transformers", "trl", "peft")},
    }
    return hashlib.sha256(canonical_json(found).encode()).hexdigest()


def copy_whole(adapter: Path, to: Path) -> None:
    """Copy an adapter's folder where there is one and `to` is free: what stands at `to` is never a part of it."""
    if not adapter.is_dir() or to.exists():
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = to.with_name(f"{to.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(adapter, partial)
    partial.rename(to)
