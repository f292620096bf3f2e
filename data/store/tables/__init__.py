"""The store's rows, cut by noun; this face has every one of them.

Frames and runs are facts; reviews and adjudications are acts (appended, never changed); leases and frame statuses are
what the app serves the next frame from, and statuses can be rebuilt from the acts. All times are microseconds since
1970 UTC, taken from the store's clock. No row knows a rule: what a row means is decided in the rooms above.
"""

from data.store.tables.blurring import BlurredPicture, Blurring
from data.store.tables.erasing import Erasure
from data.store.tables.finding import FrameMark, FrameStack, SavedView
from data.store.tables.frames import NOT_INGESTED, Dataset, Frame, SampledFrame, Sampling, Scene
from data.store.tables.generated import ClipCritique, ClipJudgement, GeneratedClip, GeneratedFrame
from data.store.tables.grounding import CutAssertions, FrameThings, GroundedWords
from data.store.tables.live import (
    Alert,
    AlertClip,
    Feed,
    FeedChange,
    OperatorAnswer,
    ReturnedFrame,
    Watch,
    WatchMinute,
)
from data.store.tables.people import (
    Person,
    PersonSettings,
    ProviderIdentity,
    SignIn,
    SignInAttempt,
    UsedProviderAnswer,
)
from data.store.tables.probes import ProbeAnswer, ProbeArm
from data.store.tables.proposals import ModelRun, Proposal
from data.store.tables.quality import AuditEnd, AuditFrame, AuditLot, AuditTerms, GoldFrame, TourAnswer
from data.store.tables.reviews import (
    Adjudication,
    AdjudicationWithdrawal,
    AnswerPause,
    AnswerRelease,
    FrameNote,
    GuidelineReading,
    GuidelineText,
    LabelStudioAnnotation,
    Review,
    SecondLook,
)
from data.store.tables.serving import (
    FrameLook,
    FrameStatus,
    Lease,
    NextRequest,
    OwnLevel,
    RandomShare,
    Ranking,
)
from data.store.tables.settings import Secret, Setting
from data.store.tables.shifts import AlertAcknowledgement, HandoverConfirmation, ShiftHandover
from data.store.tables.trail import TrailEntry

__all__ = [
    "NOT_INGESTED",
    "Adjudication",
    "AdjudicationWithdrawal",
    "Alert",
    "AlertAcknowledgement",
    "AlertClip",
    "AnswerPause",
    "AnswerRelease",
    "AuditEnd",
    "AuditFrame",
    "AuditLot",
    "AuditTerms",
    "BlurredPicture",
    "Blurring",
    "ClipCritique",
    "ClipJudgement",
    "CutAssertions",
    "Dataset",
    "Erasure",
    "Feed",
    "FeedChange",
    "Frame",
    "FrameLook",
    "FrameMark",
    "FrameNote",
    "FrameStack",
    "FrameStatus",
    "FrameThings",
    "GeneratedClip",
    "GeneratedFrame",
    "GoldFrame",
    "GroundedWords",
    "GuidelineReading",
    "GuidelineText",
    "HandoverConfirmation",
    "LabelStudioAnnotation",
    "Lease",
    "ModelRun",
    "NextRequest",
    "OperatorAnswer",
    "OwnLevel",
    "Person",
    "PersonSettings",
    "ProbeAnswer",
    "ProbeArm",
    "Proposal",
    "ProviderIdentity",
    "RandomShare",
    "Ranking",
    "ReturnedFrame",
    "Review",
    "SampledFrame",
    "Sampling",
    "SavedView",
    "Scene",
    "SecondLook",
    "Secret",
    "Setting",
    "ShiftHandover",
    "SignIn",
    "SignInAttempt",
    "TourAnswer",
    "TrailEntry",
    "UsedProviderAnswer",
    "Watch",
    "WatchMinute",
]
