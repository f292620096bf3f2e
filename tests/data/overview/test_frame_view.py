from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import NotAllowed, TraceError
from data.overview.frame_history import frame_view, next_in_line
from data.store.tables import Frame, FrameStatus
from data.vocabulary import ModelRole, PersonRole, VerificationState
from tests.builders import A, S, T, a_filename, a_person, a_store, frames_of, reviewed


def test_a_frame_is_seen_with_everything_that_was_said_of_it(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=T, student=A)
    ada, lead = a_person(store, "ada"), a_person(store, "lena", PersonRole.LEAD)
    frame_id = frames_of("scene-0001")[2]
    reviewed(store, ada, frame_id, S)
    by_id, by_name = (frame_view(store, lead, one) for one in (frame_id, a_filename("scene-0001", 2)))
    assert by_id.frame.id == by_name.frame.id == frame_id
    assert [(review.level, who.name) for review, who in by_id.reviews] == [(S, "ada")]
    assert {(run.role, proposal.level) for proposal, run in by_id.proposals} == {
        (ModelRole.TEACHER, T),
        (ModelRole.STUDENT, A),
    }
    assert by_id.status is not None
    assert by_id.status.state is VerificationState.AWAITING
    assert not by_id.is_gold


def test_an_annotator_who_is_sent_a_frame_s_address_is_not_shown_it(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store, "ada")
    with pytest.raises(NotAllowed, match="may not see progress"):
        frame_view(store, ada, frames_of("scene-0001")[0])
    with pytest.raises(NotAllowed):
        next_in_line(store, ada)


def test_an_address_without_a_frame_is_named(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with pytest.raises(TraceError, match="'nowhere' is no frame: enter a frame's id"):
        frame_view(store, a_person(store, "lena", PersonRole.LEAD), "nowhere")


@pytest.mark.parametrize(
    "words", ["scene-0001 frame 3", "scene-0001 · frame 3 · boston-seaport", " {id} ", "{beginning}"]
)
def test_a_frame_is_found_under_every_name_that_screens_and_tables_show(tmp_path: Path, words: str) -> None:
    store = a_store(tmp_path)
    frame_id = frames_of("scene-0001")[2]
    address = words.format(id=frame_id, beginning=frame_id[:8])
    assert frame_view(store, a_person(store, "lena", PersonRole.LEAD), address).frame.id == frame_id


def test_a_beginning_that_several_ids_share_names_none_of_them(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    lead = a_person(store, "lena", PersonRole.LEAD)
    with store.write() as session:
        known = session.get_one(Frame, frames_of("scene-0001")[0]).model_dump()
        for place in (8, 9):
            row = {**known, "id": f"abcdef{place}", "filename": f"{place}.jpg", "position": place}
            session.add(Frame.model_validate(row))
    with pytest.raises(TraceError, match="Several frames are written as 'abcdef'"):
        frame_view(store, lead, "abcdef")


def test_a_lead_sees_the_terms_of_what_comes_next_in_the_order_of_serving(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    lead = a_person(store, "lena", PersonRole.LEAD)
    with store.write() as session:
        for place, frame_id in enumerate(frames_of("scene-0001")):
            status = session.get_one(FrameStatus, frame_id)
            status.priority, status.priority_terms = 5.0 + place, {"boundary": 5.0 + place}
    first = next_in_line(store, lead, n=2)
    assert [one.frame.position for one in first] == [3, 2]
    assert first[0].terms == {"boundary": 8.0}
