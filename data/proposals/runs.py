"""Use cases around proposals: starting a run, recording what it answers, reading it back.

Every reply becomes a row, parsed or not; a frame is answered once per run.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from data.decisions.decision import ModelDecision
from data.errors import ProposalError
from data.frames.addresses import by_address
from data.hashing import canonical_json
from data.store.opening import Store
from data.store.tables import Dataset, Frame, ModelRun, Proposal, ReturnedFrame, SampledFrame, Scene
from data.vlm.answer import ModelAnswer, choose_sample
from data.vlm.reply import parse_reply
from data.vocabulary import Failure, ModelRole, ReplyForm, storable_text

MAX_RAW_CHARS = 1_000_000
MAX_DETAIL_CHARS = 500
WORDS = "words"
"""The source of a run of texts that name no level."""


@dataclass(frozen=True)
class Proposed:
    """What a run has answered. `unknown`: replies about images that are not among the sampled frames;
    `unreached`: requests that got no answer this time, by reason; `samples`: recorded replies that stand beside the
    answer to their frame this time, since a file had several; `texts`: of a data set's texts, how many were kept this
    time, and `passed_over` those about frames on which the run had words already."""

    run: str
    role: str
    frames: int
    added: int
    parsed: int
    failed: int
    failures: dict[str, int]
    unanswered: int
    unknown: int = 0
    unreached: dict[str, int] = field(default_factory=dict)
    samples: int = 0
    texts: int = 0
    passed_over: int = 0

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def planned_run(
    store: Store,
    *,
    role: ModelRole,
    model: str,
    source: str,
    question: str,
    revision: str | None = None,
    parameters: dict[str, Any] | None = None,
    lineage: dict[str, Any] | None = None,
    name: str | None = None,
) -> ModelRun:
    """The run of this model with these parameters: the one that exists, or one that `begin_run` keeps with its first
    answer, so that a run which nothing answered is none.

    question: the hash of the conversation that the model was asked in. The run's id hashes model, revision, role,
    source, question and parameters. Raises ProposalError if another run already has the name.
    """
    determined_by = {
        "model": model,
        "revision": revision,
        "role": role.value,
        "source": source,
        "question": question,
        "parameters": parameters or {},
    }
    run_id = hashlib.sha256(canonical_json(determined_by).encode()).hexdigest()[:16]
    with store.read() as session:
        run = session.get(ModelRun, run_id)
        if run is not None:
            return run
        taken = set(session.exec(select(ModelRun.name)))
        if name is not None and name in taken:
            raise ProposalError(f"Another run is already called {name!r}; give this one another --name.")
        return ModelRun(
            id=run_id,
            name=name or _free_name(_short(model), taken),
            role=role,
            model=model,
            revision=revision,
            source=source,
            question_hash=question,
            parameters=parameters or {},
            lineage=lineage,
            created_at_us=store.now_us(session),
        )


def kept_run(store: Store, run: ModelRun) -> ModelRun:
    """A planned run, kept at once."""
    with store.write(alone=True) as session:
        begin_run(session, run)
    return run


def begin_run(session: Session, run: ModelRun) -> None:
    """Keep a planned run in somebody's act; its name is another one where the name was taken meanwhile."""
    kept = session.get(ModelRun, run.id)
    if kept is None:
        run.name = _free_name(run.name, set(session.exec(select(ModelRun.name))))
        session.add(run)
        session.flush()
    else:
        run.name = kept.name


def _short(model: str) -> str:
    return model.rstrip("/").rpartition("/")[2] or model


def _free_name(wanted: str, taken: set[str]) -> str:
    names = [wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def record_reply(
    session: Session,
    run: ModelRun,
    frame_id: str,
    raw: str,
    *,
    now_us: int,
    finish_reason: str | None = None,
    level_probabilities: list[float] | None = None,
    request_hash: str | None = None,
) -> Proposal:
    """Add one raw reply to the session as a Proposal. The raw text is kept as it came (NUL made visible)."""
    proposal = Proposal(
        **reply_columns(run, frame_id, raw, now_us=now_us, finish_reason=finish_reason),
        level_probabilities=level_probabilities,
        request_hash=request_hash,
    )
    session.add(proposal)
    return proposal


def reply_columns(
    run: ModelRun, frame_id: str, raw: str, *, now_us: int, finish_reason: str | None = None
) -> dict[str, Any]:
    """What one raw reply is as columns of a Proposal."""
    reply = parse_reply(raw, finish_reason=finish_reason)
    said = reply.assessment
    return {
        "run_id": run.id,
        "frame_id": frame_id,
        "raw": storable_text(raw[:MAX_RAW_CHARS]),
        "chain_of_thought": storable_text(reply.chain_of_thought) if reply.chain_of_thought else None,
        "level": said.level if said else None,
        "reasoning": storable_text(said.reasoning) if said else None,
        "action": storable_text(said.action) if said else None,
        "failure": reply.failure,
        "failure_detail": _detail(reply.detail) if reply.detail else None,
        "answered_at_us": now_us,
    }


def record_answer(
    session: Session,
    run: ModelRun,
    answer: ModelAnswer,
    *,
    now_us: int,
    request_hash: str,
    earlier_frame_ids: list[str] | None = None,
    decision: ModelDecision | None = None,
) -> Proposal:
    """Add a model's answer, all its samples, to the session as a Proposal; a refused request is a failed one.

    earlier_frame_ids: what was shown beside the frame. decision: that of the model's weights, whose level stands beside
    the one that the model wrote.
    """
    if not answer.samples:
        refused = _record_refusal(session, run, answer, now_us=now_us, request_hash=request_hash)
        refused.earlier_frame_ids = earlier_frame_ids
        return refused
    chosen = choose_sample(answer.samples)
    proposal = record_reply(
        session,
        run,
        answer.frame_id,
        chosen.sample.raw,
        now_us=now_us,
        finish_reason=chosen.sample.finish_reason,
        level_probabilities=chosen.level_probabilities,
        request_hash=request_hash,
    )
    proposal.attempts, proposal.prompt_tokens = answer.attempts, answer.prompt_tokens
    proposal.earlier_frame_ids = earlier_frame_ids
    proposal.token_probabilities = chosen.token_probabilities
    proposal.votes = chosen.votes
    if decision is not None:
        proposal.decided_level = decision.level(proposal.level, proposal.level_probabilities)
        proposal.decision = decision.hash
    if chosen.others:
        proposal.other_samples = [storable_text(raw[:MAX_RAW_CHARS]) for raw in chosen.others]
    return proposal


def _record_refusal(
    session: Session, run: ModelRun, answer: ModelAnswer, *, now_us: int, request_hash: str
) -> Proposal:
    proposal = Proposal(
        run_id=run.id,
        frame_id=answer.frame_id,
        raw="",
        failure=Failure.REQUEST_FAILED,
        failure_detail=_detail(answer.refused or "The endpoint gave no choice."),
        request_hash=request_hash,
        attempts=answer.attempts,
        answered_at_us=now_us,
    )
    session.add(proposal)
    return proposal


def _detail(reason: str) -> str:
    """A reason as it is stored: it may quote the model."""
    return storable_text(reason[:MAX_DETAIL_CHARS] + ("…" if len(reason) > MAX_DETAIL_CHARS else ""))


def frames_by_address(store: Store) -> dict[str, str]:
    with store.read() as session:
        query = (
            select(Frame.id, Frame.filename, Dataset.name)
            .join(SampledFrame, col(SampledFrame.frame_id) == Frame.id)
            .join(Scene, col(Scene.id) == Frame.scene_id)
            .join(Dataset, col(Dataset.id) == Scene.dataset_id)
        )
        rows = session.exec(query).all()
    if not rows:
        raise ProposalError("No frame has been sampled yet. Run `teletriage sample` first.")
    return by_address(rows)


def unanswered_frames(session: Session, run: ModelRun) -> list[Frame]:
    """Sampled frames that the run has not answered yet, in time order within scenes."""
    answered = select(Proposal.frame_id).where(Proposal.run_id == run.id)
    query = (
        select(Frame)
        .join(SampledFrame, col(SampledFrame.frame_id) == Frame.id)
        .where(col(Frame.id).not_in(answered))
        .order_by(Frame.scene_id, col(Frame.position))
    )
    return list(session.exec(query))


def run_summary(store: Store, run: ModelRun, *, added: int, unknown: int = 0) -> Proposed:
    """Count what a run has answered so far."""
    with store.read() as session:
        failures = list(session.exec(select(Proposal.failure).where(Proposal.run_id == run.id)))
        unanswered = len(unanswered_frames(session, run))
    reasons = Counter(str(failure) for failure in failures if failure)
    return Proposed(
        run=run.name,
        role=run.role.value,
        frames=len(failures) + unanswered,
        added=added,
        parsed=len(failures) - sum(reasons.values()),
        failed=sum(reasons.values()),
        failures=dict(sorted(reasons.items())),
        unanswered=unanswered,
        unknown=unknown,
    )


def run_form(session: Session, run: ModelRun) -> ReplyForm | None:
    """The form that a run's replies have: as it was asked, or (recorded elsewhere) as its first readable reply is
    written. None without a readable reply."""
    if "form" in run.parameters:
        return ReplyForm(run.parameters["form"])
    query = select(Proposal.raw).where(Proposal.run_id == run.id, col(Proposal.level).is_not(None))
    raw = session.exec(query.order_by(col(Proposal.frame_id)).limit(1)).first()
    return parse_reply(raw).form if raw is not None else None


def latest_run(session: Session, role: ModelRole) -> ModelRun | None:
    """The newest run of a role: the teacher whose proposals are shown, the student pairs are made against. A run of
    texts without levels never stands in the place of one that proposes."""
    is_words, newest = col(ModelRun.source) == WORDS, col(ModelRun.created_at_us).desc()
    return session.exec(select(ModelRun).where(ModelRun.role == role).order_by(is_words, newest)).first()


def proposals_by_frame(
    session: Session, run: ModelRun | None, frame_ids: Sequence[str] | None = None
) -> dict[str, Proposal]:
    """A run's proposals by frame, or those of the frames given. No run, no proposals."""
    if run is None:
        return {}
    query = _of_frames(select(Proposal).where(Proposal.run_id == run.id), frame_ids)
    return {proposal.frame_id: proposal for proposal in session.exec(query)}


def proposals_for_review(session: Session, frame_ids: Sequence[str] | None = None) -> dict[str, Proposal]:
    """What people are shown, by frame: the newest teacher run's proposal; for a frame that came back from a live
    feed, until the teacher has answered, what the monitor's model said of it."""
    queries = proposals_shown(session, select(Proposal), frame_ids)
    return {proposal.frame_id: proposal for query in queries for proposal in session.exec(query)}


def proposals_shown(session: Session, query: Any, frame_ids: Sequence[str] | None = None) -> list[Any]:
    """A query for columns of proposals as queries for those that people are shown; where two speak of a frame, the
    later one counts."""
    returned = query.join(ReturnedFrame, col(ReturnedFrame.proposal_id) == Proposal.id)
    run = latest_run(session, ModelRole.TEACHER)
    taught = [] if run is None else [query.where(Proposal.run_id == run.id)]
    return [_of_frames(one, frame_ids) for one in (returned, *taught)]


def _of_frames(query: Any, frame_ids: Sequence[str] | None) -> Any:
    return query if frame_ids is None else query.where(col(Proposal.frame_id).in_(frame_ids))
