"""Whatever an endpoint puts into its answers fails one frame with a reason, never the run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select
from starlette.requests import Request
from starlette.responses import Response

from data.proposals.asking import propose_from_endpoint
from data.proposals.recorded_replies import propose_from_replies
from data.store.tables import Proposal
from data.vlm.answer import ModelAnswer, read_samples
from data.vlm.client import Asking, _meant, ask_frames
from data.vlm.live_client import LiveAnswer, LiveEndpoints
from data.vlm.moment import AskedFrame
from data.vlm.request import STUDENT_SAMPLING
from data.vocabulary import Failure, ManualReason, ModelRole
from tests.builders import a_model_picture, a_picture, a_raw_reply, a_store
from tests.data.proposals.requests import a_request
from tests.data.vlm.vllm_stand_in import StandIn, served

SAID = a_raw_reply()
DEEP = "[" * 100_000 + "]" * 100_000


def a_choice(content: Any = SAID, **others: Any) -> dict[str, Any]:
    return {"message": {"content": content}, "finish_reason": "stop", **others}


def logprobs(*tokens: Any) -> dict[str, Any]:
    return {"content": list(tokens)}


class Odd(StandIn):
    """Answers every request with the same text."""

    def __init__(self, text: str, **headers: str) -> None:
        super().__init__()
        self.text, self.headers = text, headers

    async def _complete(self, request: Request) -> Response:
        await request.body()
        return Response(self.text, media_type="application/json", headers=self.headers)


@contextmanager
def answering(text: str, **headers: str) -> Iterator[StandIn]:
    with served(Odd(text, **headers)) as stand_in:
        yield stand_in


ODD_CHOICES: list[Any] = [
    5,
    "abc",
    None,
    [],
    [[]],
    {},
    {"message": 5},
    {"message": {"content": 5}},
    {"message": {"content": {"a": [1]}}},
    {"message": "text"},
    a_choice(finish_reason={"a": 1}, content="nothing"),
    a_choice("nothing", logprobs=5),
    a_choice("nothing", logprobs={"content": {"a": 1}}),
]


@pytest.mark.parametrize("choice", ODD_CHOICES, ids=repr)
def test_a_choice_of_another_shape_is_a_failed_reply_of_one_frame(choice: Any, tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    with answering(json.dumps({"choices": [choice]})) as stand_in:
        done = propose_from_endpoint(store, a_request(stand_in.url))
    assert (done.added, done.failed, done.parsed) == (2, 2, 0)


@pytest.mark.parametrize(
    "odd",
    [
        5,
        "abc",
        {"content": "abc"},
        {"content": [5, None]},
        logprobs({"token": '{"level": "', "logprob": 0.0}, {"token": "S"}),
        logprobs({"token": '{"level": "', "logprob": 0.0}, {"token": "S", "logprob": 1000.0}),
        logprobs({"token": '{"level": "', "logprob": 0.0}, {"token": "S", "logprob": "high"}),
        logprobs({"token": '{"level": "', "logprob": 0.0}, {"token": "S", "logprob": 1, "top_logprobs": 7}),
        logprobs({"token": '{"level": "', "logprob": 0.0}, {"token": "S", "logprob": float("nan")}),
    ],
    ids=repr,
)
def test_logprobs_of_another_shape_leave_a_reply_without_probabilities(odd: Any) -> None:
    (sample,) = read_samples({"choices": [a_choice(logprobs=odd)]})
    assert sample.level is not None
    assert sample.probabilities is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
choices = st.fixed_dictionaries(
    {}, optional={"message": json_values, "logprobs": json_values, "finish_reason": json_values}
)


@given(json_values | st.fixed_dictionaries({"choices": json_values | st.lists(choices, max_size=3)}))
def test_no_answer_makes_the_reader_raise(completion: Any) -> None:
    for sample in read_samples(completion):
        assert isinstance(sample.raw, str)
        assert sample.probabilities is None or sum(sample.probabilities) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"choices": "abc"}', "The endpoint's answer holds no choice."),
        ('{"choices": {"a": 1}}', "The endpoint's answer holds no choice."),
        ("[]", "The endpoint's answer holds no choice."),
        ("<html>", "The endpoint's answer is not JSON."),
        ('{"choices": ' + DEEP + "}", "The endpoint's answer is nested too deeply."),
        ('{"a": ' + "9" * 5_000 + "}", "The endpoint's answer is not JSON."),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_answer_without_choices_leaves_the_frame_unreached(text: str, reason: str, tmp_path: Path) -> None:
    with answering(text) as stand_in:
        assert asked(stand_in, tmp_path).unreached == reason


def asked(stand_in: StandIn, folder: Path, **changes: Any) -> ModelAnswer:
    image, answers = folder / "frame.jpg", list[ModelAnswer]()
    image.write_bytes(a_picture())
    asking = Asking((stand_in.url,), "tiny-vl", STUDENT_SAMPLING, first_pause_s=0.001, **changes)
    asyncio.run(ask_frames([AskedFrame("f", image)], asking, answers.extend, keep_going=lambda: True))
    return answers[0]


def test_an_answer_beyond_the_bound_is_refused_without_being_read(tmp_path: Path) -> None:
    with answering(json.dumps({"choices": [a_choice("x" * 3_000_000)]})) as stand_in:
        answer = asked(stand_in, tmp_path)
        small = asked(stand_in, tmp_path, reply_bytes=1_000)
    assert answer.refused == "The endpoint's answer is larger than 372,736 bytes."
    assert small.refused == "The endpoint's answer is larger than 1,000 bytes."


def test_a_compressed_answer_is_refused_since_its_size_is_not_known(tmp_path: Path) -> None:
    with answering("{}", **{"content-encoding": "gzip"}) as stand_in:
        assert "compresses" in str(asked(stand_in, tmp_path).refused)


def test_a_redirection_never_carries_the_frame_on(tmp_path: Path) -> None:
    with served(StandIn()) as elsewhere, served(StandIn(fails=lambda asked: 307)) as stand_in:
        answer = asked(stand_in, tmp_path)
        assert elsewhere.by_image.total() == 0
    assert answer.refused is not None


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ('{"choices": [5]}', None),
        ('{"choices": "abc"}', "cannot be read"),
        ('{"choices": ' + DEEP + "}", "cannot be read"),
        (json.dumps({"choices": [a_choice("x" * 500_000)]}), "larger than 372,736 bytes"),
        ("[" * 50_000, "cannot be read"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_live_feed_falls_back_to_a_person_with_the_reason(text: str, detail: str | None) -> None:
    async def once(stand_in: StandIn) -> LiveAnswer:
        live = LiveEndpoints([stand_in.url], "tiny-vl", STUDENT_SAMPLING)
        try:
            return await live.ask(a_model_picture(), deadline_s=5.0)
        finally:
            live.close()

    with answering(text) as stand_in:
        answer = asyncio.run(once(stand_in))
    if detail is None:
        assert answer.sample is not None
        assert answer.sample.level is None
    else:
        assert answer.failure is ManualReason.ANSWERS_WRONG
        assert detail in (answer.detail or "")


@pytest.mark.each_store
def test_what_no_database_takes_fails_one_frame(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    said = '{"reasoning": "x", "level": "SUPERVISION", "action": "y", "k\\u0000' + "k" * 100_000 + '": 1}'
    with answering(json.dumps({"choices": [a_choice(said)]})) as stand_in:
        propose_from_endpoint(store, a_request(stand_in.url))
    with store.read() as session:
        rows = list(session.exec(select(Proposal).where(col(Proposal.failure).is_not(None))))
    assert [row.failure for row in rows] == [Failure.INVALID_FIELDS] * 2
    assert all("\0" not in str(row.failure_detail) and len(str(row.failure_detail)) <= 501 for row in rows)


@pytest.mark.each_store
def test_a_recorded_file_with_nul_in_a_name_is_taken(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    line = {"filename": "none\0.jpg", "role": "teacher", "model": "a\0b", "raw": SAID}
    (tmp_path / "replies.jsonl").write_text(json.dumps(line))
    done = propose_from_replies(store, tmp_path / "replies.jsonl", role=ModelRole.TEACHER)
    assert (done.run, done.unknown) == ("a\ufffdb", 1)


@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        ("http://here:8000/", 404, " Did you mean http://here:8000/v1?"),
        ("http://here:8000/v1", 404, ""),
        ("http://here:8000", 401, ""),
    ],
)
def test_an_address_without_v1_is_answered_with_the_one_that_was_meant(
    url: str, status: int, said: str
) -> None:
    answer = httpx2.Response(status, request=httpx2.Request("GET", url))
    assert _meant(url, openai.APIStatusError("no", response=answer, body=None)) == said
