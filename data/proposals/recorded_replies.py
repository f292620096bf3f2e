"""Use case: what a model said of many frames, recorded elsewhere as lines of JSON, into proposals.

Written as columns and not as rows of their own class: a file holds tens of thousands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ConfigDict, Field, ValidationError
from sqlmodel import select

from data.errors import ProposalError
from data.proposals.runs import Proposed, frames_by_address, kept_run, planned_run, reply_columns, run_summary
from data.store.opening import Store
from data.store.sealing import insert_rows
from data.store.tables import ModelRun, Proposal
from data.vocabulary import FromOutside, ModelRole

RECORDED = "recorded"
"""Stands for the hash of a question that was asked elsewhere and is not known here."""


class RecordedReply(FromOutside):
    """One line of a replies file. The frame is named by its image's file name or its sample_data token."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    filename: str | None = None
    sample_data_token: str | None = None
    role: ModelRole
    model: str = Field(min_length=1, max_length=200)
    raw: str


def propose_from_replies(
    store: Store, replies: Path, *, role: ModelRole, model: str | None = None, name: str | None = None
) -> Proposed:
    """Record the replies of one role from a JSONL file for the sampled frames; answered frames are kept.

    model: take only this model's lines; needed if the file holds several models in the role.
    Raises ProposalError: the file cannot be read, a line is not a reply (with its number), no line in the role.
    """
    lines = [line for line in _read_replies(replies) if line.role is role and model in (None, line.model)]
    spoke = _one_model(lines, replies, role, model)
    frames = frames_by_address(store)
    planned = planned_run(store, role=role, model=spoke, source="recorded", question=RECORDED, name=name)
    run = kept_run(store, planned)
    raw_of: dict[str, str] = {}
    unknown = 0
    for line in lines:
        frame_id = frames.get(line.filename or line.sample_data_token or "")
        unknown += frame_id is None
        if frame_id is not None:
            raw_of.setdefault(frame_id, line.raw)
    return run_summary(store, run, added=_record(store, run, raw_of), unknown=unknown)


def _record(store: Store, run: ModelRun, raw_of: dict[str, str]) -> int:
    """Write the replies to frames that the run has not answered; returns how many."""
    with store.write(alone=True) as session:
        answered = set(session.exec(select(Proposal.frame_id).where(Proposal.run_id == run.id)))
        now_us = store.now_us(session)
        rows = [
            reply_columns(run, frame_id, raw, now_us=now_us)
            for frame_id, raw in raw_of.items()
            if frame_id not in answered
        ]
        insert_rows(session, Proposal, rows)
        return len(rows)


def _one_model(lines: Sequence[RecordedReply], replies: Path, role: ModelRole, model: str | None) -> str:
    models = sorted({line.model for line in lines})
    if not lines:
        raise ProposalError(
            f"{replies} holds no reply of a {role.value}{f' called {model}' if model else ''}."
        )
    if len(models) > 1:
        raise ProposalError(f"{replies} holds replies of {', '.join(models)}; choose one with --model.")
    return models[0]


def _read_replies(path: Path) -> Iterator[RecordedReply]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ProposalError(f"The replies {path} cannot be read: {error}.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield RecordedReply.model_validate(json.loads(line))
        except (ValidationError, ValueError, RecursionError) as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise ProposalError(f"{path}, line {number}, is not a recorded reply: {reason}.") from error
