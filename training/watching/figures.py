"""What a look at the development part says, and which look of a run was the best: pure rules over figures.

Keys begin with eval_, so that trackers show them apart from the figures of training batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data.decisions.curve import area_under, best_within, operating_points
from data.vocabulary import LEVELS, TriageLevel

Line = Mapping[str, float]
T = TriageLevel.TELEOPERATION
MISSED_AT = "eval_missed_at_false_calls"
"""How many TELEOPERATION frames a threshold misses that calls at most the stated share of the others."""


def decision_figures(
    levels: Sequence[TriageLevel], probabilities: Sequence[Sequence[float]], *, false_calls: float
) -> dict[str, float]:
    """The figures of one look by name. levels: the verified ones; probabilities: of three levels each.

    A frame's own level is its likeliest. Counts and shares are over frames; a level without frames has no recall.
    """
    said = [LEVELS[max(range(3), key=row.__getitem__)] for row in probabilities]
    scores = [row[T.rank] for row in probabilities]
    found: dict[str, float] = {"eval_frames": len(levels)}
    for level in LEVELS:
        right = [one for one, verified in zip(said, levels, strict=True) if verified is level]
        if right:
            found[f"eval_recall_{level.value}"] = right.count(level) / len(right)
            found[f"eval_said_{level.value}"] = said.count(level) / len(said)
    others = [one for one, verified in zip(said, levels, strict=True) if verified is not T]
    of_t = [one for one, verified in zip(said, levels, strict=True) if verified is T]
    found["eval_teleoperation"] = len(of_t)
    found["eval_missed"] = len(of_t) - of_t.count(T)
    found["eval_false"] = others.count(T) / len(others) if others else 0.0
    found["eval_false_calls"] = false_calls
    found[MISSED_AT] = best_within(operating_points(levels, scores), false_calls).missed
    if (area := area_under(levels, scores)) is not None:
        found["eval_auc"] = area
    return found


def looks(history: Sequence[Line]) -> list[Line]:
    """The lines of a run's log that are looks, oldest first."""
    return [line for line in history if MISSED_AT in line]


def best_look(history: Sequence[Line]) -> Line | None:
    """The look that misses least at the stated false calls; of equals the one of the larger AUC, then the earlier."""
    found = looks(history)
    return min(found, key=_rank) if found else None


def looks_since_best(history: Sequence[Line]) -> int:
    """How many looks have been no better than the best one before them."""
    found = looks(history)
    best = best_look(history)
    return 0 if best is None else len(found) - 1 - found.index(best)


def _rank(look: Line) -> tuple[float, float]:
    return look[MISSED_AT], -look.get("eval_auc", 0.0)


def in_words(look: Line) -> str:
    """A look as one sentence of levels.

    >>> in_words({"eval_teleoperation": 8, "eval_missed": 8, "eval_false": 0.0, "eval_missed_at_false_calls": 2,
    ...     "eval_false_calls": 0.05, "eval_auc": 0.91})
    'misses 8 of 8 TELEOPERATION frames and calls 0.0% of the others; 2 missed at 5% false calls, AUC 0.910'
    """
    unread = look.get("eval_unparsable", 0.0)
    area = f", AUC {look['eval_auc']:.3f}" if "eval_auc" in look else ""
    return (
        f"misses {look['eval_missed']:.0f} of {look['eval_teleoperation']:.0f} TELEOPERATION frames and calls "
        f"{look['eval_false']:.1%} of the others; {look[MISSED_AT]:.0f} missed at {look['eval_false_calls']:.0%} false "
        f"calls{area}" + (f"; {unread:.0%} of replies unreadable" if unread else "")
    )
