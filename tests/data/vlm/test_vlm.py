"""The client against a stand-in that behaves as vLLM was seen to behave where a client can trip."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.errors import ProposalError
from data.images.model_picture import model_picture_of
from data.vlm.answer import ModelAnswer, Sample
from data.vlm.client import Asking, ask_frames
from data.vlm.moment import AskedFrame
from data.vlm.reply import parse_reply
from data.vlm.request import STUDENT_SAMPLING, TEACHER_SAMPLING, SamplingParameters
from data.vocabulary import Failure
from tests.builders import S, T, a_picture, a_raw_reply
from tests.data.vlm.vllm_stand_in import Asked, StandIn, an_answer, served

Ask = Callable[..., ModelAnswer]
FREE = replace(TEACHER_SAMPLING, calls=1)


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Ask a stand-in with the given settings about one frame."""
    image = tmp_path / "frame.jpg"
    image.write_bytes(a_picture())

    def one(
        stand_in: StandIn, sampling: SamplingParameters = STUDENT_SAMPLING, **changes: Any
    ) -> ModelAnswer:
        with served(stand_in):
            return asked_of([stand_in.url], [image], sampling, **changes)[0]

    return one


def asked_of(
    urls: list[str], images: list[Path], sampling: SamplingParameters = STUDENT_SAMPLING, **changes: Any
) -> list[ModelAnswer]:
    answers: list[ModelAnswer] = []
    asking = Asking(tuple(urls), "tiny-vl", sampling, first_pause_s=0.01, **changes)
    frames = [AskedFrame(str(number), image) for number, image in enumerate(images)]
    asyncio.run(ask_frames(frames, asking, answers.extend, keep_going=lambda: True))
    return answers


def only(answer: ModelAnswer) -> Sample:
    (sample,) = answer.samples
    return sample


def test_a_constrained_reply_is_read_with_its_level_probabilities(ask: Ask) -> None:
    sample = only(ask(StandIn(probabilities=(0.1, 0.6, 0.3))))
    assert sample.level is S
    assert [round(value, 6) for value in sample.probabilities or []] == [0.1, 0.6, 0.3]


def test_a_reasoning_parser_does_not_suspend_the_schema_of_a_constrained_call(ask: Ask) -> None:
    stand_in = StandIn(parser=True)
    assert only(ask(stand_in)).level is S
    assert stand_in.asked[0].body["chat_template_kwargs"] == {"enable_thinking": False}


def test_a_reply_that_a_reasoning_parser_swallowed_whole_is_read(ask: Ask) -> None:
    answer = ask(StandIn(parser=True, says=lambda asked: a_raw_reply(T)), FREE)
    assert only(answer).level is T


def test_a_thought_that_a_reasoning_parser_cut_away_is_put_back(ask: Ask) -> None:
    reply = parse_reply(only(ask(StandIn(parser=True), FREE)).raw)
    assert reply.chain_of_thought == "A cone."
    assert reply.assessment is not None


def test_a_server_that_ignores_the_schema_gives_a_failure_with_its_text(ask: Ask) -> None:
    answer = ask(StandIn(enforces_schema=False))
    assert answer.attempts == 3
    assert only(answer).raw == "The road looks clear, so I would say AUTONOMY."
    assert parse_reply(only(answer).raw).failure is Failure.NO_JSON


def test_a_whitespace_loop_is_a_cut_reply_and_says_so(ask: Ask) -> None:
    looping = StandIn(
        says=lambda asked: '{"reasoning": "Cones.",' + "\n\t " * 200, finish=lambda asked: "length"
    )
    sample = only(ask(looping))
    reply = parse_reply(sample.raw, finish_reason=sample.finish_reason)
    assert reply.failure is Failure.TRUNCATED
    assert (
        reply.detail
        == "The reply was cut off in a run of whitespace; set disable_any_whitespace at the server."
    )


def test_a_reply_cut_at_the_token_limit_is_no_answer_even_if_it_parses(ask: Ask) -> None:
    answer = ask(StandIn(finish=lambda asked: "length"))
    assert answer.attempts == 3
    assert only(answer).level is None


def test_an_unusable_reply_is_asked_for_again_at_most_twice(ask: Ask) -> None:
    stand_in = StandIn(says=lambda asked: an_answer(asked) if asked.times == 3 else "No idea.")
    answer = ask(stand_in)
    assert (answer.attempts, only(answer).level) == (3, S)
    assert [one.body["seed"] for one in stand_in.asked] == [0, 1, 2]
    assert [one.body["temperature"] for one in stand_in.asked] == [0.0, 0.3, 0.3]


def test_two_calls_constrain_the_reply_behind_the_models_own_thought(ask: Ask) -> None:
    stand_in = StandIn()
    reply = parse_reply(only(ask(stand_in, TEACHER_SAMPLING)).raw)
    assert (reply.chain_of_thought, reply.assessment is not None) == ("A cone.", True)
    assert [one.is_second_call for one in stand_in.asked] == [False, True]
    assert stand_in.asked[1].body["messages"][-1]["content"] == "<think>\nA cone.\n</think>\n\n"


def test_two_calls_work_behind_a_reasoning_parser_too(ask: Ask) -> None:
    reply = parse_reply(only(ask(StandIn(parser=True), TEACHER_SAMPLING)).raw)
    assert reply.chain_of_thought == "A cone."
    assert reply.assessment is not None


def test_a_thought_that_was_cut_is_not_answered(ask: Ask) -> None:
    stand_in = StandIn(says=lambda asked: "<think>\nThe lorry", finish=lambda asked: "length")
    sample = only(ask(stand_in, TEACHER_SAMPLING))
    assert parse_reply(sample.raw, finish_reason=sample.finish_reason).failure is Failure.TRUNCATED
    assert [one.is_second_call for one in stand_in.asked] == [False, False, False]


def test_several_samples_come_from_one_request(ask: Ask) -> None:
    levels = ["AUTONOMY", "TELEOPERATION", "TELEOPERATION"]
    stand_in = StandIn(
        says=lambda asked: json.dumps({"level": levels[asked.sample], "reasoning": "x", "action": "y"})
    )
    answer = ask(stand_in, replace(STUDENT_SAMPLING, samples=3, temperature=0.7))
    assert [sample.level.value for sample in answer.samples if sample.level] == levels
    assert len(stand_in.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_error_is_repeated_until_an_answer_comes(ask: Ask, status: int) -> None:
    stand_in = StandIn(fails=lambda asked: status if asked.times < 4 else None)
    answer = ask(stand_in)
    assert only(answer).level is S
    assert stand_in.by_image.total() == 4


def test_a_timeout_is_repeated(ask: Ask) -> None:
    slow = StandIn(delay_s=0.5)
    begun = time.monotonic()

    def quick_after_two(asked: Asked) -> int | None:
        slow.delay_s = 0.0 if asked.times >= 1 else 0.5
        return None

    slow.fails = quick_after_two
    assert only(ask(slow, timeout_s=0.2)).level is S
    assert time.monotonic() - begun < 20


def test_an_error_that_stays_leaves_the_frame_unreached_with_its_reason(ask: Ask) -> None:
    answer = ask(StandIn(fails=lambda asked: 503))
    assert answer.samples == ()
    assert "the stand-in was told to fail" in str(answer.unreached)


def test_a_request_that_the_server_does_not_take_is_not_repeated(ask: Ask) -> None:
    stand_in = StandIn(fails=lambda asked: 400)
    assert "the stand-in was told to fail" in str(ask(stand_in).refused)
    assert stand_in.by_image.total() == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_key_or_model_ends_the_call(ask: Ask, status: int) -> None:
    with pytest.raises(ProposalError, match="does not let 'tiny-vl' be asked"):
        ask(StandIn(fails=lambda asked: status))


def test_a_model_that_is_not_served_is_named_with_those_that_are(ask: Ask) -> None:
    with pytest.raises(ProposalError, match="does not serve 'tiny-vl'; it serves other"):
        ask(StandIn(model="other"))


def test_a_picture_on_the_server_s_disk_is_the_scaled_one_under_its_path(ask: Ask, tmp_path: Path) -> None:
    stand_in = StandIn(media_path=str(tmp_path))
    assert only(ask(stand_in, files=tmp_path / "shown")).level is S
    named = Path(stand_in.asked[0].image)
    assert named.parent == tmp_path / "shown" / "1152"
    assert named.read_bytes() == model_picture_of(tmp_path / "frame.jpg", width_px=1152).content


def test_a_path_outside_the_allowed_folder_is_refused(ask: Ask, tmp_path: Path) -> None:
    answer = ask(StandIn(media_path="/elsewhere"), files=tmp_path / "shown")
    assert "allowed-local-media-path" in str(answer.refused)


def test_a_frame_is_sent_as_models_are_trained_to_see_it(ask: Ask, tmp_path: Path) -> None:
    stand_in = StandIn()
    ask(stand_in, replace(STUDENT_SAMPLING, image_width_px=96))
    shown = model_picture_of(tmp_path / "frame.jpg", width_px=96)
    assert stand_in.asked[0].image == hashlib.sha256(shown.content).hexdigest()


def test_the_prompt_tokens_that_the_server_counted_come_with_the_answer(ask: Ask) -> None:
    stand_in = StandIn()
    answer = ask(stand_in)
    assert answer.prompt_tokens is not None
    assert answer.prompt_tokens > 15


def test_a_server_that_counts_other_tokens_ends_the_call_unless_that_is_accepted(ask: Ask) -> None:
    with pytest.raises(ProposalError, match=r"15 of a picture of 160 x 96 pixels.*--accept-token-mismatch"):
        ask(StandIn(resizes=2))
    assert only(ask(StandIn(resizes=2), accepts_token_mismatch=True)).level is S


def test_a_server_that_cannot_count_is_believed(ask: Ask) -> None:
    assert ask(StandIn(counts_tokens=False)).prompt_tokens is None


def test_a_teacher_that_answers_without_thinking_is_asked_again_and_its_answer_is_no_thought(
    ask: Ask,
) -> None:
    stand_in = StandIn(says=lambda asked: a_raw_reply(T))
    answer = ask(stand_in, TEACHER_SAMPLING)
    assert answer.attempts == 3
    assert parse_reply(only(answer).raw).chain_of_thought is None
    assert only(answer).level is T
    assert [one.is_second_call for one in stand_in.asked] == [False] * 3


def test_a_missing_image_is_unreached(tmp_path: Path) -> None:
    with served(StandIn()) as stand_in:
        (answer,) = asked_of([stand_in.url], [tmp_path / "gone.jpg"])
    assert answer.unreached == "gone.jpg is not in the dataroot."


def test_several_endpoints_take_turns(tmp_path: Path) -> None:
    images = [tmp_path / f"{number}.jpg" for number in range(8)]
    for number, image in enumerate(images):
        image.write_bytes(a_picture(colour=(number, 0, 0)))
    with served(StandIn()) as first, served(StandIn()) as second:
        answers = asked_of([first.url, second.url], images, concurrency=1)
    assert [only(answer).level for answer in answers] == [S] * 8
    assert (first.by_image.total(), second.by_image.total()) == (4, 4)


def test_an_endpoint_that_fails_is_stood_in_for_by_the_other(tmp_path: Path) -> None:
    image = tmp_path / "frame.jpg"
    image.write_bytes(a_picture())
    with served(StandIn(fails=lambda asked: 500)) as broken, served(StandIn()) as whole:
        (answer,) = asked_of([broken.url, whole.url], [image])
    assert only(answer).level is S
    assert (broken.by_image.total(), whole.by_image.total()) == (1, 1)


def test_no_more_requests_are_under_way_than_allowed(tmp_path: Path) -> None:
    under_way, most = 0, 0

    class Counting(StandIn):
        async def _complete(self, request: Any) -> Any:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            try:
                return await super()._complete(request)
            finally:
                under_way -= 1

    image = tmp_path / "frame.jpg"
    image.write_bytes(a_picture())
    with served(Counting(delay_s=0.02)) as stand_in:
        answers = asked_of([stand_in.url], [image] * 20, concurrency=3)
    assert (len(answers), most) == (20, 3)
