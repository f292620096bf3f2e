"""Use case: fit the decision of a run on the development part, with a guarantee, and state it in the audit trail."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlmodel import Session, col, select

from data.errors import EvaluationError
from data.frames.development_part import SEED, SHARE, in_development
from data.hashing import canonical_json
from data.proposals.runs import proposals_by_frame
from data.snapshot.folder import load_snapshot
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, ModelRun
from data.store.trail import note_act
from data.vocabulary import ModelRole, Split, TrailAct, TriageLevel, VerificationState
from eval.guarantee.threshold import Chosen, choose_threshold
from eval.statistics.rate import Undefined

T = TriageLevel.TELEOPERATION


class Decision(BaseModel):
    """A decision with its guarantee, as it is kept in a file: TELEOPERATION is called where the probability is at
    least `threshold`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    run: str
    threshold: float
    guarantee: float
    confidence: float
    scenes: int
    frames: int
    development_share: float
    development_seed: int

    @property
    def hash(self) -> str:
        """Names the decision in the audit trail and in what a monitor records."""
        return hashlib.sha256(canonical_json(self.model_dump()).encode()).hexdigest()[:16]

    def calls(self, level: TriageLevel | None, probabilities: Sequence[float] | None) -> bool:
        """Whether TELEOPERATION is called: by the model's own words, or by its probability."""
        return level is T or (probabilities is not None and probabilities[T.rank] >= self.threshold)


@dataclass(frozen=True)
class Decided:
    """What the development part gave. `decision` is None where it can guarantee nothing so small. left_out:
    TELEOPERATION frames of it without probabilities; open: its frames that nobody has verified yet; false_calls: of
    `others` verified lower, those that the threshold calls."""

    decision: Decision | None
    chosen: Chosen
    left_out: int
    open: int
    false_calls: int
    others: int


@dataclass(frozen=True)
class _Row:
    scene_id: str
    level: TriageLevel | None
    probability: float | None


def decide(
    store: Store,
    run_name: str,
    *,
    guarantee: float,
    confidence: float = 0.95,
    share: float = SHARE,
    seed: int = SEED,
    snapshot: Path | None = None,
) -> Decided:
    """Choose the threshold and write it into the audit trail.

    snapshot: what the run's model was trained on; needed for an aligned run. Raises EvaluationError: no such run, no
    probabilities, a snapshot that trains on scenes of the development part, shares outside 0..1.
    """
    if not (0 < guarantee < 1 and 0 < confidence < 1 and 0 < share < 1):
        raise EvaluationError(
            f"Guarantee, confidence and share lie between 0 and 1, not {guarantee:g}, {confidence:g} and {share:g}."
        )
    with store.write() as session:
        run = _run(session, run_name)
        _refuse_trained_on(session, run, snapshot, share, seed)
        rows = _rows(session, run, share, seed)
        found = _decided(run, rows, guarantee, confidence, share, seed)
        if found.decision is not None:
            details = {"model": run.model, "threshold": found.decision.threshold, "guarantee": guarantee}
            subject = f"decision:{found.decision.hash}"
            note_act(session, TrailAct.STATED_GUARANTEE, by=None, subject=subject, details=details)
    return found


def _decided(
    run: ModelRun, rows: Sequence[_Row], guarantee: float, confidence: float, share: float, seed: int
) -> Decided:
    known = [row for row in rows if row.level is T and row.probability is not None]
    others = [row.probability for row in rows if row.level not in (None, T) and row.probability is not None]
    if not known:
        raise EvaluationError(
            f"No verified TELEOPERATION frame of the development part has level probabilities in {run.name}; "
            "propose with an endpoint that returns logprobs."
        )
    chosen = choose_threshold(
        [row.probability for row in known if row.probability is not None],
        [row.scene_id for row in known],
        guarantee=guarantee,
        confidence=confidence,
    )
    decision = None
    if chosen.threshold is not None:
        decision = Decision(
            model=run.model,
            run=run.name,
            threshold=chosen.threshold,
            guarantee=guarantee,
            confidence=confidence,
            scenes=chosen.scenes,
            frames=chosen.frames,
            development_share=share,
            development_seed=seed,
        )
    threshold = chosen.threshold if chosen.threshold is not None else 1.0
    return Decided(
        decision=decision,
        chosen=chosen,
        left_out=sum(row.level is T and row.probability is None for row in rows),
        open=sum(row.level is None for row in rows),
        false_calls=sum(one >= threshold for one in others),
        others=len(others),
    )


def _run(session: Session, name: str) -> ModelRun:
    run = session.exec(select(ModelRun).where(ModelRun.name == name)).first()
    if run is None:
        names = ", ".join(session.exec(select(ModelRun.name).order_by(ModelRun.name))) or "none"
        raise EvaluationError(f"There is no run {name!r}; there are: {names}.")
    return run


def _rows(session: Session, run: ModelRun, share: float, seed: int) -> list[_Row]:
    """The camera's frames of the development part that the run was asked about."""
    said = proposals_by_frame(session, run)
    query = (
        select(Frame, FrameStatus)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .where(FrameStatus.split == Split.TRAIN, col(Frame.generated_clip_id).is_(None))
    )
    rows = []
    for frame, status in session.exec(query):
        if frame.id in said and in_development(frame.scene_id, share, seed=seed):
            chances = said[frame.id].level_probabilities
            level = status.level if status.state is VerificationState.VERIFIED else None
            rows.append(_Row(frame.scene_id, level, chances[T.rank] if chances else None))
    return rows


def _refuse_trained_on(
    session: Session, run: ModelRun, snapshot: Path | None, share: float, seed: int
) -> None:
    """No scene is in two parts: what the model was trained on must not be what its decision is fitted on."""
    if snapshot is None:
        if run.role is ModelRole.ALIGNED:
            raise EvaluationError(
                f"{run.name} was trained: name its snapshot with --snapshot, so that no scene is in both parts."
            )
        return
    pairs = {pair.frame_id for pair in load_snapshot(snapshot, check_images=False).pairs}
    scenes = session.exec(select(Frame.id, Frame.scene_id).where(col(Frame.id).in_(pairs))).all()
    shared = {scene_id for _, scene_id in scenes if in_development(scene_id, share, seed=seed)}
    if shared:
        raise EvaluationError(
            f"{len(shared)} scenes of the development part are in {snapshot}; freeze it again with "
            f"`teletriage snapshot --development {share:g}` and train on that."
        )


def read_decision(path: Path) -> Decision:
    """A decision from its file. Raises EvaluationError if there is none that can be used."""
    try:
        return Decision.model_validate_json(path.read_bytes())
    except OSError as error:
        raise EvaluationError(f"The decision {path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise EvaluationError(f"{path} is no decision that `teletriage decide` wrote.") from error


def decision_of(path: Path, model: str) -> Decision:
    """The decision in a file, for this model. Raises EvaluationError if it was fitted on another one."""
    decision = read_decision(path)
    if decision.model != model:
        raise EvaluationError(
            f"The decision in {path} was fitted on {decision.model}, not on {model}; run teletriage decide for it."
        )
    return decision


def in_words(found: Decided, guarantee: float, confidence: float) -> list[str]:
    """What was found, and what it rests on."""
    chosen = found.chosen
    on = f"{chosen.frames:,} TELEOPERATION frames of {chosen.scenes:,} development scenes"
    lines = []
    if found.decision is None:
        least = (
            chosen.least.reason if isinstance(chosen.least, Undefined) else f"no less than {chosen.least:.1%}"
        )
        lines.append(f"{on} can guarantee {least} at {confidence:.0%} confidence; asked for {guarantee:.1%}.")
    else:
        lines.append(
            f"Call TELEOPERATION from a probability of {found.decision.threshold:.4g} on: of the TELEOPERATION frames "
            f"of a scene at most {guarantee:.1%} are missed on average, at {confidence:.0%} confidence."
        )
        lines.append(f"From {on}, of which it misses {chosen.missed:,}; decision {found.decision.hash}.")
        lines.append(
            f"It calls {found.false_calls:,} of {found.others:,} frames there that are verified lower."
        )
    if found.open:
        lines.append(f"{found.open:,} frames of the development part are not verified yet and not in it.")
    if found.left_out:
        lines.append(f"{found.left_out:,} TELEOPERATION frames have no probabilities and are not in it.")
    return lines
