"""The lead's home: each figure is the one that its screen shows, and what is at rest needs nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from annotator.screens.lead import overview
from data.find.question import from_address
from data.overview.contested import contested_frames
from data.overview.forecast import forecast
from data.overview.progress import frames_by_state, progress
from data.people.accounts import add_scripted_reviewer
from data.review.guideline import write_guideline
from data.review.notes import Note, close_flags, note_frame, open_flags
from data.review.pauses import pause_answers
from data.review.serving import lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import Person
from data.vocabulary import NoteKind, PersonRole, Split, VerificationState
from eval.annotators.from_store import people_summary
from eval.certificate.from_store import trust
from tests.builders import A, T, a_person, a_store, reviewed


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path, scenes={"scene-0001": 30, "scene-0002": 30}, teacher=A)


def person(store: Store, person_id: int) -> Person:
    with store.read() as session:
        return session.get_one(Person, person_id)


def told(store: Store, lead: int) -> dict[str, int]:
    return {one.title: one.n for one in overview.matters(store, person(store, lead))}


def test_what_waits_for_a_lead_is_counted_as_on_the_screens_that_deal_with_it(store: Store) -> None:
    lena, ada, bob = a_person(store, "lena", PersonRole.LEAD), a_person(store, "ada"), a_person(store, "bob")
    frames = [one.frame.id for one in lease_frames(store, bob, n=100) if one.scene.split is Split.TRAIN]
    release_leases(store, bob)
    assert told(store, lena)["Contested frames"] == 0
    for frame in frames[:2]:
        reviewed(store, bob, frame, T, seconds_shown=0.4)
        reviewed(store, ada, frame, A, seconds_shown=4.0)
    for frame in frames[2:22]:
        reviewed(store, bob, frame, A, seconds_shown=0.4)
    note = Note(token="flag-0001", frame_id=frames[0], kind=NoteKind.FLAG, reason="Is a tram a vehicle?")
    note_frame(store, lena, note)
    write_guideline(store, lena, "# Two", note="Trams are vehicles.")
    now = told(store, lena)
    assert now["Contested frames"] == len(contested_frames(store)) == 2
    assert now["Flags"] == len(open_flags(store)) == 1
    assert now["Audit"] == trust(store).would_audit > 0
    assert now["Guideline"] == 2, "ada and bob have not read version 2"
    work = {one.name: one.too_fast for one in people_summary(store).people}
    (hurried,) = [one for one in overview.matters(store, person(store, lena)) if one.title == "Too fast"]
    assert work["bob"] is not None
    assert hurried.told == f"Answers in under a second: bob {work['bob'].value:.0%} of {work['bob'].n:,}."
    assert (hurried.told, hurried.n) == ("Answers in under a second: bob 100% of 22.", 1)
    assert hurried.path == "frames?person=bob&sort=-seconds"
    assert from_address("person=bob&sort=-seconds").is_reversed
    pause_answers(store, lena, bob, "Too fast")
    close_flags(store, lena, frames[0], token="closed-01", answer="It is.")
    now = told(store, lena)
    assert (now["Too fast"], now["Paused answers"], now["Flags"]) == (0, 1, 0)


def test_states_are_counted_once(store: Store) -> None:
    bob = a_person(store, "bob")
    frame = lease_frames(store, bob, n=1)[0].frame.id
    reviewed(store, bob, frame, T)
    counts = progress(store).states
    with store.read() as session:
        states = frames_by_state(session)
    assert states == {one: sum(side[one] for side in counts.values()) for one in VerificationState}


def test_scripts_and_paused_people_set_no_pace(store: Store) -> None:
    script = int(add_scripted_reviewer(store, "script").id or 0)
    frames = [one.frame.id for one in lease_frames(store, script, n=100)]
    for frame in frames[:3]:
        reviewed(store, script, frame, A)
    assert (forecast(store).per_day, forecast(store).days_left) == (None, None)
    ada = a_person(store, "ada")
    waiting = lease_frames(store, ada, n=1)[0].frame.id
    reviewed(store, ada, waiting, A)
    assert forecast(store).per_day == 1
    with store.read() as session:
        assert [one.is_scripted for one in session.exec(select(Person).order_by(Person.name))] == [
            False,
            True,
        ]
    pause_answers(store, a_person(store, "lena", PersonRole.LEAD), ada, "Too fast")
    assert forecast(store).per_day is None, "paused answers verify nothing"
