"""Reading what an evaluation needs from a store, all of it in one session: a reference set and the runs' answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from data.errors import EvaluationError
from data.frames.named_lists import NamedList, named_list
from data.frames.origins import rejected_clips, scenarios_of
from data.pictures.blurred import blurred_copies
from data.proposals.runs import proposals_by_frame
from data.snapshot.folder import Snapshot, load_snapshot
from data.snapshot.pairs import EvaluationFrame
from data.store.tables import (
    Dataset,
    Frame,
    FrameStatus,
    ModelRun,
    Proposal,
    ReturnedFrame,
    Review,
    SampledFrame,
    Scene,
)
from data.verification.verified_frames import VerifiedFrame, sent_back_frames, verified_frames
from data.vocabulary import LEVELS, Cue, ModelRole, Split, TriageLevel, VerificationState
from eval.evaluation.evaluate import EvaluatedRun, Prediction
from eval.evaluation.label_quality import LabelQuality, Ratings, label_quality, ratings_of
from eval.evaluation.ledger import Look, Registration, held_out_hash, looks, registrations
from eval.evaluation.listed import on_the_list
from eval.evaluation.reference import ContestedFrame, ReferenceFrame
from eval.evaluation.result import RunOrigin
from eval.evaluation.verified_set import VerifiedSet, refuse_another_set, set_hash, set_in, set_of

_CUES = frozenset(Cue)
AnyRated = TypeVar("AnyRated", ReferenceFrame, ContestedFrame)
_ORDER = {role: place for place, role in enumerate((ModelRole.STUDENT, ModelRole.ALIGNED, ModelRole.TEACHER))}


@dataclass(frozen=True)
class Against:
    """What to hold the runs against: the store's verified held-out frames.

    `snapshot`: a frozen folder that they must still equal. `as_of`: a frozen folder whose frames are taken instead.
    `by_log`: scenes of one log share street, hour and weather, and count as one. `of_list`: only the frames on this
    named list.
    """

    snapshot: Path | None = None
    as_of: Path | None = None
    by_log: bool = False
    of_list: str | None = None


@dataclass(frozen=True)
class ReferenceSet:
    """`frames` are those that a camera took, `made` generated ones; `contested` ones have no level yet. `runs` answered
    at least one frame, `silent` names those that answered none. `chosen`: the list that `frames` are of; `off_list`
    counts the other verified ones."""

    frames: list[ReferenceFrame]
    made: list[ReferenceFrame]
    contested: list[ContestedFrame]
    runs: list[EvaluatedRun]
    silent: list[str]
    quality: LabelQuality
    snapshot: Snapshot | None
    verified_set_hash: str
    held_out: str
    registrations: list[Registration]
    looks: list[Look]
    guidelines: list[str]
    scenarios: dict[str, str]
    rejected_clips: int
    chosen: NamedList | None = None
    off_list: int = 0


def read_reference(session: Session, run_names: Sequence[str], against: Against) -> ReferenceSet:
    """Everything at one moment. Raises EvaluationError, SnapshotError and FindRefused as `evaluate_runs` says."""
    chosen = None if against.of_list is None else named_list(session, against.of_list)
    verified = verified_frames(session, Split.HELD_OUT)
    doubted = [one for one in sent_back_frames(session, Split.HELD_OUT) if one.source_frame_id is None]
    every, snapshot, hashed = _held_against(against, verified, doubted)
    if not any(one.source_frame_id is None for one in verified) and not doubted and against.as_of is None:
        raise EvaluationError("No held-out frame is verified yet, so there is nothing to evaluate against.")
    generated = _generated_ids(verified, snapshot)
    behind = [one for one in (*verified, *doubted) if one.source_frame_id is None]
    contested_ids = _contested(
        session, {frame.frame_id for frame in every} | {one.frame.id for one in doubted}
    )
    ratings = ratings_of(session, [*(one.frame.id for one in behind), *contested_ids])
    every = _as_shown(session, _completed(session, every, behind, doubted, ratings))
    frames = [frame for frame in every if frame.frame_id not in generated]
    off_list = 0
    if chosen is not None:
        off_list = sum(one.frame_id not in chosen.frame_ids for one in frames)
        frames, every = on_the_list(frames, chosen), on_the_list(every, chosen)
        contested_ids = {one: scene for one, scene in contested_ids.items() if one in chosen.frame_ids}
        hashed = {one: told for one, told in hashed.items() if one in chosen.frame_ids}
    contested = [
        ContestedFrame(frame_id, scene_id, frozenset(own), own)
        for frame_id, scene_id in contested_ids.items()
        if (own := _own(ratings, frame_id))
    ]
    if against.by_log:
        every, frames = _by_log(session, every), _by_log(session, frames)
        contested = _by_log(session, contested)
    asked = [one.frame_id for one in every] + [one.frame_id for one in contested]
    runs, silent = _answering(session, run_names, frames, asked)
    _refuse_nothing_compared(frames, runs)
    compared = {one.frame_id for one in frames if all(one.frame_id in run.predictions for run in runs)}
    held_out = held_out_hash(session)
    return ReferenceSet(
        frames=frames,
        made=[frame for frame in every if frame.frame_id in generated],
        contested=contested,
        runs=runs,
        silent=silent,
        quality=label_quality(session, [one for one in behind if one.frame.id in compared], ratings),
        snapshot=snapshot,
        verified_set_hash=set_hash(hashed),
        held_out=held_out,
        registrations=registrations(session, held_out),
        looks=looks(session, held_out),
        guidelines=sorted(session.exec(select(Review.guideline_version).distinct())),
        scenarios=scenarios_of(session),
        rejected_clips=len(rejected_clips(session)),
        chosen=chosen,
        off_list=off_list,
    )


def _held_against(
    against: Against, verified: Sequence[VerifiedFrame], doubted: Sequence[VerifiedFrame]
) -> tuple[list[ReferenceFrame], Snapshot | None, VerifiedSet]:
    """The frames to hold runs against, the snapshot they come from or equal, and the set that is hashed."""
    if against.as_of is not None:
        snapshot = load_snapshot(against.as_of)
        frozen = [_frozen(one, snapshot) for one in snapshot.evaluation]
        return frozen, snapshot, set_in(_real(snapshot))
    settled = [one for one in verified if one.source_frame_id is None]
    now = set_of([*settled, *doubted])
    if against.snapshot is None:
        return [_frame(one) for one in (*verified, *doubted)], None, now
    snapshot = load_snapshot(against.snapshot, check_images=False)
    frozen_set = set_in(_real(snapshot))
    if doubted and set_hash(frozen_set) == set_hash(set_of(settled)):  # frozen while the doubt was open
        return [_frame(one) for one in verified], snapshot, frozen_set
    refuse_another_set(now, frozen_set, against.snapshot.name)
    return [_frame(one) for one in (*verified, *doubted)], snapshot, now


def _as_shown(session: Session, frames: list[ReferenceFrame]) -> list[ReferenceFrame]:
    """A snapshot may hold pictures that were blurred since: the report shows the copies."""
    copies = blurred_copies(session)
    rows = session.exec(select(Frame.id, Frame.image_sha256)).all() if copies else []
    shown = {frame_id: copies[sha256].path for frame_id, sha256 in rows if sha256 in copies}
    return [replace(one, image=shown.get(one.frame_id, one.image)) for one in frames]


def _real(snapshot: Snapshot) -> list[EvaluationFrame]:
    """A snapshot's frames that a camera took."""
    return [frame for frame in snapshot.evaluation if frame.source_frame_id is None]


def _generated_ids(verified: Sequence[VerifiedFrame], snapshot: Snapshot | None) -> set[str]:
    frozen = snapshot.evaluation if snapshot else []
    return {one.frame.id for one in verified if one.source_frame_id} | {
        one.frame_id for one in frozen if one.source_frame_id
    }


def _frame(verified: VerifiedFrame) -> ReferenceFrame:
    said = verified.text.assessment if verified.text else None
    return ReferenceFrame(
        frame_id=verified.frame.id,
        scene_id=verified.scene_id,
        level=verified.level,
        reasoning=said.reasoning if said else "",
        action=said.action if said else "",
        image=verified.image,
    )


def _frozen(frame: EvaluationFrame, snapshot: Snapshot) -> ReferenceFrame:
    return ReferenceFrame(
        frame_id=frame.frame_id,
        scene_id=frame.scene_id,
        level=frame.level,
        reasoning=frame.reasoning,
        action=frame.action,
        image=snapshot.folder / frame.images[-1] if frame.images else None,
    )


def _by_log(session: Session, frames: Sequence[AnyRated]) -> list[AnyRated]:
    """The frames with their log in the place of their scene; a scene without a log stays its own."""
    logs = {scene_id: name for scene_id, name in session.exec(select(Scene.id, Scene.log_name)) if name}
    return [replace(one, scene_id=logs.get(one.scene_id, one.scene_id)) for one in frames]


def _contested(session: Session, others: set[str]) -> dict[str, str]:
    """Scene by contested held-out frame that a camera took, but for the `others`."""
    query = (
        select(Frame.id, Frame.scene_id)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .where(FrameStatus.split == Split.HELD_OUT, FrameStatus.state == VerificationState.CONTESTED)
        .where(col(Frame.generated_clip_id).is_(None))
        .order_by(Frame.id)
    )
    return {frame_id: scene_id for frame_id, scene_id in session.exec(query) if frame_id not in others}


def _completed(
    session: Session,
    frames: Sequence[ReferenceFrame],
    behind: Sequence[VerifiedFrame],
    doubted: Sequence[VerifiedFrame],
    ratings: Ratings,
) -> list[ReferenceFrame]:
    """The frames with their cues, how they were drawn, and what people said of them."""
    known, inclusion = _known(session), _inclusion(session)
    adjudicated = {one.frame.id: one.level for one in behind if one.adjudication_id is not None}
    in_doubt = {one.frame.id for one in doubted}
    return [
        replace(
            frame,
            **known.get(frame.frame_id, {}),
            inclusion=inclusion.get(frame.frame_id),
            is_sent_back=frame.frame_id in in_doubt,
            own=_own(ratings, frame.frame_id),
            adjudicated=adjudicated.get(frame.frame_id),
        )
        for frame in frames
    ]


def _own(ratings: Ratings, frame_id: str) -> tuple[TriageLevel, ...]:
    return tuple(one.own for one in ratings.get(frame_id, ()) if one.own is not None)


def _known(session: Session) -> dict[str, dict[str, Any]]:
    """The data set and the cues of frames, by id; names that the vocabulary no longer has are left out."""
    query = select(Frame.id, Frame.cues, Frame.unknown_cues, Dataset.name)
    query = query.join(Scene, col(Scene.id) == Frame.scene_id).join(Dataset)
    return {
        frame_id: {"cues": _named(cues), "unknown_cues": _named(unknown or ()), "data_set": data_set}
        for frame_id, cues, unknown, data_set in session.exec(query)
    }


def _named(cues: Iterable[str]) -> frozenset[Cue]:
    return frozenset(Cue(cue) for cue in cues if cue in _CUES)


def _inclusion(session: Session) -> dict[str, float]:
    """Inclusion probability by held-out frame of the dataset; a frame of a live feed was drawn from another one."""
    query = (
        select(SampledFrame.frame_id, SampledFrame.inclusion_probability)
        .join(ReturnedFrame, col(ReturnedFrame.frame_id) == SampledFrame.frame_id, isouter=True)
        .where(SampledFrame.split == Split.HELD_OUT, col(ReturnedFrame.frame_id).is_(None))
    )
    return {frame_id: p for frame_id, p in session.exec(query) if p is not None}


def _answering(
    session: Session, names: Sequence[str], frames: Sequence[ReferenceFrame], frame_ids: Sequence[str]
) -> tuple[list[EvaluatedRun], list[str]]:
    """The runs that answered one of the frames, and the names of those that did not.

    Raises EvaluationError: no such run, or one that was named answered nothing.
    """
    wanted = {frame.frame_id for frame in frames}
    runs = [_evaluated(session, run, frame_ids) for run in _runs(session, names)]
    silent = [run.name for run in runs if wanted.isdisjoint(run.predictions)]
    if names and silent:
        raise EvaluationError(
            f"{silent[0]} has answered none of the {len(frames)} verified held-out frames. Ask it with `teletriage "
            "propose`, or name other runs."
        )
    answering = [run for run in runs if run.name not in silent]
    if not answering:
        raise EvaluationError(
            f"No run has answered any of the {len(frames)} verified held-out frames. Ask one with `teletriage propose`."
        )
    return answering, silent


def _refuse_nothing_compared(frames: Sequence[ReferenceFrame], runs: Sequence[EvaluatedRun]) -> None:
    if any(all(frame.frame_id in run.predictions for run in runs) for frame in frames):
        return
    missing = [
        f"{sum(frame.frame_id not in run.predictions for frame in frames)} were not asked in {run.name}"
        for run in runs
    ]
    raise EvaluationError(
        f"No frame was answered in every run, so nothing can be compared: of {len(frames)} verified held-out frames "
        f"{', '.join(missing)}. Name the runs to compare with --run."
    )


def _runs(session: Session, names: Sequence[str]) -> list[ModelRun]:
    known = {run.name: run for run in session.exec(select(ModelRun))}
    missing = [name for name in names if name not in known]
    if missing:
        raise EvaluationError(
            f"There is no run called {missing[0]}; the store has {', '.join(sorted(known)) or 'none'}."
        )
    if names:
        return [known[name] for name in names]
    asked = [run for run in known.values() if run.role in _ORDER]  # a monitor's run knows no held-out frame
    return sorted(asked, key=lambda run: (_ORDER[run.role], run.created_at_us))


def _evaluated(session: Session, run: ModelRun, frame_ids: Sequence[str]) -> EvaluatedRun:
    proposals = proposals_by_frame(session, run)
    asked = [proposals[frame_id] for frame_id in frame_ids if frame_id in proposals]
    named_so = run.model.startswith(("scripted-", "recorded-", "stand-in"))
    return EvaluatedRun(
        name=run.name,
        role=run.role,
        model=run.model,
        revision=run.revision,
        is_stand_in=named_so or bool((run.lineage or {}).get("stand_in")),
        is_origin_known=run.role is not ModelRole.ALIGNED or run.lineage is not None or named_so,
        predictions={proposal.frame_id: _prediction(proposal) for proposal in asked},
        origin=RunOrigin(
            run_id=run.id, source=run.source, question_hash=run.question_hash, parameters=run.parameters
        ),
        decision=" and ".join(sorted({one.decision for one in asked if one.decision})) or None,
    )


def _prediction(proposal: Proposal) -> Prediction:
    p = proposal.level_probabilities
    return Prediction(
        proposal.decided_level or proposal.level,
        proposal.failure,
        proposal.reasoning or "",
        proposal.action or "",
        (p[0], p[1], p[2]) if p and len(p) == len(LEVELS) else None,
    )
