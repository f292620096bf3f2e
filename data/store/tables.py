"""The store's rows. Frames and runs are facts, reviews and adjudications are acts (appended, never changed),
leases and frame statuses are what the app needs to serve the next frame; statuses can be rebuilt from the acts.

All times are microseconds since 1970 UTC, taken from the store's clock.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, Text, TypeDecorator, UniqueConstraint, text
from sqlalchemy.engine import Dialect
from sqlmodel import Field, SQLModel

from data.vocabulary import (
    AlertEnd,
    Failure,
    FeedKind,
    ManualReason,
    Mode,
    ModelRole,
    NoteKind,
    PersonRole,
    Response,
    ReturnedFor,
    SetAside,
    Split,
    TrailAct,
    TriageLevel,
    Verdict,
    VerificationState,
)


class EnumText(TypeDecorator[Enum]):
    """An enum stored as its value in plain text, so that a new member needs no migration."""

    impl = String(32)
    cache_ok = True

    def __init__(self, kind: type[Enum] | None = None) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Enum | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value.value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Enum | None:
        return None if value is None or self.kind is None else self.kind(value)


def _enum(kind: type[Enum], **kwargs: Any) -> Any:
    return Field(sa_type=EnumText(kind), **kwargs)


def _time(**kwargs: Any) -> Any:
    return Field(sa_type=BigInteger, **kwargs)


def _text(**kwargs: Any) -> Any:
    return Field(sa_type=Text, **kwargs)


def _json(**kwargs: Any) -> Any:
    return Field(sa_type=JSON, **kwargs)


class Dataset(SQLModel, table=True):
    """One dataroot and version that was ingested. Images are read below `dataroot`, never written."""

    id: int | None = Field(default=None, primary_key=True)
    version: str = Field(unique=True)
    dataroot: str = _text()
    ingested_at_us: int = _time()


class Scene(SQLModel, table=True):
    """A nuScenes scene; `id` is its token. `split` is None until frames are sampled."""

    id: str = Field(primary_key=True)
    dataset_id: int = Field(foreign_key="dataset.id", index=True)
    name: str
    description: str = _text()
    log_name: str
    location: str
    utc_offset_min: int | None = None
    split: Split | None = _enum(Split, default=None)


class Frame(SQLModel, table=True):
    """One CAM_FRONT keyframe; `id` is its sample_data token, `position` its place in the scene from 0.

    `boxes` counts the annotated boxes seen by the camera by category; `cues` maps each cue to its evidence.
    `pixels` holds what was measured on the image, `image_fingerprint` how it looks (`data.images.fingerprint`), None
    until a snapshot needs it. `generated_clip_id` is None for a frame that a camera took. A frame with `set_aside`
    is never shown, asked about or exported.
    """

    id: str = Field(primary_key=True)
    scene_id: str = Field(foreign_key="scene.id", index=True)
    position: int
    captured_at_us: int = _time()
    filename: str = _text(unique=True)
    width_px: int | None = None
    height_px: int | None = None
    image_sha256: str | None = Field(default=None, max_length=64)
    image_fingerprint: str | None = Field(default=None, max_length=64)
    set_aside: SetAside | None = _enum(SetAside, default=None)
    set_aside_detail: str | None = _text(default=None)
    boxes: dict[str, int] = _json(default_factory=dict)
    cues: dict[str, str] = _json(default_factory=dict)
    pixels: dict[str, float] | None = _json(default=None)
    ego_x_m: float = 0.0
    ego_y_m: float = 0.0
    generated_clip_id: str | None = Field(default=None, max_length=16)


class GeneratedClip(SQLModel, table=True):
    """A clip that a generator made of a stretch of a real scene. Appended only; `id` hashes spec and output.

    `scene_id` is a scene of the clip's own, on the same side of the split as `source_scene_id`; `spec` is what the
    generator was given, `seed` and `model` with what. Its frames never inherit a level.
    """

    __tablename__ = "generated_clip"

    id: str = Field(primary_key=True, max_length=16)
    name: str = Field(unique=True, max_length=120)
    scene_id: str = Field(foreign_key="scene.id", unique=True)
    source_scene_id: str = Field(foreign_key="scene.id", index=True)
    scenario: str = Field(max_length=41)
    model: str = Field(max_length=200)
    seed: int = Field(sa_type=BigInteger)
    spec: dict[str, Any] = _json()
    spec_hash: str = Field(max_length=64)
    source_sha256: str = Field(max_length=64)
    output_sha256: str = Field(max_length=64)
    frames: int
    taken_in_at_us: int = _time()


class GeneratedFrame(SQLModel, table=True):
    """A frame of a generated clip: the real frame it was made of, and its place in the clip from 0. Appended only."""

    __tablename__ = "generated_frame"

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    clip_id: str = Field(foreign_key="generated_clip.id", index=True, max_length=16)
    source_frame_id: str = Field(foreign_key="frame.id", index=True)
    place: int


class ClipJudgement(SQLModel, table=True):
    """A person said that a generated clip cannot be real, or took that back. Appended only; the latest counts."""

    __tablename__ = "clip_judgement"

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True, max_length=64)
    clip_id: str = Field(foreign_key="generated_clip.id", index=True, max_length=16)
    person_id: int = Field(foreign_key="person.id", index=True)
    is_rejected: bool
    reason: str = _text()
    judged_at_us: int = _time()


class ClipCritique(SQLModel, table=True):
    """What a model said when asked whether a generated clip could be real; None where it gave no answer. Advice
    to people: it rejects nothing. Appended only."""

    __tablename__ = "clip_critique"
    __table_args__ = (UniqueConstraint("clip_id", "model", "question_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    clip_id: str = Field(foreign_key="generated_clip.id", index=True, max_length=16)
    model: str = Field(max_length=200)
    question_hash: str = Field(max_length=64)
    raw: str = _text()
    is_plausible: bool | None = None
    asked_at_us: int = _time()


class Sampling(SQLModel, table=True):
    """The one drawing of frames of a store, with everything that determines it."""

    id: int | None = Field(default=None, primary_key=True)
    seed: int
    parameters: dict[str, Any] = _json()
    sampled_at_us: int = _time()


class SampledFrame(SQLModel, table=True):
    """A frame that was drawn, with the probability with which the design draws it."""

    __tablename__ = "sampled_frame"

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    sampling_id: int = Field(foreign_key="sampling.id")
    split: Split = _enum(Split, index=True)
    inclusion_probability: float


class ModelRun(SQLModel, table=True):
    """One model asked about frames; `id` is the hash of everything that determines its answers."""

    __tablename__ = "model_run"

    id: str = Field(primary_key=True, max_length=16)
    name: str = Field(unique=True)
    role: ModelRole = _enum(ModelRole, index=True)
    model: str
    revision: str | None = None
    source: str
    question_hash: str
    parameters: dict[str, Any] = _json()
    created_at_us: int = _time()


class Proposal(SQLModel, table=True):
    """One model's answer for one frame in one run: the raw text, and the assessment or the reason why none.

    `request_hash` names what was asked: image, question, model, revision, sampling; `attempts` how often. With
    several samples the most voted one is the answer: `votes` counts them by level, `other_samples` keeps their
    raw texts. `token_probabilities` come from the level token's logprobs; `level_probabilities` are what the
    review order uses, those or else the votes' shares. All in the order AUTONOMY, SUPERVISION, TELEOPERATION.
    """

    __table_args__ = (UniqueConstraint("run_id", "frame_id"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="model_run.id", index=True)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    raw: str = _text()
    chain_of_thought: str | None = _text(default=None)
    level: TriageLevel | None = _enum(TriageLevel, default=None)
    reasoning: str | None = _text(default=None)
    action: str | None = _text(default=None)
    failure: Failure | None = _enum(Failure, default=None)
    failure_detail: str | None = _text(default=None)
    level_probabilities: list[float] | None = _json(default=None)
    token_probabilities: list[float] | None = _json(default=None)
    votes: list[int] | None = _json(default=None)
    other_samples: list[str] | None = _json(default=None)
    request_hash: str | None = Field(default=None, max_length=64)
    attempts: int | None = None
    answered_at_us: int = _time()


class Rewrite(SQLModel, table=True):
    """A teacher's chain of thought for the level that people verified on a frame, which the teacher itself had
    not said. Text to offer, never to use: only a person's `RewriteConfirmation` makes it usable."""

    __table_args__ = (UniqueConstraint("run_id", "frame_id", "level"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="model_run.id", index=True)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    level: TriageLevel = _enum(TriageLevel)
    chain_of_thought: str | None = _text(default=None)
    failure_detail: str | None = _text(default=None)
    request_hash: str = Field(max_length=64)
    written_at_us: int = _time()


class RewriteConfirmation(SQLModel, table=True):
    """A person confirmed a rewritten chain of thought, as it was or in better words. Appended only."""

    __tablename__ = "rewrite_confirmation"

    id: int | None = Field(default=None, primary_key=True)
    rewrite_id: int = Field(foreign_key="rewrite.id", unique=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    chain_of_thought: str = _text()
    confirmed_at_us: int = _time()


class Person(SQLModel, table=True):
    """Someone who signs in, or a scripted stand-in (`is_scripted`), which never can."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=64)
    display_name: str = Field(max_length=120)
    role: PersonRole = _enum(PersonRole)
    password_hash: str | None = _text(default=None)
    is_scripted: bool = False
    is_disabled: bool = False
    created_at_us: int = _time()


class SignIn(SQLModel, table=True):
    """An open session of a person: the hash of the browser's secret, and when it ends."""

    __tablename__ = "sign_in"

    id: int | None = Field(default=None, primary_key=True)
    secret_sha256: str = Field(unique=True, max_length=64)
    person_id: int = Field(foreign_key="person.id", index=True)
    created_at_us: int = _time()
    expires_at_us: int = _time()
    ended_at_us: int | None = _time(default=None)


class SignInAttempt(SQLModel, table=True):
    """A failed sign-in, kept to throttle guessing."""

    __tablename__ = "sign_in_attempt"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=64, index=True)
    attempted_at_us: int = _time()


class Lease(SQLModel, table=True):
    """A frame reserved for one person until a time, in the mode in which it is shown to that person.

    `first_level` is what the person chose before the proposal was handed out (decide-first); once there it stays.
    """

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    mode: Mode = _enum(Mode)
    proposal_id: int | None = Field(default=None, foreign_key="proposal.id")
    leased_at_us: int = _time()
    until_us: int = _time()
    first_level: TriageLevel | None = _enum(TriageLevel, default=None)


class Review(SQLModel, table=True):
    """What one person decided on one frame. Appended only; a later one supersedes it by pointing at it.

    `proposal_id` is what was shown (None in blind mode); `verdict` is None where nothing was shown to accept.
    `reasoning` and `action` are None where the person kept the proposal's wording. `first_level` is the own
    level chosen before the proposal was shown (decide-first).
    """

    __table_args__ = (Index("ix_review_person_frame", "person_id", "frame_id"),)

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True, max_length=64)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    proposal_id: int | None = Field(default=None, foreign_key="proposal.id")
    mode: Mode = _enum(Mode)
    verdict: Verdict | None = _enum(Verdict, default=None)
    level: TriageLevel = _enum(TriageLevel)
    first_level: TriageLevel | None = _enum(TriageLevel, default=None)
    reasoning: str | None = _text(default=None)
    action: str | None = _text(default=None)
    reason_code: str | None = Field(default=None, max_length=32)
    guideline_version: str = Field(max_length=16)
    seconds_shown: float | None = None
    supersedes_id: int | None = Field(default=None, foreign_key="review.id", unique=True)
    reviewed_at_us: int = _time()


class LabelStudioAnnotation(SQLModel, table=True):
    """Where a review that was made in Label Studio comes from. Appended only.

    `source` is the project's address or the file; `annotation_key` names the annotation wherever it is read, and
    with `changed_at_us` the version of it. `author` is the e-mail address it stood under. Times are Label Studio's.
    """

    __tablename__ = "label_studio_annotation"
    __table_args__ = (UniqueConstraint("annotation_key", "changed_at_us"),)

    id: int | None = Field(default=None, primary_key=True)
    review_id: int = Field(foreign_key="review.id", unique=True)
    source: str = _text()
    task_id: int | None = None
    annotation_key: str = Field(max_length=80)
    author: str = Field(max_length=254)
    annotated_at_us: int = _time()
    changed_at_us: int = _time()


class Adjudication(SQLModel, table=True):
    """A lead's final answer on a contested frame, with the written reason. Appended only; the latest counts."""

    id: int | None = Field(default=None, primary_key=True)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    level: TriageLevel = _enum(TriageLevel)
    reasoning: str | None = _text(default=None)
    action: str | None = _text(default=None)
    reason: str = _text()
    adjudicated_at_us: int = _time()


class SecondLook(SQLModel, table=True):
    """A verified frame that somebody sent back to a lead, with the reason. Appended only.

    It stands until an adjudication later than `after_adjudication_id` (0: none before it) settles the frame.
    """

    __tablename__ = "second_look"

    id: int | None = Field(default=None, primary_key=True)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    reason: str = _text()
    after_adjudication_id: int
    sent_back_at_us: int = _time()


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
    split: Split = _enum(Split)
    state: VerificationState = _enum(VerificationState, index=True)
    level: TriageLevel | None = _enum(TriageLevel, default=None)
    reviews_needed: int
    priority: float = 0.0
    priority_terms: dict[str, float] = _json(default_factory=dict)
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
    ranked_at_us: int = _time()


class GoldFrame(SQLModel, table=True):
    """A settled frame that serves to test people from then on. Reviews written later test the person only.

    `adjudication_id` is the act that settled its level. `proposed` is the level that the teacher proposed.
    """

    __tablename__ = "gold_frame"

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    adjudication_id: int = Field(foreign_key="adjudication.id")
    level: TriageLevel = _enum(TriageLevel)
    proposed: TriageLevel | None = _enum(TriageLevel, default=None)
    made_by_id: int = Field(foreign_key="person.id")
    made_at_us: int = _time()


class AuditLot(SQLModel, table=True):
    """The frames left unreviewed when an audit was opened; `id` counts lots from 1. Appended only.

    `limit` is the miss rate to be ruled out, `frames` how many frames the lot holds.
    """

    __tablename__ = "audit_lot"

    id: int | None = Field(default=None, primary_key=True)
    opened_by_id: int | None = Field(default=None, foreign_key="person.id")
    limit: float
    frames: int
    reason: str = _text()
    opened_at_us: int = _time()


class AuditFrame(SQLModel, table=True):
    """A frame of a lot and its place, from 0, in the random order in which the lot is audited."""

    __tablename__ = "audit_frame"

    lot_id: int = Field(foreign_key="audit_lot.id", primary_key=True)
    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    place: int


class Setting(SQLModel, table=True):
    """What leads set for the whole store."""

    name: str = Field(primary_key=True, max_length=32)
    value: float


class FrameNote(SQLModel, table=True):
    """What somebody noted about a frame without judging it. Appended only; `token` is made once per note."""

    __tablename__ = "frame_note"

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True, max_length=64)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    kind: NoteKind = _enum(NoteKind)
    reason: str = _text()
    noted_at_us: int = _time()


class TourAnswer(SQLModel, table=True):
    """What somebody said of a gold frame on the first-run tour, and the level it was held against. Appended only."""

    __tablename__ = "tour_answer"
    __table_args__ = (UniqueConstraint("person_id", "frame_id"),)

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    frame_id: str = Field(foreign_key="frame.id")
    level: TriageLevel = _enum(TriageLevel)
    gold_level: TriageLevel = _enum(TriageLevel)
    answered_at_us: int = _time()


class GuidelineText(SQLModel, table=True):
    """A guideline as a lead wrote it. Appended only; the latest holds. `version` is the text's hash."""

    __tablename__ = "guideline_text"

    id: int | None = Field(default=None, primary_key=True)
    version: str = Field(index=True, max_length=16)
    text: str = _text()
    person_id: int = Field(foreign_key="person.id")
    written_at_us: int = _time()


class TrailEntry(SQLModel, table=True):
    """One act in the audit trail, chained to the entry before it. Appended only.

    `id` counts from 1 without a gap. `person_id` is None for somebody at the command line or not signed in;
    `subject` is what it was done to, such as `review:12`; `details` is canonical JSON. Where the act is a row of its
    own, `row_sha256` is the hash of that row.
    """

    __tablename__ = "trail_entry"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    act: TrailAct = _enum(TrailAct)
    person_id: int | None = Field(default=None, foreign_key="person.id")
    subject: str = _text()
    details: str = _text()
    row_sha256: str | None = Field(default=None, max_length=64)
    at_us: int = _time()
    previous_sha256: str = Field(unique=True, max_length=64)
    sha256: str = Field(unique=True, max_length=64)


class PersonSettings(SQLModel, table=True):
    """How one person wants the review screen; a preference, not an act, so it is overwritten."""

    __tablename__ = "person_settings"

    person_id: int = Field(foreign_key="person.id", primary_key=True)
    settings: dict[str, Any] = _json(default_factory=dict)
    changed_at_us: int = _time()


class Watch(SQLModel, table=True):
    """One run of the monitor: which model it asked where, by which limits, and whether it is alive.

    `snapshot` is the hash of what the model was trained on, where that was said. `listens_at` is where the app
    reaches the monitor; `seen_at_us` its latest sign of life.
    """

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="model_run.id")
    endpoint: str = _text()
    snapshot: str | None = _text(default=None)
    limits: dict[str, Any] = _json()
    listens_at: str = _text()
    started_at_us: int = _time()
    seen_at_us: int = _time()
    ended_at_us: int | None = _time(default=None)


class Feed(SQLModel, table=True):
    """A live camera, known by its name; `source` is its address without passwords."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=64)
    kind: FeedKind = _enum(FeedKind)
    source: str = _text()
    added_at_us: int = _time()


class FeedChange(SQLModel, table=True):
    """A feed's level from a time on: a level, or (None) unknown with the reason why a person must look.

    Appended only. `captured_at_us` is when the frame was taken that changed it, None where none did.
    """

    __tablename__ = "feed_change"
    __table_args__ = (Index("ix_feed_change_watch_time", "watch_id", "changed_at_us"),)

    id: int | None = Field(default=None, primary_key=True)
    watch_id: int = Field(foreign_key="watch.id")
    feed_id: int = Field(foreign_key="feed.id")
    level: TriageLevel | None = _enum(TriageLevel, default=None)
    manual: ManualReason | None = _enum(ManualReason, default=None)
    detail: str | None = _text(default=None)
    captured_at_us: int | None = _time(default=None)
    changed_at_us: int = _time()


class Alert(SQLModel, table=True):
    """A feed that rose to SUPERVISION or TELEOPERATION, with the answer and the picture that raised it; or (`called`)
    one that an operator took over unasked, with what the model had said last.

    What raised it never changes; `shown_at_us` is when a console first said that it was on screen, `ended_at_us`
    and `end` when and why it was over. `source_frame_id`: the frame of the store that a replay showed.
    """

    __table_args__ = (Index("ix_alert_watch_raised", "watch_id", "raised_at_us"),)

    id: str = Field(primary_key=True, max_length=32)
    watch_id: int = Field(foreign_key="watch.id")
    feed_id: int = Field(foreign_key="feed.id")
    level: TriageLevel = _enum(TriageLevel)
    raw: str = _text()
    reasoning: str = _text()
    action: str = _text()
    level_probabilities: list[float] | None = _json(default=None)
    image_sha256: str = Field(max_length=64)
    source_frame_id: str | None = Field(default=None, foreign_key="frame.id")
    called: bool = False
    captured_at_us: int = _time()
    asked_at_us: int = _time()
    raised_at_us: int = _time()
    shown_at_us: int | None = _time(default=None)
    ended_at_us: int | None = _time(default=None)
    end: AlertEnd | None = _enum(AlertEnd, default=None)


class OperatorAnswer(SQLModel, table=True):
    """What an operator did about an alert. Appended only; `token` is made once per answer."""

    __tablename__ = "operator_answer"

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True, max_length=64)
    alert_id: str = Field(foreign_key="alert.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    response: Response = _enum(Response)
    reason: str = _text(default="")
    seconds_shown: float | None = None
    answered_at_us: int = _time()


class WatchMinute(SQLModel, table=True):
    """What a watch did in one minute. `feed_s`: seconds of feeds that were watched; `manual_s`: of those, how many
    needed a person's eyes. Frames were dropped for newer ones; answers were stale, or no assessment (failed)."""

    __tablename__ = "watch_minute"

    watch_id: int = Field(foreign_key="watch.id", primary_key=True)
    minute_at_us: int = Field(sa_type=BigInteger, primary_key=True)
    feed_s: float
    manual_s: float
    frames: int
    answers: int
    stale: int
    failed: int
    dropped: int


class ReturnedFrame(SQLModel, table=True):
    """A frame of a live feed that came into review, and where it comes from. Appended only.

    `alert_id` names the alert whose answer disagreed with the model. `inclusion_probability` is that of its draw:
    1 but for frames picked by chance. A frame that a replay showed is the store's own; `is_new` is False there.
    """

    __tablename__ = "returned_frame"

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    watch_id: int = Field(foreign_key="watch.id", index=True)
    feed_id: int = Field(foreign_key="feed.id")
    alert_id: str | None = Field(default=None, foreign_key="alert.id", index=True)
    proposal_id: int | None = Field(default=None, foreign_key="proposal.id")
    why: ReturnedFor = _enum(ReturnedFor)
    is_new: bool
    inclusion_probability: float
    returned_at_us: int = _time()


class Secret(SQLModel, table=True):
    """A random key of this store, made when the store is made (signing image addresses)."""

    name: str = Field(primary_key=True, max_length=32)
    value: str = Field(max_length=128)


WRITES = "is for an act"
"""What `data.store.opening` marks the sessions of acts with; only they lock what they look at."""
