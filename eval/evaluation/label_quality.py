"""How the verified levels came about: what a run's figures can be worth at best."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from data.store.opening import Store
from data.store.tables import Person, Review
from data.verification.verified_frames import VerifiedFrame
from data.vocabulary import Mode
from eval.agreement.from_store import ALPHA, TELEOPERATION_AGREEMENT, Estimate, agreement
from eval.statistics.rate import Interval, Rate, Undefined
from eval.statistics.values import Part


class Agreed(Part):
    """A coefficient or share of agreement on `n` frames, with its interval over resampled scenes."""

    value: float | Undefined
    interval: Interval | Undefined
    n: int


class LabelQuality(Part):
    """Of the `frames` compared against: `blind` have a blind review behind them, `double` reviews by two people,
    `adjudicated` a lead's final answer; behind `scripted` stand scripts in place of people.

    Agreement is over all independent ratings of the store: `alpha` is Krippendorff's, ordinal; `teleoperation` how
    often a second person says TELEOPERATION where one does; `conflicts` counts frames where one said TELEOPERATION
    and another AUTONOMY.
    """

    frames: int
    blind: int
    double: int
    adjudicated: int
    scripted: int
    alpha: Agreed
    teleoperation: Agreed
    conflicts: int


def label_quality(store: Store, verified: Sequence[VerifiedFrame]) -> LabelQuality:
    """Count what stands behind the verified frames, and take the store's agreement beside it."""
    with store.read() as session:
        reviews = _reviews(session)
        scripts = set(session.exec(select(Person.id).where(col(Person.is_scripted))))
    behind = [[reviews[place] for place in one.review_ids] for one in verified]
    summary = agreement(store).independent
    return LabelQuality(
        frames=len(verified),
        blind=sum(any(review.mode is Mode.BLIND for review in some) for some in behind),
        double=sum(len({review.person_id for review in some}) > 1 for some in behind),
        adjudicated=sum(one.adjudication_id is not None for one in verified),
        scripted=sum(bool(some) and {review.person_id for review in some} <= scripts for some in behind),
        alpha=_agreed(summary.estimate(ALPHA)),
        teleoperation=_agreed(summary.estimate(TELEOPERATION_AGREEMENT)),
        conflicts=len(summary.conflicts),
    )


def _reviews(session: Session) -> dict[int, Review]:
    return {int(review.id or 0): review for review in session.exec(select(Review))}


def _agreed(estimate: Estimate) -> Agreed:
    value = estimate.value.value if isinstance(estimate.value, Rate) else estimate.value
    return Agreed(value=value, interval=estimate.interval, n=estimate.n)
