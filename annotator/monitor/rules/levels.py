"""A feed's level over time. Pure: up at once, down only after agreeing answers, unknown as a state of its own.

A feed starts unknown and becomes unknown whenever it goes to manual monitoring. Unknown is left upwards by one
answer; to AUTONOMY, or below what was shown before, only as every other fall: by agreeing answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from data.vocabulary import TriageLevel


@dataclass(frozen=True, slots=True)
class FeedLevel:
    """What is shown of a feed (None: unknown), and what speaks for less.

    `held` is the last level that was established, which unknown does not erase. `lower` is the highest level
    among the `agreeing` answers in a row that were below it, the first of them from `since_s`.
    """

    shown: TriageLevel | None = None
    held: TriageLevel = TriageLevel.SUPERVISION
    lower: TriageLevel | None = None
    agreeing: int = 0
    since_s: float = 0.0


def answered(
    state: FeedLevel, level: TriageLevel, captured_s: float, *, agreeing: int, calm_s: float
) -> FeedLevel:
    """The level after one more answer, about a frame newer than all before.

    agreeing, calm_s: how many lower answers in a row, over how long at least, a fall needs.

    >>> up = answered(FeedLevel(), TriageLevel.TELEOPERATION, 0.0, agreeing=2, calm_s=0.0)
    >>> once = answered(up, TriageLevel.AUTONOMY, 0.5, agreeing=2, calm_s=0.0)
    >>> twice = answered(once, TriageLevel.AUTONOMY, 1.0, agreeing=2, calm_s=0.0)
    >>> [one.shown.value for one in (up, once, twice)]
    ['TELEOPERATION', 'TELEOPERATION', 'AUTONOMY']
    """
    if level >= state.held:
        return FeedLevel(shown=level, held=level)
    lower = level if state.lower is None else max(level, state.lower, key=lambda one: one.rank)
    n = state.agreeing + 1
    since_s = captured_s if n == 1 else state.since_s
    if n >= agreeing and captured_s - since_s >= calm_s:
        return FeedLevel(shown=lower, held=lower)
    return replace(state, lower=lower, agreeing=n, since_s=since_s)


def lost(state: FeedLevel) -> FeedLevel:
    """Unknown: nothing that may be trusted is known any more. What spoke for less is forgotten."""
    return FeedLevel(shown=None, held=state.held)
