"""Asking without a server: request files for `vllm run-batch` (or any OpenAI batch endpoint), and their results.

A line's `custom_id` holds the frame and the hash of the request, so that results are matched whatever their
order, and results of other settings are told apart. Two calls per frame cannot be written as one file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from data.decisions.decision import ModelDecision
from data.errors import ProposalError
from data.images.inspection import ImageRefused
from data.proposals.asking import DueFrame, RunRequest, Tally, due_frames, endpoint_run, keep_answers
from data.proposals.runs import Proposed, run_summary
from data.store.opening import Store
from data.store.tables import ModelRun
from data.vlm.answer import ModelAnswer, prompt_tokens, read_samples
from data.vlm.request import SamplingParameters, one_call_body
from data.vlm.shown import shown_frame

COMMIT_EVERY = 500
OK = 200


def open_batch_run(store: Store, request: RunRequest) -> ModelRun:
    """The run that batch files of these settings belong to; the same as an endpoint's. Raises ProposalError for two
    calls per frame."""
    if request.asking.sampling.calls > 1:
        raise ProposalError(
            "A batch file holds one call per frame; ask with --calls 1, or ask an --endpoint instead."
        )
    return endpoint_run(store, request)


def write_batch(store: Store, run: ModelRun, out: Path, *, files: Path | None = None) -> dict[str, Any]:
    """Write a request line for every frame the run has not answered; counts of lines and unreadable images.

    files: the folder, which the server reads too, where pictures are written and named; otherwise they stand in the
    file (about 0.2 MB each). Raises ProposalError if
    `out` is there already or cannot be written.
    """
    sampling, unreadable, lines = SamplingParameters.of(run.parameters), 0, 0
    try:
        with out.open("x", encoding="utf-8") as file:
            for frame in due_frames(store, run):
                try:
                    line = _request_line(frame, run.model, sampling, files=files)
                except ImageRefused:
                    unreadable += 1
                    continue
                file.write(json.dumps(line) + "\n")
                lines += 1
    except OSError as error:
        raise ProposalError(f"The batch file {out} cannot be written: {error.strerror}.") from error
    return {"run": run.name, "requests": lines, "unreadable_images": unreadable, "path": str(out)}


def _request_line(
    frame: DueFrame, model: str, sampling: SamplingParameters, *, files: Path | None
) -> dict[str, Any]:
    shown = shown_frame(frame.asked, sampling, files)
    return {
        "custom_id": f"{frame.frame_id}:{frame.request_hash}",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": one_call_body(shown.url, model, sampling, shown.earlier),
    }


def read_batch(
    store: Store, run: ModelRun, results: Path, *, decision: ModelDecision | None = None
) -> Proposed:
    """Record a batch's results. Answered frames are kept as they are, so a file can be read twice; lines of other
    settings or frames are counted as unknown, and failed requests (rate limit, server error) stay unanswered.

    Raises ProposalError: the file cannot be read, a line is not a batch result (with its number).
    """
    due = {f"{frame.frame_id}:{frame.request_hash}": frame for frame in due_frames(store, run)}
    tally, unknown = Tally(total=len(due)), 0
    asked = {frame.frame_id: frame for frame in due.values()}
    group: list[ModelAnswer] = []
    for custom_id, answer in _results(results):
        frame = due.pop(custom_id, None)
        unknown += frame is None
        if frame is not None:
            group.append(replace(answer, frame_id=frame.frame_id))
        if len(group) == COMMIT_EVERY:
            keep_answers(store, run, group, asked, tally, decision=decision)
            group = []
    keep_answers(store, run, group, asked, tally, decision=decision)
    summary = run_summary(store, run, added=tally.answered, unknown=unknown)
    return replace(summary, unreached=dict(tally.unreached))


def _results(path: Path) -> Iterator[tuple[str, ModelAnswer]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _result(line, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise ProposalError(f"The batch results {path} cannot be read: {error}.") from error


def _result(line: str, where: str) -> tuple[str, ModelAnswer]:
    try:
        row = json.loads(line)
        custom_id, response = str(row["custom_id"]), row.get("response") or {}
        body = response.get("body") or {}
        samples = tuple(read_samples(body)) if response.get("status_code", OK) == OK else ()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProposalError(f"{where}, is not a batch result: {error!r}.") from error
    if samples:
        return custom_id, ModelAnswer("", samples, prompt_tokens=prompt_tokens(body))
    reason = str(row.get("error") or body.get("error") or body or "no response")[:300]
    return custom_id, ModelAnswer("", unreached=f"The batch has no answer: {reason}")
