"""What the reviews and the adjudication of a frame add up to. Pure; the policy of the design with its defaults.

A frame is verified by an adjudication or by enough agreeing reviews; any disagreement about the level makes it
contested. Levels decide, wording does not. There is no majority vote on safety. An answer that its person was unsure
of, gave too fast to have looked, or whose answers a lead has paused, can contest a frame but is not one of those that
verify it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from data.verification.standing import standing
from data.vocabulary import Mode, Split, TriageLevel, VerificationState

if TYPE_CHECKING:
    from data.store.tables import Review

HURRIED_S = 1.0
"""Nobody looks at a frame in less; an answer given faster waits to be confirmed."""


@dataclass(frozen=True)
class VerificationPolicy:
    """How many agreeing reviews by different people a frame needs.

    `teleoperation`: as soon as the proposal or any review says TELEOPERATION. `held_out`: blind reviews on
    held-out frames, whatever they say. `otherwise`: all the rest.
    """

    otherwise: int = 1
    teleoperation: int = 2
    held_out: int = 2

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class ReviewFact:
    """What verification needs to know of one review. `is_firm`: neither unsure nor unconfirmed, and not paused."""

    id: int
    person_id: int
    level: TriageLevel
    mode: Mode
    supersedes_id: int | None = None
    is_firm: bool = True
    is_taken_back: bool = False

    @classmethod
    def of(cls, review: Review, paused: Collection[int]) -> ReviewFact:
        """That of a stored review. paused: the people whose answers verify nothing now."""
        is_firm = not (review.is_unsure or review.is_unconfirmed) and review.person_id not in paused
        return cls(
            int(review.id or 0),
            review.person_id,
            review.level,
            review.mode,
            review.supersedes_id,
            is_firm,
            bool(review.is_taken_back),
        )


@dataclass(frozen=True)
class AdjudicationFact:
    """What verification needs to know of one adjudication."""

    adjudication_id: int
    level: TriageLevel


@dataclass(frozen=True)
class Verification:
    """Where a frame stands. `level` is set when verified; `review_ids` are the reviews that count, oldest first;
    `reviews_needed` is how many more people must review it."""

    state: VerificationState
    level: TriageLevel | None
    review_ids: tuple[int, ...]
    adjudication_id: int | None
    reviews_needed: int


def verify(
    reviews: Sequence[ReviewFact],
    *,
    proposed: TriageLevel | None,
    split: Split,
    adjudication: AdjudicationFact | None = None,
    policy: VerificationPolicy | None = None,
    is_sent_back: bool = False,
) -> Verification:
    """Add up a frame's reviews (in the order they were written) and its latest adjudication.

    proposed: the teacher's level, None where its reply failed.
    is_sent_back: somebody doubts the verified level and no adjudication has settled it since.
    """
    counting = _counting(reviews, split)
    ids = tuple(review.id for review in counting)
    if is_sent_back:
        return Verification(VerificationState.CONTESTED, None, ids, None, 0)
    if adjudication is not None:
        level = adjudication.level
        return Verification(VerificationState.VERIFIED, level, ids, adjudication.adjudication_id, 0)
    levels = {review.level for review in counting}
    if len(levels) > 1:
        return Verification(VerificationState.CONTESTED, None, ids, None, 0)
    firm = sum(review.is_firm for review in counting)
    missing = _needed(levels, proposed, split, policy or VerificationPolicy()) - firm
    if missing > 0 or not levels:
        return Verification(VerificationState.AWAITING, None, ids, None, max(missing, 1))
    return Verification(VerificationState.VERIFIED, levels.pop(), ids, None, 0)


def _counting(reviews: Sequence[ReviewFact], split: Split) -> list[ReviewFact]:
    """The standing review of each person, unless it was taken back; on held-out frames only blind ones."""
    latest = {review.person_id: review for review in standing(reviews) if not review.is_taken_back}
    eligible = [review for review in latest.values() if split is Split.TRAIN or review.mode is Mode.BLIND]
    return sorted(eligible, key=lambda review: review.id)


def _needed(
    levels: set[TriageLevel], proposed: TriageLevel | None, split: Split, policy: VerificationPolicy
) -> int:
    if split is Split.HELD_OUT:
        return policy.held_out
    if TriageLevel.TELEOPERATION in levels or proposed is TriageLevel.TELEOPERATION:
        return policy.teleoperation
    return policy.otherwise
