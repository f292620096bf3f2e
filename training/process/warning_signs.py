"""Early numbers that tell a trainer it is going wrong: a pure rule over the lines of a run's log.

Two kinds of line: figures of training batches, which have a loss, and looks at the development part (`eval_…`), which
say what the model decides. Pairs in order say nothing of levels: a run can win every pair by style.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

Line = dict[str, float]
_FALSE, _AT = "eval_false", "eval_missed_at_false_calls"
Sign = Literal[
    "no_gradient",
    "no_learning",
    "displaced",
    "runaway",
    "clipped",
    "sunk",
    "style",
    "one_level",
    "false_calls",
    "ranks_worse",
    "unreadable",
]

DISPLACED_NATS = 10.0
"""Fall of the chosen answers' log-probability per pair beyond which the model forgets what it should say."""
RUNAWAY_REWARD = 20.0
"""Reward margin, beta * Delta, beyond which log sigma has no gradient left and only drift goes on."""
CLIPPED_GRADIENT = 20.0
"""Gradient norm, in multiples of the usual clip at 1, that says the learning rate is too high for these pairs."""
IN_ORDER = 0.95
"""Share of pairs in the right order from which a run looks finished, if nobody looks at what it decides."""
MISSES_MUCH = 0.5
"""Share of TELEOPERATION frames missed that no run may call an end."""
CALLS_MUCH = 0.25
"""Share of the other frames called TELEOPERATION that nobody answers for long."""
RANKS_WORSE = 0.1
"""Share of TELEOPERATION frames by which misses at equal false calls may grow before a threshold cannot mend a run."""
ONE_LEVEL = 0.97
"""Share of frames given one level beyond which a model has stopped to look."""
UNREADABLE = 0.01
SUNK_NATS = 20.0
"""Fall of the rejected answers' log-probability that chosen ones do not answer with a rise."""
STYLE_NATS = 3.0
LEVEL_SHARE = 0.05
"""Of a margin above STYLE_NATS, the least share that must lie on the level's tokens."""
_ENOUGH_LINES = 4


def warning_signs(history: Sequence[Line], *, steps: int) -> dict[Sign, str]:
    """Sign -> sentence, for every sign that the log shows so far. `history`: its lines, oldest first.

    `steps`: how many updates the run has in all. Nothing is said of the first three lines of batches, nor of the first
    look: they say nothing yet.
    """
    lines, seen = [line for line in history if "loss" in line], [line for line in history if _FALSE in line]
    found: dict[Sign, str | None] = {}
    if len(lines) >= _ENOUGH_LINES:
        found |= {sign: rule(lines, steps) for sign, rule in _RULES.items()}
    if len(seen) > 1:
        found |= {sign: look(lines, seen) for sign, look in _OF_LOOKS.items()}
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


def _sunk(history: Sequence[Line], _: int) -> str | None:
    chosen, rejected = (_mean(history[-_ENOUGH_LINES:], name) for name in ("logps/chosen", "logps/rejected"))
    if chosen is None or rejected is None or "logps/rejected" not in history[0]:
        return None
    fell, rose = history[0]["logps/rejected"] - rejected, chosen - history[0]["logps/chosen"]
    if fell < SUNK_NATS or rose > 0:
        return None
    return (
        f"Rejected answers have become less likely by {fell:.0f} nats and chosen ones no likelier: the model unlearns "
        "a style. Add an anchor (loss.sft_weight), warm up, or start from people's words on both sides (contrast)."
    )


def _style(lines: Sequence[Line], seen: Sequence[Line]) -> str | None:
    in_order = _mean(lines[-_ENOUGH_LINES:], "rewards/accuracies")
    first, last = seen[0], seen[-1]
    right = last["eval_teleoperation"]
    if _wins_by_words(last) and last["eval_missed"] >= MISSES_MUCH * right:
        return (
            f"Of a margin of {last['eval_margin_level'] + last['eval_margin_words']:.1f} nats "
            f"{last['eval_margin_level']:.2f} lie on the level, and {last['eval_missed']:.0f} of {right:.0f} "
            "TELEOPERATION frames are missed: pairs are won by style. Add contrast pairs or warm up."
        )
    stuck = last["eval_missed"] >= max(MISSES_MUCH * right, first["eval_missed"] - 0.05 * right)
    if in_order is None or in_order < IN_ORDER or not stuck:
        return None
    return (
        f"{in_order:.0%} of the pairs are in the right order, and the model misses {last['eval_missed']:.0f} of "
        f"{right:.0f} TELEOPERATION frames of the development part, {first['eval_missed']:.0f} before training: it "
        "tells the two styles apart, not the levels. Add contrast pairs (contrast) or warm up (sft_then_sa_dpo)."
    )


def _wins_by_words(look: Line) -> bool:
    level, words = look.get("eval_margin_level"), look.get("eval_margin_words")
    if level is None or words is None:
        return False
    return level + words > STYLE_NATS and level < LEVEL_SHARE * (level + words)


def _one_level(_: Sequence[Line], seen: Sequence[Line]) -> str | None:
    said = {name: share for name, share in seen[-1].items() if name.startswith("eval_said_")}
    name = max(said, key=said.__getitem__, default=None)
    if name is None or said[name] < ONE_LEVEL or len(said) < 2:  # noqa: PLR2004 - a part of one level
        return None
    return (
        f"The model says {name.removeprefix('eval_said_')} to {said[name]:.0%} of the development part: it has stopped "
        "looking at the picture. Lower schedule.learning_rate, or go back to the best look."
    )


def _false_calls(_: Sequence[Line], seen: Sequence[Line]) -> str | None:
    first, last = seen[0][_FALSE], seen[-1][_FALSE]
    if last < CALLS_MUCH or last <= first:
        return None
    return (
        f"{last:.0%} of the frames that are not TELEOPERATION are called so, {first:.0%} before training: misses are "
        "bought with false calls. Lower the alphas, let over-escalation cost too (loss.other_weights), or fit a "
        "threshold instead (teletriage decide)."
    )


def _ranks_worse(_: Sequence[Line], seen: Sequence[Line]) -> str | None:
    first, last = seen[0], seen[-1]
    if _AT not in first or _AT not in last or last.get("eval_auc", 0.0) >= first.get("eval_auc", 0.0):
        return None
    if last[_AT] - first[_AT] <= RANKS_WORSE * last["eval_teleoperation"]:
        return None
    return (
        f"With a threshold that calls {last['eval_false_calls']:.0%} of the other frames falsely the model misses "
        f"{last[_AT]:.0f} of {last['eval_teleoperation']:.0f} TELEOPERATION frames, {first[_AT]:.0f} before training: "
        "it tells them apart worse than it did, which no threshold mends. Warm up (sft_then_sa_dpo), add contrast "
        "pairs (contrast) or train sft."
    )


def _unreadable(_: Sequence[Line], seen: Sequence[Line]) -> str | None:
    share = seen[-1].get("eval_unparsable", 0.0)
    if share <= max(UNREADABLE, seen[0].get("eval_unparsable", 0.0)):
        return None
    return (
        f"{share:.0%} of the replies cannot be read any more: the model is losing its language. Raise loss.beta, lower "
        "schedule.learning_rate, or add an anchor (loss.sft_weight)."
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
    "sunk": _sunk,
}
_OF_LOOKS: dict[Sign, Callable[[Sequence[Line], Sequence[Line]], str | None]] = {
    "style": _style,
    "one_level": _one_level,
    "false_calls": _false_calls,
    "ranks_worse": _ranks_worse,
    "unreadable": _unreadable,
}
