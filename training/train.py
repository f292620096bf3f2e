"""The use case of training: a snapshot, a recipe and a base model become an adapter with its provenance."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from data.errors import TrainingError
from data.snapshot.judged import JUDGED_DEVELOPMENT, JudgedFrame, write_judged
from data.vlm.model_card import write_model_card
from data.vlm.weights import served_name
from training.assembly import build_trainer, build_warm_up, is_packed, run_origin, training_order
from training.models.folder import first_line, is_stand_in
from training.models.shared_vision import why_not_packed
from training.pairs.development_part import development_part
from training.pairs.preference_dataset import pairs_by_weight
from training.plan.inputs import CheckedInputs, TrainingPlan, check_inputs, notes, plan_training
from training.process.callbacks import Progress, Say, TrainingWatch
from training.process.chatter import library_chatter_to_stderr
from training.process.memory import release_memory
from training.process.processes import is_main_process, processes
from training.process.trackers import Tracker, refuse_missing, tracking
from training.record.checkpoints import last_good, remove_unfinished, seal, steps_of, take_place
from training.record.provenance import (
    AdapterProvenance,
    BaseModelRecord,
    Environment,
    RunOrigin,
    now,
    write_provenance,
)
from training.record.run_folder import RunFolder, refuse_taken
from training.record.warm_ups import copy_whole, warm_up_key
from training.trainer.sa_dpo_trainer import SAVING_ERRORS, SADPOTrainer
from training.watching.figures import best_look, looks
from training.watching.watch import DecisionWatch


@dataclass(frozen=True)
class TrainingResult:
    """A finished run. `decisions`: the last look at the development part, None where none was watched; `best`: the
    adapter of the best look, and what that one was.

    The losses are the mean weighted losses of the first and the last logged window of steps, `accuracy_last` the share
    of the last window's pairs in the right order: neither says which levels the model decides.
    """

    adapter: Path
    served_name: str
    base_model: Path
    rank: int
    steps: int
    decisions: dict[str, float] | None
    best: Path | None
    best_decisions: dict[str, float] | None
    loss_first: float
    loss_last: float
    accuracy_last: float
    pairs_by_weight: dict[str, int]
    adapter_parameters: int
    adapter_share: float
    stand_in: bool
    notes: list[str]


def train(
    snapshot: Path,
    recipe: Path,
    model: Path,
    out: Path,
    *,
    resume: bool = False,
    reference_file: Path | None = None,
    warm_ups: Path | None = None,
    trackers: Sequence[Tracker] = (),
    progress: Progress | None = None,
    say: Say | None = None,
) -> TrainingResult:
    """Train an adapter into the new folder `out`, or with `resume` go on with the run that was interrupted there.

    `out` gets the adapter in PEFT's form, the recipe as it was, `history.jsonl` (one line of figures per log),
    TensorBoard logs, sealed checkpoints if the recipe asks for them, and last of all `provenance.json` and the model
    card made of it: a folder without the record is an interrupted run. A resumed run ends with the parameters that it
    would have had uninterrupted: to the last bit on a CPU, and on a GPU where the recipe is deterministic; else to
    rounding, as two whole runs do.

    reference_file: where reference log-probabilities are kept and looked up; runs on one snapshot may share it.
    warm_ups: the same for adapters after a warm-up; runs that begin alike then warm up once.
    trackers: where the curves go beside TensorBoard.

    Where the recipe watches, `best/` gets the adapter of the best look at the development part, sealed as a checkpoint.

    A run that runs out of memory goes on once, in a smaller batch, where the recipe says "auto".

    Raises RecipeError, SnapshotError, LeakError or TrainingError before anything is written, and TrainingError if the
    loss stops being a number, the disk is full or the retry runs out of memory too.
    """
    folder = RunFolder(out)
    refuse_missing(list(trackers))
    if not resume:
        refuse_taken(out)
    if not is_main_process():
        progress = say = None
    with library_chatter_to_stderr(), _threads_for(model):
        inputs = check_inputs(snapshot, recipe, model)
        origin = run_origin(inputs)
        if resume:
            folder.refuse_another_run(origin)
        _announce(inputs, say)
        run = _Run(folder, origin, reference_file, warm_ups, list(trackers), progress, say)
        return _with_one_retry(run, inputs, resume=resume)


def plan(snapshot: Path, recipe: Path, model: Path) -> TrainingPlan:
    """What `train` would do, with the same refusals; loads no weights and writes nothing."""
    with library_chatter_to_stderr():
        return plan_training(check_inputs(snapshot, recipe, model))


@dataclass(frozen=True)
class _Run:
    """What stays the same through a run, whatever shape its batches have."""

    folder: RunFolder
    origin: RunOrigin
    reference_file: Path | None
    warm_ups: Path | None
    trackers: list[Tracker]
    progress: Progress | None
    say: Say | None

    def attempt(self, inputs: CheckedInputs, *, resume: bool) -> TrainingResult:
        """Train to the end and keep the adapter. Raises torch.OutOfMemoryError."""
        watch = TrainingWatch(self.progress, self.say)
        decisions = self._decisions(inputs)
        kept = self._kept_warm_up(inputs)
        with nullcontext() if resume else self.folder.begun(self.origin):
            if kept:
                copy_whole(kept, self.folder.warm_up)
            trainer = self._first_trainer(inputs, watch, decisions)
        if self._warms_up(inputs):
            _warm_up(trainer, self.folder)
            if kept:
                copy_whole(self.folder.warm_up, kept)
            trainer = self._trainer(inputs, watch, decisions)
        found = [*notes(inputs), *_path_note(trainer, inputs)]
        checkpoint = _where_to_go_on(trainer, inputs, self.folder, self.say) if resume else None
        _train(trainer, checkpoint)
        if decisions:
            _keep_judged(decisions, self.folder.path)
        return _keep(trainer, inputs, self.folder, self.origin, [*found, *watch.warnings])

    def _decisions(self, inputs: CheckedInputs) -> DecisionWatch | None:
        """The watch over the development part that the recipe asks for."""
        settings = inputs.recipe.watch
        if settings is None:
            return None
        part = development_part(inputs.snapshot, width_px=inputs.recipe.image.width_px)
        return DecisionWatch(part, settings, self.folder.best, self._keep_best, self.say)

    def _keep_best(self, watch: DecisionWatch, new: Path, step: int) -> None:
        """The adapter of a look that is the best so far, in a new folder, sealed."""
        if watch.trainer is not None:
            _save_adapter(watch.trainer, new)
        if is_main_process():
            _keep_judged(watch, new)
            seal(new, step=step, origin=self.origin)
            write_model_card(new, name=self.folder.best.name)

    def _first_trainer(
        self, inputs: CheckedInputs, watch: TrainingWatch, decisions: DecisionWatch | None
    ) -> SADPOTrainer:
        """The warm-up's, unless there is none or an interrupted run had finished it."""
        if self._warms_up(inputs):
            return build_warm_up(inputs, self.folder, [TrainingWatch(None, self.say)])
        return self._trainer(inputs, watch, decisions)

    def _kept_warm_up(self, inputs: CheckedInputs) -> Path | None:
        """Where the adapter after this warm-up is kept, or would be; several processes keep none."""
        if self.warm_ups is None or inputs.recipe.warm_up is None or processes() > 1:
            return None
        return self.warm_ups / warm_up_key(inputs.recipe, inputs.shape, self.origin)

    def _warms_up(self, inputs: CheckedInputs) -> bool:
        return inputs.recipe.warm_up is not None and not self.folder.is_warm

    def _trainer(
        self, inputs: CheckedInputs, watch: TrainingWatch, decisions: DecisionWatch | None
    ) -> SADPOTrainer:
        trainer = build_trainer(
            inputs,
            self.folder,
            self.origin,
            reference_file=self.reference_file,
            callbacks=[*([decisions] if decisions else []), watch, *tracking(self.trackers)],
        )
        if decisions:
            decisions.trainer = trainer
        return trainer


def _with_one_retry(run: _Run, inputs: CheckedInputs, *, resume: bool) -> TrainingResult:
    try:
        return run.attempt(inputs, resume=resume)
    except torch.OutOfMemoryError as error:
        smaller = inputs.with_less_memory() if processes() == 1 and run.folder.is_begun else None
        if smaller is None:
            raise _too_little_memory(inputs) from error
    # Past the except block: until here the error's traceback holds every tensor of the update that failed.
    release_memory()
    if run.say:
        run.say(f"Out of memory with {inputs.shape}. Trying once more with {smaller.shape}.")
    try:
        return run.attempt(smaller, resume=True)
    except torch.OutOfMemoryError as error:
        raise _too_little_memory(smaller) from error


def _too_little_memory(inputs: CheckedInputs) -> TrainingError:
    return TrainingError(
        f"The device has too little free memory for {inputs.shape}. Free some, lower image.width_px, or set "
        "batch.pairs_at_once and runtime.gradient_checkpointing to auto; what was trained is kept for --resume."
    )


def _announce(inputs: CheckedInputs, say: Say | None) -> None:
    if say:
        for line in (f"Adapter: {inputs.adapter}", f"Pairs: {inputs.shape}", *notes(inputs)):
            say(line)


def _path_note(trainer: SADPOTrainer, inputs: CheckedInputs) -> list[str]:
    """A sentence if the recipe asks for packed rows and the model cannot take them."""
    if is_packed(trainer) or not inputs.recipe.runtime.pack_pairs:
        return []
    return [f"Pairs are not packed: {why_not_packed(trainer.model)}. The loss is the same, the run slower."]


def _keep_judged(watch: DecisionWatch, folder: Path) -> None:
    """What the last look saw of each frame: decisions are fitted on it."""
    if is_main_process():
        judged = [
            JudgedFrame(
                frame_id=one.frame_id, scene_id=one.scene_id, level=one.level, probabilities=(a, s, t)
            )
            for one, (a, s, t) in zip(watch.part.frames, watch.probabilities, strict=True)
        ]
        write_judged(folder / JUDGED_DEVELOPMENT, judged)


def _warm_up(trainer: SADPOTrainer, folder: RunFolder) -> None:
    _train(trainer, None)
    _save_adapter(trainer, folder.warm_up)
    trainer.accelerator.wait_for_everyone()


def _where_to_go_on(
    trainer: SADPOTrainer, inputs: CheckedInputs, folder: RunFolder, say: Say | None
) -> Path | None:
    """The last good checkpoint, its pairs counted as seen; None: from the start."""
    if is_main_process():
        remove_unfinished(folder.checkpoints)
        take_place(folder.best)
    trainer.accelerator.wait_for_everyone()
    checkpoint = last_good(folder.checkpoints)
    seen = training_order(inputs, steps_of(checkpoint))
    trainer.count_as_seen([inputs.pairs[index].weight for index in seen])
    if say:
        say(f"Going on after step {steps_of(checkpoint)} of {inputs.steps}.")
    return checkpoint


def _train(trainer: SADPOTrainer, checkpoint: Path | None) -> None:
    try:
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    except OSError as error:
        raise TrainingError(
            f"The run could not read or write a file ({first_line(error)}). Go on with --resume when it can."
        ) from error


def _keep(
    trainer: SADPOTrainer, inputs: CheckedInputs, folder: RunFolder, origin: RunOrigin, found: list[str]
) -> TrainingResult:
    history = trainer.state.log_history
    lines = [line for line in history if "loss" in line]
    watched, best = looks(history), best_look(history)
    result = TrainingResult(
        adapter=folder.path,
        served_name="",
        base_model=inputs.model,
        rank=inputs.recipe.adapter.rank,
        steps=trainer.state.global_step,
        decisions=dict(watched[-1]) if watched else None,
        best=folder.best if best else None,
        best_decisions=dict(best) if best else None,
        loss_first=lines[0]["loss"],
        loss_last=lines[-1]["loss"],
        accuracy_last=lines[-1].get("rewards/accuracies", math.nan),
        pairs_by_weight=pairs_by_weight(inputs.pairs),
        adapter_parameters=inputs.adapter.parameters,
        adapter_share=inputs.adapter.share,
        stand_in=is_stand_in(inputs.model),
        notes=found,
    )
    try:
        _save_adapter(trainer, folder.path)
        if is_main_process():
            _write_history(folder.history, history)
            write_provenance(folder.path, _provenance(inputs, origin, result))
            write_model_card(folder.path)
    except SAVING_ERRORS as error:
        raise TrainingError(
            f"The adapter could not be written into {folder.path} ({first_line(error)}). Make room and go on "
            "with --resume."
        ) from error
    return replace(result, served_name=served_name(folder.path)) if is_main_process() else result


def _save_adapter(trainer: SADPOTrainer, out: Path) -> None:
    """The adapter alone, gathered from all processes where it is sharded, written by the main one."""
    state = trainer.accelerator.get_state_dict(trainer.model_wrapped) if trainer.is_fsdp_enabled else None
    if is_main_process():
        model = trainer.accelerator.unwrap_model(trainer.model)
        model.save_pretrained(
            out, state_dict=state, selected_adapters=["default"], save_embedding_layers=False
        )
        (out / "README.md").unlink(missing_ok=True)  # PEFT's model card, a form that nobody filled in


def _write_history(path: Path, history: list[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in history), encoding="utf-8")


def _provenance(inputs: CheckedInputs, origin: RunOrigin, result: TrainingResult) -> AdapterProvenance:
    recipe = inputs.recipe
    return AdapterProvenance(
        finished_at=now(),
        recipe=recipe.name,
        recipe_hash=inputs.recipe_file.hash,
        recipe_text=inputs.recipe_file.text,
        reply_form=inputs.form,
        image_width_px=recipe.image.width_px,
        frames=inputs.snapshot.manifest.frames,
        spacing_s=inputs.snapshot.manifest.spacing_s,
        seed=recipe.runtime.seed,
        pairs_per_update=inputs.effective_batch,
        pairs_at_once=inputs.shape.pairs_at_once,
        gradient_checkpointing=inputs.shape.recompute,
        snapshot=str(inputs.snapshot.folder.resolve()),
        snapshot_hash=inputs.snapshot.manifest.snapshot_hash,
        pairs_by_weight=result.pairs_by_weight,
        steps=result.steps,
        loss_first=result.loss_first,
        loss_last=result.loss_last,
        decisions=result.decisions,
        adapter_parameters=result.adapter_parameters,
        base_parameters=inputs.adapter.base,
        base_model=BaseModelRecord(
            path=str(inputs.model.resolve()),
            hash=origin.base_model_hash,
            stand_in=result.stand_in,
            processor_hash=origin.processor_hash,
        ),
        environment=Environment.here(),
    )


@contextmanager
def _threads_for(model: Path) -> Iterator[None]:
    """One thread for the stand-in: its matrices are so small that a second one costs several times what it gives."""
    before = torch.get_num_threads()
    if is_stand_in(model):
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
