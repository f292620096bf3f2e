from __future__ import annotations

import pytest

from data.grounding.omissions import omitted
from data.grounding.scene_facts import SceneFacts
from tests.data.grounding.frames import CAR, CONE, FRAMES, MOVING, PERSON, STOPPED, WALKS, a_thing


def _left_out(text: str, *things: tuple[str, float, float, str, int]) -> list[str]:
    return [one.category for one in omitted(text, SceneFacts(things=tuple(a_thing(*one) for one in things)))]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The road ahead looks normal.", [PERSON]),
        ("A pedestrian walks in the lane.", []),
        ("Watch for people.", []),
        ("A road user is near.", []),
        ("A worker stands there.", []),
    ],
)
def test_a_person_in_the_path_has_to_be_named_in_whatever_words(text: str, left: list[str]) -> None:
    assert _left_out(text, (PERSON, 12, 0.5, WALKS, 4)) == left


@pytest.mark.parametrize(
    "thing",
    [
        (PERSON, 30, 0.5, WALKS, 4),
        (PERSON, 12, 4.0, WALKS, 4),
        (PERSON, 12, 0.5, WALKS, 1),
        (CAR, 10, 0.2, MOVING, 4),
        (CAR, 25, 0.2, STOPPED, 4),
        (CONE, 12, 2.2, "", 4),
    ],
)
def test_what_is_far_hidden_beside_the_path_or_driving_need_not_be_named(
    thing: tuple[str, float, float, str, int],
) -> None:
    assert _left_out("The road ahead looks normal.", thing) == []


def test_omissions_say_what_and_where_nearest_first_one_per_kind() -> None:
    found = omitted("All is quiet.", FRAMES["crossing"])
    assert [one.category for one in found] == ["human.pedestrian.adult", "human.pedestrian.child"]
    assert found[0].evidence == "adult 9 m along the driven path, 1.0 m to its side"


def test_without_boxes_nothing_is_left_out() -> None:
    assert omitted("All is quiet.", SceneFacts()) == []
