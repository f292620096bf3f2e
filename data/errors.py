"""One named exception per broken rule. Each message is a sentence that holds the offending value and what to do."""

from __future__ import annotations


class TeletriageError(Exception):
    """A rule of the domain said no. Commands print it as one sentence and exit with 1."""


class NotNow(TeletriageError):
    """Nothing of the act was done; the same act may succeed in a moment."""


class SourceError(TeletriageError):
    """Drives cannot be read as their files are."""


class DatarootError(SourceError):
    """The nuScenes dataroot cannot be read as it is."""


class MomentUnknown(TeletriageError):
    """What the data set has around a frame cannot be looked up."""


class StoreError(TeletriageError):
    """The store cannot be opened or used."""


class StoreUnavailable(NotNow):
    """The store does not answer now, or cannot write; nothing of the act was saved, and it may be sent again."""


class StoreDamaged(TeletriageError):
    """The store is not whole."""


class BackupError(TeletriageError):
    """A backup cannot be written, is not whole, or cannot be put back."""


class EraseRefused(TeletriageError):
    """Pictures cannot be erased as asked."""


class BlurRefused(TeletriageError):
    """Pictures cannot be blurred as asked."""


class DetectorFailed(TeletriageError):
    """A detector gave no answer about a picture, or none that can be used."""


class SamplingError(TeletriageError):
    """Frames cannot be sampled as asked."""


class ProposalError(TeletriageError):
    """Replies cannot be recorded, or a model cannot be asked, as given."""


class ReviewRefused(TeletriageError):
    """A review was not written: the frame, the lease or the person does not allow it."""


class FindRefused(TeletriageError):
    """A question about frames cannot be answered as it is asked."""


class VectorsError(TeletriageError):
    """The vectors of frames cannot be made or read."""


class NoteRefused(TeletriageError):
    """A note about a frame was not written."""


class SettingsRefused(TeletriageError):
    """A person's settings for the review screen do not hold together."""


class GuidelineRefused(TeletriageError):
    """The guideline was not changed."""


class SignInRefused(TeletriageError):
    """The name and password do not open the app."""


class NotAllowed(TeletriageError):
    """The person's role does not permit the act."""


class TrailBroken(TeletriageError):
    """The audit trail, or a row that it vouches for, is not what was written."""


class HeadNotKept(TeletriageError):
    """The head of the audit trail could not be written or sent to where it is kept."""


class SnapshotError(TeletriageError):
    """A snapshot cannot be written, or does not match what it claims to be."""


class LeakError(SnapshotError):
    """A scene would stand in train and held-out at once."""


class LabelStudioError(TeletriageError):
    """Label Studio, or a file of its, cannot be exchanged with as it is."""


class LabelStudioSilent(LabelStudioError):
    """Label Studio gave no usable answer; what was sent may have arrived or not."""


class AnnotationRefused(LabelStudioError):
    """An annotation is not taken as a review. The message continues a sentence that names it."""


class TraceError(TeletriageError):
    """Nothing in the store or its snapshots answers to what should be traced."""


class ScenarioError(TeletriageError):
    """Scenarios cannot be planned, or what a generator made of them cannot be taken in, as given."""


class RecipeError(TeletriageError):
    """A training recipe holds something that cannot be trained with."""


class TrainingError(TeletriageError):
    """Training or merging cannot go on."""


class DecisionError(TeletriageError):
    """A decision cannot be fitted, read or applied."""


class EvaluationError(TeletriageError):
    """The runs asked for cannot be evaluated."""


class FeedError(TeletriageError):
    """Live feeds cannot be read as they are described."""


class AnswerRefused(TeletriageError):
    """An operator's answer to an alert was not written."""


class AlertNotWritten(NotNow):
    """The alert is on screen and the store does not have it yet; the same answer a moment later is taken."""


class ClipError(TeletriageError):
    """The pictures around an alert cannot be made a video, or the video cannot be read."""


class ProbeRefused(TeletriageError):
    """A run cannot be probed as asked."""
