"""Use case: count the store's frames by scenario of the catalogue, and hold the last evaluated run against them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError
from sqlmodel import Session, col, select

from data.errors import EvaluationError
from data.frames.origins import scenarios_of
from data.overview.random_share import reviewed_random_share
from data.proposals.runs import proposals_by_frame
from data.scenarios.catalogue import Catalogue, Scenario
from data.scenarios.plausibility import count_clips
from data.scenarios.sources import shown_by
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, ModelRun, SampledFrame, Scene
from data.vocabulary import ModelRole, Split, TriageLevel, VerificationState
from eval.coverage.need import ScenarioCount, ScenarioCoverage, by_need
from eval.evaluation.result import Evaluation
from eval.report.folders import report_folders
from eval.report.render import JSON_NAME

T = TriageLevel.TELEOPERATION
_PREFERRED = (ModelRole.ALIGNED, ModelRole.STUDENT, ModelRole.TEACHER)


@dataclass(frozen=True)
class Coverage:
    """Every scenario, the neediest first. `run`: the last evaluated run and the report's folder that names it, or
    why there is none. `frames` are usable real frames, `verified` those of them that are verified; `drawn` are training
    frames of the random share that somebody has reviewed."""

    scenarios: list[ScenarioCoverage]
    run: str | None
    report: str | None
    no_run: str | None
    frames: int
    verified: int
    drawn: int


@dataclass(frozen=True)
class _Row:
    frame: Frame
    scene: Scene
    is_sampled: bool
    status: FrameStatus | None


def coverage(store: Store, catalogue: Catalogue, reports: Path, *, report: Path | None = None) -> Coverage:
    """Count once. reports: the workspace's reports, of which the newest names the run; `report` names one itself.

    Raises EvaluationError if the report that is named cannot be read or its run is not in the store. Where the newest
    one cannot be used, `no_run` says why and everything else is counted.
    """
    folder = report or next((one.page.parent for one in report_folders(reports)), None)
    name: str | None = None
    no_run: str | None = f"No report in {reports}, so what a run misses is not counted."
    missed: dict[str, bool] = {}
    with store.read() as session:
        rows = _rows(session)
        try:
            if folder is not None:
                name, missed = _last_run_held(session, folder)
                no_run = None
        except EvaluationError as error:
            if report is not None:
                raise
            no_run = f"What a run misses is not counted: {error}"
        made = scenarios_of(session)
        drawn = {one.frame_id: one.level for one in reviewed_random_share(session)}
        clips = count_clips(session)
    real = [row for row in rows if row.frame.generated_clip_id is None]
    generated = [row for row in rows if row.frame.generated_clip_id is not None]
    counts = [
        _count(
            scenario,
            real,
            [row for row in generated if made.get(row.frame.id) == scenario.key],
            missed,
            drawn,
        )
        for scenario in catalogue.scenarios
    ]
    counts = [
        ScenarioCount(
            **{**vars(one), "clips": clips.clips.get(one.key, 0), "rejected": clips.rejected.get(one.key, 0)}
        )
        for one in counts
    ]
    return Coverage(
        scenarios=by_need(counts),
        run=name,
        report=str(folder) if name else None,
        no_run=no_run,
        frames=len(real),
        verified=sum(_is_verified(row) for row in real),
        drawn=len(drawn),
    )


def _last_run_held(session: Session, folder: Path) -> tuple[str, dict[str, bool]]:
    """A report's run, and whether it missed each frame that it was asked about."""
    name = _last_run(folder)
    return name, _missed(session, name)


def _last_run(folder: Path) -> str:
    """The run of a report that is looked at: the aligned one, else the student, else the teacher."""
    try:
        evaluation = Evaluation.model_validate_json((folder / JSON_NAME).read_bytes())
    except (OSError, ValidationError) as error:
        raise EvaluationError(
            f"The figures of {folder} cannot be read; they were written by another version. Evaluate again."
        ) from error
    runs = sorted(evaluation.runs, key=lambda run: _PREFERRED.index(run.role))
    return runs[0].name


def _rows(session: Session) -> list[_Row]:
    query = (
        select(Frame, Scene, SampledFrame.frame_id, FrameStatus)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(SampledFrame, col(SampledFrame.frame_id) == Frame.id, isouter=True)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id, isouter=True)
        .where(col(Frame.set_aside).is_(None))
    )
    return [
        _Row(frame, scene, sampled is not None, status)
        for frame, scene, sampled, status in session.exec(query).all()
    ]


def _missed(session: Session, name: str) -> dict[str, bool]:
    """Whether the run missed it, by verified held-out TELEOPERATION frame that it was asked about."""
    run = session.exec(select(ModelRun).where(ModelRun.name == name)).first()
    if run is None:
        raise EvaluationError(f"The report's run {name} is not in this store; name another with --report.")
    query = select(FrameStatus.frame_id).where(
        FrameStatus.state == VerificationState.VERIFIED,
        FrameStatus.level == T,
        FrameStatus.split == Split.HELD_OUT,
    )
    wanted = list(session.exec(query))
    said = proposals_by_frame(session, run)
    return {frame_id: said[frame_id].level is not T for frame_id in wanted if frame_id in said}


def _count(
    scenario: Scenario,
    real: list[_Row],
    generated: list[_Row],
    missed: dict[str, bool],
    drawn: dict[str, TriageLevel],
) -> ScenarioCount:
    shown = [row for row in real if scenario.is_shown(shown_by(row.frame, row.scene))]
    asked = [missed[row.frame.id] for row in shown if row.frame.id in missed]
    verified = [row for row in shown if _is_verified(row)]
    made = [row for row in generated if _is_verified(row)]
    return ScenarioCount(
        key=scenario.key,
        title=scenario.title,
        frames=len(shown),
        sampled=sum(row.is_sampled for row in shown),
        verified=len(verified),
        teleoperation=sum(_level(row) is T for row in verified),
        scenes=len({row.scene.id for row in verified}),
        drawn=_drawn(shown, drawn),
        asked=len(asked),
        missed=sum(asked),
        generated=len(generated),
        generated_verified=len(made),
        generated_teleoperation=sum(_level(row) is T for row in made),
    )


def _drawn(
    shown: list[_Row], levels: dict[str, TriageLevel]
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """(scenes, 2) TELEOPERATION frames and all frames of the reviewed random share by scene."""
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for row in shown:
        if row.frame.id in levels:
            counts[row.scene.id][levels[row.frame.id] is T] += 1
    table = [[counts[scene][True], counts[scene].total()] for scene in sorted(counts)]
    return np.array(table, dtype=np.int64).reshape(-1, 2)


def _is_verified(row: _Row) -> bool:
    return row.status is not None and row.status.state is VerificationState.VERIFIED


def _level(row: _Row) -> TriageLevel | None:
    return row.status.level if row.status else None
