"""Packed rows against stock TRL: loss and gradients, in float32 and bfloat16, with and without recomputing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import torch

from tests.gpu.setting import Setting, a_batch, a_trainer, freed, gradients, perturb, step

ALL_ONE: dict[str, Any] = {"loss__alpha_high": 1.0, "loss__alpha_med": 1.0}
"""Stock TRL has no weights."""
REFERENCE_NATS = 0.05


def exactness(
    setting: Setting, recomputed: Sequence[bool] = (False, True)
) -> tuple[dict[str, Any], dict[str, bool]]:
    """Figures of every arm beside float32 stock without recomputing, and the rules that they keep."""
    found: dict[str, dict[str, Any]] = {}
    for precision, stock, recompute in product(("fp32", "bf16"), (True, False), recomputed):
        with freed():
            found[_name(precision, stock, recompute)] = _arm(
                setting, precision, stock=stock, recompute=recompute
            )
    truth = found[_name("fp32", stock=True, recompute=False)]
    arms = {name: _beside(arm, truth) for name, arm in found.items()}
    with freed():
        start = _at_the_start(setting)
    return {"arms": arms, "start": start}, rules_of(arms, start)


def rules_of(arms: dict[str, dict[str, float]], start: dict[str, float]) -> dict[str, bool]:
    """Which rules the figures keep."""
    exact = [arm for name, arm in arms.items() if name.startswith("fp32 packed")]
    return {
        "float32: packed and stock losses within 1e-4": all(arm["loss_difference"] <= 1e-4 for arm in exact),
        "bfloat16: packed gradients no farther from float32 than 1.5 times stock's": (
            arms["bf16 packed"]["gradient_l2"] <= 1.5 * max(arms["bf16 stock"]["gradient_l2"], 1e-6)
        ),
        "at LoRA's start every margin is 0": start["margin_max"] == 0.0,
        f"a reference computed alone and in a batch within {REFERENCE_NATS} nats": (
            start["reference_alone_or_batched_nats"] <= REFERENCE_NATS
        ),
    }


def _name(precision: str, stock: bool, recompute: bool) -> str:
    return f"{precision} {'stock' if stock else 'packed'}{' recomputed' if recompute else ''}"


def _arm(setting: Setting, precision: str, *, stock: bool, recompute: bool) -> dict[str, Any]:
    inputs = setting.inputs("exact", runtime__precision=precision, **ALL_ONE)
    trainer = a_trainer(
        inputs,
        setting.folder / "exact",
        stock=stock,
        pairs_at_once=setting.pairs_at_once,
        recompute=recompute,
    )
    perturb(trainer)
    batch = a_batch(trainer, setting.pairs_at_once)
    loss = step(trainer, batch)
    return {
        "loss": loss,
        "gradient": gradients(trainer),
        "reference": _reference(trainer, batch, stock=stock),
    }


def _reference(trainer: Any, batch: Any, *, stock: bool) -> torch.Tensor:
    """(2, pairs): summed log-probabilities of the chosen and rejected answers under the base model."""
    if stock:
        sides = trainer.compute_ref_log_probs(trainer.model, batch)
    else:
        rest = {name: value for name, value in batch.items() if name not in ("weight", "pair_id")}
        sides = trainer._reference_logps(trainer.model, rest, [])
    return torch.stack([side.detach().double().cpu() for side in sides])


def _beside(arm: dict[str, Any], truth: dict[str, Any]) -> dict[str, float]:
    difference = (arm["gradient"] - truth["gradient"]).norm() / truth["gradient"].norm()
    return {
        "loss": arm["loss"],
        "loss_difference": abs(arm["loss"] - truth["loss"]),
        "answer_nats": float((arm["reference"] - truth["reference"]).abs().max()),
        "gradient_cosine": float(torch.cosine_similarity(arm["gradient"], truth["gradient"], dim=0)),
        "gradient_l2": float(difference),
    }


def _at_the_start(setting: Setting) -> dict[str, float]:
    """Margins before the first update, and references computed one pair at a time beside a batch, as they are used."""
    inputs = setting.inputs("exact", runtime__precision="bf16", **ALL_ONE)
    trainer = a_trainer(inputs, setting.folder / "exact", stock=False, pairs_at_once=setting.pairs_at_once)
    batch = a_batch(trainer, setting.pairs_at_once)
    step(trainer, batch)
    margins = trainer._metrics["train"]["rewards/margins"]
    with trainer.compute_loss_context_manager():
        together = _reference(trainer, batch, stock=False)
        alone = [
            _reference(trainer, a_batch(trainer, 1, first=index), stock=False)
            for index in range(setting.pairs_at_once)
        ]
    return {
        "margin_max": max(abs(margin) for margin in margins),
        "reference_alone_or_batched_nats": float((torch.cat(alone, dim=1) - together).abs().max()),
    }
