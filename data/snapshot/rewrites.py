"""Use cases: a teacher's chain of thought for the level that people verified where the teacher had said another.

The text is offered to a person and used by nothing until that person confirms it. The question behind proposals
never holds a verified level; this one must, so what comes of it is kept apart from proposals, in rows of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

import jinja2
from sqlmodel import Session, col, select

from data.errors import ProposalError
from data.people.permissions import Act, require
from data.proposals.asking import Tally
from data.proposals.runs import latest_run, proposals_by_frame
from data.store.opening import Store
from data.store.tables import ModelRun, Rewrite, RewriteConfirmation
from data.verification.verified_frames import VerifiedFrame, verified_frames
from data.vlm.answer import ModelAnswer
from data.vlm.client import Asking, ask_frames
from data.vlm.question import question_text
from data.vlm.request import TEACHER_SAMPLING, SamplingParameters, request_hash
from data.vocabulary import ModelRole, Split, TriageLevel, storable_text


@dataclass(frozen=True)
class Rewritten:
    """What a call wrote. `corrected`: verified frames whose level is not the teacher's; `failed`: rewrites that
    came back empty or cut; `unreached`: requests without an answer, by reason."""

    run: str
    corrected: int
    added: int
    failed: int
    awaiting: int
    unreached: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class _Due:
    image: Path
    level: TriageLevel
    question: str
    request_hash: str


@cache
def _template() -> jinja2.Template:
    text = resources.files("data.snapshot").joinpath("rewrite.jinja").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=False, undefined=jinja2.StrictUndefined)  # noqa: S701 - for a model
    return environment.from_string(text)


def rewrite_question(level: TriageLevel, reasoning: str | None) -> str:
    """The user turn that asks for a chain of thought towards a level that people verified, for their reason."""
    text = _template().render(
        question=question_text(thinking=True), level=level.value, reasoning=reasoning or ""
    )
    return text.strip()


def rewrite_from_endpoint(
    store: Store,
    *,
    endpoint: str | Sequence[str],
    model: str | None = None,
    concurrency: int = 16,
    api_key: str = "none",
    progress: Callable[[int, int], None] | None = None,
) -> Rewritten:
    """Ask the teacher again about every verified training frame whose level it had not said.

    model: the teacher's name at the endpoint, where it differs from the run's. Answers are kept as they arrive
    and asked for once. Raises ProposalError without a teacher run, and as `data.vlm.client.ask_frames` does.
    """
    with store.read() as session:
        run = latest_run(session, ModelRole.TEACHER)
        if run is None:
            raise ProposalError("No teacher has proposed anything yet; run `teletriage propose` first.")
        corrected = _corrected(session, run)
        due = _due(session, run, corrected)
    asking = Asking(
        endpoints=(endpoint,) if isinstance(endpoint, str) else tuple(endpoint),
        model=model or run.model,
        sampling=_sampling(run),
        concurrency=concurrency,
        api_key=api_key,
    )
    tally = Tally(total=len(due))

    def keep(answers: list[ModelAnswer]) -> None:
        _keep(store, run, due, answers, tally)
        if progress:
            progress(tally.done, tally.total)

    if due:
        frames = [(frame_id, one.image) for frame_id, one in due.items()]
        asked = ask_frames(
            frames,
            asking,
            keep,
            keep_going=tally.keep_going,
            question_of=lambda frame_id: due[frame_id].question,
        )
        asyncio.run(asked)
    return Rewritten(
        run=run.name,
        corrected=len(corrected),
        added=tally.answered,
        failed=tally.failures["unusable"],
        awaiting=len(unconfirmed_rewrites(store)),
        unreached=dict(tally.unreached),
    )


def _sampling(run: ModelRun) -> SamplingParameters:
    """The teacher's own settings, one sample; a run of recorded replies has none, and defaults stand in."""
    known = {**TEACHER_SAMPLING.as_dict(), **run.parameters, "samples": 1, "thinking": True}
    return SamplingParameters(**known)


def _corrected(session: Session, run: ModelRun) -> list[VerifiedFrame]:
    proposals = proposals_by_frame(session, run)
    return [
        verified
        for verified in verified_frames(session, Split.TRAIN)
        if verified.frame.id in proposals and proposals[verified.frame.id].level is not verified.level
    ]


def _due(session: Session, run: ModelRun, corrected: Sequence[VerifiedFrame]) -> dict[str, _Due]:
    there = {
        (row.frame_id, row.level) for row in session.exec(select(Rewrite).where(Rewrite.run_id == run.id))
    }
    return {
        one.frame.id: _due_rewrite(run, one) for one in corrected if (one.frame.id, one.level) not in there
    }


def _due_rewrite(run: ModelRun, verified: VerifiedFrame) -> _Due:
    question = rewrite_question(verified.level, verified.text.assessment.reasoning if verified.text else None)
    asked = request_hash(
        image_sha256=verified.frame.image_sha256,
        model=run.model,
        revision=run.revision,
        sampling=_sampling(run).as_dict(),
        question=question,
    )
    return _Due(verified.image, verified.level, question, asked)


def _keep(
    store: Store, run: ModelRun, due: dict[str, _Due], answers: Sequence[ModelAnswer], tally: Tally
) -> None:
    with store.write(alone=True) as session:
        now_us = store.now_us(session)
        for answer in answers:
            reason = answer.unreached or answer.refused
            tally.in_a_row_unreached = tally.in_a_row_unreached + 1 if reason else 0
            if reason:
                tally.unreached[reason] += 1
                continue
            row = _rewrite(run, due[answer.frame_id], answer, now_us)
            tally.answered += 1
            tally.failures["unusable"] += row.chain_of_thought is None
            session.add(row)


def _rewrite(run: ModelRun, due: _Due, answer: ModelAnswer, now_us: int) -> Rewrite:
    (sample,) = answer.samples
    is_cut = sample.finish_reason == "length"
    failure = "The reply was cut off." if is_cut else None if sample.raw else "The reply is empty."
    return Rewrite(
        run_id=run.id,
        frame_id=answer.frame_id,
        level=due.level,
        chain_of_thought=None if failure else sample.raw.replace("\0", "\ufffd"),
        failure_detail=failure,
        request_hash=due.request_hash,
        written_at_us=now_us,
    )


def unconfirmed_rewrites(store: Store) -> list[Rewrite]:
    """Rewrites with a text that nobody has confirmed, oldest first: what to offer."""
    confirmed = select(RewriteConfirmation.rewrite_id)
    query = (
        select(Rewrite)
        .where(col(Rewrite.chain_of_thought).is_not(None), col(Rewrite.id).not_in(confirmed))
        .order_by(col(Rewrite.id))
    )
    with store.read() as session:
        return list(session.exec(query))


def confirm_rewrite(
    store: Store, person_id: int, rewrite_id: int, chain_of_thought: str
) -> RewriteConfirmation:
    """Write down that a person confirmed a rewrite in these words. Raises NotAllowed (a rewrite argues for what
    people verified, which annotators must not learn), and ProposalError: no such rewrite, confirmed before, or empty
    words."""
    words = storable_text(chain_of_thought).strip()
    with store.write() as session:
        require(session, person_id, Act.ADJUDICATE)
        if session.get(Rewrite, rewrite_id) is None:
            raise ProposalError(f"There is no rewrite {rewrite_id}.")
        if not words:
            raise ProposalError(f"Rewrite {rewrite_id} cannot be confirmed without words.")
        query = select(RewriteConfirmation).where(RewriteConfirmation.rewrite_id == rewrite_id)
        if session.exec(query).first() is not None:
            raise ProposalError(f"Rewrite {rewrite_id} was confirmed before.")
        row = RewriteConfirmation(
            rewrite_id=rewrite_id,
            person_id=person_id,
            chain_of_thought=words,
            confirmed_at_us=store.now_us(session),
        )
        session.add(row)
        session.flush()
        return row


def confirmed_thoughts(session: Session) -> dict[tuple[str, TriageLevel], str]:
    """Chains of thought that people confirmed, by frame and the level they argue for."""
    query = select(Rewrite, RewriteConfirmation).join(
        RewriteConfirmation, col(RewriteConfirmation.rewrite_id) == Rewrite.id
    )
    return {(rewrite.frame_id, rewrite.level): said.chain_of_thought for rewrite, said in session.exec(query)}
