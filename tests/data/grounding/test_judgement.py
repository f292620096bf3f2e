"""How the rules agree with assertions that a person cut and judged (assertions.txt)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data.grounding.grammar import read_assertions
from data.grounding.judgement import check
from data.grounding.scene_facts import SceneFacts, things_of
from data.grounding.verdicts import Verdict
from tests.data.grounding.frames import CAR, FRAMES, PERSON, STANDS, a_thing
from tests.data.grounding.written import agreement, written


def _verdicts(text: str, facts: SceneFacts) -> list[Verdict]:
    return [one.verdict for one in check(read_assertions(text), facts)]


def test_three_hundred_assertions_are_written_and_stand_in_their_sentences() -> None:
    sentences = list(written())
    assert sum(len(one.assertions) for one in sentences) >= 300
    assert all(quote in one.text for one in sentences for quote, _, _ in one.assertions)


@pytest.mark.parametrize("part", ["development", "held out"])
@pytest.mark.parametrize("verdict", [None, Verdict.SUPPORTED, Verdict.CONTRADICTED])
def test_nine_of_ten_verdicts_are_right_and_seven_of_ten_are_found(
    part: str, verdict: Verdict | None
) -> None:
    found = agreement(part, verdict=verdict)
    assert found.precision >= 0.90, found.differences
    assert found.recall >= 0.70, found.differences


def test_a_hidden_thing_contradicts_nothing() -> None:
    hidden = SceneFacts(things=(a_thing(PERSON, 12, 1.0, STANDS, 1),))
    assert _verdicts("There are no pedestrians.", hidden) == [Verdict.NOT_CHECKABLE]
    plain = SceneFacts(things=(a_thing(PERSON, 12, 1.0, STANDS, 2),))
    assert _verdicts("There are no pedestrians.", plain) == [Verdict.CONTRADICTED]


def test_without_boxes_nothing_is_absent() -> None:
    assert _verdicts("A cyclist rides ahead.", SceneFacts())[0] is Verdict.NOT_CHECKABLE
    assert _verdicts("A cyclist rides ahead.", SceneFacts(things=()))[0] is Verdict.CONTRADICTED


def test_a_thing_taken_for_another_is_no_proof() -> None:
    assert _verdicts("A lorry waits.", FRAMES["works"])[0] is Verdict.SUPPORTED
    machine = replace(FRAMES["works"], things=(a_thing("vehicle.construction", 20, 0),))
    assert _verdicts("A lorry waits.", machine)[0] is Verdict.NOT_CHECKABLE


def test_of_a_parked_car_on_the_left_a_parked_one_has_to_be_on_the_left() -> None:
    facts = SceneFacts(things=(a_thing(CAR, 10, 4, "vehicle.moving"), a_thing(CAR, 12, -4, "vehicle.parked")))
    object_, state, side = check(read_assertions("A car is parked on the left."), facts)
    assert (object_.verdict, state.verdict) == (Verdict.SUPPORTED, Verdict.SUPPORTED)
    assert side.verdict is Verdict.CONTRADICTED
    assert side.evidence == "each is at least 4.0 m to the other side"


def test_things_come_back_from_the_store_as_they_were() -> None:
    things = (a_thing(CAR, 10.04, -4.0, "vehicle.parked", 3), a_thing("animal", 20, 1))
    rows = [one.as_list() for one in things]
    assert things_of(rows) == (replace(things[0], ahead_m=10.0, along_m=10.0), things[1])
    assert things_of(None) is None
