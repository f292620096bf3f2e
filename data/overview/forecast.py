"""How much is left, and for how long: from the pace of the last days and what was verified so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from data.proposals.runs import latest_run
from data.snapshot.pairs import pair_weight
from data.store.opening import Store
from data.store.tables import FrameStatus, Proposal, Review
from data.vocabulary import ModelRole, Split, TriageLevel, VerificationState

WINDOW_DAYS = 7
PAPER_SHARES = {
    TriageLevel.AUTONOMY: 0.49,
    TriageLevel.SUPERVISION: 0.38,
    TriageLevel.TELEOPERATION: 0.13,
}
_DAY_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True)
class Forecast:
    """reviews_left: at least so many more reviews; per_day: reviews a day on the days of the last week on which
    anybody reviewed; days_left: None without a pace. pairs: verified training frames by the weight of the pair that
    they give."""

    reviews_left: int
    per_day: float | None
    days_left: float | None
    pairs: dict[float, int]


def forecast(store: Store) -> Forecast:
    """Look at what is open and at the last days."""
    with store.read() as session:
        left = int(session.exec(select(func.sum(FrameStatus.reviews_needed))).one() or 0)
        by_day = _reviews_by_day(session, store.now_us(session) - WINDOW_DAYS * _DAY_US)
        verified = _verified_by_levels(session)
    per_day = sum(by_day) / len(by_day) if by_day else None
    pairs: Counter[float] = Counter()
    for chosen, rejected, frames in verified:
        if chosen is not None and rejected is not None and chosen is not rejected:
            pairs[pair_weight(chosen, rejected)] += frames
    return Forecast(
        reviews_left=left,
        per_day=per_day,
        days_left=left / per_day if per_day else None,
        pairs=dict(sorted(pairs.items(), reverse=True)),
    )


def _reviews_by_day(session: Session, since_us: int) -> list[int]:
    """How many reviews on each day (UTC) since then on which anybody reviewed."""
    at_us = col(Review.reviewed_at_us)
    query = select_columns(func.count()).where(at_us >= since_us).group_by(at_us.op("/")(_DAY_US))
    return [int(reviews) for (reviews,) in session.connection().execute(query).all()]


def _verified_by_levels(session: Session) -> list[tuple[TriageLevel | None, TriageLevel | None, int]]:
    """(verified level, the student's, how many frames) over the verified training frames that the student answered."""
    run = latest_run(session, ModelRole.STUDENT)
    by = (col(FrameStatus.level), col(Proposal.level))
    query = (
        select_columns(*by, func.count())
        .select_from(FrameStatus)
        .join(Proposal, col(Proposal.frame_id) == FrameStatus.frame_id)
        .where(
            col(Proposal.run_id) == (run.id if run else ""),
            col(FrameStatus.split) == Split.TRAIN,
            col(FrameStatus.state) == VerificationState.VERIFIED,
        )
        .group_by(*by)
    )
    rows = session.connection().execute(query).all()
    return [(chosen, rejected, int(frames)) for chosen, rejected, frames in rows]
