"""May an annotator be judged by gold, and did they pass: a test that may be looked at after each gold. Pure.

Wald's sequential test (1945) of somebody who sees nine in ten TELEOPERATION golds against somebody who sees 98 in 100:
each gold multiplies the evidence. A judgement stands until the next one; the golds after it count anew, and its k-th
one takes k (k + 1) times the evidence, so that all judgements together share the error. Whoever sees nine in ten passes
at any time in 5 of 100 cases at most, whoever sees 98 in 100 ever fails in 10 at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, log

from eval.statistics.rate import Undefined

POOR_RECALL, GOOD_RECALL = 0.90, 0.98
POOR_PASSES, GOOD_FAILS = 0.05, 0.10
_SEEN = log(GOOD_RECALL / POOR_RECALL)
_MISSED = log((1 - GOOD_RECALL) / (1 - POOR_RECALL))


def golds_needed(judgements: int = 0, evidence: float = 0.0) -> int:
    """How many more golds in a row somebody has to see to pass, after so many judgements and with that evidence.

    >>> golds_needed(), golds_needed(1)
    (44, 57)
    """
    return ceil((_bar(POOR_PASSES, judgements) - evidence) / _SEEN)


def judged(seen: Iterable[bool]) -> bool | Undefined:
    """Whether somebody passes who saw or missed these TELEOPERATION golds, oldest first."""
    verdict: bool | None = None
    judgements, evidence, golds = 0, 0.0, 0
    for is_seen in seen:
        golds += 1
        evidence += _SEEN if is_seen else _MISSED
        if _bar(POOR_PASSES, judgements) <= evidence or evidence <= -_bar(GOOD_FAILS, judgements):
            verdict, evidence, judgements = evidence > 0, 0.0, judgements + 1
    if verdict is None:
        more = golds_needed(judgements, evidence)
        return Undefined(f"not decided after {golds:,}; {more:,} more without a miss would pass")
    return verdict


def _bar(error: float, judgements: int) -> float:
    return log((judgements + 1) * (judgements + 2) / error)
