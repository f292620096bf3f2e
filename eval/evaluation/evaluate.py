"""Evaluating runs against verified frames: what goes in, and `evaluate`, which turns it into an `Evaluation`."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from data.errors import EvaluationError
from data.vocabulary import LEVELS, Cue, Failure, ModelRole, TriageLevel
from eval.comparison.claim import Claim, Claimed, ClaimResult, held_against
from eval.comparison.gate import gates
from eval.comparison.runs import compare_runs
from eval.evaluation.label_errors import doubts
from eval.evaluation.label_quality import LabelQuality
from eval.evaluation.label_uncertainty import label_uncertainty
from eval.evaluation.reference import ContestedFrame, ReferenceFrame
from eval.evaluation.result import (
    Control,
    Evaluation,
    FrameAccount,
    LeftOut,
    Lineage,
    MissedFrame,
    RunOrigin,
    RunResult,
    ShownAssessment,
    ShownFrame,
    SuspiciousFrame,
    WrongFrame,
)
from eval.evaluation.statements import what_it_does_not_show, what_it_shows
from eval.metrics.answers import Answers, Mask, rank_of
from eval.metrics.calibration import calibration_of
from eval.metrics.data_sets import by_data_set
from eval.metrics.deployment import Assumptions, deployment
from eval.metrics.load_curve import load_curves
from eval.metrics.run_figures import definitions, run_figures
from eval.metrics.slices import slices, worst_slices
from eval.metrics.structured_output import Reply, structured_output
from eval.metrics.triage_metrics import SHAPE, checked_costs
from eval.statistics.intervals import CONFIDENCE, RESAMPLES, SEED
from eval.statistics.values import Method


@dataclass(frozen=True)
class Prediction:
    """What a run answered for one frame: a level, or the failure that stands in its place.

    `probabilities`: of AUTONOMY, SUPERVISION, TELEOPERATION, where they were recorded.
    """

    level: TriageLevel | None
    failure: Failure | None = None
    reasoning: str = ""
    action: str = ""
    probabilities: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        if (self.level is None) == (self.failure is None):
            raise EvaluationError(
                f"An answer holds either a level or a failure, not {self.level} and {self.failure}."
            )


@dataclass(frozen=True)
class EvaluatedRun:
    """A run's answers by frame id. `is_stand_in`: scripted or random weights, there to run the path;
    `is_origin_known`: whether it is known which training made the weights, where one did; `decision`: the hash of the
    decision that made its levels of the probabilities, None where the model's own stand."""

    name: str
    role: ModelRole
    model: str
    revision: str | None
    is_stand_in: bool
    predictions: Mapping[str, Prediction]
    origin: RunOrigin | None = None
    is_origin_known: bool = True
    decision: str | None = None


@dataclass(frozen=True)
class Question:
    """What is asked besides the figures: claims, each with the names of the runs that it is about and when it was
    registered for them, the run whose place others are to take with how many points they may miss more, what holds on
    the road, and what the frames' `scene_id` names."""

    claims: Sequence[tuple[Claim, Mapping[str, str]]] = ()
    gate: tuple[str, float] | None = None
    assumptions: Assumptions = field(default_factory=Assumptions)
    unit: Literal["scene", "log"] = "scene"


def evaluate(
    frames: Sequence[ReferenceFrame],
    runs: Sequence[EvaluatedRun],
    *,
    lineage: Lineage,
    contested: Sequence[ContestedFrame] = (),
    question: Question | None = None,
    label_quality: LabelQuality | None = None,
    costs: ArrayLike | None = None,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Evaluation:
    """Compare the runs on the frames that are verified and were asked in every run.

    `contested` frames are in no figure but bound what claims and labels leave open. `costs` is (3, 4), by default
    those of `triage_metrics.default_costs`. A figure without frames to count, an empty set or fewer than ten scenes
    give a reason in place of a number. Raises EvaluationError if there is no run, or a run name or frame comes twice.
    """
    _refuse_doubles(frames, runs)
    asked = question or Question()
    table = checked_costs(costs)
    compared = [frame for frame in frames if all(frame.frame_id in run.predictions for run in runs)]
    open_frames = [one for one in contested if all(one.frame_id in run.predictions for run in runs)]
    method = Method(
        confidence=confidence, resamples=resamples, seed=seed, costs=table.tolist(), unit=asked.unit
    )
    answers = [_answers(run, compared) for run in runs]
    results = [_result(run, of_run, compared, method) for run, of_run in zip(runs, answers, strict=True)]
    account = _account(frames, compared, runs)
    cues = {cue: _flags(cue in frame.cues for frame in compared) for cue in Cue}
    unknown = {cue: _flags(cue in frame.unknown_cues for frame in compared) for cue in Cue}
    suspicious = _suspicious(compared, runs, answers)
    held = _with_open_frames(compared, open_frames, runs, answers)
    return Evaluation(
        claims=_claims(asked.claims, held, method),
        gates=gates(answers, *asked.gate, held, method) if asked.gate else [],
        shows=what_it_shows(account, results, method),
        does_not_show=what_it_does_not_show(account, results, label_quality),
        frames=account,
        runs=results,
        comparisons=compare_runs(answers, method),
        slices=slices(answers, cues, method, unknown),
        cues_unknown={cue: int(among.sum()) for cue, among in unknown.items() if among.any()},
        data_sets=by_data_set(answers, [frame.data_set for frame in compared], method),
        worst_slices=worst_slices(answers, cues, method),
        deployment=deployment(answers, asked.assumptions, method),
        load_curves=load_curves(answers, asked.assumptions, method),
        missed=_missed(compared, runs),
        false_alarms=_wrong(compared, runs, _is_false_alarm),
        confused=_wrong(compared, runs, _is_confused),
        suspicious=suspicious,
        controls=_controls(compared, suspicious, seed),
        label_quality=label_quality,
        label_uncertainty=label_uncertainty(compared, open_frames, answers, held, method),
        lineage=lineage,
        method=method,
        definitions=definitions(),
    )


def _with_open_frames(
    frames: Sequence[ReferenceFrame],
    contested: Sequence[ContestedFrame],
    runs: Sequence[EvaluatedRun],
    answers: Sequence[Answers],
) -> dict[str, Claimed]:
    """Each run with what it says of the contested frames; scenes that hold no other frames come last."""
    places = {frame.scene_id: int(place) for frame, place in zip(frames, answers[0].scene, strict=True)}
    more = {one.scene_id for one in contested} - places.keys()
    places |= {scene_id: answers[0].scenes + place for place, scene_id in enumerate(sorted(more))}
    return {
        run.name: Claimed(
            np.concatenate([of_run.per_scene(), np.zeros((len(more), *SHAPE), dtype=np.int64)]),
            [
                (places[one.scene_id], one.levels, rank_of(run.predictions[one.frame_id].level))
                for one in contested
            ],
        )
        for run, of_run in zip(runs, answers, strict=True)
    }


def _claims(
    claims: Sequence[tuple[Claim, Mapping[str, str]]], held: Mapping[str, Claimed], method: Method
) -> list[ClaimResult]:
    """Each claim against its runs; all bounds share the error."""
    bounds = sum(len(registered) for _, registered in claims)
    return [
        held_against(claim, held, method, shared_by=max(bounds, 1), registered=registered)
        for claim, registered in claims
    ]


def _refuse_doubles(frames: Sequence[ReferenceFrame], runs: Sequence[EvaluatedRun]) -> None:
    if not runs:
        raise EvaluationError("There is no run to evaluate: name at least one.")
    for what, names in (("run", [run.name for run in runs]), ("frame", [frame.frame_id for frame in frames])):
        double = [name for name, times in Counter(names).items() if times > 1]
        if double:
            raise EvaluationError(f"The {what} {double[0]} stands there twice: name each {what} once.")


def _account(
    frames: Sequence[ReferenceFrame], compared: Sequence[ReferenceFrame], runs: Sequence[EvaluatedRun]
) -> FrameAccount:
    return FrameAccount(
        verified=len(frames),
        compared=len(compared),
        scenes=len({frame.scene_id for frame in compared}),
        by_level={level: sum(frame.level is level for frame in compared) for level in LEVELS},
        scenes_by_level={
            level: len({frame.scene_id for frame in compared if frame.level is level}) for level in LEVELS
        },
        left_out=_left_out({frame.frame_id for frame in frames}, runs),
    )


def _left_out(verified: set[str], runs: Sequence[EvaluatedRun]) -> list[LeftOut]:
    reasons = []
    for run in runs:
        asked = set(run.predictions)
        reasons.append(LeftOut(reason=f"verified, but not asked in {run.name}", frames=len(verified - asked)))
        reasons.append(LeftOut(reason=f"asked in {run.name}, but not verified", frames=len(asked - verified)))
    return [reason for reason in reasons if reason.frames]


def _answers(run: EvaluatedRun, frames: Sequence[ReferenceFrame]) -> Answers:
    """The run on the compared frames; scenes in the order of their ids."""
    scenes = {scene_id: place for place, scene_id in enumerate(sorted({frame.scene_id for frame in frames}))}
    said = [run.predictions[frame.frame_id] for frame in frames]
    nowhere = (np.nan,) * len(LEVELS)
    return Answers(
        name=run.name,
        true=np.array([frame.level.rank for frame in frames], dtype=np.int64),
        said=np.array([rank_of(one.level) for one in said], dtype=np.int64),
        scene=np.array([scenes[frame.scene_id] for frame in frames], dtype=np.int64),
        scenes=len(scenes),
        probabilities=np.array([one.probabilities or nowhere for one in said], dtype=float).reshape(-1, 3),
        inclusion=np.array(
            [np.nan if one.inclusion is None else one.inclusion for one in frames], dtype=float
        ),
        decision=run.decision,
    )


def _flags(values: Iterable[bool]) -> Mask:
    return np.array(list(values), dtype=np.bool_)


def _result(
    run: EvaluatedRun, answers: Answers, frames: Sequence[ReferenceFrame], method: Method
) -> RunResult:
    said = {frame.frame_id: run.predictions[frame.frame_id] for frame in frames}
    failures = Counter(one.failure for one in said.values())
    per_scene = answers.per_scene()
    return RunResult(
        name=run.name,
        role=run.role,
        model=run.model,
        revision=run.revision,
        is_stand_in=run.is_stand_in,
        is_origin_known=run.is_origin_known,
        confusion=per_scene.sum(0).tolist(),
        figures=run_figures(per_scene, method),
        failures={failure: failures[failure] for failure in Failure if failures[failure]},
        calibration=calibration_of(answers, confidence=method.confidence),
        structured_output=structured_output([_reply(frame_id, one) for frame_id, one in said.items()]),
        origin=run.origin,
    )


def _reply(frame_id: str, said: Prediction) -> Reply:
    return Reply(
        frame_id=frame_id,
        level=said.level,
        failure=said.failure,
        reasoning=said.reasoning,
        action=said.action,
    )


def _missed(frames: Sequence[ReferenceFrame], runs: Sequence[EvaluatedRun]) -> list[MissedFrame]:
    """Frames missed by an aligned run first, then those missed by most runs, then by frame id."""
    aligned = {run.name for run in runs if run.role is ModelRole.ALIGNED}
    missed = [_missed_frame(frame, runs) for frame in frames if frame.level is TriageLevel.TELEOPERATION]
    return sorted(
        (frame for frame in missed if frame.missed_by),
        key=lambda frame: (aligned.isdisjoint(frame.missed_by), -len(frame.missed_by), frame.frame_id),
    )


def _missed_frame(frame: ReferenceFrame, runs: Sequence[EvaluatedRun]) -> MissedFrame:
    shown = _shown(frame, runs)
    missed_by = [name for name, said in shown.said.items() if said.level is not TriageLevel.TELEOPERATION]
    return MissedFrame(**dict(shown), missed_by=missed_by)


def _is_false_alarm(true: TriageLevel, said: TriageLevel | None) -> bool:
    return said is TriageLevel.TELEOPERATION and true is not said


def _is_confused(true: TriageLevel, said: TriageLevel | None) -> bool:
    return said is not true and {true, said} == {TriageLevel.AUTONOMY, TriageLevel.SUPERVISION}


def _wrong(
    frames: Sequence[ReferenceFrame],
    runs: Sequence[EvaluatedRun],
    is_wrong: Callable[[TriageLevel, TriageLevel | None], bool],
) -> list[WrongFrame]:
    """Frames that a run answered wrongly in this way: an aligned run's first, then those of most runs, then by id."""
    aligned = {run.name for run in runs if run.role is ModelRole.ALIGNED}
    found = []
    for frame in frames:
        by = [run.name for run in runs if is_wrong(frame.level, run.predictions[frame.frame_id].level)]
        if by:
            found.append(WrongFrame(**dict(_shown(frame, runs)), wrong_in=by))
    return sorted(found, key=lambda one: (aligned.isdisjoint(one.wrong_in), -len(one.wrong_in), one.frame_id))


def _suspicious(
    frames: Sequence[ReferenceFrame], runs: Sequence[EvaluatedRun], answers: Sequence[Answers]
) -> list[SuspiciousFrame]:
    """Frames whose verified level may be wrong, in the order of the frames."""
    found = doubts(answers, [run.name for run in runs if run.role is ModelRole.ALIGNED])
    return [SuspiciousFrame(**dict(_shown(frames[place], runs)), why=why) for place, why in found.items()]


def _controls(
    frames: Sequence[ReferenceFrame], suspicious: Sequence[SuspiciousFrame], seed: int
) -> list[Control]:
    """As many frames without doubt as there are with, by frame id."""
    flagged = {one.frame_id for one in suspicious}
    others = [frame for frame in frames if frame.frame_id not in flagged and not frame.is_sent_back]
    drawn = random.Random(seed).sample(others, min(len(flagged), len(others)))
    return [
        Control(frame_id=one.frame_id, level=one.level) for one in sorted(drawn, key=lambda one: one.frame_id)
    ]


def _shown(frame: ReferenceFrame, runs: Sequence[EvaluatedRun]) -> ShownFrame:
    answers = {run.name: run.predictions[frame.frame_id] for run in runs}
    return ShownFrame(
        frame_id=frame.frame_id,
        scene_id=frame.scene_id,
        image=None if frame.image is None else str(frame.image),
        is_sent_back=frame.is_sent_back,
        true=ShownAssessment(level=frame.level, reasoning=frame.reasoning, action=frame.action),
        said={
            name: ShownAssessment(
                level=said.level, reasoning=said.reasoning, action=said.action, failure=said.failure
            )
            for name, said in answers.items()
        },
    )
