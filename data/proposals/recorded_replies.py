"""Use case: what a model said of many frames, recorded elsewhere as lines of JSON, into proposals.

Several lines about one frame are samples of one answer, as an endpoint gives them. Written as columns and not as rows
of their own class: a file holds tens of thousands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, ValidationError
from sqlmodel import select

from data.errors import ProposalError
from data.proposals.earlier_frames import earlier_frames
from data.proposals.runs import (
    MAX_RAW_CHARS,
    Proposed,
    frames_by_address,
    kept_run,
    planned_run,
    reply_columns,
    run_summary,
)
from data.store.opening import Store
from data.store.sealing import insert_rows
from data.store.tables import Frame, ModelRun, Proposal
from data.vlm.answer import Sample, choose_sample
from data.vlm.moment import LONGEST_SPACING_S, MOST_FRAMES, SHORTEST_SPACING_S, STILL, Lookback
from data.vocabulary import FromOutside, ModelRole, storable_text

RECORDED = "recorded"
"""Stands for the hash of a question that was asked elsewhere and is not known here."""


class RecordedReply(FromOutside):
    """One line of a replies file. The frame is named by its image's file name or its sample_data token.

    `frames`, `spacing_s`: how many pictures the question showed, and how far apart they were due; `before_s`: how long
    before the frame each earlier one was taken, oldest first.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    filename: str | None = None
    sample_data_token: str | None = None
    role: ModelRole
    model: str = Field(min_length=1, max_length=200)
    raw: str
    frames: int = Field(default=1, ge=1, le=MOST_FRAMES)
    spacing_s: float = Field(default=STILL.spacing_s, ge=SHORTEST_SPACING_S, le=LONGEST_SPACING_S)
    before_s: list[float] = Field(default_factory=list)

    @property
    def lookback(self) -> Lookback:
        return STILL if self.frames == 1 else Lookback(self.frames, self.spacing_s)


def propose_from_replies(
    store: Store,
    replies: Path,
    *,
    role: ModelRole,
    model: str | None = None,
    name: str | None = None,
    lookback: Lookback | None = None,
) -> Proposed:
    """Record the replies of one role from a JSONL file for the sampled frames; answered frames are kept.

    Of several replies to one frame the first with the level that most say is the answer; the others are its samples.

    model: take only this model's lines; needed if the file holds several models in the role. lookback: what the lines
    must say of their questions, where it is given.
    Raises ProposalError: the file cannot be read, a line is not a reply (with its number), no line in the role, lines
    that differ in how many frames their questions showed, or that were shown other earlier frames than the store has.
    """
    lines = [line for line in _read_replies(replies) if line.role is role and model in (None, line.model)]
    spoke = _one_model(lines, replies, role, model)
    shown = _one_lookback(lines, replies, lookback)
    frames = frames_by_address(store)
    planned = planned_run(
        store,
        role=role,
        model=spoke,
        source="recorded",
        question=RECORDED,
        parameters=shown.as_dict(),
        name=name,
    )
    lines_of: dict[str, list[RecordedReply]] = {}
    unknown = 0
    for line in lines:
        frame_id = frames.get(line.filename or line.sample_data_token or "")
        unknown += frame_id is None
        if frame_id is not None:
            lines_of.setdefault(frame_id, []).append(line)
    earlier = _earlier_ids(store, lines_of, shown)
    run = kept_run(store, planned)
    added, samples = _record(store, run, lines_of, earlier)
    return replace(run_summary(store, run, added=added, unknown=unknown), samples=samples)


def _earlier_ids(
    store: Store, lines_of: Mapping[str, Sequence[RecordedReply]], lookback: Lookback
) -> dict[str, list[str]]:
    """By frame, the earlier frames that the lines' times mean; nothing for single pictures."""
    if lookback.frames == 1:
        return {}
    with store.read() as session:
        frames = [frame for one in lines_of if (frame := session.get(Frame, one))]
        shown = earlier_frames(session, frames, lookback)
    for frame_id, line in ((frame_id, line) for frame_id, lines in lines_of.items() for line in lines):
        there = [one.before_s for one in shown[frame_id]]
        if line.before_s != there:
            raise ProposalError(
                f"The reply about {line.filename or frame_id} was given with earlier pictures of {line.before_s} "
                f"seconds before, and the store has them {there} seconds before: ask again with the frames of this "
                "store."
            )
    return {frame_id: [one.picture.frame_id for one in earlier] for frame_id, earlier in shown.items()}


def _record(
    store: Store,
    run: ModelRun,
    lines_of: Mapping[str, Sequence[RecordedReply]],
    earlier: Mapping[str, list[str]],
) -> tuple[int, int]:
    """Write the replies to frames that the run has not answered: (how many frames, how many samples beside their
    answers)."""
    with store.write(alone=True) as session:
        answered = set(session.exec(select(Proposal.frame_id).where(Proposal.run_id == run.id)))
        now_us = store.now_us(session)
        single, sampled = list[dict[str, Any]](), list[dict[str, Any]]()
        for frame_id, lines in lines_of.items():
            if frame_id in answered:
                continue
            shown = {"earlier_frame_ids": earlier[frame_id]} if earlier else {}
            columns = _columns(run, frame_id, lines, now_us=now_us) | shown
            (single if len(lines) == 1 else sampled).append(columns)
        for rows in (single, sampled):  # every row of one statement has the same columns
            insert_rows(session, Proposal, rows)
        return len(single) + len(sampled), sum(len(row["other_samples"]) for row in sampled)


def _columns(run: ModelRun, frame_id: str, lines: Sequence[RecordedReply], *, now_us: int) -> dict[str, Any]:
    if len(lines) == 1:
        return reply_columns(run, frame_id, lines[0].raw, now_us=now_us)
    chosen = choose_sample([Sample(line.raw) for line in lines])
    return reply_columns(run, frame_id, chosen.sample.raw, now_us=now_us) | {
        "level_probabilities": chosen.level_probabilities,
        "votes": chosen.votes,
        "other_samples": [storable_text(raw[:MAX_RAW_CHARS]) for raw in chosen.others],
    }


def _one_lookback(lines: Sequence[RecordedReply], replies: Path, wanted: Lookback | None) -> Lookback:
    """How far back every question looked."""
    said = {line.lookback.words: line.lookback for line in lines}
    if len(said) > 1:
        raise ProposalError(
            f"{replies} holds replies to questions of {' and of '.join(sorted(said))}; a run asks one question: put "
            "them into files of their own."
        )
    (found,) = said.values()
    if wanted is not None and wanted.as_dict() != found.as_dict():
        raise ProposalError(
            f"The replies of {replies} were given to {found.words} per question, not {wanted.words}."
        )
    return found


def _one_model(lines: Sequence[RecordedReply], replies: Path, role: ModelRole, model: str | None) -> str:
    models = sorted({line.model for line in lines})
    if not lines:
        raise ProposalError(
            f"{replies} holds no reply in the role {role.value}{f' of {model}' if model else ''}."
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
