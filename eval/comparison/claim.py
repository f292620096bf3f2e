"""What is to be shown of a run: a figure and its acceptance limit, alone or against another run, and whether it is.

Accepted only by the bound that holds whatever the correlation inside scenes (`scene_upper_bound`; that one run is
better than another by the sign-flip test over scenes), and only if frames that people still disagree about could not
break it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.errors import EvaluationError
from eval.metrics.contested import OpenFrame, settled_as
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
from eval.metrics.triage_metrics import Counts, share_parts
from eval.statistics.intervals import FEWEST_SCENES, too_few_scenes
from eval.statistics.rate import Undefined
from eval.statistics.scene_share import scene_upper_bound, scenes_without_events, smallest_limit
from eval.statistics.sign_flip import sign_flip_interval
from eval.statistics.values import Method, Part

AT_MOST: Mapping[str, Share] = {
    share.key: share
    for share in (MISSED_TELEOPERATION, UNDER_ESCALATION, FALSE_TELEOPERATION, OVER_ESCALATION, NO_ANSWER)
}
AT_LEAST: Mapping[str, Share] = {share.key: share for share in (ACCURACY, *RECALL.values())}
UNREGISTERED = "not registered before the figures were computed"


class Claim(Part):
    """A figure is at most (or at least) `limit`. With `than`: the figure minus that of the run named so."""

    figure: str
    limit: float
    than: str | None = None

    @property
    def share(self) -> Share:
        return AT_MOST.get(self.figure) or AT_LEAST[self.figure]

    def told_of(self, runs: Sequence[str]) -> str:
        """One sentence about the runs."""
        side = "at most" if self.is_upper else "at least"
        what = f"{self.figure} of {', '.join(runs)}"
        return f"{what}{f' minus that of {self.than}' if self.than else ''} is {side} {self.limit:g}."

    @property
    def is_better(self) -> bool:
        """Whether it says that the run does better than the other one, by any amount."""
        return self.than is not None and not self.limit

    @property
    def is_upper(self) -> bool:
        """Whether the limit is the most that the figure may be."""
        return self.figure in AT_MOST


class RunAgainstClaim(Part):
    """`bound`: what the run's figure is shown to keep; `holds` where that is on the right side of the limit.

    `worst_bound` counts every frame that people disagree about as it is worst for the claim. `registered` says which
    entry of the audit trail holds the claim, or that none did before the figures were computed.
    """

    run: str
    bound: float | Undefined
    worst_bound: float | Undefined
    holds: bool
    registered: str
    says: str


class ClaimResult(Part):
    """The claim in words and each run against it.

    `confidence` is one-sided, of each run's bound: the error is shared by all runs and claims of the evaluation.
    `scenes` hold frames that the figure counts and count as `equal_scenes` of the largest one's size. `scenes_needed`
    of one size would show the limit if none of them held an error, and `smallest_limit` is the smallest that these
    scenes can show; both without `than` only.
    """

    claim: Claim
    text: str
    confidence: float
    scenes: int
    equal_scenes: float
    scenes_needed: int | None
    smallest_limit: float | Undefined | None
    runs: list[RunAgainstClaim]


@dataclass(frozen=True)
class Claimed:
    """A run that claims are held against: (scenes, 3, 4) answers on settled frames, and those on frames that people
    disagree about."""

    per_scene: Counts
    contested: Sequence[OpenFrame] = ()


def stated_claim(figure: str, limit: float, *, than: str | None = None) -> Claim:
    """A checked claim. Raises EvaluationError for a figure that no limit is put on, or a limit that cannot be."""
    known = [*AT_MOST, *AT_LEAST]
    if figure not in known:
        raise EvaluationError(f"No claim can be made about {figure!r}; choose one of {', '.join(known)}.")
    if than is None and not 0 < limit < 1:
        raise EvaluationError(
            f"The limit {limit:g} is not a share between 0 and 1; write 0.01 for one percent."
        )
    if not -1 < limit < 1:
        raise EvaluationError(f"The limit {limit:g} is no difference of shares; write 0.01 for one point.")
    return Claim(figure=figure, limit=limit, than=than)


def held_against(
    claim: Claim,
    runs: Mapping[str, Claimed],
    method: Method,
    *,
    shared_by: int,
    registered: Mapping[str, str],
) -> ClaimResult:
    """The claim against the runs in `registered`, which says of each when it was registered. shared_by: how many
    bounds share the error.

    Raises EvaluationError where the run that others are held against is not among them.
    """
    if claim.than is not None and claim.than not in runs:
        raise EvaluationError(f"The claim compares with {claim.than}, which is not among the runs evaluated.")
    confidence = 1 - (1 - method.confidence) / 2 / shared_by
    base = runs[claim.than] if claim.than else None
    held = next(iter(runs.values())).per_scene
    frames = share_parts(claim.share, held)[1]
    return ClaimResult(
        claim=claim,
        text=_text(claim, confidence),
        confidence=confidence,
        scenes=int((frames > 0).sum()),
        equal_scenes=float(frames.sum() / max(frames.max(initial=0), 1)),
        scenes_needed=None
        if claim.than
        else scenes_without_events(_error_limit(claim), confidence=confidence),
        smallest_limit=None if claim.than else smallest_limit(frames, confidence=confidence),
        runs=[
            _against(name, claim, run, base, confidence, registered[name])
            for name, run in runs.items()
            if name in registered
        ],
    )


def _error_limit(claim: Claim) -> float:
    return claim.limit if claim.is_upper else 1 - claim.limit


def _text(claim: Claim, confidence: float) -> str:
    side = "at most" if claim.is_upper else "at least"
    what = f"{claim.share.title} is {side} {100 * claim.limit:g}\u00a0%."
    if claim.than is not None:
        what = _difference_text(claim, claim.than)
    if claim.is_better:
        return (
            f"{what} {claim.share.definition} Accepted only by the one-sided sign-flip test over scene differences at "
            f"{100 * (1 - confidence):.4g}\u00a0%, which is exact where the runs do equally well."
        )
    return (
        f"{what} {claim.share.definition} Accepted only if the one-sided {100 * confidence:.4g}\u00a0% bound over "
        "scenes keeps the limit, whatever the correlation inside scenes."
    )


def _difference_text(claim: Claim, than: str) -> str:
    if not claim.limit:
        return f"{claim.share.title} is {'lower' if claim.is_upper else 'higher'} than that of {than}."
    is_margin = (claim.limit > 0) is claim.is_upper
    how = "no worse" if is_margin else "better"
    by = (
        f"by more than {100 * abs(claim.limit):g} points"
        if is_margin
        else f"by {100 * abs(claim.limit):g} points"
    )
    return f"{claim.share.title} is {how} than that of {than} {by}."


def _against(
    name: str, claim: Claim, run: Claimed, base: Claimed | None, confidence: float, registered: str
) -> RunAgainstClaim:
    settled = _errors(claim, run, base, worst=False)
    bound = _bound(claim, settled, confidence)
    worst = _bound(claim, _errors(claim, run, base, worst=True), confidence)
    value = _value(claim, *settled)
    return RunAgainstClaim(
        run=name,
        bound=bound,
        worst_bound=worst,
        holds=_keeps(claim, bound) and _keeps(claim, worst),
        registered=registered,
        says=f"{name}: {_says(claim, value, settled, bound, worst)} ({registered})",
    )


Parts = tuple[np.ndarray, np.ndarray]  # type: ignore[type-arg]


def _errors(claim: Claim, run: Claimed, base: Claimed | None, *, worst: bool) -> Parts:
    """(scenes,) errors in the sense of the claim, minus those of the run compared with, and frames."""
    own = (
        settled_as(run.per_scene, run.contested, claim.share, highest=claim.is_upper)
        if worst
        else run.per_scene
    )
    matrices = [own, *([base.per_scene] if base else [])]
    parts = [share_parts(claim.share, one) for one in matrices]
    errors = [hits if claim.is_upper else frames - hits for hits, frames in parts]
    frames = parts[0][1]
    return (errors[0] - errors[1] if base else errors[0]), frames


def _bound(claim: Claim, parts: Parts, confidence: float) -> float | Undefined:
    """In the unit of the claim's figure: from above where the limit is, else from below."""
    bound = _difference_bound if claim.is_better else scene_upper_bound
    found = bound(*parts, confidence=confidence)
    if isinstance(found, Undefined) or claim.is_upper:
        return found
    return -found if claim.than else 1 - found


def _difference_bound(errors: np.ndarray, frames: np.ndarray, *, confidence: float) -> float | Undefined:  # type: ignore[type-arg]
    """The upper end that excludes 0 where the one-sided sign-flip test rejects that the runs do equally well."""
    held = frames > 0
    if held.sum() < FEWEST_SCENES:
        return too_few_scenes(int(held.sum()))
    level = 1 - 2 * (1 - confidence)
    return sign_flip_interval(errors[held], frames[held].astype(np.float64), confidence=level).high


def _value(claim: Claim, errors: np.ndarray, frames: np.ndarray) -> float | None:  # type: ignore[type-arg]
    if not frames.sum():
        return None
    share = float(errors.sum() / frames.sum())
    return share if claim.is_upper else -share if claim.than else 1 - share


def _keeps(claim: Claim, bound: float | Undefined) -> bool:
    if isinstance(bound, Undefined):
        return False
    if claim.is_better:
        return bound < 0 if claim.is_upper else bound > 0
    return bound <= claim.limit if claim.is_upper else bound >= claim.limit


def _says(
    claim: Claim, value: float | None, parts: Parts, bound: float | Undefined, worst: float | Undefined
) -> str:
    if value is None:
        return f"not shown, there is no {claim.share.absent} among the frames"
    scenes = int((parts[1] > 0).sum())
    unit = " points" if claim.than else "\u00a0%"
    counted = f"{_number(claim, value)}{unit} on {int(parts[1].sum())} frames of {scenes} scenes"
    if isinstance(bound, Undefined):
        return f"the claim is not shown. {counted}; {bound.reason}."
    side = "at most" if claim.is_upper else "at least"
    shown = f"{counted}; shown is {side} {_number(claim, bound)}{unit}"
    if _keeps(claim, bound) and not _keeps(claim, worst):
        return f"the claim is not shown. {shown}, but frames that people disagree about could break it."
    misses_it = value > claim.limit if claim.is_upper else value < claim.limit
    misses_it |= claim.is_better and value == 0
    told = "holds" if _keeps(claim, bound) else "does not hold" if misses_it else "is not shown"
    return f"the claim {told}. {shown}."


def _number(claim: Claim, share: float) -> str:
    """In percent, a difference with its sign."""
    return f"{100 * share:+.1f}".replace("-", "\u2212") if claim.than else f"{100 * share:.1f}"
