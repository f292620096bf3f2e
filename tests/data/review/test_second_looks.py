from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from data.errors import NotAllowed, ReviewRefused
from data.review.adjudication import Settlement, adjudicate
from data.review.second_looks import send_back
from data.store.opening import Store
from data.store.tables import FrameStatus
from data.verification.verified_frames import verified_frames
from data.vocabulary import PersonRole, Split, TriageLevel, VerificationState
from tests.builders import A, S, a_person, a_store, frames_of, reviewed

pytestmark = pytest.mark.each_store

SCENES = {"scene-0001": 2, "scene-0002": 2}


def a_verified_frame(store: Store) -> str:
    """A training frame that one review has verified as SUPERVISION."""
    ada = a_person(store)
    with store.read() as session:
        statuses = {one: session.get_one(FrameStatus, one) for scene in SCENES for one in frames_of(scene, 2)}
    frame_id = next(one for one, status in statuses.items() if status.split is Split.TRAIN)
    reviewed(store, ada, frame_id, S)
    return frame_id


def state_of(store: Store, frame_id: str) -> tuple[VerificationState, TriageLevel | None]:
    with store.read() as session:
        status = session.get_one(FrameStatus, frame_id)
    return status.state, status.level


def test_a_frame_sent_back_is_contested_and_leaves_the_verified_set(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES)
    frame_id, lena = a_verified_frame(store), a_person(store, "lena", PersonRole.LEAD)
    assert state_of(store, frame_id) == (VerificationState.VERIFIED, S)
    look = send_back(store, lena, frame_id, "  The lane looks blocked. ")
    assert (look.reason, look.after_adjudication_id) == ("The lane looks blocked.", 0)
    assert state_of(store, frame_id) == (VerificationState.CONTESTED, None)
    with store.read() as session:
        assert verified_frames(session, Split.TRAIN) == []


def test_an_adjudication_settles_it_and_it_can_be_sent_back_once_more(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES)
    frame_id, lena = a_verified_frame(store), a_person(store, "lena", PersonRole.LEAD)
    send_back(store, lena, frame_id, "Look again.")
    settled = Settlement(frame_id=frame_id, level=A, reasoning="Free.", action="None.", reason="It is free.")
    first = adjudicate(store, lena, settled)
    assert state_of(store, frame_id) == (VerificationState.VERIFIED, A)
    look = send_back(store, lena, frame_id, "And again.")
    assert look.after_adjudication_id == first.id
    assert state_of(store, frame_id) == (VerificationState.CONTESTED, None)
    adjudicate(store, lena, settled)
    assert state_of(store, frame_id) == (VerificationState.VERIFIED, A)


@pytest.mark.parametrize("reason", ["", "  ", "no"])
def test_without_a_reason_nothing_is_sent_back(tmp_path: Path, reason: str) -> None:
    store = a_store(tmp_path, scenes=SCENES)
    frame_id, lena = a_verified_frame(store), a_person(store, "lena", PersonRole.LEAD)
    with pytest.raises(ReviewRefused, match="why the frame should be looked at again"):
        send_back(store, lena, frame_id, reason)
    assert state_of(store, frame_id) == (VerificationState.VERIFIED, S)


def test_a_frame_that_is_not_verified_cannot_be_sent_back(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES)
    frame_id, lena = a_verified_frame(store), a_person(store, "lena", PersonRole.LEAD)
    send_back(store, lena, frame_id, "Look again.")
    with pytest.raises(ReviewRefused, match="not verified"):
        send_back(store, lena, frame_id, "Look again.")


def test_an_annotator_may_not_send_back(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES)
    frame_id = a_verified_frame(store)
    with pytest.raises(NotAllowed, match="may not send a verified frame back"):
        send_back(store, a_person(store, "ben"), frame_id, "Look again.")


@pytest.mark.parametrize("statement", ["UPDATE second_look SET reason = 'x'", "DELETE FROM second_look"])
def test_the_database_refuses_to_change_what_was_sent_back(tmp_path: Path, statement: str) -> None:
    store = a_store(tmp_path, scenes=SCENES)
    frame_id, lena = a_verified_frame(store), a_person(store, "lena", PersonRole.LEAD)
    send_back(store, lena, frame_id, "Look again.")
    with pytest.raises(DBAPIError, match="never changed"), store.write() as session:
        session.connection().execute(text(statement))
