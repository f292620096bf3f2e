from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.errors import ProposalError
from data.proposals.batch_files import open_batch_run, read_batch, write_batch
from data.store.opening import Store
from data.store.tables import ModelRun
from data.vocabulary import ModelRole
from tests.builders import a_raw_reply, a_store
from tests.data.proposals.requests import a_request

Answer = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path, teacher=None, student=None)


def a_run(store: Store) -> ModelRun:
    return open_batch_run(store, a_request())


def answered(request: dict[str, Any]) -> dict[str, Any]:
    """A result line as `vllm run-batch` writes it."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": a_raw_reply()}}
    body = {"object": "chat.completion", "choices": [choice]}
    response = {"status_code": 200, "request_id": "r", "body": body}
    return {"id": "x", "custom_id": request["custom_id"], "response": response, "error": None}


def results_of(requests: Path, answer: Answer = answered) -> Path:
    rows = [answer(json.loads(line)) for line in requests.read_text().splitlines()]
    results = requests.with_suffix(".results.jsonl")
    results.write_text("".join(json.dumps(row) + "\n" for row in reversed(rows)))
    return results


def test_a_request_stands_in_the_file_for_every_unanswered_frame(store: Store, tmp_path: Path) -> None:
    figures = write_batch(store, a_run(store), tmp_path / "in.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "in.jsonl").read_text().splitlines()]
    assert (figures["requests"], len({row["custom_id"] for row in rows})) == (8, 8)
    assert (rows[0]["method"], rows[0]["url"]) == ("POST", "/v1/chat/completions")
    assert rows[0]["body"]["response_format"]["type"] == "json_schema"


def test_results_are_matched_in_any_order_and_recorded_once(store: Store, tmp_path: Path) -> None:
    run = a_run(store)
    write_batch(store, run, tmp_path / "in.jsonl")
    results = results_of(tmp_path / "in.jsonl")
    first, second = read_batch(store, run, results), read_batch(store, run, results)
    assert (first.added, first.parsed, first.unanswered) == (8, 8, 0)
    assert (second.added, second.unknown) == (0, 8)


def test_failed_requests_stay_unanswered_and_stand_in_the_next_file(store: Store, tmp_path: Path) -> None:
    def half(request: dict[str, Any]) -> dict[str, Any]:
        if int(request["custom_id"][0], 16) % 2:
            return answered(request)
        return {"custom_id": request["custom_id"], "response": None, "error": "engine died"}

    run = a_run(store)
    write_batch(store, run, tmp_path / "in.jsonl")
    done = read_batch(store, run, results_of(tmp_path / "in.jsonl", half))
    again = write_batch(store, run, tmp_path / "again.jsonl")
    assert done.added + done.unanswered == 8
    assert again["requests"] == done.unanswered > 0
    assert done.unreached == {"The batch has no answer: engine died": done.unanswered}


def test_results_of_other_settings_are_counted_and_not_taken(store: Store, tmp_path: Path) -> None:
    write_batch(store, a_run(store), tmp_path / "in.jsonl")
    other = open_batch_run(store, a_request(model="another"))
    done = read_batch(store, other, results_of(tmp_path / "in.jsonl"))
    assert (done.added, done.unknown) == (0, 8)


def test_two_calls_do_not_fit_into_a_batch(store: Store) -> None:
    with pytest.raises(ProposalError, match="one call per frame"):
        open_batch_run(store, a_request(role=ModelRole.TEACHER))


def test_a_file_that_is_there_is_not_written_over(store: Store, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("mine")
    with pytest.raises(ProposalError, match="cannot be written"):
        write_batch(store, a_run(store), tmp_path / "in.jsonl")


@pytest.mark.parametrize("line", ["{", "[]", '{"response": null}', '"x"'])
def test_a_line_that_is_no_result_is_named(store: Store, tmp_path: Path, line: str) -> None:
    (tmp_path / "out.jsonl").write_text(f"\n{line}\n")
    with pytest.raises(ProposalError, match="line 2, is not a batch result"):
        read_batch(store, a_run(store), tmp_path / "out.jsonl")
