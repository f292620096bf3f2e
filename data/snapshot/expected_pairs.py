"""The preference pairs that the verified training frames give now: how many, and which sentences many of them share.

One rule for the Progress and the Snapshot screen, counted by the database: what `data.snapshot.freeze` writes by
default.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, case, func, not_
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from data.proposals.runs import latest_run
from data.snapshot.pairs import pair_weight
from data.store.tables import Adjudication, Frame, FrameStatus, GoldFrame, Proposal, ReturnedFrame, Review
from data.verification.standing import is_standing, not_withdrawn
from data.vocabulary import ModelRole, Split, TriageLevel, VerificationState

REPEATED_AT_LEAST = 3
"""From how many pairs on a sentence counts as repeated."""


@dataclass(frozen=True)
class PairCounts:
    """Pairs by weight, and by the levels of their two sides; pairs of equal levels differ in words only."""

    by_weight: dict[float, int] = field(default_factory=dict)
    equal_levels: int = 0

    @property
    def total(self) -> int:
        """All pairs, those of equal levels included."""
        return sum(self.by_weight.values())


def tally(levels: Iterable[tuple[TriageLevel, TriageLevel, int]]) -> PairCounts:
    """Counts of (chosen level, rejected level, pairs), heaviest first.

    >>> tally([(TriageLevel.AUTONOMY, TriageLevel.AUTONOMY, 2), (TriageLevel.TELEOPERATION, TriageLevel.AUTONOMY, 1)])
    PairCounts(by_weight={5.0: 1, 1.0: 2}, equal_levels=2)
    """
    weights: Counter[float] = Counter()
    equal = 0
    for chosen, rejected, pairs in levels:
        weights[pair_weight(chosen, rejected)] += pairs
        equal += pairs if chosen is rejected else 0
    return PairCounts(dict(sorted(weights.items(), reverse=True)), equal)


@dataclass(frozen=True)
class RepeatedSentence:
    """A reasoning that people chose, by a reason's key or in their words, and the pairs that it stands in."""

    reasoning: str
    level: TriageLevel
    pairs: int


def expected_pairs(session: Session) -> PairCounts:
    """The pairs of a snapshot taken now: no gold, no generated frame, no two sides of one text."""
    pair = _pairs(session)
    query = select_columns(pair.c.level, pair.c.rejected, func.count()).group_by(
        pair.c.level, pair.c.rejected
    )
    return tally((level, rejected, int(n)) for level, rejected, n in session.connection().execute(query))


def repeated_sentences(session: Session, *, n: int = 20) -> list[RepeatedSentence]:
    """The n human reasonings that most pairs share, as far as REPEATED_AT_LEAST do."""
    pair = _pairs(session)
    query = (
        select_columns(pair.c.reasoning, pair.c.level, func.count())
        .where(pair.c.is_own)
        .group_by(pair.c.reasoning, pair.c.level)
        .having(func.count() >= REPEATED_AT_LEAST)
        .order_by(func.count().desc(), pair.c.reasoning)
        .limit(n)
    )
    return [
        RepeatedSentence(text, level, int(pairs))
        for text, level, pairs in session.connection().execute(query)
    ]


def _pairs(session: Session) -> Any:
    """A row per pair: the two levels, the chosen reasoning and whether a person worded it."""
    student_run, teacher_run = (latest_run(session, role) for role in (ModelRole.STUDENT, ModelRole.TEACHER))
    student, teacher, live, review, lead = (
        _columns_of(one) for one in (Proposal, Proposal, Proposal, Review, Adjudication)
    )
    words, settled = _latest_words(), _latest_adjudication()
    has_lead = and_(lead.reasoning.is_not(None), lead.action.is_not(None))
    model_level = case((teacher.id.is_not(None), teacher.level), else_=live.level)

    def chosen(name: str) -> Any:
        """The lead's words, else the latest reviewer's, else the model's where it says the verified level."""
        own, by_lead = getattr(review, name), getattr(lead, name)
        models = case((teacher.id.is_not(None), getattr(teacher, name)), else_=getattr(live, name))
        of_model = case((model_level == col(FrameStatus.level), models), else_=None)
        return case((has_lead, by_lead), (own.is_not(None), own), else_=of_model)

    is_one_text = and_(
        col(FrameStatus.level) == student.level,
        chosen("reasoning") == student.reasoning,
        chosen("action") == student.action,
    )
    return (
        select_columns(
            col(FrameStatus.level).label("level"),
            student.level.label("rejected"),
            chosen("reasoning").label("reasoning"),
            (has_lead | review.id.is_not(None)).label("is_own"),
        )
        .select_from(FrameStatus)
        .join(Frame, col(Frame.id) == FrameStatus.frame_id)
        .join(student, and_(student.frame_id == FrameStatus.frame_id, student.run_id == _id(student_run)))
        .outerjoin(
            teacher, and_(teacher.frame_id == FrameStatus.frame_id, teacher.run_id == _id(teacher_run))
        )
        .outerjoin(ReturnedFrame, col(ReturnedFrame.frame_id) == FrameStatus.frame_id)
        .outerjoin(live, live.id == ReturnedFrame.proposal_id)
        .outerjoin(words, words.c.frame_id == FrameStatus.frame_id)
        .outerjoin(review, review.id == words.c.id)
        .outerjoin(settled, settled.c.frame_id == FrameStatus.frame_id)
        .outerjoin(lead, lead.id == settled.c.id)
        .outerjoin(GoldFrame, col(GoldFrame.frame_id) == FrameStatus.frame_id)
        .where(
            col(FrameStatus.state) == VerificationState.VERIFIED,
            col(FrameStatus.split) == Split.TRAIN,
            col(Frame.generated_clip_id).is_(None),
            col(GoldFrame.frame_id).is_(None),
            student.level.is_not(None),
            student.reasoning.is_not(None),
            student.action.is_not(None),
            chosen("reasoning").is_not(None),
            chosen("action").is_not(None),
            not_(is_one_text),
        )
        .subquery()
    )


def _columns_of(table: Any) -> Any:
    """The table under another name; its attributes are columns, which its annotations do not say."""
    return aliased(table)


def _id(run: Any) -> str:
    return str(run.id) if run else ""


def _latest_words() -> Any:
    """(frame id, id of the latest standing review that words the verified level)."""
    return (
        select_columns(col(Review.frame_id), func.max(col(Review.id)).label("id"))
        .join(FrameStatus, col(FrameStatus.frame_id) == Review.frame_id)
        .where(
            col(Review.level) == col(FrameStatus.level),
            col(Review.reasoning).is_not(None),
            col(Review.action).is_not(None),
            is_standing(),
        )
        .group_by(col(Review.frame_id))
        .subquery()
    )


def _latest_adjudication() -> Any:
    return (
        select_columns(col(Adjudication.frame_id), func.max(col(Adjudication.id)).label("id"))
        .where(not_withdrawn())
        .group_by(col(Adjudication.frame_id))
        .subquery()
    )
