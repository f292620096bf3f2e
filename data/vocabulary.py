"""The project's words as types: enums and frozen values, no I/O. Everything else is built on these."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

MAX_REASONING_CHARS = 600
MAX_ACTION_CHARS = 300

Reasoning = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REASONING_CHARS)
]
Action = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_ACTION_CHARS)]
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")


def storable_text(text: str) -> str:
    """Text that every database takes: NUL and lone surrogates become the replacement character.

    >>> storable_text("a\\0b\\ud800c")
    'a\ufffdb\ufffdc'
    """
    return _UNSTORABLE.sub("\ufffd", text)


class FromOutside(BaseModel):
    """What a browser sends: nothing but the fields named, and text that every database takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: storable_text(one) if isinstance(one, str) else one for name, one in given.items()}


class TriageLevel(Enum):
    """How much human involvement a frame needs; ordered AUTONOMY < SUPERVISION < TELEOPERATION."""

    AUTONOMY = "AUTONOMY"
    SUPERVISION = "SUPERVISION"
    TELEOPERATION = "TELEOPERATION"

    @property
    def rank(self) -> int:
        """0 for AUTONOMY, 1 for SUPERVISION, 2 for TELEOPERATION."""
        return LEVELS.index(self)

    def __lt__(self, other: Self) -> bool:
        return self.rank < other.rank

    def __le__(self, other: Self) -> bool:
        return self.rank <= other.rank

    def __gt__(self, other: Self) -> bool:
        return self.rank > other.rank

    def __ge__(self, other: Self) -> bool:
        return self.rank >= other.rank


LEVELS: tuple[TriageLevel, ...] = tuple(TriageLevel)


class Assessment(BaseModel):
    """What a model or a person says of one frame: the level, why, and what the operator should do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reasoning: Reasoning
    level: TriageLevel
    action: Action


@dataclass(frozen=True, slots=True)
class SeenBox:
    """An annotated box that the camera sees. `category` is one of nuScenes' names ("human.pedestrian.adult");
    `ahead_m` and `left_m` place its centre relative to the vehicle's rear axle (x forward, y left)."""

    category: str
    ahead_m: float
    left_m: float


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the vehicle is, in metres on a plane whose origin the source chose, and its heading, counter-clockwise
    from the x axis."""

    x_m: float
    y_m: float
    yaw_rad: float


class Cue(StrEnum):
    """Evidence in a frame that makes it an edge case."""

    PEDESTRIAN_NEAR = "pedestrian_near"
    CONSTRUCTION = "construction"
    INTERSECTION = "intersection"
    RAIN = "rain"
    FOG = "fog"
    NIGHT = "night"
    GLARE = "glare"


class Split(StrEnum):
    """Which side of the scene-disjoint split a scene is on."""

    TRAIN = "train"
    HELD_OUT = "held_out"


class ModelRole(StrEnum):
    """What a model run is for: proposing to people, the unaligned baseline, the aligned model, or (monitor) the
    model that was asked about live feeds."""

    TEACHER = "teacher"
    STUDENT = "student"
    ALIGNED = "aligned"
    MONITOR = "monitor"


class ReplyForm(StrEnum):
    """In which order a model writes the parts of a reply. A snapshot, a run and a report have one form each.

    level_first: a JSON object whose first value is the level, so that one token decides and P(level) is not conditional
    on the model's own words. words_first: the reasoning before the level. thought_first: free thinking between think
    tags, then the object of level_first.
    """

    LEVEL_FIRST = "level_first"
    WORDS_FIRST = "words_first"
    THOUGHT_FIRST = "thought_first"


class Mode(StrEnum):
    """When the proposal is shown to the annotator: at once, after the own level is chosen, or never. stack: the frame
    was judged together with one that looks like it, which was shown with its proposal."""

    ASSISTED = "assisted"
    DECIDE_FIRST = "decide_first"
    BLIND = "blind"
    STACK = "stack"


class Verdict(StrEnum):
    """Whether a review keeps the proposal as it stands (accept) or says something else (correct)."""

    ACCEPT = "accept"
    CORRECT = "correct"


class NoteKind(StrEnum):
    """What a person notes about a frame without judging it: passed over, a question for the lead, a picture that
    does not show, or (a lead) that the questions so far are dealt with."""

    SKIP = "skip"
    FLAG = "flag"
    UNREADABLE = "unreadable"
    CLOSED = "closed"


class MarkKind(StrEnum):
    """What leads and trainers put on frames to find them again."""

    TAG = "tag"
    LIST = "list"


class PersonRole(StrEnum):
    """What a person may do in the app."""

    ANNOTATOR = "annotator"
    LEAD = "lead"
    TRAINER = "trainer"
    ADMIN = "admin"
    OPERATOR = "operator"


class TrailAct(StrEnum):
    """What an entry of the audit trail says was done. ADOPTED: a row that was there before the trail began; SEALED:
    rows that are no acts were written (`data.store.sealing`)."""

    ADOPTED = "adopted"
    REVIEWED = "reviewed"
    ADJUDICATED = "adjudicated"
    WITHDREW_ADJUDICATION = "withdrew_adjudication"
    PAUSED_ANSWERS = "paused_answers"
    RELEASED_ANSWERS = "released_answers"
    SENT_BACK = "sent_back"
    CHOSE_OWN_LEVEL = "chose_own_level"
    LOOKED_AT_FRAME = "looked_at_frame"
    NOTED = "noted"
    ANSWERED_TOUR = "answered_tour"
    WROTE_GUIDELINE = "wrote_guideline"
    READ_GUIDELINE = "read_guideline"
    MADE_GOLD = "made_gold"
    OPENED_AUDIT = "opened_audit"
    ENDED_AUDIT = "ended_audit"
    STATED_GUARANTEE = "stated_guarantee"
    WITHDREW_GUARANTEE = "withdrew_guarantee"
    JUDGED_CLIP = "judged_clip"
    ANSWERED_ALERT = "answered_alert"
    ACKNOWLEDGED_ALERT = "acknowledged_alert"
    REMOVED_CLIP = "removed_clip"
    ERASED_PICTURES = "erased_pictures"
    REMOVED_FILES = "removed_files"
    BLURRED_PICTURES = "blurred_pictures"
    MARKED_FRAME = "marked_frame"
    SAVED_VIEW = "saved_view"
    REQUESTED_NEXT = "requested_next"
    HANDED_OVER = "handed_over"
    CONFIRMED_HANDOVER = "confirmed_handover"
    CHANGED_SETTING = "changed_setting"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    ADDED_PERSON = "added_person"
    CHANGED_ROLE = "changed_role"
    DISABLED_PERSON = "disabled_person"
    ENABLED_PERSON = "enabled_person"
    SET_PASSWORD = "set_password"  # noqa: S105
    CHANGED_PASSWORD = "changed_password"  # noqa: S105
    ENDED_SIGN_INS = "ended_sign_ins"
    TOOK_BACK_SAMPLE = "took_back_sample"
    FROZE_SNAPSHOT = "froze_snapshot"
    WROTE_BACKUP = "wrote_backup"
    RESTORED_BACKUP = "restored_backup"
    REHEARSED_RESTORE = "rehearsed_restore"
    COPIED_STORE = "copied_store"
    ROTATED_KEYS = "rotated_keys"
    LINKED_IDENTITY = "linked_identity"
    UNLINKED_IDENTITY = "unlinked_identity"
    REGISTERED_CLAIM = "registered_claim"
    EVALUATED = "evaluated"
    SEALED = "sealed"
    CLOCK_WENT_BACK = "clock_went_back"


class LotEnd(StrEnum):
    """How a lot of an audit ended. EXHAUSTED: every frame of it was looked at; CANCELLED: by a lead, with a reason."""

    CERTIFIED = "certified"
    MISSED = "missed"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"


class VerificationState(StrEnum):
    """What the reviews and the adjudication of a frame add up to."""

    VERIFIED = "verified"
    CONTESTED = "contested"
    AWAITING = "awaiting"


class Failure(StrEnum):
    """Why a model's reply holds no assessment; no_level: it is a data set's text, which was never to hold one."""

    EMPTY = "empty"
    TRUNCATED = "truncated"
    NO_JSON = "no_json"
    INVALID_JSON = "invalid_json"
    UNKNOWN_LEVEL = "unknown_level"
    INVALID_FIELDS = "invalid_fields"
    TOO_LONG = "too_long"
    REQUEST_FAILED = "request_failed"
    NO_LEVEL = "no_level"


class FeedKind(StrEnum):
    """Where a live feed's pictures come from."""

    REPLAY = "replay"
    VIDEO = "video"
    CAMERA = "camera"
    FOLDER = "folder"


class ManualReason(StrEnum):
    """Why a feed must be watched by eye: the monitor has nothing to say of it that may be trusted now."""

    STARTING = "starting"
    NOT_CARRIED = "not_carried"
    NO_PICTURE = "no_picture"
    UNREADABLE = "unreadable"
    BLACK = "black"
    FROZEN = "frozen"
    CLOCKS_APART = "clocks_apart"
    ENDPOINT_GONE = "endpoint_gone"
    ENDPOINT_SLOW = "endpoint_slow"
    ANSWERS_WRONG = "answers_wrong"
    NO_ANSWER = "no_answer"


class Response(StrEnum):
    """What an operator does about an alert."""

    TAKEN_OVER = "taken_over"
    WATCHING = "watching"
    NOT_NEEDED = "not_needed"

    @property
    def level(self) -> TriageLevel:
        """The level that the operator's act says the feed needed."""
        return _RESPONSE_LEVELS[self]

    @property
    def end(self) -> AlertEnd | None:
        """How the answer ends its alert; None: it stays open, and says who is watching."""
        return _RESPONSE_ENDS.get(self)


_RESPONSE_LEVELS = {
    Response.TAKEN_OVER: TriageLevel.TELEOPERATION,
    Response.WATCHING: TriageLevel.SUPERVISION,
    Response.NOT_NEEDED: TriageLevel.AUTONOMY,
}


class AlertEnd(StrEnum):
    """Why an alert is no longer open."""

    TAKEN_OVER = "taken_over"
    NOT_NEEDED = "not_needed"
    ROSE = "rose"
    CALMED = "calmed"
    MONITOR_ENDED = "monitor_ended"


_RESPONSE_ENDS = {Response.TAKEN_OVER: AlertEnd.TAKEN_OVER, Response.NOT_NEEDED: AlertEnd.NOT_NEEDED}


class ReturnedFor(StrEnum):
    """Why a frame of a live feed came into review: the operator disagreed with the model, the model was between
    two levels, or chance picked it."""

    DISAGREEMENT = "disagreement"
    BOUNDARY = "boundary"
    RANDOM = "random"


class ImageStorage(StrEnum):
    """Whether a snapshot holds its pictures or names them where they are."""

    COPIED = "copied"
    REFERENCED = "referenced"


class SetAside(StrEnum):
    """Why a frame cannot be shown to anyone; image_other_size: a picture of its scene has another size than its source
    states; implausible: a person rejected the generated clip it is from; erased: a person had its picture erased."""

    IMAGE_MISSING = "image_missing"
    IMAGE_UNREADABLE = "image_unreadable"
    IMAGE_TOO_LARGE = "image_too_large"
    IMAGE_OTHER_SIZE = "image_other_size"
    IMPLAUSIBLE = "implausible"
    ERASED = "erased"


class ErasureKind(StrEnum):
    """What a person has the pictures erased of."""

    FRAME = "frame"
    SCENE = "scene"
    FEED = "feed"
