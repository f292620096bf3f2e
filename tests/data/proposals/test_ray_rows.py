"""What workers do with a row, without Ray: `test_ray_proposals` runs the whole of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.proposals.ray_rows import EndpointSession, FrameRequest, http_answer, model_answer
from data.vlm.client import Asking
from data.vlm.reply import reply_schema
from data.vlm.request import STUDENT_SAMPLING, TEACHER_SAMPLING
from data.vocabulary import ReplyForm, TriageLevel
from tests.builders import a_picture, a_raw_reply
from tests.data.vlm.vllm_stand_in import StandIn, served


@pytest.fixture
def row(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "a.jpg").write_bytes(a_picture())
    return {"frame_id": "f", "image": str(tmp_path / "a.jpg"), "earlier": "[]"}


def test_a_worker_sends_what_a_batch_file_would_hold(row: dict[str, Any]) -> None:
    sent = json.loads(FrameRequest("tiny-vl", STUDENT_SAMPLING).for_http(row)["payload"])
    assert sent["response_format"]["json_schema"]["schema"] == reply_schema(ReplyForm.LEVEL_FIRST)
    assert (sent["model"], sent["top_logprobs"], sent["n"]) == ("tiny-vl", 5, 1)
    assert sent["messages"][1]["content"][0]["image_url"]["url"].startswith("data:image/jpeg;base64,")


def test_an_engine_gets_the_schema_and_the_logprobs_with_its_sampling_parameters(row: dict[str, Any]) -> None:
    asked = FrameRequest("m", STUDENT_SAMPLING).for_engine(row)
    parameters = asked["sampling_params"]
    assert parameters["structured_outputs"] == {"json": reply_schema(ReplyForm.LEVEL_FIRST)}
    assert (parameters["logprobs"], parameters["max_tokens"], parameters["temperature"]) == (5, 512, 0.0)
    assert "structured_outputs" not in FrameRequest("m", TEACHER_SAMPLING).for_engine(row)["sampling_params"]


def an_engine_row(**changes: Any) -> dict[str, Any]:
    """A row as Ray 2.60's vLLM stage writes it: a mapping of token ids to logprobs per generated token."""

    def token(number: int, text: str, **others: float) -> dict[int, dict[str, Any]]:
        likely = {number: {"logprob": -0.5, "rank": 1, "decoded_token": text}}
        for place, (name, logprob) in enumerate(others.items()):
            likely[1000 + place] = {"logprob": logprob, "rank": 2, "decoded_token": name}
        return likely

    texts = ['{"reasoning": "Cones.", "level": "', "S", 'UPERVISION", "action": "Watch."}']
    return {
        "frame_id": "f",
        "generated_text": "".join(texts),
        "generated_tokens": [1, 2, 3],
        "logprobs": [token(1, texts[0]), token(2, "S", A=-2.0, T=-1.5), token(3, texts[2])],
        "__inference_error__": "",
        **changes,
    }


def test_what_an_engine_wrote_is_read_as_a_server_s_answer() -> None:
    answer = model_answer(FrameRequest("m", STUDENT_SAMPLING).engine_answer(an_engine_row()))
    (sample,) = answer.samples
    assert sample.level is TriageLevel.SUPERVISION
    assert sample.probabilities == pytest.approx([0.1409, 0.6317, 0.2324], abs=0.01)
    assert sample.finish_reason == "stop"


def test_an_engine_that_used_all_its_tokens_was_cut() -> None:
    short = FrameRequest("m", replace(STUDENT_SAMPLING, max_tokens=3))
    (sample,) = model_answer(short.engine_answer(an_engine_row())).samples
    assert sample.finish_reason == "length"


def test_an_engine_s_error_leaves_the_frame_unanswered() -> None:
    row = an_engine_row(__inference_error__="ValueError: too long")
    answer = model_answer(FrameRequest("m", STUDENT_SAMPLING).engine_answer(row))
    assert (answer.samples, answer.unreached) == ((), "ValueError: too long")


@pytest.mark.parametrize(
    ("status", "refused", "unreached"),
    [
        (400, "the stand-in was told to fail", None),
        (404, "does not let 'tiny-vl' be asked", None),
        (500, None, "the stand-in was told to fail"),
        (429, None, "the stand-in was told to fail"),
    ],
)
def test_a_row_says_whether_asking_again_is_of_use(
    row: dict[str, Any], status: int, refused: str | None, unreached: str | None
) -> None:
    payload = FrameRequest("tiny-vl", STUDENT_SAMPLING).for_http(row)["payload"]
    with served(StandIn(fails=lambda asked: status)) as failing:
        (found,) = asyncio.run(posted([payload], failing.url))
    answer = model_answer(found)
    assert (refused or "") in (answer.refused or "")
    assert (unreached or "") in (answer.unreached or "")
    assert bool(answer.refused) != bool(answer.unreached)


async def posted(payloads: list[str], *endpoints: str) -> list[dict[str, Any]]:
    """What a batch of Ray's HTTP stage does: post everything, then read one after the other."""
    asking = Asking(endpoints, "tiny-vl", STUDENT_SAMPLING, timeout_s=5.0, first_pause_s=0.001)
    async with EndpointSession(asking) as session:
        tasks = [session.post("", data=json.dumps(one), headers={}) for one in payloads]
        found = []
        for task in tasks:
            async with await task as reply:
                assert reply.status == 200
                found.append(http_answer({"frame_id": "f", "http_response": await reply.json()}))
        return found


def test_requests_take_turns_and_are_repeated_until_one_endpoint_answers(row: dict[str, Any]) -> None:
    payload = FrameRequest("tiny-vl", STUDENT_SAMPLING).for_http(row)["payload"]
    busy = StandIn(fails=lambda asked: 503)
    with served(busy) as first, served(StandIn(says=lambda asked: a_raw_reply())) as second:
        found = asyncio.run(posted([payload] * 4, first.url, second.url))
    assert [len(model_answer(one).samples) for one in found] == [1] * 4
    assert second.by_image.total() == 4
    assert busy.by_image.total() > 0


def test_a_dead_endpoint_is_a_row_and_no_exception(row: dict[str, Any]) -> None:
    payload = FrameRequest("tiny-vl", STUDENT_SAMPLING).for_http(row)["payload"]
    (found,) = asyncio.run(posted([payload], "http://127.0.0.1:9/v1"))
    assert model_answer(found).unreached == "Nothing answers there."


def test_an_unreadable_image_is_never_sent(tmp_path: Path) -> None:
    missing = {"frame_id": "f", "image": str(tmp_path / "none.jpg"), "earlier": "[]"}
    payload = FrameRequest("tiny-vl", STUDENT_SAMPLING).for_http(missing)["payload"]
    (found,) = asyncio.run(posted([payload], "http://127.0.0.1:9/v1"))
    answer = model_answer(found)
    assert answer.unreached is not None
    assert "none.jpg" in answer.unreached
