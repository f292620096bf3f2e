"""Use case: ask a model behind endpoints about every sampled frame, and keep each answer as it arrives.

An answer is durable within one commit of its arrival: answers that come while a commit is under way share the
next. A call that was interrupted anywhere, killed included, is resumed by the same call: the run asks about the
frames that have no proposal yet, and no frame gets two.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Any

from sqlmodel import Session, col, select

from data.decisions.decision import ModelDecision
from data.errors import ProposalError
from data.pictures.shown import ShownPictures, shown_pictures
from data.proposals.earlier_frames import Neighbour, earlier_frames
from data.proposals.questions import asked_frame, frame_request_hash
from data.proposals.runs import (
    Proposed,
    begin_run,
    frames_by_address,
    planned_run,
    record_answer,
    run_summary,
    unanswered_frames,
)
from data.store.opening import Store
from data.store.tables import Frame, ModelRun, Proposal
from data.vlm.answer import ModelAnswer
from data.vlm.client import Asking, ask_frames
from data.vlm.conversation import conversation_hash
from data.vlm.moment import AskedFrame, Earlier, Lookback
from data.vocabulary import ModelRole

GIVE_UP_AFTER = 32
"""So many frames in a row without an answer end the call: a dead endpoint should not be waited on all night."""


@dataclass(frozen=True)
class DueFrame:
    """A frame to ask about, the hash of the request, and the ids of the earlier frames that it shows, oldest first:
    None where the run shows single pictures."""

    asked: AskedFrame
    request_hash: str
    earlier_frame_ids: list[str] | None = None

    @property
    def frame_id(self) -> str:
        return self.asked.frame_id


@dataclass
class Tally:
    """How a call is going. `failures` counts frames by reason: unusable replies, refusals and unreached ones."""

    total: int
    answered: int = 0
    unreached: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    in_a_row_unreached: int = 0

    @property
    def done(self) -> int:
        return self.answered + self.unreached.total()

    def keep_going(self) -> bool:
        return self.in_a_row_unreached < GIVE_UP_AFTER

    def to_keep(self, answers: Sequence[ModelAnswer]) -> list[bool]:
        """Whether each of a group is written. Refusals are failures once anything was answered; before that they speak
        about the settings rather than about frames."""
        takes_refusals = self._takes_refusals(answers)
        return [bool(answer.samples or (answer.refused and takes_refusals)) for answer in answers]

    def count(self, answers: Sequence[ModelAnswer]) -> None:
        """A group of which those to keep have been written; the others count as unreached."""
        kept, takes_refusals = self.to_keep(answers), self._takes_refusals(answers)
        self.answered += sum(kept)
        for answer in answers:
            reason = answer.unreached or (None if takes_refusals else answer.refused)
            self.in_a_row_unreached = self.in_a_row_unreached + 1 if reason else 0
            if reason:
                self.unreached[reason] += 1
                self.failures["unreached"] += 1

    def _takes_refusals(self, answers: Sequence[ModelAnswer]) -> bool:
        return self.answered > 0 or any(answer.samples for answer in answers)


@dataclass(frozen=True)
class RunRequest:
    """What is asked, and for which run. `revision`: the model's, kept with the run; `name`: what the run is called,
    the model's name by default; `lineage`: the training that made the weights; `decision`: what came with them, to be
    applied to each answer. `asking` names no endpoint where a file
    or a cluster carries the requests."""

    role: ModelRole
    asking: Asking
    revision: str | None = None
    name: str | None = None
    lineage: dict[str, Any] | None = None
    decision: ModelDecision | None = None


def propose_from_endpoint(
    store: Store, request: RunRequest, *, watch: Callable[[Tally], None] | None = None
) -> Proposed:
    """Ask a model about every sampled frame that its run has not answered; each answer is kept as it arrives.

    watch: called with the tally whenever answers were kept. A request without an answer is not kept, so that the
    same call later asks again. Raises ProposalError as `data.vlm.client.ask_frames` does, and if no frame is sampled.
    """
    asking, run = request.asking, endpoint_run(store, request)
    due = due_frames(store, run)
    asked, tally = {frame.frame_id: frame for frame in due}, Tally(total=len(due))

    def keep(answers: list[ModelAnswer]) -> None:
        keep_answers(store, run, answers, asked, tally, decision=request.decision)
        if watch:
            watch(tally)

    if due:
        frames = [frame.asked for frame in due]
        asyncio.run(ask_frames(frames, asking, keep, keep_going=tally.keep_going))
    if due and not tally.answered:
        reasons = "; ".join(reason.rstrip(".") for reason in tally.unreached)
        raise ProposalError(
            f"None of {tally.done} requests to {', '.join(asking.endpoints)} got an answer "
            f"({reasons}); the run can be resumed."
        )
    return replace(run_summary(store, run, added=tally.answered), unreached=dict(tally.unreached))


def endpoint_run(store: Store, request: RunRequest) -> ModelRun:
    """The run of these settings, whichever endpoints or batch files carry its requests; kept with its first answer."""
    frames_by_address(store)
    return planned_run(
        store,
        role=request.role,
        model=request.asking.model,
        revision=request.revision,
        source="endpoint",
        question=conversation_hash(request.asking.sampling.form, request.asking.sampling.lookback),
        parameters=request.asking.sampling.as_dict(),
        lineage=request.lineage,
        name=request.name,
    )


def due_frames(store: Store, run: ModelRun) -> list[DueFrame]:
    """The sampled frames that the run has not answered, in time order within scenes."""
    with store.read() as session:
        pictures, frames = shown_pictures(session), unanswered_frames(session, run)
        lookback = Lookback.of(run.parameters)
        earlier = earlier_frames(session, frames, lookback)
        return [_due(frame, earlier[frame.id], pictures, run, lookback) for frame in frames]


def _due(
    frame: Frame,
    earlier: tuple[Earlier[Neighbour], ...],
    pictures: ShownPictures,
    run: ModelRun,
    lookback: Lookback,
) -> DueFrame:
    return DueFrame(
        asked_frame(frame, earlier, pictures),
        frame_request_hash(frame, run, pictures, earlier),
        [one.picture.frame_id for one in earlier] if lookback.frames > 1 else None,
    )


def keep_answers(
    store: Store,
    run: ModelRun,
    answers: Sequence[ModelAnswer],
    asked: Mapping[str, DueFrame],
    tally: Tally,
    *,
    decision: ModelDecision | None = None,
) -> None:
    """Write a group of answers to the frames of `asked` in one commit, and count them. A frame that another process
    answered meanwhile is left alone."""
    kept = list(compress(answers, tally.to_keep(answers)))
    with store.write(alone=True) as session:
        now_us, there = store.now_us(session), _answered(session, run, [one.frame_id for one in kept])
        if kept:
            begin_run(session, run)
        rows = [
            record_answer(
                session,
                run,
                answer,
                now_us=now_us,
                request_hash=asked[answer.frame_id].request_hash,
                earlier_frame_ids=asked[answer.frame_id].earlier_frame_ids,
                decision=decision,
            )
            for answer in kept
            if answer.frame_id not in there
        ]
        tally.failures.update(row.failure.value for row in rows if row.failure)
    tally.count(answers)


def _answered(session: Session, run: ModelRun, frame_ids: list[str]) -> set[str]:
    query = select(Proposal.frame_id).where(Proposal.run_id == run.id, col(Proposal.frame_id).in_(frame_ids))
    return set(session.exec(query))
