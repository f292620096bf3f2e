from __future__ import annotations

import asyncio
from typing import Any

import pytest

from data.errors import ProposalError
from data.vlm.live_client import LiveAnswer, LiveEndpoints
from data.vlm.request import STUDENT_SAMPLING
from data.vocabulary import ManualReason, TriageLevel
from tests.builders import a_model_picture
from tests.data.vlm.vllm_stand_in import StandIn, served

NOBODY = "http://127.0.0.1:9/v1"


def ask(*endpoints: str, times: int = 1, deadline_s: float = 10.0) -> list[LiveAnswer]:
    async def asked() -> list[LiveAnswer]:
        live = LiveEndpoints(endpoints, "tiny-vl", STUDENT_SAMPLING)
        answers = [await live.ask(a_model_picture(), deadline_s=deadline_s) for _ in range(times)]
        live.close()
        return answers

    return asyncio.run(asked())


def test_a_picture_in_memory_is_asked_about_with_the_projects_question_and_schema() -> None:
    with served(StandIn()) as stand_in:
        first, second = ask(stand_in.url, times=2)
    for answer in (first, second):
        assert answer.sample is not None
        assert answer.sample.level is TriageLevel.SUPERVISION
        assert answer.sample.probabilities == pytest.approx([0.2, 0.7, 0.1])
    (asked, _) = stand_in.asked
    assert asked.is_constrained
    assert asked.body["chat_template_kwargs"] == {"enable_thinking": False}


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ({"delay_s": 2.0}, ManualReason.ENDPOINT_SLOW, "No answer came within 0.2 s."),
        ({"fails": lambda asked: 500}, ManualReason.ANSWERS_WRONG, "The endpoint answers with status 500"),
        ({"model": "another"}, ManualReason.ANSWERS_WRONG, "status 404"),
    ],
)
def test_whatever_an_endpoint_does_is_an_answer(changes: Any, reason: ManualReason, detail: str) -> None:
    with served(StandIn(**changes)) as stand_in:
        (answer,) = ask(stand_in.url, deadline_s=0.2 if "delay_s" in changes else 10.0)
    assert (answer.sample, answer.failure) == (None, reason)
    assert detail in (answer.detail or "")


def test_an_endpoint_that_is_gone_is_named_and_passes_its_turn_on() -> None:
    (answer,) = ask(NOBODY)
    assert answer.failure is ManualReason.ENDPOINT_GONE
    assert answer.detail == "The endpoint cannot be reached: no connection (Connection refused)."
    with served(StandIn()) as stand_in:
        answers = ask(NOBODY, stand_in.url, times=4)
    assert all(answer.sample for answer in answers)


def test_an_answer_that_came_too_late_is_not_taken_for_the_next_one() -> None:
    slow = {"n": 0}

    def says(asked: Any) -> str:
        return f'{{"reasoning": "{asked.times}", "level": "AUTONOMY", "action": "x"}}'

    async def asked(stand_in: StandIn) -> list[str]:
        live = LiveEndpoints([stand_in.url], "tiny-vl", STUDENT_SAMPLING)
        stand_in.delay_s = 0.4
        late = await live.ask(a_model_picture(), deadline_s=0.1)
        assert late.failure is ManualReason.ENDPOINT_SLOW
        stand_in.delay_s = 0.0
        await asyncio.sleep(0.5)
        answer = await live.ask(a_model_picture(), deadline_s=10.0)
        live.close()
        slow["n"] = stand_in.by_image.total()
        return [answer.sample.raw if answer.sample else ""]

    with served(StandIn(says=says)) as stand_in:
        (raw,) = asyncio.run(asked(stand_in))
    assert f'"reasoning": "{slow["n"]}"' in raw


def test_what_is_no_address_is_refused_before_the_first_frame() -> None:
    with pytest.raises(ProposalError, match="'here' is not an endpoint"):
        LiveEndpoints(["here"], "m", STUDENT_SAMPLING)
