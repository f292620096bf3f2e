"""Frames as Label Studio's tasks: the picture's address, what was proposed, and the proposal as a prediction.

Label Studio's exports drop the body of a prediction, so a task's data says which proposal it showed. Only training
frames go there: held-out ones are judged blind, and Label Studio shows what was proposed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from sqlmodel import Session, col, select

from data.frames.shared_views import has_several_data_sets
from data.label_studio.configuration import ACTION, IMAGE, LEVEL, REASONING
from data.pictures.blurred import FOLDER as BLURRED
from data.pictures.blurred import blurred_copies
from data.proposals.runs import latest_run, proposals_shown
from data.store.tables import (
    BlurredPicture,
    Dataset,
    Frame,
    FrameStatus,
    GoldFrame,
    Person,
    Proposal,
    Review,
    Scene,
)
from data.verification.standing import of_the_frame, standing
from data.vocabulary import Assessment, ModelRole, Split, TriageLevel

LOCAL_FILES = "/data/local-files/?d="
"""Where Label Studio serves files below its document root, which has to be the dataroot then."""
FRAME_ID, PROPOSAL_ID, RUN_ID = "frame_id", "proposal_id", "run_id"
PROPOSED = {LEVEL: "proposed_level", REASONING: "proposed_reasoning", ACTION: "proposed_action"}
_NO_DOUBT_KNOWN = {TriageLevel.AUTONOMY: 0.75}

Task = dict[str, Any]


def tasks_to_review(session: Session, images: str = LOCAL_FILES) -> list[Task]:
    """The training frames that still need a review, as tasks, those at the boundary first.

    images: what stands before an image's file name in its address; where there are several data sets, the name of its
    own stands between them. Frames of an open audit (shown blind) and gold frames stay here.
    """
    query = _frames().where(
        col(FrameStatus.reviews_needed) > 0,
        col(FrameStatus.is_audit).is_(False),
        col(FrameStatus.frame_id).not_in(select(GoldFrame.frame_id)),
    )
    frames = [_Frame(*row) for row in session.exec(query)]
    build = _TaskBuilder(session, images, is_ranked=any(frame.priority for frame in frames))
    tasks = [build.task(frame) for frame in frames]
    return sorted(tasks, key=lambda task: (task["meta"]["score"], task["data"][FRAME_ID]))


def picture_folders(session: Session) -> list[str]:
    """The folders that hold the datasets' pictures, one below each dataroot; where some were blurred, also that of the
    copies."""
    query = select(Dataset.dataroot, Frame.filename).join(Scene, col(Scene.dataset_id) == Dataset.id)
    query = query.join(Frame, col(Frame.scene_id) == Scene.id).where(col(Frame.position) == 0)
    rows = session.exec(query).all()
    folders = {str(PurePosixPath(root) / name.partition("/")[0]) for root, name in rows}
    if session.exec(select(BlurredPicture.id).limit(1)).first() is not None:
        folders |= {str(PurePosixPath(root) / BLURRED) for root, _ in rows}
    return sorted(folders)


def reviewed_tasks(session: Session, images: str = LOCAL_FILES) -> Iterator[Task]:
    """The training frames that have reviews, as tasks with each standing review as an annotation.

    All is read before this returns; the tasks are made as they are asked for.
    """
    build = _TaskBuilder(session, images, is_ranked=True)
    reviews = _standing_reviews(session)
    frames = [frame for row in session.exec(_frames()) if (frame := _Frame(*row)).id in reviews]
    return (
        {**build.task(frame), "annotations": [_annotation(one) for one in reviews[frame.id]]}
        for frame in frames
    )


class _Frame(NamedTuple):
    """What a task says of a frame. Columns and not rows of the tables: tens of thousands are read at once."""

    id: str
    filename: str
    position: int
    scene: str
    priority: float
    data_set: str
    image_sha256: str | None


def _frames() -> Any:
    """The training frames that can be reviewed, by scene and time."""
    return (
        select(  # type: ignore[call-overload]
            Frame.id,
            Frame.filename,
            Frame.position,
            Scene.name,
            FrameStatus.priority,
            Dataset.name,
            Frame.image_sha256,
        )
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(Dataset, col(Dataset.id) == Scene.dataset_id)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .where(col(Frame.set_aside).is_(None), FrameStatus.split == Split.TRAIN)
        .order_by(Frame.scene_id, col(Frame.position))
    )


class _Proposal(NamedTuple):
    """What a task says of a proposal."""

    frame_id: str
    id: int
    run_id: str
    level: TriageLevel | None
    reasoning: str | None
    action: str | None
    chain_of_thought: str | None
    level_probabilities: list[float] | None


def _proposals(session: Session) -> dict[str, _Proposal]:
    """What people are shown, by frame."""
    columns = [getattr(Proposal, name) for name in _Proposal._fields]
    queries = proposals_shown(session, select(*columns))
    return {row[0]: _Proposal(*row) for query in queries for row in session.exec(query)}


class _TaskBuilder:
    """Frames as tasks: the proposals of all of them are read once.

    is_ranked: the review order has given the frames their priorities.
    """

    def __init__(self, session: Session, images: str, *, is_ranked: bool) -> None:
        run = latest_run(session, ModelRole.TEACHER)
        self._version, self._images, self._is_ranked = run.name if run else "", images, is_ranked
        self._proposals = _proposals(session)
        self._is_mixed = has_several_data_sets(session)
        self._copies = blurred_copies(session)

    def _file(self, frame: _Frame) -> str:
        """Below Label Studio's document root, where the copies of blurred pictures lie in a folder of their own."""
        copy = self._copies.get(frame.image_sha256 or "")
        own = f"{frame.data_set}/{frame.filename}" if self._is_mixed else frame.filename
        return f"{BLURRED}/{copy.path.name}" if copy else own

    def task(self, frame: _Frame) -> Task:
        proposal = self._proposals.get(frame.id)
        score = _rank_score(frame.priority) if self._is_ranked else _margin_score(proposal)
        said = assessment_of(proposal)
        result = result_of(said) if said else []
        return {
            "data": {
                IMAGE: self._images + quote(self._file(frame)),
                FRAME_ID: frame.id,
                "scene": frame.scene,
                "position": frame.position,
                PROPOSAL_ID: proposal.id if proposal else None,
                RUN_ID: proposal.run_id if proposal else None,
                **_words(said),
                "chain_of_thought": (proposal and proposal.chain_of_thought) or "",
            },
            "meta": {"score": score},
            "predictions": [{"model_version": self._version, "score": score, "result": result}]
            if said
            else [],
        }


def _rank_score(priority: float) -> float:
    """0 to 1 by the review order; Label Studio serves the lowest first."""
    return round(1 / (1 + max(priority, 0.0)), 6)


def _margin_score(proposal: _Proposal | None) -> float:
    """0 to 1 before there is a review order: how near SUPERVISION and TELEOPERATION lie to each other."""
    if proposal is None or proposal.level is None:
        return 0.0
    if not proposal.level_probabilities:
        return _NO_DOUBT_KNOWN.get(proposal.level, 0.5)
    return round(abs(proposal.level_probabilities[1] - proposal.level_probabilities[2]), 6)


class ProposalColumns(Protocol):
    """A proposal, or a row with these columns of one. `level` is None where the reply failed."""

    @property
    def level(self) -> TriageLevel | None: ...
    @property
    def reasoning(self) -> str | None: ...
    @property
    def action(self) -> str | None: ...


def assessment_of(proposal: ProposalColumns | None) -> Assessment | None:
    """What a proposal says, None where its reply failed."""
    if proposal is None or proposal.level is None:
        return None
    fields = {"reasoning": proposal.reasoning, "level": proposal.level, "action": proposal.action}
    return Assessment.model_validate(fields)


def proposed_words(proposal: ProposalColumns | None) -> dict[str, str]:
    """The columns of a task's data that say what was proposed; empty texts where nothing was."""
    return _words(assessment_of(proposal))


def _words(said: Assessment | None) -> dict[str, str]:
    words = {LEVEL: said.level.value, REASONING: said.reasoning, ACTION: said.action} if said else {}
    return {column: words.get(name, "") for name, column in PROPOSED.items()}


def result_of(said: Assessment) -> list[dict[str, Any]]:
    """An assessment as the result of a prediction or an annotation."""
    return _result(said.level, said.reasoning, said.action)


def _result(level: TriageLevel, reasoning: str, action: str) -> list[dict[str, Any]]:
    controls: Iterable[tuple[str, str, dict[str, Sequence[str]]]] = (
        (LEVEL, "choices", {"choices": [level.value]}),
        (REASONING, "textarea", {"text": [reasoning]}),
        (ACTION, "textarea", {"text": [action]}),
    )
    return [
        {"id": name, "from_name": name, "to_name": IMAGE, "type": kind, "value": value}
        for name, kind, value in controls
    ]


class _Review(NamedTuple):
    """A review as an annotation tells it. `reasoning` and `action` are None where the words that were shown were
    kept: `shown_…`, None where nothing was shown."""

    frame_id: str
    id: int
    supersedes_id: int | None
    token: str
    person: str
    level: TriageLevel
    reasoning: str | None
    action: str | None
    shown_reasoning: str | None
    shown_action: str | None
    seconds_shown: float | None
    reviewed_at_us: int


def _standing_reviews(session: Session) -> dict[str, list[_Review]]:
    """The reviews that count, by frame, oldest first."""
    columns: Any = (Review.frame_id, Review.id, Review.supersedes_id, Review.token, Person.name, Review.level)
    columns += (Review.reasoning, Review.action, Proposal.reasoning, Proposal.action)
    columns += (Review.seconds_shown, Review.reviewed_at_us)
    query = of_the_frame(select(*columns).join(Person, col(Person.id) == Review.person_id))
    query = query.join(Proposal, col(Proposal.id) == Review.proposal_id, isouter=True)
    grouped: dict[str, list[_Review]] = defaultdict(list)
    for row in session.exec(query.order_by(col(Review.id))):
        grouped[row[0]].append(_Review(*row))
    return {frame_id: standing(reviews) for frame_id, reviews in grouped.items()}


def _annotation(review: _Review) -> dict[str, Any]:
    """A review as an annotation; where the person kept what was shown, in those words."""
    keeps = review.reasoning is None
    words = (review.shown_reasoning, review.shown_action) if keeps else (review.reasoning, review.action)
    written = datetime.fromtimestamp(review.reviewed_at_us / 1e6, tz=UTC).isoformat()
    return {
        "id": review.id,
        "unique_id": review.token,
        "created_at": written,
        "updated_at": written,
        "completed_by": {"email": review.person},
        "lead_time": review.seconds_shown,
        "was_cancelled": False,
        "result": _result(review.level, words[0] or "", words[1] or ""),
    }
