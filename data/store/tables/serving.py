"""What the app serves the next frame from: leases, statuses, the random share and the rankings."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from data.store.tables.columns import enum_column, json_column, time_column
from data.vocabulary import Mode, Split, TriageLevel, VerificationState


class Lease(SQLModel, table=True):
    """A frame reserved for one person until a time, in the mode in which it is shown to that person.

    `first_level` is what the person chose before the proposal was handed out (decide-first); once there it stays.
    """

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    mode: Mode = enum_column(Mode)
    proposal_id: int | None = Field(default=None, foreign_key="proposal.id")
    leased_at_us: int = time_column()
    until_us: int = time_column()
    first_level: TriageLevel | None = enum_column(TriageLevel, default=None)


class OwnLevel(SQLModel, table=True):
    """The level that a person first chose for a frame, before its proposal was handed out. One for good: neither a
    lapsed lease nor a later decision makes another. Appended only."""

    __tablename__ = "own_level"

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    level: TriageLevel = enum_column(TriageLevel)
    chosen_at_us: int = time_column()


class FrameLook(SQLModel, table=True):
    """Somebody has looked at everything said of a frame, and is not asked about it any more. Appended only."""

    __tablename__ = "frame_look"

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    looked_at_us: int = time_column()


class FrameStatus(SQLModel, table=True):
    """Where a sampled frame stands: derived from reviews and adjudications, kept so that serving is one query.

    `priority` is the place in the review order (high first), `priority_terms` the reasons for it (leads only).
    `is_audit`: it stands in the open audit, so it is shown blind.
    """

    __tablename__ = "frame_status"
    __table_args__ = (
        Index(
            "ix_frame_status_queue",
            "priority",
            "frame_id",
            sqlite_where=text("reviews_needed > 0"),
            postgresql_where=text("reviews_needed > 0"),
        ),
    )

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    split: Split = enum_column(Split)
    state: VerificationState = enum_column(VerificationState, index=True)
    level: TriageLevel | None = enum_column(TriageLevel, default=None)
    reviews_needed: int
    priority: float = 0.0
    priority_terms: dict[str, float] = json_column(default_factory=dict)
    is_audit: bool = False


class RandomShare(SQLModel, table=True):
    """A frame that is reviewed at random whatever the order says, with the probability with which it was drawn.

    `place`, from 0 to 1, is its seeded place among them: those before any place are a random sample themselves.
    """

    __tablename__ = "random_share"

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    inclusion_probability: float
    place: float


class Ranking(SQLModel, table=True):
    """One ordering of the frames: how many reviews it knew, and how long it took."""

    id: int | None = Field(default=None, primary_key=True)
    reviews: int
    frames: int
    seconds: float
    ranked_at_us: int = time_column()


class NextRequest(SQLModel, table=True):
    """A lead wants a frame reviewed before all others, by everybody (`for_person_id` NULL) or by somebody, or no longer
    does (`is_set` False). Appended only; the latest of a frame and a person counts."""

    __tablename__ = "next_request"

    id: int | None = Field(default=None, primary_key=True)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    person_id: int = Field(foreign_key="person.id")
    for_person_id: int | None = Field(default=None, foreign_key="person.id")
    is_set: bool
    requested_at_us: int = time_column()
