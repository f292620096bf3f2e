"""What an evaluation found, as data: everything a report shows and nothing it does not. Serialises to JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from data.vocabulary import Cue, Failure, ModelRole, ReplyForm, TriageLevel
from eval.comparison.claim import ClaimResult
from eval.comparison.gate import Gate
from eval.comparison.runs import Comparison
from eval.evaluation.label_quality import LabelQuality
from eval.evaluation.label_uncertainty import LabelUncertainty
from eval.grounding.figures import GroundingFigures, Marks
from eval.metrics.calibration import Calibration
from eval.metrics.data_sets import DataSetPart
from eval.metrics.deployment import Deployment
from eval.metrics.load_curve import LoadCurve
from eval.metrics.slices import Slice, WorstSlice
from eval.metrics.structured_output import StructuredOutput
from eval.probes.result import ProbeResult
from eval.statistics.rate import Undefined
from eval.statistics.values import Definition, Figure, Method, Part
from eval.training_levels.figures import TrainingLevelFigures

PRINTED = 24
"""Frames of each gallery that a report prints; one with thousands of pictures opens nowhere."""


class RunOrigin(Part):
    """What determined a run's answers, as the store has it."""

    run_id: str
    source: str
    question_hash: str
    parameters: dict[str, Any]


class RunResult(Part):
    """One run on the compared frames. `confusion`: rows true A, S, T; columns said A, S, T, no assessment.

    `is_stand_in`: scripts, or random weights wherever in its training. `is_origin_known`: False for an aligned model
    whose run does not say which training made its weights.
    """

    name: str
    role: ModelRole
    model: str
    revision: str | None
    is_stand_in: bool
    is_origin_known: bool = True
    confusion: list[list[int]]
    figures: dict[str, Figure]
    failures: dict[Failure, int]
    calibration: Calibration | Undefined
    structured_output: StructuredOutput
    origin: RunOrigin | None


class LeftOut(Part):
    """Frames that were not compared, and why. One frame may be left out for several reasons."""

    reason: str
    frames: int


class FrameAccount(Part):
    """Which frames were compared: those verified and asked in every run."""

    verified: int
    compared: int
    scenes: int
    by_level: dict[TriageLevel, int]
    scenes_by_level: dict[TriageLevel, int]
    left_out: list[LeftOut]


class ShownAssessment(Part):
    """An assessment in a report: what people verified, or what a run answered (`failure` where it holds none). `marks`:
    by part, reasoning or action, what of it is contradicted by what is there; of the frames that are printed alone."""

    level: TriageLevel | None
    reasoning: str
    action: str
    failure: Failure | None = None
    marks: dict[str, Marks] = Field(default_factory=dict)


class ShownFrame(Part):
    """A frame with its verified assessment and what every run said. `is_sent_back`: somebody doubts the level since."""

    frame_id: str
    scene_id: str
    image: str | None
    is_sent_back: bool
    true: ShownAssessment
    said: dict[str, ShownAssessment]


class MissedFrame(ShownFrame):
    """A true TELEOPERATION frame that at least one run did not call TELEOPERATION."""

    missed_by: list[str]


class WrongFrame(ShownFrame):
    """A frame that the runs in `wrong_in` gave another level than people did."""

    wrong_in: list[str]


class SuspiciousFrame(ShownFrame):
    """A frame whose verified level may be wrong, and why it is looked at again."""

    why: str


class Control(Part):
    """A frame that nothing cast doubt on, drawn at random to be looked at again among those in doubt."""

    frame_id: str
    level: TriageLevel


class GeneratedRun(Part):
    """One run on generated frames; `confusion` and `figures` as in a RunResult."""

    name: str
    is_stand_in: bool
    confusion: list[list[int]]
    figures: dict[str, Figure]


class GeneratedResult(Part):
    """The same runs on verified held-out frames that a generator made. They say how a run copes with pictures that
    the road did not give, and nothing about how often it meets them; no figure adds them to real frames.

    `scenarios`: frames by what was asked for; `rejected_clips`: those that people called impossible, never used.
    Scenes are the real ones that the frames were made of.
    """

    frames: FrameAccount
    scenarios: dict[str, int]
    rejected_clips: int
    runs: list[GeneratedRun]


class ListedFrames(Part):
    """The named list whose frames alone were compared: how many frames were on it, and the hash of their ids."""

    name: str
    frames: int
    sha256: str


class Lineage(Part):
    """Where the figures come from. What was not recorded is null and is shown as such.

    `snapshot_hash`: the snapshot that the verified frames equal. `verified_set_hash`: over every verified held-out
    frame's id, image hash and level. `split_hash`: over the ids of the held-out scenes. `evaluated_at` is the store's
    time in UTC, `author` the account that ran the command, `workspace` its folder or database; `trail_entry` and
    `trail_head` are the number and the hash of the audit trail's entry on this evaluation, the `look`-th on this
    held-out set. `question_hash` and `reply_form` are those of the student's and the aligned runs,
    `question_shows` how many frames a question showed, by run where they differ, `recipe` the trainings of their
    weights as recorded there. `frame_list`: null where the whole held-out set was compared. `picture_terms`:
    what binds the pictures, null where all are of nuScenes' tables.
    """

    evaluated_at: str | None = None
    author: str | None = None
    workspace: str | None = None
    look: int | None = None
    trail_entry: int | None = None
    trail_head: str | None = None
    snapshot_hash: str | None = None
    verified_set_hash: str | None = None
    split_hash: str | None = None
    guideline_versions: list[str] = Field(default_factory=list)
    question_hash: str | None = None
    question_shows: str | None = None
    reply_form: ReplyForm | None = None
    recipe: str | None = None
    commit: str | None = None
    picture_terms: str | None = None
    frame_list: ListedFrames | None = None
    versions: dict[str, str] = Field(default_factory=dict)


class Evaluation(Part):
    """A report as data. Lists are in the order in which they are shown; runs in the order in which they were given.

    `false_alarms`: frames below TELEOPERATION that a run called TELEOPERATION. `confused`: true SUPERVISION called
    AUTONOMY, and the other way round. Reports of version 0.1 have neither. `cues_unknown`: compared frames in which a
    cue could not be looked for, by cue. `data_sets`: empty where all frames are of one. `gates`: runs that are to take
    the place of one that was named.
    Everything but `generated` is about frames that a camera took. `training_levels` is about what models are trained
    on, `grounding` about what words say against what is there; reports of version 0.1 have neither. `probes`: whether
    models look, for runs that were probed.
    """

    schema_version: Literal[3] = 3
    claims: list[ClaimResult]
    gates: list[Gate] = Field(default_factory=list)
    shows: list[str]
    does_not_show: list[str]
    frames: FrameAccount
    runs: list[RunResult]
    comparisons: list[Comparison]
    slices: list[Slice]
    cues_unknown: dict[Cue, int] = Field(default_factory=dict)
    data_sets: list[DataSetPart] = Field(default_factory=list)
    worst_slices: list[WorstSlice]
    deployment: Deployment
    load_curves: list[LoadCurve]
    missed: list[MissedFrame]
    false_alarms: list[WrongFrame] = Field(default_factory=list)
    confused: list[WrongFrame] = Field(default_factory=list)
    suspicious: list[SuspiciousFrame]
    controls: list[Control]
    label_quality: LabelQuality | None
    label_uncertainty: LabelUncertainty
    lineage: Lineage
    method: Method
    definitions: list[Definition]
    generated: GeneratedResult | None = None
    training_levels: TrainingLevelFigures | None = None
    grounding: GroundingFigures | None = None
    probes: list[ProbeResult] = Field(default_factory=list)
