"""Trainer callbacks: progress for the person, TensorBoard for the record, a stop when it diverges."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback
from transformers.integrations.integration_utils import TensorBoardCallback

from data.errors import TrainingError
from training.process.warning_signs import Sign, warning_signs

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

Say = Callable[[str], None]
"""Called with one line for the person who looks on."""


class TrainingWatch(TrainerCallback):
    """Reports every update, with the last logged figures, and ends a run whose loss is no longer a number."""

    def __init__(self, progress: Progress | None, say: Say | None) -> None:
        self._progress = progress
        self._say = say
        self._seen: set[Sign] = set()
        self.warnings: list[str] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """One update is done."""
        if self._progress:
            self._progress(state.global_step, state.max_steps)

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """TRL has a new line of figures. Raises TrainingError if its loss is not finite."""
        logs: dict[str, float] = kwargs["logs"]
        if "loss" not in logs:
            self._warn(state.log_history, state.max_steps)
            return
        if not math.isfinite(logs["loss"]):
            raise TrainingError(
                f"The loss is {logs['loss']} at step {state.global_step}: the run has diverged. "
                "Lower schedule.learning_rate in the recipe."
            )
        if self._say:
            self._say(f"step {state.global_step} of {state.max_steps}: {figures_text(logs)}")
        self._warn(state.log_history, state.max_steps)

    def _warn(self, history: list[dict[str, float]], steps: int) -> None:
        for sign, sentence in warning_signs(history, steps=steps).items():
            if sign not in self._seen:
                self._seen.add(sign)
                self.warnings.append(sentence)
                if self._say:
                    self._say(f"Warning: {sentence}")


def figures_text(logs: dict[str, float]) -> str:
    """One log line in words: the loss, and for each weight how many of its pairs are in the right order.

    >>> figures_text({"loss": 0.71, "accuracy/weight_5": 0.5, "margin/weight_5": -0.02})
    'loss 0.7100; weight 5: 50% in the right order, margin -0.020'
    """
    weights = [name.removeprefix("accuracy/weight_") for name in sorted(logs) if name.startswith("accuracy/")]
    by_weight = [
        f"weight {weight}: {logs[f'accuracy/weight_{weight}']:.0%} in the right order, "
        f"margin {logs[f'margin/weight_{weight}']:.3f}"
        for weight in weights
    ]
    return "; ".join([f"loss {logs['loss']:.4f}", *by_weight])


def tensorboard(folder: Path) -> list[TrainerCallback]:
    """A callback that writes TensorBoard logs into `folder`; none where tensorboard is not installed."""
    if importlib.util.find_spec("tensorboard") is None:
        return []
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - slow, and only where installed

    callback = TensorBoardCallback(  # type: ignore[no-untyped-call]  # untyped in transformers
        tb_writer=SummaryWriter(log_dir=str(folder))
    )
    return [callback]
