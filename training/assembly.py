"""Inputs -> a trainer, ready to train: model loaded, adapter on, pairs in training order and packed if they can be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import PrinterCallback, TrainerCallback

from data.hashing import file_hash
from training.models.adapter import lora_config
from training.models.folder import DTYPES, is_stand_in, load_model, model_hash, processor_hash
from training.models.shared_vision import base_model, rope_rule, why_not_packed
from training.pairs.batches import pair_order
from training.pairs.collator import PackedPairCollator, WeightedPairCollator
from training.pairs.preference_dataset import preference_dataset, unweighted
from training.plan.inputs import CheckedInputs
from training.process.callbacks import tensorboard
from training.record.checkpoints import seal
from training.record.provenance import Environment, RunOrigin
from training.record.run_folder import RunFolder
from training.trainer.dpo_config import dpo_config
from training.trainer.reference_cache import ReferenceCache, reference_keys
from training.trainer.sa_dpo_trainer import SADPOTrainer
from training.trainer.supervised_trainer import SupervisedTrainer


def run_origin(inputs: CheckedInputs) -> RunOrigin:
    """What determines the run. Reads every byte of the base model."""
    return RunOrigin(
        recipe=inputs.recipe.name,
        recipe_hash=inputs.recipe_file.hash,
        recipe_text=inputs.recipe_file.text,
        reply_form=inputs.form,
        image_width_px=inputs.recipe.image.width_px,
        frames=inputs.snapshot.manifest.frames,
        spacing_s=inputs.snapshot.manifest.spacing_s,
        snapshot_hash=inputs.snapshot.manifest.snapshot_hash,
        base_model=str(inputs.model.resolve()),
        base_model_hash=model_hash(inputs.model),
        processor_hash=processor_hash(inputs.model),
        stand_in=is_stand_in(inputs.model),
        pairs_per_update=inputs.effective_batch,
        environment=Environment.here(),
    )


def build_trainer(
    inputs: CheckedInputs,
    folder: RunFolder,
    origin: RunOrigin,
    *,
    reference_file: Path | None = None,
    callbacks: Sequence[TrainerCallback] = (),
) -> SADPOTrainer:
    """The trainer of the recipe's objective. It starts from the warm-up's adapter if there is one, and that is then the
    reference.

    reference_file: where reference log-probabilities are kept; None: in the run's own folder.
    """
    model = load_model(inputs.model, dtype=DTYPES[inputs.recipe.runtime.precision])
    warmed = folder.warm_up if inputs.recipe.warm_up else None
    adapter: dict[str, Any] = {"peft_config": lora_config(inputs.recipe.adapter)}
    if warmed:
        model, adapter = PeftModel.from_pretrained(model, str(warmed), is_trainable=True), {}
    supervised = inputs.recipe.loss.is_supervised
    trainer = (SupervisedTrainer if supervised else SADPOTrainer)(
        model=model,
        args=dpo_config(inputs.recipe, inputs.shape, steps=inputs.steps, out=folder.checkpoints),
        train_dataset=preference_dataset(inputs.pairs).select(training_order(inputs)),
        data_collator=_two_rows(inputs, chosen_only=supervised),
        processing_class=inputs.processor,
        callbacks=[*callbacks, *tensorboard(folder.tensorboard)],
        seal=lambda checkpoint, step: seal(checkpoint, step=step, origin=origin),
        sft_weight=inputs.recipe.loss.sft_weight,
        **adapter,
    )
    pack_pairs(trainer, inputs)
    if not supervised:
        setting = _reference_setting(trainer, inputs, origin, warmed)
        keys = reference_keys(inputs.pairs, setting=setting)
        trainer.reference_cache = ReferenceCache(reference_file or folder.reference_logps, keys)
    trainer.remove_callback(PrinterCallback)  # its lines of raw figures stand in history.jsonl
    return trainer


def build_warm_up(
    inputs: CheckedInputs, folder: RunFolder, callbacks: Sequence[TrainerCallback] = ()
) -> SupervisedTrainer:
    """The trainer of the warm-up that the recipe asks for; it keeps no checkpoints, since it is short."""
    warm_up = inputs.recipe.warm_up
    if warm_up is None:
        raise ValueError(f"the recipe {inputs.recipe.name} has no warm-up")
    args = dpo_config(inputs.recipe, inputs.shape, steps=warm_up.steps, out=folder.warm_up)
    args.learning_rate, args.save_strategy = warm_up.learning_rate, "no"
    trainer = SupervisedTrainer(
        model=load_model(inputs.model, dtype=DTYPES[inputs.recipe.runtime.precision]),
        args=args,
        train_dataset=preference_dataset(unweighted(inputs.pairs)).select(
            training_order(inputs, warm_up.steps)
        ),
        data_collator=_two_rows(inputs, chosen_only=True),
        processing_class=inputs.processor,
        peft_config=lora_config(inputs.recipe.adapter),
        callbacks=list(callbacks),
    )
    pack_pairs(trainer, inputs)
    trainer.remove_callback(PrinterCallback)
    return trainer


def training_order(inputs: CheckedInputs, steps: int | None = None) -> list[int]:
    """Indices of the pairs as they are trained on, in `steps` updates or as many as the recipe's run has."""
    return pair_order(
        len(inputs.pairs),
        steps=inputs.steps if steps is None else steps,
        effective_batch=inputs.effective_batch,
        seed=inputs.recipe.runtime.seed,
        strata=[one.levels for one in inputs.pairs] if inputs.recipe.batch.stratified else None,
        held=[one.kind for one in inputs.pairs] if inputs.recipe.batch.hold_each_weight else None,
    )


def pack_pairs(trainer: SADPOTrainer, inputs: CheckedInputs) -> None:
    """Give the trainer packed rows, if the recipe asks for them and nothing speaks against it."""
    if inputs.recipe.runtime.pack_pairs and why_not_packed(trainer.model) is None:
        rope_index = rope_rule(base_model(trainer.model).model)
        trainer.data_collator = PackedPairCollator(
            inputs.processor,
            width_px=inputs.recipe.image.width_px,
            rope_index=rope_index,
            chosen_only=isinstance(trainer, SupervisedTrainer),
        )


def _two_rows(inputs: CheckedInputs, *, chosen_only: bool) -> WeightedPairCollator:
    return WeightedPairCollator(
        inputs.processor, width_px=inputs.recipe.image.width_px, chosen_only=chosen_only
    )


def is_packed(trainer: SADPOTrainer) -> bool:
    """Whether the trainer encodes each pair's image and question once."""
    return isinstance(trainer.data_collator, PackedPairCollator)


def _reference_setting(
    trainer: SADPOTrainer, inputs: CheckedInputs, origin: RunOrigin, warmed: Path | None
) -> dict[str, object]:
    """Everything but the pair that reference log-probabilities depend on.

    The device, the libraries and how many pairs are padded together change them in the last bits: enough for a margin
    that should be 0 before the first update.
    """
    return {
        "base_model": origin.base_model_hash,
        "adapter": None if warmed is None else file_hash(warmed / "adapter_model.safetensors"),
        "processor": processor_hash(inputs.model),
        "width_px": inputs.recipe.image.width_px,
        "precision": inputs.recipe.runtime.precision,
        "packed": is_packed(trainer),
        "attention": base_model(trainer.model).config.get_text_config()._attn_implementation,
        "device": origin.environment.device,
        "pairs_at_once": inputs.shape.pairs_at_once,
        "versions": {name: origin.environment.versions[name] for name in ("torch", "transformers", "trl")},
    }
