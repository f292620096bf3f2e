"""Use case: what can be said of the verified levels of the training side."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import Session

from data.alike.vectors import current_vectors
from data.suspicion.evidence import training_levels
from data.suspicion.kept import keep_suspicions
from data.suspicion.ranking import Suspicion, suspicious_levels, too_few
from data.suspicion.traits import read_traits
from eval.training_levels.figures import DoubtedLevel, TrainingLevelFigures
from eval.training_levels.shortcuts import shortcut_figures

MOST = 100
"""A report lists so many; `teletriage suspicions` has all."""


def training_level_figures(session: Session, workspace: Path | None) -> TrainingLevelFigures | None:
    """None where no training frame is verified. workspace: where the vectors are, and where the ranking is kept, so
    that the report's figures lead to its frames. Raises VectorsError: the vectors are damaged."""
    vectors = None if workspace is None else current_vectors(workspace)
    found = training_levels(session, vectors)
    if not found.frame_ids:
        return None
    ranked = suspicious_levels(found)
    if workspace is not None and too_few(found) is None:
        keep_suspicions(workspace, ranked)
    traits = read_traits(session, found.frame_ids)
    return TrainingLevelFigures(
        frames=len(found.frame_ids),
        scenes=found.scenes,
        based_on=[*found.said, "cues", *([] if vectors is None else [f"vectors of {vectors.maker.model}"])],
        reason=too_few(found),
        doubted=[_doubted(one) for one in ranked[:MOST]],
        left_out=max(0, len(ranked) - MOST),
        shortcuts=shortcut_figures(traits, found.level, found.scene),
    )


def _doubted(one: Suspicion) -> DoubtedLevel:
    return DoubtedLevel(
        frame_id=one.frame_id,
        verified=one.level,
        likely=one.likely,
        p_verified=one.p_level,
        p_likely=one.p_likely,
        why=one.why,
    )
