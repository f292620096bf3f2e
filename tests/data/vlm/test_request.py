from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from data.images.model_picture import ModelPicture
from data.vlm.request import (
    STUDENT_SAMPLING,
    TEACHER_SAMPLING,
    answer_body,
    data_url,
    file_url,
    one_call_body,
    request_hash,
    thought_body,
)

ASKED: dict[str, Any] = {
    "image_sha256": "a" * 64,
    "model": "m",
    "revision": None,
    "sampling": {"seed": 0},
    "question": "q",
}


def test_the_image_stands_before_the_question() -> None:
    content = one_call_body("data:,x", "m", STUDENT_SAMPLING)["messages"][1]["content"]
    assert [part["type"] for part in content] == ["image_url", "text"]


def test_every_sampling_field_is_sent() -> None:
    body = one_call_body("data:,x", "m", TEACHER_SAMPLING)
    assert {name: body[name] for name in ("temperature", "top_p", "top_k", "seed", "max_tokens")} == {
        "temperature": 0.6,
        "top_p": 0.95,
        "top_k": 20,
        "seed": 1234,
        "max_tokens": 4096,
    }
    assert (body["presence_penalty"], body["repetition_penalty"]) == (0.0, 1.0)


def test_the_schema_travels_as_response_format_and_never_as_guided_json() -> None:
    body = one_call_body("data:,x", "m", STUDENT_SAMPLING)
    schema = body["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["level", "reasoning", "action"]
    assert not [name for name in body if name.startswith("guided")]


def test_two_calls_leave_the_thought_free_and_constrain_the_reply_behind_it() -> None:
    thought = thought_body("data:,x", "m", TEACHER_SAMPLING)
    answer = answer_body("data:,x", "m", TEACHER_SAMPLING, "A cone.")
    assert "response_format" not in thought
    assert thought["stop"] == ["</think>"]
    assert answer["messages"][-1] == {"role": "assistant", "content": "<think>\nA cone.\n</think>\n\n"}
    assert (answer["continue_final_message"], answer["add_generation_prompt"]) == (True, False)
    assert "response_format" in answer


def test_few_logprobs_are_asked_for_since_each_token_carries_them() -> None:
    bodies = [one_call_body("data:,x", "m", sampling) for sampling in (STUDENT_SAMPLING, TEACHER_SAMPLING)]
    assert [body["top_logprobs"] for body in bodies] == [5, 5]


def test_a_greedy_request_is_not_asked_again_in_the_same_way() -> None:
    again = STUDENT_SAMPLING.asked_again(1)
    assert (again.seed, again.temperature) == (1, 0.3)
    assert STUDENT_SAMPLING.asked_again(0) == STUDENT_SAMPLING
    assert TEACHER_SAMPLING.asked_again(2).temperature == 0.6


def test_the_hash_changes_with_everything_that_determines_the_answer() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"image_sha256": "b" * 64},
        {"model": "n"},
        {"revision": "main"},
        {"sampling": {"seed": 1}},
        {"question": "other"},
    ]
    hashes = {request_hash(**{**ASKED, **change}) for change in changes}
    assert len(hashes) == 6
    assert {len(value) for value in hashes} == {64}


def test_addresses_of_images_hold_their_bytes_or_their_path(tmp_path: Path) -> None:
    assert data_url(ModelPicture(b"abc", 32, 32)) == "data:image/jpeg;base64,YWJj"
    assert file_url(tmp_path / "a+b.jpg") == f"file://{tmp_path.resolve()}/a%2Bb.jpg"


def test_samples_are_asked_for_in_one_request() -> None:
    assert one_call_body("data:,x", "m", replace(STUDENT_SAMPLING, samples=5))["n"] == 5
