"""How much is left, and for how long: from the pace of the last days and what was verified so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select as select_columns
from sqlmodel import col, func, select

from data.preference_pairs import pair_weight
from data.proposals import latest_run
from data.store import Store
from data.tables import FrameStatus, Proposal, Review
from data.vocabulary import LEVELS, ModelRole, Split, TriageLevel, VerificationState

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
    they give; expected_pairs: the same when every training frame is verified, if the rest turns out alike (the order
    puts TELEOPERATION first, so that heavy pairs are an upper estimate)."""

    reviews_left: int
    per_day: float | None
    days_left: float | None
    pairs: dict[float, int]
    expected_pairs: dict[float, int]


def forecast(store: Store) -> Forecast:
    """Look at what is open and at the last days."""
    with store.read() as session:
        left = int(session.exec(select(func.sum(FrameStatus.reviews_needed))).one() or 0)
        since = store.now_us(session) - WINDOW_DAYS * _DAY_US
        recent = session.exec(select(Review.reviewed_at_us).where(Review.reviewed_at_us >= since)).all()
        run = latest_run(session, ModelRole.STUDENT)
        verified = (
            session.connection()
            .execute(
                select_columns(col(FrameStatus.level), col(Proposal.level))
                .join(Proposal, col(Proposal.frame_id) == FrameStatus.frame_id)
                .where(
                    col(Proposal.run_id) == (run.id if run else ""),
                    col(FrameStatus.split) == Split.TRAIN,
                    col(FrameStatus.state) == VerificationState.VERIFIED,
                )
            )
            .all()
        )
        train = session.exec(
            select(func.count(col(FrameStatus.frame_id))).where(FrameStatus.split == Split.TRAIN)
        ).one()
    days = {time_us // _DAY_US for time_us in recent}
    per_day = len(recent) / len(days) if days else None
    pairs = Counter(
        pair_weight(chosen, rejected)
        for chosen, rejected in verified
        if chosen is not None and rejected is not None and chosen is not rejected
    )
    return Forecast(
        reviews_left=left,
        per_day=per_day,
        days_left=left / per_day if per_day else None,
        pairs=dict(sorted(pairs.items(), reverse=True)),
        expected_pairs={
            weight: round(n * int(train) / len(verified)) for weight, n in sorted(pairs.items(), reverse=True)
        },
    )


def level_shares(levels: dict[TriageLevel, int]) -> dict[TriageLevel, float]:
    """The share of each level among the verified frames; empty without any."""
    total = sum(levels.values())
    return {level: levels[level] / total for level in LEVELS} if total else {}
