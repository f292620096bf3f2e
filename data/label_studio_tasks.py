"""Frames as Label Studio's tasks: the picture's address, what was proposed, and the proposal as a prediction.

Label Studio's exports drop the body of a prediction, so a task's data says which proposal it showed. Only training
frames go there: held-out ones are judged blind, and Label Studio shows what was proposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from sqlmodel import Session, col, select

from data.frame_status import reviews_by_frame, standing
from data.label_studio_config import ACTION, IMAGE, LEVEL, REASONING
from data.proposals import latest_run, proposals_for_review
from data.tables import Dataset, Frame, FrameStatus, GoldFrame, ModelRun, Person, Proposal, Review, Scene
from data.vocabulary import Assessment, ModelRole, Split, TriageLevel

LOCAL_FILES = "/data/local-files/?d="
"""Where Label Studio serves files below its document root, which has to be the dataroot then."""
FRAME_ID, PROPOSAL_ID, RUN_ID = "frame_id", "proposal_id", "run_id"
PROPOSED = {LEVEL: "proposed_level", REASONING: "proposed_reasoning", ACTION: "proposed_action"}
_NO_DOUBT_KNOWN = {TriageLevel.AUTONOMY: 0.75}

Task = dict[str, Any]


def tasks_to_review(session: Session, images: str = LOCAL_FILES) -> list[Task]:
    """The training frames that still need a review, as tasks, those at the boundary first.

    images: what stands before an image's file name in its address. Frames of an open audit (shown blind) and gold
    frames stay here.
    """
    gold = select(GoldFrame.frame_id)
    query = _frames().where(
        FrameStatus.split == Split.TRAIN,
        col(FrameStatus.reviews_needed) > 0,
        col(FrameStatus.is_audit).is_(False),
        col(FrameStatus.frame_id).not_in(gold),
    )
    run = latest_run(session, ModelRole.TEACHER)
    proposals = proposals_for_review(session)
    rows = session.exec(query).all()
    ranked = any(status.priority for _, _, status in rows)
    tasks = [
        _task(frame, scene, proposals.get(frame.id), run, images, _score(status, proposals, ranked=ranked))
        for frame, scene, status in rows
    ]
    return sorted(tasks, key=lambda task: (task["meta"]["score"], task["data"][FRAME_ID]))


def picture_folders(session: Session) -> list[str]:
    """The folders that hold the datasets' pictures, one below each dataroot."""
    query = select(Dataset.dataroot, Frame.filename).join(Scene, col(Scene.dataset_id) == Dataset.id)
    query = query.join(Frame, col(Frame.scene_id) == Scene.id).where(col(Frame.position) == 0)
    return sorted({str(PurePosixPath(root) / name.partition("/")[0]) for root, name in session.exec(query)})


def reviewed_tasks(session: Session, images: str = LOCAL_FILES) -> list[Task]:
    """The training frames that have reviews, as tasks with each standing review as an annotation."""
    run = latest_run(session, ModelRole.TEACHER)
    proposals, people = (
        proposals_for_review(session),
        {one.id: one for one in session.exec(select(Person))},
    )
    reviews = reviews_by_frame(session)
    shown = select(Proposal).where(col(Proposal.id).in_(select(Review.proposal_id)))
    kept = {proposal.id: proposal for proposal in session.exec(shown)}
    tasks = []
    for frame, scene, status in session.exec(_frames().where(FrameStatus.split == Split.TRAIN)).all():
        if frame.id in reviews:
            proposal = proposals.get(frame.id)
            task = _task(frame, scene, proposal, run, images, _score(status, proposals, ranked=True))
            task["annotations"] = [
                _annotation(review, people[review.person_id], kept.get(review.proposal_id))
                for review in standing(reviews[frame.id])
            ]
            tasks.append(task)
    return tasks


def _frames() -> Any:
    return (
        select(Frame, Scene, FrameStatus)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .where(col(Frame.set_aside).is_(None))
        .order_by(Frame.scene_id, col(Frame.position))
    )


def _score(status: FrameStatus, proposals: Mapping[str, Proposal], *, ranked: bool) -> float:
    """0 to 1; Label Studio serves the lowest first. From the review order, or before there is one from how near
    SUPERVISION and TELEOPERATION lie to each other."""
    if ranked:
        return round(1 / (1 + max(status.priority, 0.0)), 6)
    proposal = proposals.get(status.frame_id)
    if proposal is None or proposal.level is None:
        return 0.0
    if not proposal.level_probabilities:
        return _NO_DOUBT_KNOWN.get(proposal.level, 0.5)
    return round(abs(proposal.level_probabilities[1] - proposal.level_probabilities[2]), 6)


def _task(
    frame: Frame, scene: Scene, proposal: Proposal | None, run: ModelRun | None, images: str, score: float
) -> Task:
    said = assessment_of(proposal)
    data = {
        IMAGE: images + quote(frame.filename),
        FRAME_ID: frame.id,
        "scene": scene.name,
        "position": frame.position,
        PROPOSAL_ID: proposal.id if proposal else None,
        RUN_ID: proposal.run_id if proposal else None,
        **proposed_words(proposal),
        "chain_of_thought": (proposal and proposal.chain_of_thought) or "",
    }
    version = run.name if run else ""
    predictions = [{"model_version": version, "score": score, "result": result_of(said)}] if said else []
    return {"data": data, "meta": {"score": score}, "predictions": predictions}


def assessment_of(proposal: Proposal | None) -> Assessment | None:
    """What a proposal says, None where its reply failed."""
    if proposal is None or proposal.level is None:
        return None
    fields = {"reasoning": proposal.reasoning, "level": proposal.level, "action": proposal.action}
    return Assessment.model_validate(fields)


def proposed_words(proposal: Proposal | None) -> dict[str, str]:
    """The columns of a task's data that say what was proposed; empty texts where nothing was."""
    said = assessment_of(proposal)
    words = {LEVEL: said.level.value, REASONING: said.reasoning, ACTION: said.action} if said else {}
    return {column: words.get(name, "") for name, column in PROPOSED.items()}


def result_of(said: Assessment) -> list[dict[str, Any]]:
    """An assessment as the result of a prediction or an annotation."""
    controls: Iterable[tuple[str, str, dict[str, Sequence[str]]]] = (
        (LEVEL, "choices", {"choices": [said.level.value]}),
        (REASONING, "textarea", {"text": [said.reasoning]}),
        (ACTION, "textarea", {"text": [said.action]}),
    )
    return [
        {"id": name, "from_name": name, "to_name": IMAGE, "type": kind, "value": value}
        for name, kind, value in controls
    ]


def _annotation(review: Review, person: Person, shown: Proposal | None) -> dict[str, Any]:
    """A review as an annotation; where the person kept what was shown, in those words."""
    kept = shown if review.reasoning is None else None
    said = Assessment.model_construct(
        level=review.level,
        reasoning=review.reasoning or (kept and kept.reasoning) or "",
        action=review.action or (kept and kept.action) or "",
    )
    written = datetime.fromtimestamp(review.reviewed_at_us / 1e6, tz=UTC).isoformat()
    return {
        "id": review.id,
        "unique_id": review.token,
        "created_at": written,
        "updated_at": written,
        "completed_by": {"email": person.name},
        "lead_time": review.seconds_shown,
        "was_cancelled": False,
        "result": result_of(said),
    }
