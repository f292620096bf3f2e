"""Arms and answers as rows: written once, found again by whoever resumes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from itertools import compress
from typing import Any

from sqlmodel import Session, select

from data.hashing import canonical_json
from data.probes.arms import Arm
from data.probes.questions import Question
from data.proposals.asking import Tally
from data.proposals.runs import MAX_DETAIL_CHARS, reply_columns
from data.store.opening import Store
from data.store.tables import ModelRun, ProbeAnswer, ProbeArm
from data.vlm.answer import ModelAnswer, choose_sample
from data.vlm.request import SamplingParameters
from data.vocabulary import Failure, storable_text

Answered = tuple[Question, ModelAnswer]


def planned_arm(
    run: ModelRun, arm: Arm, sampling: SamplingParameters, *, model: str, seed: int, now_us: int
) -> ProbeArm:
    """The arm of these settings; its row is written with its first answer."""
    parameters = {**sampling.as_dict(), "model": model, "probe_seed": seed}
    determined_by = {"run": run.id, "arm": arm.name, "parameters": parameters}
    arm_id = hashlib.sha256(canonical_json(determined_by).encode()).hexdigest()[:16]
    return ProbeArm(id=arm_id, run_id=run.id, name=arm.name, parameters=parameters, created_at_us=now_us)


def answered_questions(session: Session, arm: ProbeArm) -> set[tuple[str, int]]:
    """Frame and place of each answer of an arm."""
    query = select(ProbeAnswer.frame_id, ProbeAnswer.place).where(ProbeAnswer.arm_id == arm.id)
    return {(frame_id, place) for frame_id, place in session.exec(query)}


def keep_answers(
    store: Store, run: ModelRun, arm: ProbeArm, answers: Sequence[Answered], tally: Tally
) -> None:
    """Write a group of answers in one commit, and count them. A question that another process asked meanwhile is left
    alone."""
    given = [answer for _, answer in answers]
    kept = list(compress(answers, tally.to_keep(given)))
    with store.write(alone=True) as session:
        if kept and session.get(ProbeArm, arm.id) is None:
            session.add(ProbeArm(**arm.model_dump()))
            session.flush()
        now_us, there = store.now_us(session), answered_questions(session, arm) if kept else set()
        for question, answer in kept:
            if (question.frame_id, question.place) not in there:
                row = ProbeAnswer(arm_id=arm.id, **_columns(run, question, answer, now_us))
                session.add(row)
                tally.failures.update([row.failure.value] if row.failure else [])
    tally.count(given)


def _columns(run: ModelRun, question: Question, answer: ModelAnswer, now_us: int) -> dict[str, Any]:
    asked = {
        "frame_id": question.frame_id,
        "place": question.place,
        "shown": question.shown,
        "attempts": answer.attempts,
        "answered_at_us": now_us,
    }
    if not answer.samples:
        reason = storable_text((answer.refused or "The endpoint gave no choice.")[:MAX_DETAIL_CHARS])
        return {**asked, "raw": "", "failure": Failure.REQUEST_FAILED, "failure_detail": reason}
    chosen = choose_sample(answer.samples)
    reply = reply_columns(
        run,
        question.frame_id,
        chosen.sample.raw,
        now_us=now_us,
        finish_reason=chosen.sample.finish_reason,
    )
    said = ("raw", "level", "reasoning", "action", "failure", "failure_detail")
    return {
        **asked,
        **{name: reply[name] for name in said},
        "level_probabilities": chosen.level_probabilities,
        "token_probabilities": chosen.token_probabilities,
    }


def failures_of(session: Session, arm: ProbeArm) -> tuple[int, dict[str, int]]:
    """How many answers an arm has, and how many of them hold no assessment, by reason."""
    failures = list(session.exec(select(ProbeAnswer.failure).where(ProbeAnswer.arm_id == arm.id)))
    reasons = Counter(str(one) for one in failures if one)
    return len(failures), dict(sorted(reasons.items()))
