"""The arms of `bench-sa-dpo`: a shipped recipe each, with the keys that a model of this size needs.

All have one adapter and one picture size, and are watched on the development part. From the student, pairs are in the
student's style against people's; with `contrast` both sides are in people's style. Steps and rates are those at which
each arm's loss had come to rest.
"""

from __future__ import annotations

from typing import Any

BASELINE = "sft"
REPORTED = ("sft", "standard_dpo", "sa_dpo", "cdpo_contrast")
_SIZE: dict[str, Any] = {
    "adapter.rank": 32,
    "adapter.alpha": 64,
    "adapter.target_modules": r".*language_model.*\.(q|k|v|o|gate|up|down)_proj",
    "adapter.allow_large_adapter": True,
    "image.width_px": 192,
    "batch.pairs_per_update": 32,
    "batch.pairs_at_once": 32,
    "runtime.precision": "fp32",
    "runtime.gradient_checkpointing": False,
    "runtime.log_every_steps": 10,
    "runtime.save_every_steps": None,
    "watch": {"every_steps": 70, "false_calls": 0.05, "patience": None, "replies": 8},
}
_SFT = {**_SIZE, "schedule.max_steps": 140, "schedule.learning_rate": 4.0e-3}
_DPO = {**_SIZE, "schedule.max_steps": 60, "schedule.learning_rate": 4.0e-3}
_AFTER_SFT = {
    **_SIZE,
    "warm_up": {"steps": 100, "learning_rate": 4.0e-3},
    "contrast": {"pairs_per_frame": 2},
    "schedule.max_steps": 60,
    "schedule.learning_rate": 1.0e-3,
}
_CALIBRATED = {
    **_AFTER_SFT,
    "loss.alpha_high": 1.0,
    "loss.alpha_med": 1.0,
    "loss.beta": 1.0,
    "loss.sft_weight": 1.0,
}
_BOTH_TOWERS = {
    "adapter.target_modules": r".*(language_model.*\.(q|k|v|o|gate|up|down)_proj"
    r"|visual\.(blocks|merger).*\.(qkv|proj|linear_fc1|linear_fc2))",
    "runtime.pack_pairs": False,
}
ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    "sft": ("sft", _SFT),
    "standard_dpo": ("standard_dpo", _DPO),
    "sa_dpo": ("sa_dpo", _DPO),
    "sa_dpo_contrast": ("sa_dpo", _AFTER_SFT),
    "odpo_contrast": ("odpo", {**_AFTER_SFT, "loss.beta": 0.5, "loss.sft_weight": 0.5}),
    "cdpo_contrast": ("cdpo", {**_AFTER_SFT, "loss.beta": 0.5, "loss.sft_weight": 0.5}),
}
"""Name -> (shipped recipe, keys): what the benchmark trains."""
TRIED: dict[str, tuple[str, dict[str, Any]]] = {
    "sft_both_towers": (
        "sft",
        {**_SFT, **_BOTH_TOWERS, "schedule.max_steps": 210, "schedule.learning_rate": 2.0e-3},
    ),
    "sft_long": (
        "sft",
        {**_SFT, "schedule.max_steps": 280, "schedule.epochs": 4, "schedule.learning_rate": 3.0e-3},
    ),
    "sft_costs": ("sft", {**_SFT, "loss.alpha_high": 5.0, "loss.alpha_med": 2.0}),
    "cdpo_calibrated": ("cdpo", _CALIBRATED),
}
"""The same for what was tried and is not trained by default: `--only NAME`."""
