"""Early numbers that tell a trainer it is going wrong: a pure rule over the lines of a run's log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

Line = dict[str, float]
Sign = Literal["no_gradient", "no_learning", "displaced", "runaway", "clipped"]

DISPLACED_NATS = 10.0
"""Fall of the chosen answers' log-probability per pair beyond which the model forgets what it should say."""
RUNAWAY_REWARD = 20.0
"""Reward margin, beta * Delta, beyond which log sigma has no gradient left and only drift goes on."""
CLIPPED_GRADIENT = 20.0
"""Gradient norm, in multiples of the usual clip at 1, that says the learning rate is too high for these pairs."""
_ENOUGH_LINES = 4


def warning_signs(history: Sequence[Line], *, steps: int) -> dict[Sign, str]:
    """Sign -> sentence, for every sign that the log shows so far. `history`: its lines with a loss, oldest first.

    `steps`: how many updates the run has in all. Nothing is said of the first three lines: they say nothing yet.
    """
    if len(history) < _ENOUGH_LINES:
        return {}
    found = {sign: rule(history, steps) for sign, rule in _RULES.items()}
    return {sign: sentence for sign, sentence in found.items() if sentence is not None}


def _no_gradient(history: Sequence[Line], _: int) -> str | None:
    if any(line.get("grad_norm", 1.0) > 0 for line in history):
        return None
    return "No gradient has reached the adapter: the pairs are trained on without effect. Stop the run."


def _no_learning(history: Sequence[Line], steps: int) -> str | None:
    latest = history[-1]
    late = latest.get("step", 0) >= steps / 4
    accuracy = _mean(history[-_ENOUGH_LINES:], "rewards/accuracies")
    if not late or accuracy is None or accuracy > 0.55:  # noqa: PLR2004 - chance is 0.5
        return None
    return (
        f"After a quarter of the run {accuracy:.0%} of the pairs are in the right order, which is chance: raise "
        "schedule.learning_rate, or look whether chosen and rejected differ."
    )


def _displaced(history: Sequence[Line], _: int) -> str | None:
    before, today = history[0].get("logps/chosen"), _mean(history[-_ENOUGH_LINES:], "logps/chosen")
    if before is None or today is None or before - today < DISPLACED_NATS:
        return None
    return (
        f"The chosen answers have become less likely, by {before - today:.1f} nats each: margins grow because the "
        "rejected ones fall faster. Raise loss.beta, lower schedule.learning_rate, or warm up (sft_then_sa_dpo)."
    )


def _runaway(history: Sequence[Line], _: int) -> str | None:
    margin = _mean(history[-_ENOUGH_LINES:], "rewards/margins")
    if margin is None or margin < RUNAWAY_REWARD:
        return None
    return (
        f"The mean reward margin is {margin:.0f}: nothing is left to learn from these pairs, and the model only "
        "drifts from the reference. Fewer epochs would do."
    )


def _clipped(history: Sequence[Line], _: int) -> str | None:
    norm = _mean(history[-_ENOUGH_LINES:], "grad_norm")
    if norm is None or norm < CLIPPED_GRADIENT:
        return None
    return (
        f"The gradient norm is {norm:.0f}, far above what it is clipped to: lower schedule.learning_rate or raise "
        "batch.pairs_per_update."
    )


def _mean(lines: Sequence[Line], name: str) -> float | None:
    values = [line[name] for line in lines if name in line]
    return sum(values) / len(values) if values else None


_RULES: dict[Sign, Callable[[Sequence[Line], int], str | None]] = {
    "no_gradient": _no_gradient,
    "no_learning": _no_learning,
    "displaced": _displaced,
    "runaway": _runaway,
    "clipped": _clipped,
}
