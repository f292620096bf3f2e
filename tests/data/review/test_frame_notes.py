"""Whose notes about which frames are taken: what a person was served, and for leads everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import NoteRefused
from data.review.notes import Note, note_frame
from data.review.serving import lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import Frame, FrameNote, Lease
from data.vocabulary import NoteKind, PersonRole
from tests.builders import S, a_person, a_store, a_token, reviewed

pytestmark = pytest.mark.each_store

REFUSED = "This frame is no longer reserved for you, so your note was not saved; a lead can still flag it."


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path, scenes={"scene-0001": 4, "scene-0002": 4})


def a_note(frame: str, kind: NoteKind = NoteKind.FLAG, *, token: str = "") -> Note:
    words = {"token": token or a_token(f"{kind}-{frame}"), "reason": "Is a tram a vehicle?"}
    return Note.model_validate({"frame_id": frame, "kind": kind, **words})


def lapse(store: Store, frame: str) -> None:
    """As when a browser gave no sign of life for longer than a lease lasts."""
    with store.write() as session:
        lease = session.get_one(Lease, frame)
        lease.leased_at_us, lease.until_us = 1, 2


def notes(store: Store) -> list[tuple[int, str, NoteKind]]:
    with store.read() as session:
        return [(row.person_id, row.frame_id, row.kind) for row in session.exec(select(FrameNote))]


@pytest.mark.parametrize("kind", [NoteKind.FLAG, NoteKind.SKIP, NoteKind.UNREADABLE])
def test_what_a_person_was_not_served_cannot_be_noted(store: Store, kind: NoteKind) -> None:
    ada, ben = a_person(store), a_person(store, "ben")
    (theirs,) = lease_frames(store, ben)
    with store.read() as session:
        free = session.exec(select(Frame.id).where(Frame.id != theirs.frame.id)).first()
    for frame in (theirs.frame.id, str(free), "no-such-frame"):
        with pytest.raises(NoteRefused) as refused:
            note_frame(store, ada, a_note(frame, kind))
        assert str(refused.value) == REFUSED
    assert notes(store) == []
    with store.read() as session:
        assert session.get_one(Lease, theirs.frame.id).person_id == ben


def test_frames_that_wait_behind_the_one_on_screen_can_be_noted(store: Store) -> None:
    ada = a_person(store)
    held = [one.frame.id for one in lease_frames(store, ada, n=4)]
    for frame in held:
        note_frame(store, ada, a_note(frame, NoteKind.UNREADABLE))
    assert notes(store) == [(ada, frame, NoteKind.UNREADABLE) for frame in held]


def test_a_frame_can_be_flagged_after_it_was_reviewed(store: Store) -> None:
    ada, ben = a_person(store), a_person(store, "ben")
    (served,) = lease_frames(store, ada)
    reviewed(store, ada, served.frame.id, S)
    note_frame(store, ada, a_note(served.frame.id))
    with pytest.raises(NoteRefused):
        note_frame(store, ben, a_note(served.frame.id, token="the-other-one"))
    assert notes(store) == [(ada, served.frame.id, NoteKind.FLAG)]


def test_a_late_note_is_taken_as_long_as_nobody_else_has_the_frame(store: Store) -> None:
    ada, ben = a_person(store), a_person(store, "ben")
    first, second = (one.frame.id for one in lease_frames(store, ada, n=2))
    lapse(store, first)
    note_frame(store, ada, a_note(first))
    lapse(store, second)
    lease_frames(store, ben, n=8)
    with pytest.raises(NoteRefused, match="no longer reserved for you"):
        note_frame(store, ada, a_note(second))
    assert notes(store) == [(ada, first, NoteKind.FLAG)]


def test_a_note_that_was_taken_stays_taken_when_it_is_sent_again_after_the_frame_went_on(
    store: Store,
) -> None:
    ada, ben = a_person(store), a_person(store, "ben")
    (served,) = lease_frames(store, ada)
    skip = a_note(served.frame.id, NoteKind.SKIP)
    written = note_frame(store, ada, skip)
    assert served.frame.id in [one.frame.id for one in lease_frames(store, ben, n=8)]
    assert note_frame(store, ada, skip).id == written.id
    release_leases(store, ben)
    assert note_frame(store, ada, skip).id == written.id
    assert len(notes(store)) == 1


def test_a_lead_notes_any_frame_that_there_is(store: Store) -> None:
    lena, ben = a_person(store, "lena", PersonRole.LEAD), a_person(store, "ben")
    (theirs,) = lease_frames(store, ben)
    note_frame(store, lena, a_note(theirs.frame.id))
    with pytest.raises(NoteRefused, match="There is no frame no-such-frame"):
        note_frame(store, lena, a_note("no-such-frame"))
    assert notes(store) == [(lena, theirs.frame.id, NoteKind.FLAG)]
