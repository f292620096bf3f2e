"""A recipe as TRL's settings. Every setting that a recipe does not name and that could change a result is set here."""

from __future__ import annotations

from pathlib import Path

import torch
from trl.trainer.dpo_config import DPOConfig

from data.errors import TrainingError
from training.recipe import BatchShape, Recipe

_WORKERS = 4
"""A frame takes about 0.1 s of one CPU core to become patches: without workers a GPU would wait for it."""


def dpo_config(recipe: Recipe, shape: BatchShape, *, steps: int, out: Path) -> DPOConfig:
    """TRL's configuration of a run of `steps` updates that keeps its checkpoints in `out`.

    Raises TrainingError for bf16 on a GPU that cannot compute in it.
    """
    if (
        recipe.runtime.precision == "bf16"
        and torch.cuda.is_available()
        and not torch.cuda.is_bf16_supported()
    ):
        raise TrainingError(
            f"{torch.cuda.get_device_name()} cannot compute in bf16: set runtime.precision: fp32 in the recipe."
        )
    schedule, runtime = recipe.schedule, recipe.runtime
    return DPOConfig(
        output_dir=str(out),
        beta=recipe.loss.beta or 1.0,  # a supervised run reads none
        max_length=None,  # TRL's 1,024 would cut completions behind a large image, silently
        per_device_train_batch_size=shape.pairs_at_once,
        gradient_accumulation_steps=shape.accumulation,
        dataloader_drop_last=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        dataloader_num_workers=_WORKERS if torch.cuda.is_available() else 0,
        train_sampling_strategy="sequential",  # the dataset is already in training order
        num_train_epochs=1,
        learning_rate=schedule.learning_rate,
        lr_scheduler_type=schedule.decay,
        warmup_steps=round(schedule.warmup_share * steps),
        weight_decay=schedule.weight_decay,
        max_grad_norm=schedule.max_grad_norm,
        optim="adamw_torch_fused" if torch.cuda.is_available() else "adamw_torch",
        use_cpu=not torch.accelerator.is_available(),
        bf16=runtime.precision == "bf16",
        gradient_checkpointing=shape.recompute,
        full_determinism=runtime.deterministic,
        seed=runtime.seed,
        data_seed=runtime.seed,
        logging_steps=runtime.log_every_steps,
        logging_first_step=True,
        logging_nan_inf_filter=False,  # a loss that is not a number must be seen
        save_strategy="no" if runtime.save_every_steps is None else "steps",
        save_steps=runtime.save_every_steps or 500,
        save_total_limit=2,
        report_to="none",  # TensorBoard is attached with a folder of its own
        disable_tqdm=True,
    )
