"""Use case: evaluate runs of a store against its verified held-out frames, and write the report."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from sqlmodel import Session, select

from data.checkout import checkout_commit
from data.errors import EvaluationError
from data.frames.origins import rejected_clips, scenarios_of
from data.hashing import canonical_json
from data.proposals.runs import proposals_by_frame
from data.snapshot.folder import Snapshot, load_snapshot
from data.snapshot.pairs import EvaluationFrame
from data.store.opening import Store
from data.store.tables import Frame, ModelRun, Proposal, Review
from data.verification.verified_frames import VerifiedFrame as Verified
from data.verification.verified_frames import verified_frames
from data.vlm.question import question_hash
from data.vocabulary import LEVELS, Cue, ModelRole, Split
from eval.comparison.claim import Claim
from eval.evaluation.evaluate import EvaluatedRun, Prediction, ReferenceFrame, evaluate
from eval.evaluation.generated import with_generated
from eval.evaluation.label_quality import label_quality
from eval.evaluation.result import Evaluation, Lineage, RunOrigin
from eval.evaluation.verified_set import refuse_another_set, set_hash, set_in, set_of
from eval.metrics.deployment import Assumptions

_ORDER = {role: place for place, role in enumerate((ModelRole.STUDENT, ModelRole.ALIGNED, ModelRole.TEACHER))}
_PACKAGES = ("teletriage", "numpy", "scipy")


@dataclass(frozen=True)
class Against:
    """What to hold the runs against: the store's verified held-out frames.

    `snapshot`: a frozen folder that they must still equal. `as_of`: a frozen folder whose frames are taken instead.
    """

    snapshot: Path | None = None
    as_of: Path | None = None


def evaluate_runs(
    store: Store,
    run_names: Sequence[str],
    *,
    recipe: str | None = None,
    against: Against | None = None,
    claim: Claim | None = None,
    assumptions: Assumptions | None = None,
) -> Evaluation:
    """Evaluate the named runs (all runs if none is named) on the verified held-out frames, generated ones apart.

    Raises EvaluationError: no such run, no run at all, no held-out frame is verified, or they are no longer those
    of the snapshot named; SnapshotError: the snapshot cannot be read.
    """
    chosen = against or Against()
    with store.read() as session:
        verified = verified_frames(session, Split.HELD_OUT)
        guidelines = sorted(session.exec(select(Review.guideline_version).distinct()))
        cues = _cues(session)
        every, snapshot = _frames(chosen, verified, cues)
        generated = _generated_ids(verified, snapshot)
        made = [frame for frame in every if frame.frame_id in generated]
        frames = [frame for frame in every if frame.frame_id not in generated]
        verified = [one for one in verified if one.source_frame_id is None]
        now = set_of(verified)
        if not frames:
            raise EvaluationError(
                "No held-out frame is verified yet, so there is nothing to evaluate against."
            )
        chosen_runs = _runs(session, run_names)
        runs = [_evaluated(session, run, [frame.frame_id for frame in frames]) for run in chosen_runs]
        runs_on_made = [_evaluated(session, run, [frame.frame_id for frame in made]) for run in chosen_runs]
        scenarios, rejected = scenarios_of(session), len(rejected_clips(session))
        quality = label_quality(session, _compared(verified, frames, runs))
    lineage = Lineage(
        snapshot_hash=snapshot.manifest.snapshot_hash if snapshot else None,
        verified_set_hash=set_hash(set_in(_real(snapshot)) if chosen.as_of and snapshot else now),
        split_hash=_split_hash(frames),
        guideline_versions=guidelines,
        question_hash=question_hash(),
        recipe=recipe,
        commit=checkout_commit(),
        versions={name: version(name) for name in _PACKAGES},
    )
    found = evaluate(
        frames, runs, lineage=lineage, claim=claim, assumptions=assumptions, label_quality=quality
    )
    return with_generated(found, made, runs_on_made, scenarios, rejected)


def _compared(
    verified: Sequence[Verified], frames: Sequence[ReferenceFrame], runs: Sequence[EvaluatedRun]
) -> list[Verified]:
    """The store's verified frames that every run is held against."""
    compared = {frame.frame_id for frame in frames if all(frame.frame_id in run.predictions for run in runs)}
    return [one for one in verified if one.frame.id in compared]


def _frames(
    against: Against, verified: Sequence[Verified], cues: dict[str, frozenset[Cue]]
) -> tuple[list[ReferenceFrame], Snapshot | None]:
    """The frames to hold runs against, and the snapshot they come from or equal."""
    if against.as_of is not None:
        snapshot = load_snapshot(against.as_of)
        return [_frozen(one, snapshot, cues) for one in snapshot.evaluation], snapshot
    frames = [_frame(one, cues) for one in verified]
    if against.snapshot is None:
        return frames, None
    snapshot = load_snapshot(against.snapshot, check_images=False)
    real = [one for one in verified if one.source_frame_id is None]
    refuse_another_set(set_of(real), set_in(_real(snapshot)), against.snapshot.name)
    return frames, snapshot


def _real(snapshot: Snapshot) -> list[EvaluationFrame]:
    """A snapshot's frames that a camera took."""
    return [frame for frame in snapshot.evaluation if frame.source_frame_id is None]


def _generated_ids(verified: Sequence[Verified], snapshot: Snapshot | None) -> set[str]:
    frozen = snapshot.evaluation if snapshot else []
    return {one.frame.id for one in verified if one.source_frame_id} | {
        one.frame_id for one in frozen if one.source_frame_id
    }


def _cues(session: Session) -> dict[str, frozenset[Cue]]:
    """Cues by frame id; names that the vocabulary no longer has are left out."""
    known = set(Cue)
    rows = session.exec(select(Frame.id, Frame.cues)).all()
    return {frame_id: frozenset(Cue(cue) for cue in cues if cue in known) for frame_id, cues in rows}


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
    return EvaluatedRun(
        name=run.name,
        role=run.role,
        model=run.model,
        revision=run.revision,
        is_stand_in=run.model.startswith(("scripted-", "recorded-", "stand-in")),
        predictions={proposal.frame_id: _prediction(proposal) for proposal in asked},
        origin=RunOrigin(
            run_id=run.id, source=run.source, question_hash=run.question_hash, parameters=run.parameters
        ),
    )


def _prediction(proposal: Proposal) -> Prediction:
    p = proposal.level_probabilities
    return Prediction(
        proposal.level,
        proposal.failure,
        proposal.reasoning or "",
        proposal.action or "",
        (p[0], p[1], p[2]) if p and len(p) == len(LEVELS) else None,
    )


def _frame(verified: Verified, cues: dict[str, frozenset[Cue]]) -> ReferenceFrame:
    said = verified.text.assessment if verified.text else None
    return ReferenceFrame(
        frame_id=verified.frame.id,
        scene_id=verified.scene_id,
        level=verified.level,
        reasoning=said.reasoning if said else "",
        action=said.action if said else "",
        image=verified.image,
        cues=cues.get(verified.frame.id, frozenset()),
    )


def _frozen(frame: EvaluationFrame, snapshot: Snapshot, cues: dict[str, frozenset[Cue]]) -> ReferenceFrame:
    return ReferenceFrame(
        frame_id=frame.frame_id,
        scene_id=frame.scene_id,
        level=frame.level,
        reasoning=frame.reasoning,
        action=frame.action,
        image=snapshot.folder / frame.images[0] if frame.images else None,
        cues=cues.get(frame.frame_id, frozenset()),
    )


def _split_hash(frames: Sequence[ReferenceFrame]) -> str:
    scenes = sorted({frame.scene_id for frame in frames})
    return hashlib.sha256(canonical_json(scenes).encode()).hexdigest()
