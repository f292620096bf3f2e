from __future__ import annotations

import pytest

from data.grounding.grammar import read_assertions


def _read(text: str) -> list[str]:
    return [f"{'no ' if one.is_negated else ''}{one.kind.value}:{one.value}" for one in read_assertions(text)]


@pytest.mark.parametrize(
    "text",
    [
        "If a pedestrian steps out, brake.",
        "A pedestrian may step out.",
        "Workers or plant could come out of the site.",
        "Watch for cyclists.",
        "Should a child run out, take over.",
        "Is there a cyclist ahead?",
        "Wait at the bus stop beside the pedestrian crossing lane.",
        "The pedestrian behind the ego car is not in this picture.",
    ],
)
def test_what_is_only_feared_asked_or_part_of_another_word_is_no_assertion(text: str) -> None:
    assert [one for one in _read(text) if one.startswith("object")] == []


def test_a_lorry_that_may_pull_out_is_there_all_the_same() -> None:
    read = _read("A lorry comes out of the fog 30 m ahead and may pull across the lane.")
    assert read == ["object:truck", "weather:fog", "distance:metres"]


def test_one_denial_covers_a_list() -> None:
    assert _read("No cones, barriers or workers.") == [
        "no object:cone",
        "no object:barrier",
        "no object:worker",
    ]


def test_an_origin_is_no_side_and_a_turn_is_none() -> None:
    assert _read("A car comes from the left.") == ["object:car"]
    assert _read("A car turns left.") == ["object:car", "state:moving"]


def test_what_is_said_of_the_ego_vehicle_is_not_said_of_the_thing_before_it() -> None:
    assert _read("A bus waits while the vehicle is stopped.") == ["object:bus", "state:still", "ego:still"]


def test_every_span_lies_in_the_text_whatever_it_holds() -> None:
    wild = "İ two\u202e cars 9 m\x00 ahead, ‘no’ cones\n\n<b>bus</b> " * 40
    for one in read_assertions(wild):
        assert 0 <= one.start < one.end <= len(wild)


def test_a_text_of_one_word_over_and_over_is_read_in_bounded_time() -> None:
    assert len(read_assertions("car " * 2_000)) == 2_000
