from __future__ import annotations

import pytest

from data.errors import FindRefused
from data.find.question import MEANINGS, About, Filter, Question, Sort, from_address


def test_an_address_is_read_and_written_back() -> None:
    address = "state=contested&cue=night&cue=rain&words=left+turn&sort=-time&levels=all"
    question = from_address(address)
    assert question == Question(
        filters=(
            Filter(About.STATE, "contested"),
            Filter(About.CUE, "night"),
            Filter(About.CUE, "rain"),
        ),
        words="left turn",
        sort=Sort.TIME,
        is_reversed=True,
        shows_levels=True,
    )
    assert question.address == address
    assert from_address("") == Question()


def test_the_view_is_no_part_of_the_question() -> None:
    assert from_address("frame=abc&size=large&cue=rain") == from_address("cue=rain")


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("weather=rain", "no filter 'weather'"),
        ("sort=beauty", "'beauty'"),
        ("levels=perhaps", "'perhaps'"),
        ("words=a&words=b", "words stands 2 times"),
        ("&".join(f"cue={number}" for number in range(13)), "at most 12 filters"),
        ("&".join(f"cue={number}" for number in range(99)), "at most 12 filters"),
        (f"words={'a' * 201}", "201"),
    ],
)
def test_what_is_not_known_is_named(address: str, named: str) -> None:
    with pytest.raises(FindRefused, match=named):
        from_address(address)


def test_every_filter_has_a_meaning_for_people() -> None:
    assert set(MEANINGS) == set(About)


@pytest.mark.parametrize(
    ("address", "tells"),
    [
        ("cue=night&state=awaiting", False),
        ("proposed=TELEOPERATION", True),
        ("words=cones", True),
        ("sort=teleoperation", True),
        ("cue=night&levels=all", True),
    ],
)
def test_a_question_knows_whether_its_answer_tells_what_was_said(address: str, tells: bool) -> None:
    assert from_address(address).tells is tells
