"""What people decided and noted, and the guideline that they follow."""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from data.store.tables.columns import enum_column, text_column, time_column
from data.vocabulary import Mode, NoteKind, TriageLevel, Verdict


def _where_marked(name: str, mark: str, *, columns: tuple[str, ...]) -> Index:
    is_marked = text(f"{mark} IS NOT NULL")
    return Index(name, *columns, sqlite_where=is_marked, postgresql_where=is_marked)


class Review(SQLModel, table=True):
    """What one person decided on one frame. Appended only; a later one supersedes it by pointing at it.

    `proposal_id` is what was shown (None in blind mode); `verdict` is None where nothing was shown to accept.
    `reasoning` and `action` are None where the person kept the proposal's wording. `first_level` is the own
    level chosen before the proposal was shown (decide-first). `is_unsure`: the person said so beside the level;
    `is_unconfirmed`: given too fast to count by itself. `stack`: of the frame that was on screen and of those judged
    together with it (mode stack) the token of the first; `is_taken_back`: it replaces one of those and says nothing.
    All are True or NULL (`stack` a token), so that older rows keep their hash.
    `seconds_played`: how long the person watched the seconds before the frame, NULL where they did not. It is kept to
    be looked into, and nothing judges a person or a frame by it.
    """

    __table_args__ = (
        Index("ix_review_person_frame", "person_id", "frame_id"),
        _where_marked("ix_review_stack", "stack", columns=("stack",)),
        _where_marked("ix_review_taken_back", "is_taken_back", columns=("person_id", "frame_id")),
    )

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True, max_length=64)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    proposal_id: int | None = Field(default=None, foreign_key="proposal.id")
    mode: Mode = enum_column(Mode)
    verdict: Verdict | None = enum_column(Verdict, default=None)
    level: TriageLevel = enum_column(TriageLevel)
    first_level: TriageLevel | None = enum_column(TriageLevel, default=None)
    reasoning: str | None = text_column(default=None)
    action: str | None = text_column(default=None)
    reason_code: str | None = Field(default=None, max_length=32)
    guideline_version: str = Field(max_length=16)
    seconds_shown: float | None = None
    supersedes_id: int | None = Field(default=None, foreign_key="review.id", unique=True)
    reviewed_at_us: int = time_column()
    is_unsure: bool | None = None
    is_unconfirmed: bool | None = None
    stack: str | None = Field(default=None, max_length=64)
    is_taken_back: bool | None = None
    seconds_played: float | None = None


class LabelStudioAnnotation(SQLModel, table=True):
    """Where a review that was made in Label Studio comes from. Appended only.

    `source` is the project's address or the file; `annotation_key` names the annotation wherever it is read, and
    with `changed_at_us` the version of it. `author` is the e-mail address it stood under. Times are Label Studio's.
    """

    __tablename__ = "label_studio_annotation"
    __table_args__ = (UniqueConstraint("annotation_key", "changed_at_us"),)

    id: int | None = Field(default=None, primary_key=True)
    review_id: int = Field(foreign_key="review.id", unique=True)
    source: str = text_column()
    task_id: int | None = None
    annotation_key: str = Field(max_length=80)
    author: str = Field(max_length=254)
    annotated_at_us: int = time_column()
    changed_at_us: int = time_column()


class Adjudication(SQLModel, table=True):
    """A lead's final answer on a contested frame, with the written reason. Appended only; the latest counts."""

    id: int | None = Field(default=None, primary_key=True)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    level: TriageLevel = enum_column(TriageLevel)
    reasoning: str | None = text_column(default=None)
    action: str | None = text_column(default=None)
    reason: str = text_column()
    adjudicated_at_us: int = time_column()


class AdjudicationWithdrawal(SQLModel, table=True):
    """An adjudication that its lead took back at once: the frame stands as if it had never been written. Appended
    only."""

    __tablename__ = "adjudication_withdrawal"

    adjudication_id: int = Field(foreign_key="adjudication.id", primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    withdrawn_at_us: int = time_column()


class AnswerPause(SQLModel, table=True):
    """From here on no answer of this person, earlier or later, helps to verify a frame, until an `AnswerRelease`.
    `by_id` is the lead. Appended only."""

    __tablename__ = "answer_pause"

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    by_id: int = Field(foreign_key="person.id")
    reason: str = text_column()
    paused_at_us: int = time_column()


class AnswerRelease(SQLModel, table=True):
    """The end of a pause: the person's answers count again, those given meanwhile too. Appended only."""

    __tablename__ = "answer_release"

    pause_id: int = Field(foreign_key="answer_pause.id", primary_key=True)
    by_id: int = Field(foreign_key="person.id")
    reason: str = text_column()
    released_at_us: int = time_column()


class SecondLook(SQLModel, table=True):
    """A verified frame that somebody sent back to a lead, with the reason. Appended only.

    It stands until an adjudication later than `after_adjudication_id` (0: none before it) settles the frame.
    """

    __tablename__ = "second_look"

    id: int | None = Field(default=None, primary_key=True)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    reason: str = text_column()
    after_adjudication_id: int
    sent_back_at_us: int = time_column()


class FrameNote(SQLModel, table=True):
    """What somebody noted about a frame without judging it. Appended only; `token` is made once per note."""

    __tablename__ = "frame_note"

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True, max_length=64)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    kind: NoteKind = enum_column(NoteKind)
    reason: str = text_column()
    noted_at_us: int = time_column()


class GuidelineText(SQLModel, table=True):
    """A guideline as a lead wrote it. Appended only; the latest holds. `version` is the text's hash; `note` says what
    changed and why."""

    __tablename__ = "guideline_text"

    id: int | None = Field(default=None, primary_key=True)
    version: str = Field(index=True, max_length=16)
    text: str = text_column()
    person_id: int = Field(foreign_key="person.id")
    written_at_us: int = time_column()
    note: str | None = text_column(default=None)


class GuidelineReading(SQLModel, table=True):
    """Somebody was shown what changed and said that they read it; versions are numbered from 1. Appended only."""

    __tablename__ = "guideline_reading"

    person_id: int = Field(foreign_key="person.id", primary_key=True)
    guideline_number: int = Field(primary_key=True)
    version: str = Field(max_length=16)
    read_at_us: int = time_column()
