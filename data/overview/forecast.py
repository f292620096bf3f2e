"""How much is left, and for how long: from the pace of the last days and what was verified so far."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from data.snapshot.expected_pairs import PairCounts, RepeatedSentence, expected_pairs, repeated_sentences
from data.store.opening import Store
from data.store.tables import FrameStatus, Person, Review
from data.verification.standing import paused_people
from data.vocabulary import TriageLevel

WINDOW_DAYS = 7
PAPER_SHARES = {
    TriageLevel.AUTONOMY: 0.49,
    TriageLevel.SUPERVISION: 0.38,
    TriageLevel.TELEOPERATION: 0.13,
}
_DAY_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True)
class Pace:
    """reviews_left: at least so many more reviews; per_day: reviews a day on the days of the last week on which
    somebody reviewed, without those by scripts and by people whose answers are paused; days_left: None without a
    pace."""

    reviews_left: int
    per_day: float | None
    days_left: float | None


@dataclass(frozen=True)
class Forecast(Pace):
    """pairs: what a snapshot taken now holds; repeated: the sentences that many of them share."""

    pairs: PairCounts
    repeated: list[RepeatedSentence]


def pace(store: Store) -> Pace:
    """How much is open, and how long it takes as the last days went."""
    with store.read() as session:
        return _pace(store, session)


def forecast(store: Store) -> Forecast:
    """The same, with what a snapshot would hold."""
    with store.read() as session:
        pairs, repeated = expected_pairs(session), repeated_sentences(session)
        return Forecast(**vars(_pace(store, session)), pairs=pairs, repeated=repeated)


def _pace(store: Store, session: Session) -> Pace:
    left = int(session.exec(select(func.sum(FrameStatus.reviews_needed))).one() or 0)
    by_day = _reviews_by_day(session, store.now_us(session) - WINDOW_DAYS * _DAY_US)
    per_day = sum(by_day) / len(by_day) if by_day else None
    return Pace(left, per_day, left / per_day if per_day else None)


def _reviews_by_day(session: Session, since_us: int) -> list[int]:
    """How many reviews on each day (UTC) since then on which somebody reviewed. Scripts set no pace, nor do people
    whose answers are paused: those verify no frame."""
    at_us = col(Review.reviewed_at_us)
    scripts = select(Person.id).where(col(Person.is_scripted))
    paused = paused_people(session)
    query = select_columns(func.count()).where(at_us >= since_us, col(Review.person_id).not_in(scripts))
    query = query.where(col(Review.person_id).not_in(paused))
    query = query.group_by(at_us.op("/")(_DAY_US))
    return [int(reviews) for (reviews,) in session.connection().execute(query).all()]
