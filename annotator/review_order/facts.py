"""What the order of review follows from, read from the store in one go and worked out afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Text, cast
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from annotator.review_order import expected_cost
from data.frames.cues import cue_columns
from data.proposals.runs import latest_run
from data.store.opening import Store
from data.store.tables import (
    Frame,
    FrameStatus,
    GroundedWords,
    ModelRun,
    OperatorAnswer,
    Proposal,
    ReturnedFrame,
    Review,
)
from data.verification.standing import standing
from data.vocabulary import LEVELS, ModelRole, Response, Split, TriageLevel

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FrameRow:
    """A frame that can be reviewed, as far as its place follows from it."""

    frame_id: str
    split: Split
    is_open: bool
    scene: str
    place: int
    cues: Mapping[str, str]
    unknown_cues: Sequence[str] | None
    is_drawn: bool = True
    """Whether chance may draw it: not a frame that came from a live feed because of what was said there, nor a
    generated one, on which no estimate over the road's frames may rest."""


@dataclass(frozen=True)
class OrderFacts:
    """What an order follows from, as the database gives it: rows of columns, JSON as text. In SQLite whoever reads
    holds up everybody's next commit, so nothing is worked out before the reading is over."""

    frames: list[Any]
    said: Mapping[ModelRole, list[Any]]
    said_live: Mapping[ModelRole, list[Any]]
    reviews: list[Any]
    contradicted: frozenset[str] = frozenset()
    """Frames on which what is there denies the proposal's words."""


def read_facts(store: Store) -> OrderFacts:
    """All of it, at one moment."""
    with store.read() as session:
        roles = (ModelRole.TEACHER, ModelRole.STUDENT)
        return OrderFacts(
            frames=_all(session, _frames()),
            said={role: _all(session, _said_by(latest_run(session, role))) for role in roles},
            said_live={
                ModelRole.TEACHER: _all(session, _said_by_the_monitor()),
                ModelRole.STUDENT: _all(session, _said_by_operators()),
            },
            reviews=_all(session, _reviews()),
            contradicted=_contradicted(session, latest_run(session, ModelRole.TEACHER)),
        )


def _contradicted(session: Session, run: ModelRun | None) -> frozenset[str]:
    query = (
        select_columns(col(GroundedWords.frame_id))
        .join(Proposal, col(Proposal.id) == GroundedWords.proposal_id)
        .where(col(Proposal.run_id) == (run.id if run else ""), col(GroundedWords.contradicted) > 0)
    )
    return frozenset(session.connection().execute(query).scalars())


def _all(session: Session, query: Any) -> list[Any]:
    return list(session.connection().execute(query).all())


def _as_text(json_column: Any) -> Any:
    return cast(col(json_column), Text)


def _frames() -> Any:
    return (
        select_columns(
            col(FrameStatus.frame_id),
            col(FrameStatus.split),
            col(FrameStatus.reviews_needed),
            col(Frame.scene_id),
            col(Frame.position),
            _as_text(Frame.cues),
            _as_text(Frame.unknown_cues),
            col(ReturnedFrame.is_new),
            col(Frame.generated_clip_id),
        )
        .join(Frame, col(Frame.id) == FrameStatus.frame_id)
        .join(ReturnedFrame, col(ReturnedFrame.frame_id) == FrameStatus.frame_id, isouter=True)
        .order_by(col(FrameStatus.frame_id))
    )


def _said_columns() -> Any:
    return select_columns(col(Proposal.frame_id), col(Proposal.level), _as_text(Proposal.level_probabilities))


def _said_by(run: ModelRun | None) -> Any:
    return _said_columns().where(col(Proposal.run_id) == (run.id if run else ""))


def _said_by_the_monitor() -> Any:
    return _said_columns().join(ReturnedFrame, col(ReturnedFrame.proposal_id) == Proposal.id)


def _said_by_operators() -> Any:
    return (
        select_columns(col(ReturnedFrame.frame_id), col(OperatorAnswer.response))
        .join(OperatorAnswer, col(OperatorAnswer.alert_id) == ReturnedFrame.alert_id)
        .order_by(col(OperatorAnswer.id))
    )


def _reviews() -> Any:
    columns = (
        col(Review.id),
        col(Review.frame_id),
        col(Review.level),
        col(Review.supersedes_id),
        col(Review.is_taken_back),
    )
    return select_columns(*columns).order_by(col(Review.id))


def frame_rows(facts: OrderFacts) -> list[FrameRow]:
    """Every frame that can be reviewed, by id."""
    return [
        FrameRow(
            frame_id,
            split,
            needed > 0,
            scene,
            place,
            json.loads(cues),
            json.loads(unknown) if unknown else None,
            not live and clip is None,
        )
        for frame_id, split, needed, scene, place, cues, unknown, live, clip in facts.frames
    ]


def pool_of(rows: list[FrameRow], facts: OrderFacts) -> dict[str, npt.NDArray[Any]]:
    """The frames as `review_order` takes them: one array per feature."""
    teacher, probabilities = _said(rows, facts, ModelRole.TEACHER)
    student, _ = _said(rows, facts, ModelRole.STUDENT)
    is_known = ~np.isnan(probabilities).any(axis=1)
    planned = expected_cost.planned_probabilities(teacher, student)
    return {
        "a": np.maximum(teacher, 0),
        "probs": np.where(is_known[:, None], probabilities, planned),
        "student": student,
        "cues": cue_columns((row.cues, row.unknown_cues) for row in rows),
        "contradicted": np.array([row.frame_id in facts.contradicted for row in rows], dtype=np.float64),
        "scene": np.array([row.scene for row in rows]),
        "pos": np.array([row.place for row in rows], dtype=np.int64),
    }


def _said(rows: list[FrameRow], facts: OrderFacts, role: ModelRole) -> tuple[npt.NDArray[np.int64], Floats]:
    """(frames,) the level that the latest run of a role gave, -1 for none, and (frames, 3) its probabilities.

    A frame from a live feed that the role has not answered has the monitor's model in the teacher's place and the
    operator in the student's: where those two differ, as anywhere, a review is worth more.
    """
    said = _said_live(facts.said_live[role], role)
    said |= {frame_id: (level, _decoded(chances)) for frame_id, level, chances in facts.said[role]}
    found = [said.get(row.frame_id, (None, None)) for row in rows]
    levels = np.array([level.rank if level else -1 for level, _ in found], dtype=np.int64)
    unknown = [np.nan] * len(LEVELS)
    chances = np.array([chances or unknown for _, chances in found], dtype=np.float64)
    return levels, chances.reshape(len(rows), len(LEVELS))


def _said_live(
    rows: Iterable[Any], role: ModelRole
) -> dict[str, tuple[TriageLevel | None, list[float] | None]]:
    if role is ModelRole.TEACHER:
        return {frame_id: (level, _decoded(chances)) for frame_id, level, chances in rows}
    return {frame_id: (Response(response).level, None) for frame_id, response in rows}


def _decoded(text: str | None) -> list[float] | None:
    """Level probabilities, None where there are none, as for most."""
    chances: list[float] | None = json.loads(text) if text and text != "null" else None
    return chances


def reviewed_of(rows: Sequence[FrameRow], facts: OrderFacts) -> tuple[list[int], list[int]]:
    """Indices of reviewed frames, in the order of their first review, and the highest level said there now."""
    place = {row.frame_id: index for index, row in enumerate(rows)}
    highest: dict[int, int] = {}
    for review in standing(facts.reviews):
        if review.frame_id in place and not review.is_taken_back:
            index = place[review.frame_id]
            highest[index] = max(highest.get(index, 0), review.level.rank)
    return list(highest), list(highest.values())
