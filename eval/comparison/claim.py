"""What is to be shown, stated before the figures: a figure, its acceptance limit, and what each run makes of it."""

from __future__ import annotations

from collections.abc import Mapping

from scipy.stats import beta

from data.errors import EvaluationError
from eval.metrics.shares import (
    ACCURACY,
    FALSE_TELEOPERATION,
    MISSED_TELEOPERATION,
    NO_ANSWER,
    OVER_ESCALATION,
    RECALL,
    UNDER_ESCALATION,
    Share,
)
from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Figure, Method, Part

AT_MOST: Mapping[str, Share] = {
    share.key: share
    for share in (UNDER_ESCALATION, MISSED_TELEOPERATION, FALSE_TELEOPERATION, OVER_ESCALATION, NO_ANSWER)
}
AT_LEAST: Mapping[str, Share] = {share.key: share for share in (ACCURACY, *RECALL.values())}


class Claim(Part):
    """A figure is at most (or at least) `limit`, shown by the bound that is worst for it among all its intervals."""

    figure: str
    limit: float


class RunAgainstClaim(Part):
    """`bound`: the worst end of the run's intervals. `holds` is true where it is on the right side of the limit."""

    run: str
    bound: float | Undefined
    holds: bool
    says: str


class ClaimResult(Part):
    """The claim in words, how many independent frames it takes at best, and each run against it.

    `frames_for_errors`: errors that may happen, and the fewest frames at which the claim would still hold.
    """

    claim: Claim
    text: str
    frames_for_errors: dict[int, int]
    runs: list[RunAgainstClaim]


def stated_claim(figure: str, limit: float) -> Claim:
    """A checked claim. Raises EvaluationError for a figure that no limit is put on, or a limit outside 0 to 1."""
    known = [*AT_MOST, *AT_LEAST]
    if figure not in known:
        raise EvaluationError(f"No claim can be made about {figure!r}; choose one of {', '.join(known)}.")
    if not 0 < limit < 1:
        raise EvaluationError(
            f"The limit {limit:g} is not a share between 0 and 1; write 0.01 for one percent."
        )
    return Claim(figure=figure, limit=limit)


def held_against(claim: Claim, figures: Mapping[str, Mapping[str, Figure]], method: Method) -> ClaimResult:
    """The claim against each run's figures (by run name, then by figure)."""
    low_is_good = claim.figure in AT_MOST
    share = AT_MOST[claim.figure] if low_is_good else AT_LEAST[claim.figure]
    side = "at most" if low_is_good else "at least"
    return ClaimResult(
        claim=claim,
        text=f"{share.title} is {side} {100 * claim.limit:g}\u00a0%. {share.definition} "
        f"Accepted only if the worst end of all {100 * method.confidence:g}\u00a0% intervals "
        "(Wilson, Clopper–Pearson, by scene) keeps the limit.",
        frames_for_errors=_frames_for_errors(claim.limit if low_is_good else 1 - claim.limit, method),
        runs=[_against(name, claim, of_run[claim.figure], low_is_good) for name, of_run in figures.items()],
    )


def _against(name: str, claim: Claim, figure: Figure, low_is_good: bool) -> RunAgainstClaim:
    ends = [
        interval.high if low_is_good else interval.low
        for interval in (figure.wilson, figure.clopper_pearson, figure.scene_bootstrap)
        if isinstance(interval, Interval)
    ]
    if isinstance(figure.value, Undefined) or not ends:
        reason = figure.value if isinstance(figure.value, Undefined) else Undefined("it has no interval")
        return RunAgainstClaim(
            run=name, bound=reason, holds=False, says=f"{name}: not shown, the figure is {reason}."
        )
    bound = max(ends) if low_is_good else min(ends)
    holds = bound <= claim.limit if low_is_good else bound >= claim.limit
    misses_it = figure.value > claim.limit if low_is_good else figure.value < claim.limit
    told = "holds" if holds else "does not hold" if misses_it else "is not shown"
    return RunAgainstClaim(
        run=name,
        bound=bound,
        holds=holds,
        says=f"{name}: the claim {told}. {figure.count} of {figure.n} frames, {100 * figure.value:.1f}\u00a0%, "
        f"and the worst end of its intervals is {100 * bound:.1f}\u00a0%.",
    )


def _frames_for_errors(limit: float, method: Method) -> dict[int, int]:
    return {errors: frames_to_show(limit, errors, confidence=method.confidence) for errors in range(4)}


def frames_to_show(limit: float, errors: int, *, confidence: float) -> int:
    """The fewest independent frames at which `errors` of them leave the Clopper-Pearson upper end at most `limit`.

    >>> [frames_to_show(0.01, errors, confidence=0.95) for errors in range(4)]
    [368, 555, 720, 874]
    """

    def upper(n: int) -> float:
        return float(beta.ppf((1 + confidence) / 2, errors + 1, n - errors))

    low, high = errors + 1, errors + 2
    while upper(high) > limit:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if upper(middle) <= limit else (middle + 1, high)
    return low
