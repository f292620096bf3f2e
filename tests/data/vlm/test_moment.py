"""Which earlier pictures a question shows, and what its message says of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data.errors import ProposalError
from data.vlm.conversation import conversation_hash, question_text
from data.vlm.moment import STILL, Earlier, Lookback, Moment
from data.vlm.request import STUDENT_SAMPLING, SamplingParameters, answer_body, one_call_body, thought_body
from data.vocabulary import ReplyForm

FORM = ReplyForm.LEVEL_FIRST
THREE = Lookback(3, 0.5)
HALF_A_SECOND_AND_A_WHOLE = (Earlier("data:,a", 1.0), Earlier("data:,b", 0.5))


@pytest.mark.parametrize(
    ("taken_s", "shown_s"),
    [
        ([2.0, 1.5, 1.0, 0.5], [1.0, 0.5]),
        ([0.5, 1.0], [1.0, 0.5]),
        ([1.04, 0.93, 0.46], [1.04, 0.46]),
        ([0.5], [0.5]),
        ([1.0], [1.0]),
        ([0.75], []),
        ([5.0], []),
        ([], []),
    ],
)
def test_the_nearest_picture_within_the_tolerance_is_shown_and_each_once(
    taken_s: list[float], shown_s: list[float]
) -> None:
    assert [taken_s[place] for place in THREE.choose(taken_s)] == shown_s


def test_a_picture_far_from_its_time_is_left_out_however_far_apart_they_are_due() -> None:
    """At the start of a scene a frame of 3 s before stands in for none of 5 s before."""
    assert Lookback(2, 5.0).choose([3.0]) == []
    assert Lookback(2, 5.0).choose([5.2]) == [0]


def test_the_message_names_the_times_oldest_first_and_those_that_are_missing() -> None:
    whole, some, none = (question_text(FORM, Moment.of(THREE, shown)) for shown in ((1.04, 0.5), (0.5,), ()))
    assert whole.startswith(
        "These 3 pictures are what the front camera of an automated vehicle saw, oldest first: 1.0 s before, "
        "0.5 s before, and now.\nDecide"
    )
    assert "oldest first: 0.5 s before, and now.\nThere is no picture from 1.0 s before.\n" in some
    assert none.startswith("This picture is what the front camera of an automated vehicle sees now.\n")
    assert "There is no picture from 1.0 s before or 0.5 s before.\n" in none
    assert question_text(FORM, Moment.of(STILL)) == question_text(FORM)


def test_pictures_stand_oldest_first_in_one_message_before_the_question() -> None:
    sampling = replace(STUDENT_SAMPLING, lookback=THREE)
    earlier = HALF_A_SECOND_AND_A_WHOLE
    bodies = [
        one_call_body("data:,now", "m", sampling, earlier),
        thought_body("data:,now", "m", sampling, earlier=earlier),
        answer_body("data:,now", "m", sampling, "A cone.", earlier),
    ]
    for body in bodies:
        *pictures, text = body["messages"][1]["content"]
        assert [one["image_url"]["url"] for one in pictures] == ["data:,a", "data:,b", "data:,now"]
        assert text["text"] == question_text(FORM, Moment.of(THREE, (1.0, 0.5)))


def test_single_pictures_keep_the_question_and_the_run_that_they_always_had() -> None:
    """What runs, snapshots and trained models of before are known by."""
    assert conversation_hash(FORM) == "46c6dbfcb0036b0f"
    assert {"frames", "spacing_s", "lookback"}.isdisjoint(STUDENT_SAMPLING.as_dict())
    assert SamplingParameters.of(STUDENT_SAMPLING.as_dict()) == STUDENT_SAMPLING


def test_a_run_keeps_how_far_its_question_looks_back() -> None:
    sampling = replace(STUDENT_SAMPLING, lookback=THREE)
    assert sampling.as_dict() | {"frames": 3, "spacing_s": 0.5} == sampling.as_dict()
    assert SamplingParameters.of(sampling.as_dict()) == sampling
    questions = {conversation_hash(FORM, one) for one in (STILL, THREE, Lookback(3, 1.0), Lookback(2, 0.5))}
    assert len(questions) == 4


@pytest.mark.parametrize(
    ("frames", "spacing_s", "said"),
    [
        (0, 0.5, "1 to 8 frames, not 0"),
        (9, 0.5, "1 to 8 frames, not 9"),
        (3, 0.0, "0.1 to 10 seconds apart, not 0"),
        (3, float("nan"), "not nan"),
    ],
)
def test_a_question_that_is_none_is_refused_in_a_sentence(frames: int, spacing_s: float, said: str) -> None:
    with pytest.raises(ProposalError, match=said):
        Lookback(frames, spacing_s)
