"""The store's rows. Frames and runs are facts; reviews and adjudications are acts (appended, never changed); leases and
frame statuses are what the app needs to serve the next frame, and statuses can be rebuilt from the acts.

All times are microseconds since 1970 UTC, taken from the store's clock.
"""

from data.store.tables.frames import Dataset, Frame, SampledFrame, Sampling, Scene
from data.store.tables.generated import ClipCritique, ClipJudgement, GeneratedClip, GeneratedFrame
from data.store.tables.live import Alert, Feed, FeedChange, OperatorAnswer, ReturnedFrame, Watch, WatchMinute
from data.store.tables.people import Person, PersonSettings, SignIn, SignInAttempt
from data.store.tables.proposals import ModelRun, Proposal, Rewrite, RewriteConfirmation
from data.store.tables.quality import AuditFrame, AuditLot, GoldFrame, TourAnswer
from data.store.tables.reviews import (
    Adjudication,
    FrameNote,
    GuidelineText,
    LabelStudioAnnotation,
    Review,
    SecondLook,
)
from data.store.tables.serving import FrameStatus, Lease, RandomShare, Ranking
from data.store.tables.settings import Secret, Setting
from data.store.tables.trail import TrailEntry

__all__ = [
    "Adjudication",
    "Alert",
    "AuditFrame",
    "AuditLot",
    "ClipCritique",
    "ClipJudgement",
    "Dataset",
    "Feed",
    "FeedChange",
    "Frame",
    "FrameNote",
    "FrameStatus",
    "GeneratedClip",
    "GeneratedFrame",
    "GoldFrame",
    "GuidelineText",
    "LabelStudioAnnotation",
    "Lease",
    "ModelRun",
    "OperatorAnswer",
    "Person",
    "PersonSettings",
    "Proposal",
    "RandomShare",
    "Ranking",
    "ReturnedFrame",
    "Review",
    "Rewrite",
    "RewriteConfirmation",
    "SampledFrame",
    "Sampling",
    "Scene",
    "SecondLook",
    "Secret",
    "Setting",
    "SignIn",
    "SignInAttempt",
    "TourAnswer",
    "TrailEntry",
    "Watch",
    "WatchMinute",
]
