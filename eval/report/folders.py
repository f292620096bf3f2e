"""The reports of a workspace, and the frames in one that somebody may want to look at again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from sqlmodel import col, select

from data.errors import EvaluationError
from data.store.opening import Store
from data.store.tables import FrameStatus
from data.vocabulary import TriageLevel, VerificationState
from eval.evaluation.result import Evaluation
from eval.report.render import HTML_NAME, JSON_NAME


@dataclass(frozen=True)
class ReportFolder:
    """A written report. `written_s`: seconds since 1970 UTC."""

    name: str
    page: Path
    written_s: float


@dataclass(frozen=True)
class Doubted:
    """A frame to look at again: `is_missed` TELEOPERATION, or a level in doubt. `is_verified`: still, in the store."""

    frame_id: str
    level: TriageLevel
    why: str
    is_missed: bool
    is_verified: bool


def report_folders(reports: Path) -> list[ReportFolder]:
    """Every folder below `reports` with a page in it, newest first."""
    pages = [
        ReportFolder(page.parent.name, page, page.stat().st_mtime) for page in reports.glob(f"*/{HTML_NAME}")
    ]
    return sorted(pages, key=lambda folder: folder.written_s, reverse=True)


def evaluation_of(folder: ReportFolder) -> Evaluation:
    """The data of a report. Raises EvaluationError where it cannot be read."""
    try:
        return Evaluation.model_validate_json(folder.page.with_name(JSON_NAME).read_bytes())
    except (OSError, ValidationError) as error:
        raise EvaluationError(
            f"The figures of {folder.name} cannot be read; they were written by another version. Evaluate again."
        ) from error


def doubted_frames(store: Store, folder: ReportFolder) -> list[Doubted]:
    """Levels in doubt first, then missed frames. Raises EvaluationError where the report's data cannot be read."""
    evaluation = evaluation_of(folder)
    shown = [(one, one.why, False) for one in evaluation.suspicious]
    in_doubt = {one.frame_id for one, _, _ in shown}
    missed = [one for one in evaluation.missed if one.frame_id not in in_doubt]
    every = [*shown, *((one, f"Missed by {', '.join(one.missed_by)}.", True) for one in missed)]
    verified = _verified(store, [one.frame_id for one, _, _ in every])
    return [
        Doubted(one.frame_id, one.true.level, why, is_missed, one.frame_id in verified)
        for one, why, is_missed in every
        if one.true.level is not None
    ]


def _verified(store: Store, frame_ids: list[str]) -> set[str]:
    query = select(FrameStatus.frame_id).where(
        col(FrameStatus.frame_id).in_(frame_ids), FrameStatus.state == VerificationState.VERIFIED
    )
    with store.read() as session:
        return set(session.exec(query))
