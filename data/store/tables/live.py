"""What the monitor saw and what operators did about it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from data.store.tables.columns import enum_column, json_column, text_column, time_column
from data.vocabulary import AlertEnd, FeedKind, ManualReason, Response, ReturnedFor, TriageLevel


class Watch(SQLModel, table=True):
    """One run of the monitor: which model it asked where, by which limits, and whether it is alive.

    `snapshot` is the hash of what the model was trained on, where that was said. `listens_at` is where the app
    reaches the monitor; `seen_at_us` its latest sign of life.
    """

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="model_run.id")
    endpoint: str = text_column()
    snapshot: str | None = text_column(default=None)
    limits: dict[str, Any] = json_column()
    listens_at: str = text_column()
    started_at_us: int = time_column()
    seen_at_us: int = time_column()
    ended_at_us: int | None = time_column(default=None)


class Feed(SQLModel, table=True):
    """A live camera, known by its name; `source` is its address without passwords."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=64)
    kind: FeedKind = enum_column(FeedKind)
    source: str = text_column()
    added_at_us: int = time_column()


class FeedChange(SQLModel, table=True):
    """A feed's level from a time on: a level, or (None) unknown with the reason why a person must look.

    Appended only. `captured_at_us` is when the frame was taken that changed it, None where none did.
    """

    __tablename__ = "feed_change"
    __table_args__ = (Index("ix_feed_change_watch_time", "watch_id", "changed_at_us"),)

    id: int | None = Field(default=None, primary_key=True)
    watch_id: int = Field(foreign_key="watch.id")
    feed_id: int = Field(foreign_key="feed.id")
    level: TriageLevel | None = enum_column(TriageLevel, default=None)
    manual: ManualReason | None = enum_column(ManualReason, default=None)
    detail: str | None = text_column(default=None)
    captured_at_us: int | None = time_column(default=None)
    changed_at_us: int = time_column()


class Alert(SQLModel, table=True):
    """A feed that rose to SUPERVISION or TELEOPERATION, with the answer and the picture that raised it; or (`called`)
    one that an operator took over unasked, with what the model had said last.

    What raised it never changes; `shown_at_us` is when a console first said that it was on screen, `ended_at_us`
    and `end` when and why it was over. `source_frame_id`: the frame of the store that a replay showed. `erasure_id`:
    the act by which the picture was erased.
    """

    __table_args__ = (Index("ix_alert_watch_raised", "watch_id", "raised_at_us"),)

    id: str = Field(primary_key=True, max_length=32)
    watch_id: int = Field(foreign_key="watch.id")
    feed_id: int = Field(foreign_key="feed.id")
    level: TriageLevel = enum_column(TriageLevel)
    raw: str = text_column()
    reasoning: str = text_column()
    action: str = text_column()
    level_probabilities: list[float] | None = json_column(default=None)
    image_sha256: str = Field(max_length=64)
    source_frame_id: str | None = Field(default=None, foreign_key="frame.id")
    called: bool = False
    captured_at_us: int = time_column()
    asked_at_us: int = time_column()
    raised_at_us: int = time_column()
    shown_at_us: int | None = time_column(default=None)
    ended_at_us: int | None = time_column(default=None)
    end: AlertEnd | None = enum_column(AlertEnd, default=None)
    erasure_id: int | None = None


class AlertClip(SQLModel, table=True):
    """What became of the pictures around an alert. `sha256` and `bytes`: of the clip, None and 0 where there is none;
    `first_at_us`, `last_at_us`: when its first and last picture were taken; `detail`: what is missing and why, None
    where nothing is. `removed_at_us`: when the clip was deleted, `erasure_id`: by which act it was erased, None where
    it was old; nothing else changes."""

    __tablename__ = "alert_clip"

    alert_id: str = Field(foreign_key="alert.id", primary_key=True, max_length=32)
    sha256: str | None = Field(default=None, max_length=64)
    bytes: int
    frames: int
    first_at_us: int | None = time_column(default=None)
    last_at_us: int | None = time_column(default=None)
    detail: str | None = text_column(default=None)
    written_at_us: int = time_column()
    removed_at_us: int | None = time_column(default=None)
    erasure_id: int | None = None


class OperatorAnswer(SQLModel, table=True):
    """What an operator did about an alert. Appended only; `token` is made once per answer."""

    __tablename__ = "operator_answer"

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True, max_length=64)
    alert_id: str = Field(foreign_key="alert.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    response: Response = enum_column(Response)
    reason: str = text_column(default="")
    seconds_shown: float | None = None
    answered_at_us: int = time_column()


class WatchMinute(SQLModel, table=True):
    """What a watch did in one minute. `feed_s`: seconds of feeds that were watched; `manual_s`: of those, how many
    needed a person's eyes. Frames were dropped for newer ones; answers were stale, or no assessment (failed)."""

    __tablename__ = "watch_minute"

    watch_id: int = Field(foreign_key="watch.id", primary_key=True)
    minute_at_us: int = time_column(primary_key=True)
    feed_s: float
    manual_s: float
    frames: int
    answers: int
    stale: int
    failed: int
    dropped: int


class ReturnedFrame(SQLModel, table=True):
    """A frame of a live feed that came into review, and where it comes from. Appended only.

    `alert_id` names the alert whose answer disagreed with the model. `inclusion_probability` is that of the draw of a
    frame picked by chance; one that came back for a reason has none and stands for no other frame. A frame that a
    replay showed is the store's own; `is_new` is False there.
    """

    __tablename__ = "returned_frame"

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    watch_id: int = Field(foreign_key="watch.id", index=True)
    feed_id: int = Field(foreign_key="feed.id")
    alert_id: str | None = Field(default=None, foreign_key="alert.id", index=True)
    proposal_id: int | None = Field(default=None, foreign_key="proposal.id")
    why: ReturnedFor = enum_column(ReturnedFor)
    is_new: bool
    inclusion_probability: float | None = None
    returned_at_us: int = time_column()
