"""How the verified levels came about: what a run's figures can be worth at best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from data.store.tables import Person, Review
from data.verification.standing import of_the_frame
from data.verification.verified_frames import VerifiedFrame
from data.vocabulary import Mode, TriageLevel
from eval.agreement.estimates import Estimate, Ints, ordinal_alpha, specific_estimate
from eval.agreement.tables import Floats
from eval.statistics.rate import Interval, Rate, Undefined
from eval.statistics.values import Part

AT_ONCE = 500


class Agreed(Part):
    """A coefficient or share of agreement on `n` frames, with its interval over resampled scenes."""

    value: float | Undefined
    interval: Interval | Undefined
    n: int


class LabelQuality(Part):
    """Of the `frames` compared against: `blind` have a blind review behind them, `double` reviews by two people,
    `adjudicated` a lead's final answer; `scripted` were labelled by scripts in place of people.

    Agreement is over the independent ratings of these frames: `alpha` is Krippendorff's, ordinal; `teleoperation` how
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


@dataclass(frozen=True)
class Rating:
    """What one person said of a frame: `own` is the level chosen without seeing a proposal, None where there is
    none."""

    review_id: int
    frame_id: str
    person_id: int
    mode: Mode
    own: TriageLevel | None


Ratings = Mapping[str, Sequence[Rating]]
"""Standing ratings by frame id, oldest first."""


def label_quality(session: Session, verified: Sequence[VerifiedFrame], ratings: Ratings) -> LabelQuality:
    """Count what stands behind the verified frames, and how far the people who rated them agree."""
    scripts = set(session.exec(select(Person.id).where(col(Person.is_scripted))))
    by_id = {rating.review_id: rating for of_frame in ratings.values() for rating in of_frame}
    behind = [[by_id[place] for place in one.review_ids if place in by_id] for one in verified]
    counts, scenes = _counts(verified, ratings)
    return LabelQuality(
        frames=len(verified),
        blind=sum(any(one.mode is Mode.BLIND for one in some) for some in behind),
        double=sum(len({one.person_id for one in some}) > 1 for some in behind),
        adjudicated=sum(one.adjudication_id is not None for one in verified),
        scripted=sum(bool(some) and {one.person_id for one in some} <= scripts for some in behind),
        alpha=_agreed(ordinal_alpha(counts, scenes)),
        teleoperation=_agreed(specific_estimate(counts, scenes, TriageLevel.TELEOPERATION)),
        conflicts=int(((counts[:, 0] > 0) & (counts[:, 2] > 0)).sum()),
    )


def ratings_of(session: Session, frame_ids: Sequence[str]) -> Ratings:
    """The standing ratings of each of the frames, oldest first, those that test the person left out."""
    found: dict[str, list[Rating]] = defaultdict(list)
    superseded: set[int | None] = set()
    columns = [
        col(one)
        for one in (
            Review.id, Review.frame_id, Review.person_id, Review.mode, Review.level, Review.first_level,
            Review.supersedes_id,
        )
    ]  # fmt: skip
    for start in range(0, len(frame_ids), AT_ONCE):
        some = col(Review.frame_id).in_(frame_ids[start : start + AT_ONCE])
        query = of_the_frame(select_columns(*columns)).where(some).order_by(col(Review.id))
        for review_id, frame_id, person_id, mode, level, first, supersedes in session.connection().execute(
            query
        ):
            own = level if mode is Mode.BLIND else first if mode is Mode.DECIDE_FIRST else None
            found[frame_id].append(Rating(review_id, frame_id, person_id, mode, own))
            superseded.add(supersedes)
    return {
        frame_id: [rating for rating in some if rating.review_id not in superseded]
        for frame_id, some in found.items()
    }


def _counts(verified: Sequence[VerifiedFrame], ratings: Ratings) -> tuple[Floats, Ints]:
    """(frames, 3) independent ratings of each level, and (frames,) places of the scenes."""
    counts = np.zeros((len(verified), 3))
    for place, one in enumerate(verified):
        for rating in ratings.get(one.frame.id, []):
            if rating.own is not None:
                counts[place, rating.own.rank] += 1
    _, scenes = np.unique([one.scene_id for one in verified], return_inverse=True)
    return counts, np.asarray(scenes, dtype=np.int64)


def _agreed(estimate: Estimate) -> Agreed:
    value = estimate.value.value if isinstance(estimate.value, Rate) else estimate.value
    return Agreed(value=value, interval=estimate.interval, n=estimate.n)
