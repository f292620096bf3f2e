"""Words that a model at an endpoint cuts into assertions, and what it may not do with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from data.errors import ProposalError
from data.grounding.assertions import Kind
from data.grounding.cutting import asking
from data.grounding.cutting.asking import CUT_SHORT, CutTexts, asking_of, cut_at_endpoint, cutter_of
from data.grounding.cutting.kept import as_rows, forget_cuts, from_rows
from data.grounding.cutting.question import REPLY_BYTES
from data.grounding.cutting.reply import (
    MOST_ASSERTIONS,
    NOT_OF_THE_KIND,
    NOT_THERE,
    TWICE,
    NoCut,
    cut_schema,
    read_cut,
)
from data.grounding.grammar import read_assertions
from data.grounding.grounded_words import ground
from data.grounding.tallies import tallies
from data.store.opening import Store
from data.store.tables import CutAssertions, GroundedWords
from eval.grounding.figures import GroundingFigures
from eval.grounding.from_store import ShownWords, grounding_figures, marks_in_shown_words
from eval.grounding.in_words import who_cut
from tests.builders import A, S, a_person, frames_of, reviewed
from tests.data.grounding.cutting_stand_in import MODEL, CuttingStandIn, Parts, a_reply, an_assertion, cutting
from tests.data.grounding.told_store import a_told_store

TEXT = "A pedestrian stands 12 m ahead. No cone is near."
PERSON = an_assertion("reasoning", "object", "person", "pedestrian")
FAR = an_assertion(
    "reasoning", "distance", "metres", "12 m", noun="person", noun_words="A pedestrian", amount=12
)
NO_CONE = an_assertion("reasoning", "object", "cone", "cone", is_negated=True)
DOG = an_assertion("reasoning", "object", "animal", "A dog")


def read(*assertions: dict[str, Any], text: str = TEXT) -> Any:
    return read_cut(a_reply(*assertions), {"thought": "", "reasoning": text, "action": "Stop."})


def test_a_reply_becomes_the_assertions_that_the_rules_cut_too() -> None:
    stands = an_assertion("reasoning", "state", "stands", "stands", noun="person", noun_words="pedestrian")
    found = read(FAR, NO_CONE, PERSON, stands)
    assert (found.parts["reasoning"], found.parts["action"]) == (read_assertions(TEXT), [])
    assert not found.dropped


def test_invented_words_and_values_are_dropped_and_counted() -> None:
    inside = an_assertion("reasoning", "object", "person", "edestrian")
    of_nothing = an_assertion("reasoning", "side", "left", "12 m", noun="person", noun_words="man")
    empty = an_assertion("reasoning", "weather", "rain", " ")
    of_the_frame = an_assertion("reasoning", "side", "left", "12 m")
    no_such = an_assertion("reasoning", "weather", "left", "12 m")
    found = read(PERSON, DOG, inside, of_nothing, empty, of_the_frame, no_such, PERSON)
    assert [one.value for one in found.parts["reasoning"]] == ["person"]
    assert found.dropped == {NOT_THERE: 4, NOT_OF_THE_KIND: 2, TWICE: 1}


def test_words_that_stand_twice_are_two_things_and_what_is_said_is_of_the_nearer_one() -> None:
    text = "A car waits. A car crosses 30 m ahead."
    car = an_assertion("reasoning", "object", "car", "car")
    far = an_assertion("reasoning", "distance", "metres", "30 m", noun="car", noun_words="car", amount=30)
    first, second, metres = read(car, car, far, text=text).parts["reasoning"]
    assert (first.start, second.start) == (2, 15)
    assert metres.mention is second.mention is not first.mention


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "I cannot help with that.",
        "[]",
        '{"assertions": {}}',
        '{"assertions": [], "note": "all is well"}',
        a_reply({**PERSON, "kind": "colour"}),
        a_reply({**PERSON, "part": "picture"}),
        a_reply({**PERSON, "why": "because"}),
        a_reply({name: value for name, value in PERSON.items() if name != "is_negated"}),
        a_reply({**PERSON, "is_negated": "no"}),
        a_reply({**FAR, "amount": -1}),
        a_reply({**FAR, "amount": 1}).replace('"amount": 1', '"amount": NaN'),
        a_reply({**PERSON, "words": "pedestrian" * 40}),
        a_reply(*([PERSON] * (MOST_ASSERTIONS + 1))),
        "[" * 5_000,
    ],
)
def test_a_reply_of_another_schema_is_of_no_use_as_a_whole(raw: str) -> None:
    with pytest.raises(NoCut, match="not of the schema"):
        read_cut(raw, {"reasoning": TEXT})


SCHEMA = cut_schema()["properties"]["assertions"]["items"]["properties"]
ANY = st.fixed_dictionaries(
    {
        "part": st.sampled_from(SCHEMA["part"]["enum"]),
        "kind": st.sampled_from(SCHEMA["kind"]["enum"]),
        "value": st.sampled_from(SCHEMA["value"]["enum"]) | st.text(max_size=5),
        "words": st.sampled_from(TEXT.split()) | st.text(max_size=5),
        "noun": st.sampled_from(SCHEMA["noun"]["enum"]),
        "noun_words": st.none() | st.sampled_from(TEXT.split()) | st.text(max_size=5),
        "amount": st.floats(0, 100),
        "is_negated": st.booleans(),
    }
)


@settings(max_examples=30, deadline=None)
@given(st.lists(ANY, max_size=8))
def test_whatever_is_kept_stands_in_the_text_and_comes_back_from_the_store(
    said: list[dict[str, Any]],
) -> None:
    try:
        found = read_cut(a_reply(*said), {"reasoning": TEXT, "action": "Stop."})
    except NoCut:
        return
    kept = [one for some in found.parts.values() for one in some]
    assert len(kept) + found.dropped.total() == len(said)
    for one in found.parts["reasoning"]:
        assert TEXT[one.start : one.end] in {each["words"] for each in said}
    assert from_rows(json.loads(json.dumps(as_rows(found.parts)))) == found.parts


def animals_and_people(parts: Parts) -> str:
    """A model that reads "dog" and "pedestrian", and sees a bus that no text names."""
    named = (("animal", "A dog"), ("person", "A pedestrian"), ("bus", "bus"))
    return a_reply(
        *(
            an_assertion(part, "object", value, words)
            for part, text in parts.items()
            for value, words in named
            if words in text or value == "bus"
        )
    )


def cut(store: Store, stand_in: CuttingStandIn, *runs: str, **changes: Any) -> CutTexts:
    given: dict[str, Any] = {"concurrency": 1, "first_pause_s": 0.001, **changes}
    return cut_at_endpoint(store, asking_of([stand_in.url], MODEL, **given), runs)


def figures(store: Store) -> GroundingFigures:
    frames = dict.fromkeys(frames_of("scene-0001", 3), ("scene-0001", S))
    with store.read() as session:
        found = grounding_figures(session, ["test-teacher"], frames, {}, confidence=0.95)
    assert found is not None
    return found


@pytest.mark.each_store
def test_a_model_cuts_in_place_of_the_rules_until_they_are_asked_for_again(tmp_path: Path) -> None:
    store = a_told_store(tmp_path)
    ground(store)
    by_rules = figures(store)
    with cutting(CuttingStandIn(animals_and_people)) as stand_in:
        done = cut(store, stand_in, "test-teacher")
        again = cut(store, stand_in, "test-teacher")
    cutter = cutter_of(asking_of([], MODEL))
    assert (done.asked, done.assertions, again.asked, len(stand_in.bodies)) == (4, 2, 0, 4)
    assert done.dropped == {NOT_THERE: 9}
    assert all("image" not in json.dumps(body) for body in stand_in.bodies)
    assert ground(store).texts == 4
    assert ground(store).texts == 0
    found = figures(store)
    assert [(one.by, one.texts, one.unusable) for one in found.cutters] == [(cutter, {"test-teacher": 3}, 0)]
    assert f"3 texts of test-teacher by {cutter}. Of {cutter}: 7 assertions dropped" in who_cut(found)
    assert "(7 not in the text)" in who_cut(found)
    (marked,) = found.examples  # the rules find a cyclist too, which this model does not read
    assert (marked.part, [marked.text[start:end] for start, end, _ in marked.marks]) == ("thought", ["A dog"])
    assert forget_cuts(store, ["test-teacher"]) == 4
    ground(store)
    assert figures(store) == by_rules


def test_replies_of_no_use_are_counted_and_the_rules_cut_those_texts(tmp_path: Path) -> None:
    store = a_told_store(tmp_path)
    replies: dict[str, str | int] = {
        "A pedestrian": animals_and_people({"thought": "A dog waits."}),
        "attention": '{"assertions": "none"}',
        "All quiet": a_reply() + " " * REPLY_BYTES,
        "Take over": 400,
    }

    def says(parts: Parts) -> str | int:
        text = " ".join(parts.values())
        return next((reply for words, reply in replies.items() if words in text), a_reply())

    with cutting(CuttingStandIn(says)) as stand_in:
        done = cut(store, stand_in)
    reasons = " ".join(done.unusable)
    assert (done.asked, done.unusable.total(), done.unreached) == (8, 6, {})
    assert "not of the schema, assertions: " in reasons
    assert f"larger than {REPLY_BYTES:,} bytes" in reasons
    assert "told to refuse" in reasons
    ground(store)
    found = figures(store)
    (cutter,) = found.cutters
    assert (cutter.texts, cutter.unusable) == ({"test-teacher": 3}, 2)
    assert "2 replies of no use, cut by the rules instead" in who_cut(found)
    wrong = {one.text[start:end] for one in found.examples for start, end, _ in one.marks}
    assert wrong == {"A dog", "cyclist"}  # by the model, and by the rules


def test_a_server_that_dies_in_the_middle_loses_nothing_that_it_answered(tmp_path: Path) -> None:
    store = a_told_store(tmp_path)
    with cutting(CuttingStandIn(animals_and_people, dies_after=3)) as stand_in:
        done = cut(store, stand_in)
    with store.read() as session:
        assert len(session.exec(select(CutAssertions)).all()) == 3
    assert (done.asked, done.unreached) == (3, {"Nothing answers there.": 5})
    with cutting(CuttingStandIn(animals_and_people)) as alive:
        later = cut(store, alive)
    assert (later.asked, len(alive.bodies), later.unreached) == (5, 5, {})
    ground(store)
    with store.read() as session:
        assert {row.cut_by for row in session.exec(select(GroundedWords))} == {later.cut_by}


def test_a_dead_endpoint_is_given_up_and_a_server_that_refuses_the_form_fails_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "GIVE_UP_AFTER", 2)
    store = a_told_store(tmp_path)
    with (
        cutting(CuttingStandIn(lambda parts: 400)) as stand_in,
        pytest.raises(ProposalError, match=r"None of \d requests .* told to refuse"),
    ):
        cut(store, stand_in)
    with cutting(CuttingStandIn(animals_and_people, finish="length")) as stand_in:
        done = cut(store, stand_in, "test-teacher")
    assert done.unusable == {CUT_SHORT: 4}
    with pytest.raises(ProposalError, match="no run called nobody"):
        cut(store, stand_in, "nobody")


def test_people_s_words_are_cut_too_and_what_is_cut_later_is_judged_anew(tmp_path: Path) -> None:
    store = a_told_store(tmp_path)
    frame = frames_of("scene-0001", 3)[1]
    reviewed(store, a_person(store), frame, A, reasoning="A dog waits ahead.", action="No action needed.")
    ground(store)
    with cutting(CuttingStandIn(lambda parts: a_reply())) as stand_in:
        cut(store, stand_in)
        assert {"reasoning": "A dog waits ahead.", "action": "No action needed."} in stand_in.asked
    ground(store)
    assert {one.contradicted for one in tallies(store)} == {0}
    printed = ShownWords(frame, A, "A dog waits ahead.", "No action needed.")
    others = printed._replace(reasoning="A dog sleeps ahead.")
    with store.read() as session:
        assert set(marks_in_shown_words(session, [printed, others])) == {others}


def test_an_assertion_that_today_s_rules_know_no_more_is_left_out() -> None:
    rows = {"reasoning": [["object", "dragon", 0, 1, 0.0, False, ["dragon", 0, 1, False]]]}
    assert from_rows(rows) == {"reasoning": []}
    assert {kind.value for kind in Kind} == set(SCHEMA["kind"]["enum"])
