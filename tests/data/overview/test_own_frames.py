"""What a person is told of their own answers, and what they are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from data.overview.own_frames import Outcome, OwnFlag, OwnFrame, matching, own_record
from data.review.adjudication import Settlement, adjudicate
from data.review.gold import make_gold
from data.review.notes import Note, close_flags, note_frame
from data.review.reviews import submit_review
from data.review.second_looks import send_back
from data.store.opening import Store
from data.store.tables import FrameStatus, Lease, Person, Proposal
from data.vocabulary import Mode, NoteKind, PersonRole, Split, TriageLevel
from tests.builders import a_decision, a_person, a_store, reviewed

A, S, T = TriageLevel
SCENES = {f"scene-{number:04}": 4 for number in range(1, 7)}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path, scenes=SCENES, teacher=S)


def train_frames(store: Store) -> list[str]:
    with store.read() as session:
        return sorted(session.exec(select(FrameStatus.frame_id).where(FrameStatus.split == Split.TRAIN)))


def told(store: Store, person_id: int) -> dict[str, OwnFrame]:
    return {one.frame.id: one for one in own_record(store, person_id).frames}


def review_as_served(store: Store, person_id: int, frame: str, level: TriageLevel) -> None:
    """A review of a frame that needs none, as when it is served as a test."""
    with store.write() as session:
        now_us = store.now_us(session)
        proposal = session.exec(select(Proposal).where(Proposal.frame_id == frame)).first()
        session.add(
            Lease(
                frame_id=frame,
                person_id=person_id,
                mode=Mode.ASSISTED,
                proposal_id=proposal.id if proposal else None,
                leased_at_us=now_us,
                until_us=now_us + 10**9,
            )
        )
    submit_review(store, person_id, a_decision(frame, level, person=person_id))


def test_every_outcome_is_told_with_the_leads_reason(store: Store) -> None:
    ada, bob, lena = a_person(store), a_person(store, "bob"), a_person(store, "lena", PersonRole.LEAD)
    verified, awaiting, contested, settled, back = train_frames(store)[:5]
    reviewed(store, ada, verified, A)
    reviewed(store, ada, awaiting, T)
    for frame in (contested, settled):
        reviewed(store, ada, frame, T)
        reviewed(store, bob, frame, S)
    adjudicate(store, lena, Settlement(frame_id=settled, level=S, reason="The lane stays open."))
    reviewed(store, ada, back, S)
    send_back(store, lena, back, "The cones were overlooked.")
    outcomes = told(store, ada)
    assert {frame: (one.outcome, one.final, one.why) for frame, one in outcomes.items()} == {
        verified: (Outcome.VERIFIED, A, None),
        awaiting: (Outcome.AWAITING, None, None),
        contested: (Outcome.CONTESTED, None, None),
        settled: (Outcome.SETTLED, S, "The lane stays open."),
        back: (Outcome.SENT_BACK, None, "The cones were overlooked."),
    }
    assert own_record(store, ada).agreement == (0, 1)
    assert own_record(store, bob).agreement == (1, 1)


def test_a_flag_is_answered(store: Store) -> None:
    ada, lena = a_person(store), a_person(store, "lena", PersonRole.LEAD)
    frame = train_frames(store)[0]
    reviewed(store, ada, frame, A)
    note = Note(token="flag-one-token", frame_id=frame, kind=NoteKind.FLAG, reason="Is a tram a vehicle?")
    note_frame(store, ada, note)
    assert told(store, ada)[frame].flags == (OwnFlag("Is a tram a vehicle?", None),)
    close_flags(store, lena, frame, token="closed-token", answer="Yes, like a bus.")
    assert told(store, ada)[frame].flags == (OwnFlag("Is a tram a vehicle?", "Yes, like a bus."),)


def test_a_hidden_test_looks_like_any_other_frame_until_nobody_can_be_served_it(store: Store) -> None:
    ada, bob = a_person(store), a_person(store, "bob")
    lena = a_person(store, "lena", PersonRole.LEAD)
    gold, plain_frame = train_frames(store)[:2]
    for person, level in ((bob, T), (a_person(store, "eve"), S)):
        reviewed(store, person, gold, level)
    adjudicate(store, lena, Settlement(frame_id=gold, level=T, reason="A person directs traffic."))
    make_gold(store, lena, gold)
    a_person(store, "carol")  # whom the test can still be served to
    review_as_served(store, ada, gold, A)
    reviewed(store, ada, plain_frame, A)
    outcomes = told(store, ada)
    seen = [
        (outcomes[frame].outcome, outcomes[frame].final, outcomes[frame].why) for frame in (gold, plain_frame)
    ]
    assert seen[0] == seen[1] == (Outcome.VERIFIED, A, None)
    assert own_record(store, ada).tests is None
    with store.write() as session:
        for other in session.exec(select(Person).where(Person.id != ada)):
            other.is_disabled = True
    assert (told(store, ada)[gold].outcome, told(store, ada)[gold].final) == (Outcome.TEST, T)


def test_answers_are_found_by_place_level_and_words(store: Store) -> None:
    ada = a_person(store)
    one, other = train_frames(store)[:2]
    reviewed(store, ada, one, A, reasoning="A crane stands beside the road.")
    reviewed(store, ada, other, T)
    frames = own_record(store, ada).frames
    assert [found.frame.id for found in matching(frames, "CRANE autonomy")] == [one]
    assert [found.frame.id for found in matching(frames, "teleoperation waits")] == [other]
    assert matching(frames, "crane teleoperation") == []
    assert len(matching(frames, "  ")) == 2
