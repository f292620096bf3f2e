"""Use case: read the probes of runs, and what they say of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, select

from data.pictures.shown import shown_pictures
from data.probes.arms import ARMS, OCCLUSION, arm_of
from data.probes.duties import DUTIES
from data.probes.said import Said, answers_in, newest_arms, said_in, settings_of
from data.proposals.runs import proposals_by_frame
from data.store.tables import Frame, ModelRun, ProbeAnswer, ProbeArm, Scene
from data.vocabulary import TriageLevel
from eval.probes.duties import duty_result
from eval.probes.looking import alarms_of, arm_result, looks, notes_of, own_result
from eval.probes.occluded import BoxAnswer, occlusion_result
from eval.probes.result import OcclusionResult, ProbeResult
from eval.probes.said import ProbedAnswers
from eval.statistics.intervals import CONFIDENCE


def read_probes(
    session: Session,
    run_names: Sequence[str],
    truth: Mapping[str, TriageLevel],
    *,
    by_log: bool = False,
    confidence: float = CONFIDENCE,
) -> list[ProbeResult]:
    """What the probes of each of these runs say, for those that have some. truth: the verified level of the frames that
    have one. by_log: scenes of one log count as one."""
    runs = session.exec(select(ModelRun).where(col(ModelRun.name).in_(run_names))).all()
    by_name = {run.name: run for run in runs}
    found = (
        _probes_of(session, by_name[name], truth, by_log, confidence) for name in run_names if name in by_name
    )
    return [one for one in found if one is not None]


def _probes_of(
    session: Session, run: ModelRun, truth: Mapping[str, TriageLevel], by_log: bool, confidence: float
) -> ProbeResult | None:
    rows, others = newest_arms(session, run.id)
    if not rows:
        return None
    said = {arm_of(row.name): _answers(session, row) for row in rows if row.name != OCCLUSION.name}
    occluded = [one for row in rows if row.name == OCCLUSION.name for one in answers_in(session, row)]
    frame_ids = {one for answers in said.values() for one in answers} | {one.frame_id for one in occluded}
    scenes = _scenes(session, by_log)
    frames = _frames(session, run)
    own = {
        frame_id: said_in(proposal)
        for frame_id, proposal in proposals_by_frame(session, run).items()
        if frame_id in frame_ids
    }
    units = {frame_id: scenes[frame.scene_id] for frame_id, frame in frames.items()}
    answers = ProbedAnswers(own, said, truth, units)
    results = [arm_result(arm, answers, confidence) for arm in sorted(said, key=ARMS.index)]
    by_arm = {one.arm: one for one in results}
    verdict, says = looks(by_arm)
    model, seed = settings_of(rows[0])
    return ProbeResult(
        run=run.name,
        model=model,
        seed=seed,
        other_settings=others,
        frames=len(own),
        scenes=len({units[one] for one in own}),
        verdict=verdict,
        says=says,
        alarms=alarms_of(verdict, says, answers, by_arm),
        notes=notes_of(by_arm),
        own=own_result(answers, confidence),
        arms=results,
        duties=[one for duty in DUTIES if (one := duty_result(duty, answers, confidence)) is not None],
        occlusion=_occlusion(occluded, units, _images(session, frames), confidence) if occluded else None,
    )


def _answers(session: Session, arm: ProbeArm) -> dict[str, Said]:
    return {row.frame_id: said_in(row) for row in answers_in(session, arm)}


def _scenes(session: Session, by_log: bool) -> dict[str, str]:
    """What counts as one, by scene: the scene, or its log where it has one."""
    rows = session.exec(select(Scene.id, Scene.log_name)).all()
    return {scene_id: (log or scene_id) if by_log else scene_id for scene_id, log in rows}


def _frames(session: Session, run: ModelRun) -> dict[str, Frame]:
    """Every frame that was asked about in a probe of the run."""
    asked = select(ProbeAnswer.frame_id).join(ProbeArm, col(ProbeArm.id) == ProbeAnswer.arm_id)
    query = select(Frame).where(col(Frame.id).in_(asked.where(ProbeArm.run_id == run.id)))
    return {one.id: one for one in session.exec(query)}


def _images(session: Session, frames: Mapping[str, Frame]) -> dict[str, str | None]:
    pictures = shown_pictures(session)
    return {frame_id: str(pictures.of(frame).path) for frame_id, frame in frames.items()}


def _occlusion(
    rows: Sequence[ProbeAnswer],
    units: Mapping[str, str],
    images: Mapping[str, str | None],
    confidence: float,
) -> OcclusionResult | None:
    by_frame: dict[str, list[BoxAnswer]] = defaultdict(list)
    for row in rows:
        by_frame[row.frame_id].append(_box_answer(row))
    return occlusion_result(by_frame, units, images, confidence=confidence)


def _box_answer(row: ProbeAnswer) -> BoxAnswer:
    if row.shown is None:
        return BoxAnswer(row.level, row.token_probabilities)
    left, top, right, bottom = row.shown["box"]
    return BoxAnswer(
        row.level,
        row.token_probabilities,
        str(row.shown["category"]),
        float(row.shown["distance_m"]),
        (left, top, right, bottom),
    )
