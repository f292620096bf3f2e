"""Reading the verified levels of the training side, and what runs, cues and vectors say of the same frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from data.alike.vectors import Vectors
from data.frames.cues import cue_columns
from data.frames.origins import source_scenes
from data.store.tables import Frame, FrameStatus, ModelRun, Proposal
from data.suspicion.cross_fit import Floats
from data.suspicion.ranking import TrainingLevels
from data.vocabulary import LEVELS, ModelRole, Split, TriageLevel, VerificationState

ROLES = (ModelRole.TEACHER, ModelRole.STUDENT)
"""An aligned model has learned these very levels and would only repeat them."""


def training_levels(session: Session, vectors: Vectors | None) -> TrainingLevels:
    """Every verified training frame. Generated frames count to the scene that they were made of."""
    rows = _verified(session)
    sources = source_scenes(session)
    scenes: dict[str, int] = {}
    place = {row.id: at for at, row in enumerate(rows)}
    level = [TriageLevel(row.level).rank for row in rows]
    scene = [scenes.setdefault(sources.get(row.scene_id, row.scene_id), len(scenes)) for row in rows]
    return TrainingLevels(
        frame_ids=tuple(place),
        level=np.array(level, dtype=np.int64),
        scene=np.array(scene, dtype=np.int64),
        said=_said(session, place),
        cues=cue_columns((row.cues, row.unknown_cues) for row in rows),
        vectors=None if vectors is None else vectors.of(tuple(place)),
    )


def _verified(session: Session) -> Sequence[Any]:
    query = (
        select_columns(
            col(Frame.id),
            col(Frame.scene_id),
            col(Frame.cues),
            col(Frame.unknown_cues),
            col(FrameStatus.level),
        )
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .where(
            col(FrameStatus.state) == VerificationState.VERIFIED,
            col(FrameStatus.split) == Split.TRAIN,
            col(FrameStatus.level).is_not(None),
        )
        .order_by(col(Frame.id))
    )
    return session.connection().execute(query).all()


def _said(session: Session, place: dict[str, int]) -> dict[str, Floats]:
    """By run, what it gives each level; the level alone where it gave no probabilities."""
    runs = session.exec(select(ModelRun).where(col(ModelRun.role).in_(ROLES)).order_by(ModelRun.name)).all()
    said = {run.id: np.full((len(place), len(LEVELS)), np.nan) for run in runs}
    query = select_columns(
        col(Proposal.run_id), col(Proposal.frame_id), col(Proposal.level), col(Proposal.level_probabilities)
    ).where(col(Proposal.run_id).in_(list(said)), col(Proposal.level).is_not(None))
    for run_id, frame_id, level, probabilities in session.connection().execute(query):
        if frame_id in place:
            certain = [float(one is level) for one in LEVELS]
            said[run_id][place[frame_id]] = certain if probabilities is None else probabilities
    return {run.name: said[run.id] for run in runs if np.isfinite(said[run.id]).any()}
