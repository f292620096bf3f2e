"""Quality control: gold frames, the first-run tour and blind audits."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from data.store.tables.columns import enum_column, text_column, time_column
from data.vocabulary import LotEnd, TriageLevel


class GoldFrame(SQLModel, table=True):
    """A settled frame that serves to test people from then on. Reviews written later test the person only.

    `adjudication_id` is the act that settled its level. `proposed` is the level that the teacher proposed.
    """

    __tablename__ = "gold_frame"

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    adjudication_id: int = Field(foreign_key="adjudication.id")
    level: TriageLevel = enum_column(TriageLevel)
    proposed: TriageLevel | None = enum_column(TriageLevel, default=None)
    made_by_id: int = Field(foreign_key="person.id")
    made_at_us: int = time_column()


class TourAnswer(SQLModel, table=True):
    """What somebody said of a gold frame on the first-run tour, and the level it was held against. Appended only."""

    __tablename__ = "tour_answer"
    __table_args__ = (UniqueConstraint("person_id", "frame_id"),)

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    frame_id: str = Field(foreign_key="frame.id")
    level: TriageLevel = enum_column(TriageLevel)
    gold_level: TriageLevel = enum_column(TriageLevel)
    answered_at_us: int = time_column()


class AuditLot(SQLModel, table=True):
    """The frames left unreviewed when an audit was opened; `id` counts lots from 1. Appended only.

    `limit` is the miss rate to be ruled out, `frames` how many frames the lot holds. `stratum`: what a lead called the
    frames that they picked of those left; NULL for a lot of all of them.
    """

    __tablename__ = "audit_lot"

    id: int | None = Field(default=None, primary_key=True)
    opened_by_id: int | None = Field(default=None, foreign_key="person.id")
    limit: float
    frames: int
    reason: str = text_column()
    opened_at_us: int = time_column()
    stratum: str | None = Field(default=None, max_length=64)


class AuditFrame(SQLModel, table=True):
    """A frame of a lot and its place, from 0, in the random order in which the lot is audited."""

    __tablename__ = "audit_frame"

    lot_id: int = Field(foreign_key="audit_lot.id", primary_key=True)
    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    place: int


class AuditTerms(SQLModel, table=True):
    """What a lot is judged by, fixed when it was opened. Appended only.

    `people_see` is the share of TELEOPERATION frames that people recognise when they judge blind: a lower bound from
    so many `golds`, or where that is 0 the value that the project assumes. Lots without such a row assume it too.
    """

    __tablename__ = "audit_terms"

    lot_id: int = Field(foreign_key="audit_lot.id", primary_key=True)
    person_id: int | None = Field(default=None, foreign_key="person.id")
    people_see: float
    golds: int


class AuditEnd(SQLModel, table=True):
    """How a lot ended, written with the answer that ended it. Appended only.

    `frames` and `audited` are counts of the lot; `at_most` is the bound on the misses among the frames that were
    left then, None after a miss or a cancellation. `person_id` gave the answer, or cancelled for this `reason`.
    """

    __tablename__ = "audit_end"

    lot_id: int = Field(foreign_key="audit_lot.id", primary_key=True)
    person_id: int | None = Field(default=None, foreign_key="person.id")
    why: LotEnd = enum_column(LotEnd)
    frames: int
    audited: int
    at_most: int | None = None
    ended_at_us: int = time_column()
    reason: str | None = text_column(default=None)
