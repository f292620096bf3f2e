"""Which frames each probed run violated a duty with, by its newest probes: for finding them, never for a figure."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, select

from data.probes.arms import OCCLUSION, arm_of
from data.probes.duties import DUTIES, violations
from data.probes.said import Said, newest_arms
from data.store.tables import ModelRun, ProbeAnswer, ProbeArm, Proposal

_WANTED = {arm for duty in DUTIES for arm in duty.arms}


def violating_frames(session: Session) -> dict[str, dict[str, set[str]]]:
    """Frame ids by run and key of a duty; of every run that was probed, for the duties that it was asked about."""
    probed = select(ModelRun).where(col(ModelRun.id).in_(select(ProbeArm.run_id)))
    runs = session.exec(probed.order_by(col(ModelRun.name))).all()
    return {run.name: _of_run(session, run) for run in runs}


def _of_run(session: Session, run: ModelRun) -> dict[str, set[str]]:
    arms = {
        arm_of(row.name): _said(session, ProbeAnswer, col(ProbeAnswer.arm_id) == row.id)
        for row in newest_arms(session, run.id)[0]
        if row.name != OCCLUSION.name and arm_of(row.name) in _WANTED
    }
    own = _said(session, Proposal, col(Proposal.run_id) == run.id) if arms else {}
    asked = {duty: [arms[arm] for arm in duty.arms if arm in arms] for duty in DUTIES}
    return {
        duty.key: {one for said in answers for one, hit in violations(duty, own, said) if hit}
        for duty, answers in asked.items()
        if answers
    }


def _said(session: Session, table: type[Any], of_one: Any) -> dict[str, Said]:
    """What was answered, by frame, without what no duty asks about."""
    rows = session.exec(select(table.frame_id, table.level, table.reasoning, table.action).where(of_one))
    return {
        frame_id: Said(level, f"{reasoning or ''} {action or ''}")
        for frame_id, level, reasoning, action in rows
    }
