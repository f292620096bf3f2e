"""May an annotator be judged by gold, and did they pass: limits that know their power. Pure.

So many misses c are allowed among n TELEOPERATION golds that somebody who sees nine in ten passes at most 5 times in
100. Nobody is judged before somebody who sees 98 in 100 would pass 9 times in 10.
"""

from __future__ import annotations

from functools import cache

from scipy.stats import binom

from eval.statistics.rate import Rate, Undefined

POOR_RECALL, GOOD_RECALL = 0.90, 0.98
POOR_PASSES, GOOD_PASSES = 0.05, 0.90


def misses_allowed(golds: int) -> int:
    """The most misses with which one still passes; -1 where even none would prove nothing.

    >>> misses_allowed(100), misses_allowed(28), misses_allowed(29)
    (4, -1, 0)
    """
    return int(binom.ppf(POOR_PASSES, golds, 1 - POOR_RECALL) - _overshoots(golds))


def _overshoots(golds: int) -> int:
    quantile = binom.ppf(POOR_PASSES, golds, 1 - POOR_RECALL)
    return int(binom.cdf(quantile, golds, 1 - POOR_RECALL) > POOR_PASSES)


def good_passes(golds: int) -> float:
    """How often somebody who sees 98 in 100 would pass, 0..1."""
    return float(binom.cdf(misses_allowed(golds), golds, 1 - GOOD_RECALL))


@cache
def golds_needed() -> int:
    """From how many TELEOPERATION golds on a judgement is fair to good people too."""
    return next(n for n in range(1, 1000) if good_passes(n) >= GOOD_PASSES)


def judged(seen: Rate | None) -> bool | Undefined:
    """Whether somebody passes who said TELEOPERATION on `seen` of their TELEOPERATION golds."""
    golds = seen.n if seen else 0
    if seen is None or golds < golds_needed():
        return Undefined(f"not enough data yet, {golds_needed() - golds:,} more TELEOPERATION golds needed")
    return golds - seen.count <= misses_allowed(golds)
