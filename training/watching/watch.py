"""The callback that looks at the development part while a model is trained, keeps the best adapter and ends a run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from transformers import TrainerCallback

from data.vlm.reply import parse_reply
from data.vocabulary import LEVELS, ReplyForm
from training.generate import greedy_replies
from training.level_reading import LevelReader
from training.pairs.development_part import DevelopmentPart
from training.pairs.questions import ShownQuestion
from training.process.callbacks import Say
from training.process.processes import is_main_process
from training.recipe import WatchSettings
from training.record.checkpoints import replaced_by, take_place
from training.trainer.sa_dpo_trainer import SADPOTrainer
from training.watching.figures import best_look, decision_figures, in_words, looks, looks_since_best
from training.watching.level_margins import margins, split_sums

Probabilities = list[list[float]]
Keep = Callable[["DecisionWatch", Path, int], None]
"""Called with the watch, a new folder and the number of updates: writes the adapter there, sealed."""

_MARGIN_FRAMES = 64
_AT_ONCE = 4
_REPLY_TOKENS = 256


@dataclass(eq=False)
class DecisionWatch(TrainerCallback):
    """Looks at every process alike, so that sharded parameters are gathered everywhere; the main one writes.

    best: the folder of the best look's adapter. After the run, `probabilities` are those of the last look.
    """

    part: DevelopmentPart
    settings: WatchSettings
    best: Path
    keep: Keep
    say: Say | None = None
    trainer: SADPOTrainer | None = None
    probabilities: Probabilities = field(default_factory=list)
    _reference: list[torch.Tensor] = field(default_factory=list)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Before the first update: what the model decides that training starts from."""
        if not looks(state.log_history):
            self._look(state, control)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """An update is done."""
        if state.global_step % self.settings.every_steps == 0 or state.global_step == state.max_steps:
            self._look(state, control)

    def _look(self, state: Any, control: Any) -> None:
        trainer = self._trainer()
        trainer.model.eval()
        try:
            with torch.no_grad(), trainer.accelerator.autocast():
                figures = self._figures(trainer)
            due = control.should_log
            trainer.log(figures)
            control.should_log = due  # which a log of any kind takes for done
        finally:
            trainer.model.train()
        best = best_look(state.log_history)
        if self.say:
            self.say(f"After step {state.global_step} the model {in_words(figures)}.")
        if best is not None and best["step"] == state.global_step:
            self._keep_best(state.global_step)
        patience = self.settings.patience
        if patience is not None and looks_since_best(state.log_history) >= patience:
            control.should_training_stop = True
            if self.say:
                self.say(
                    f"No look has been better for {patience}: the run ends after step {state.global_step}."
                )

    def _trainer(self) -> SADPOTrainer:
        if self.trainer is None:
            raise ValueError("the watch was given no trainer")
        return self.trainer

    def _figures(self, trainer: SADPOTrainer) -> dict[str, float]:
        questions = self.part.questions()
        if self.part.form is ReplyForm.LEVEL_FIRST:
            reader = LevelReader(trainer.model, trainer.processing_class, self.part.form)
            self.probabilities = reader.read(questions)
            replies = self._replies(trainer, questions[: self.settings.replies])
        else:
            replies = self._replies(trainer, questions)
            self.probabilities = [_certain(reply) for reply in replies]
        figures = decision_figures(
            self.part.levels, self.probabilities, false_calls=self.settings.false_calls
        )
        if replies:
            unread = sum(parse_reply(reply).assessment is None for reply in replies)
            figures["eval_unparsable"] = unread / len(replies)
        return figures | self._margins(trainer)

    def _replies(self, trainer: SADPOTrainer, questions: list[ShownQuestion]) -> list[str]:
        return [
            reply
            for first in range(0, len(questions), _AT_ONCE)
            for reply in greedy_replies(
                trainer.model,
                trainer.processing_class,
                questions[first : first + _AT_ONCE],
                self.part.form,
                _REPLY_TOKENS,
            )
        ]

    def _margins(self, trainer: SADPOTrainer) -> dict[str, float]:
        """Of the frames that have both sides; none where no reference is asked."""
        rows = self.part.rows()[:_MARGIN_FRAMES]
        if trainer.reference_cache is None or not rows:
            return {}
        if not self._reference:
            with trainer.as_reference():
                self._reference = self._sums(trainer, rows)
        policy = self._sums(trainer, rows)
        return margins(torch.cat(policy), torch.cat(self._reference), beta=trainer.beta)

    def _sums(self, trainer: SADPOTrainer, rows: list[dict[str, Any]]) -> list[torch.Tensor]:
        sums = []
        for first in range(0, len(rows), _AT_ONCE):
            batch, log_probs = trainer.outputs_of(rows[first : first + _AT_ONCE])
            sums.append(split_sums(batch, log_probs, cast("Any", trainer.processing_class).tokenizer))
        return sums

    def _keep_best(self, step: int) -> None:
        """A new folder takes the old one's place when it is whole."""
        new = replaced_by(self.best)
        if is_main_process():
            shutil.rmtree(new, ignore_errors=True)
        self.keep(self, new, step)
        if is_main_process():
            take_place(self.best)


def _certain(reply: str) -> list[float]:
    """All probability on the level that a reply says; alike on all where it says none."""
    said = parse_reply(reply).assessment
    return (
        [1 / len(LEVELS)] * len(LEVELS) if said is None else [float(said.level is level) for level in LEVELS]
    )
