"""Use case: probe a run, arm by arm. What was answered is kept at once; the same call goes on with the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial

from sqlmodel import Session, col, select

from data.errors import ProbeRefused, ProposalError
from data.moments.files import MomentFiles
from data.probes.arms import ARMS, OCCLUSION, Arm
from data.probes.frames import ProbedFrame, probed_frames
from data.probes.kept_answers import answered_questions, failures_of, keep_answers, planned_arm
from data.probes.occlusion import MOST_FRAMES, occlusion_of
from data.probes.questions import Question, arm_sampling, questions_of
from data.proposals.asking import Tally
from data.store.opening import Store
from data.store.tables import ModelRun, ProbeArm
from data.vlm.answer import ModelAnswer
from data.vlm.client import Asking, Endpoints, ask_shown, asked_in_groups
from data.vlm.request import SamplingParameters


@dataclass(frozen=True)
class ProbeRequest:
    """What is asked of which endpoints. `model`: its name there, the run's by default. `limit`: frames of each arm,
    all by default. `occlude`: frames whose boxes are greyed out. `accepts_token_mismatch` as in an Asking."""

    run: str
    endpoints: tuple[str, ...]
    model: str | None = None
    arms: tuple[Arm, ...] = ARMS
    limit: int | None = None
    occlude: int = MOST_FRAMES
    seed: int = 0
    concurrency: int = 64
    api_key: str = "none"
    accepts_token_mismatch: bool = False
    first_pause_s: float | None = None

    def asking(self, run: ModelRun, sampling: SamplingParameters) -> Asking:
        """How one arm's questions are asked."""
        asking = Asking(
            self.endpoints,
            self.model or run.model,
            sampling,
            concurrency=self.concurrency,
            api_key=self.api_key,
            accepts_token_mismatch=self.accepts_token_mismatch,
        )
        return asking if self.first_pause_s is None else replace(asking, first_pause_s=self.first_pause_s)


@dataclass(frozen=True)
class ArmAnswered:
    """One arm so far: answers to `questions` questions, those without an assessment by reason."""

    arm: str
    questions: int
    answered: int
    failures: dict[str, int]


@dataclass(frozen=True)
class Probed:
    """A probe so far. `note`: why no box was greyed out; `unreached`: requests without an answer this time."""

    run: str
    frames: int
    scenes: int
    added: int
    arms: list[ArmAnswered]
    note: str | None = None
    unreached: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class _Planned:
    row: ProbeArm
    sampling: SamplingParameters
    questions: list[Question]
    due: list[Question]


def probe_run(
    store: Store,
    request: ProbeRequest,
    files: MomentFiles,
    *,
    watch: Callable[[Tally], None] | None = None,
) -> Probed:
    """Ask every question that no earlier call got an answer to. files: where boxes are looked up.

    Raises ProbeRefused: no such run, one whose question is not known, or one that answered no held-out frame;
    ProposalError as `data.proposals.asking.propose_from_endpoint`.
    """
    with store.read() as session:
        run = _run(session, request.run)
        every = probed_frames(session, run, seed=request.seed)
        frames = every[: request.limit]
        if not frames:
            raise ProbeRefused(f"{run.name} has answered no held-out frame, so there is nothing to probe.")
        occlusion = occlusion_of(session, files, frames, most=request.occlude)
        now_us = store.now_us(session)
        asked = {arm: questions_of(session, arm, frames, every, seed=request.seed) for arm in request.arms}
        if occlusion.questions:
            asked[OCCLUSION] = occlusion.questions
        plans = [
            _planned(session, run, arm, questions, request, now_us)
            for arm, questions in asked.items()
            if questions
        ]
    tally = Tally(total=sum(len(plan.due) for plan in plans))
    for plan in plans:
        if plan.due and tally.keep_going():
            asyncio.run(_ask(store, run, plan, request, tally, watch))
    if tally.total and not tally.answered:
        reasons = "; ".join(reason.rstrip(".") for reason in tally.unreached)
        raise ProposalError(
            f"None of {tally.done} requests to {', '.join(request.endpoints)} got an answer "
            f"({reasons}); the probe can be resumed."
        )
    return _probed(store, run, frames, plans, tally, occlusion.note)


def _run(session: Session, name: str) -> ModelRun:
    run = session.exec(select(ModelRun).where(ModelRun.name == name)).first()
    if run is None:
        names = ", ".join(session.exec(select(ModelRun.name).order_by(col(ModelRun.name)))) or "none"
        raise ProbeRefused(f"There is no run called {name}; the store has {names}.")
    if "form" not in run.parameters:
        raise ProbeRefused(
            f"{name} was taken from recorded replies, so how it was asked is not known. Ask the model with `teletriage "
            "propose --endpoint` and probe that run."
        )
    return run


def _planned(
    session: Session,
    run: ModelRun,
    arm: Arm,
    questions: list[Question],
    request: ProbeRequest,
    now_us: int,
) -> _Planned:
    sampling = arm_sampling(arm, SamplingParameters.of(run.parameters))
    model = request.model or run.model
    row = planned_arm(run, arm, sampling, model=model, seed=request.seed, now_us=now_us)
    there = answered_questions(session, row)
    due = [one for one in questions if (one.frame_id, one.place) not in there]
    return _Planned(row, sampling, questions, due)


async def _ask(
    store: Store,
    run: ModelRun,
    plan: _Planned,
    request: ProbeRequest,
    tally: Tally,
    watch: Callable[[Tally], None] | None,
) -> None:
    def keep(answers: list[tuple[Question, ModelAnswer]]) -> None:
        keep_answers(store, run, plan.row, answers, tally)
        if watch:
            watch(tally)

    async with Endpoints(request.asking(run, plan.sampling)) as endpoints:
        await endpoints.check()

        async def ask(question: Question) -> tuple[Question, ModelAnswer]:
            show = partial(question.show, plan.sampling, request.seed)
            return question, await ask_shown(endpoints, question.frame_id, show)

        await asked_in_groups(
            plan.due, ask, keep, concurrency=request.concurrency, keep_going=tally.keep_going
        )


def _probed(
    store: Store,
    run: ModelRun,
    frames: Sequence[ProbedFrame],
    plans: Sequence[_Planned],
    tally: Tally,
    note: str | None,
) -> Probed:
    with store.read() as session:
        arms = [
            ArmAnswered(plan.row.name, len(plan.questions), *failures_of(session, plan.row)) for plan in plans
        ]
    return Probed(
        run=run.name,
        frames=len(frames),
        scenes=len({one.scene_id for one in frames}),
        added=tally.answered,
        arms=arms,
        note=note,
        unreached=dict(tally.unreached),
    )
