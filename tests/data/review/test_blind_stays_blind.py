"""What people are to decide without help, they decide without help: no client, lapse or screen gets around it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from data.errors import ReviewRefused
from data.maintenance.trail_check import verify_trail
from data.overview.frame_history import frame_view
from data.review.adjudication import Settlement, adjudicate
from data.review.gold import make_gold, set_gold_share
from data.review.line.modes import assign_mode
from data.review.looks import note_look
from data.review.reviews import submit_review
from data.review.serving import ServedFrame, lease_frames, record_first_level, release_leases
from data.review.tour import TOUR_FRAMES, answer_tour, tour_frames
from data.store import Store
from data.store.tables import FrameLook, GoldFrame, Lease, OwnLevel, Secret
from data.vocabulary import Mode, PersonRole, Split
from tests.builders import A, S, T, a_decision, a_person, a_store, reviewed

DECIDE_FIRST = {Mode.DECIDE_FIRST: 1.0}
pytestmark = pytest.mark.each_store


def a_frame_to_decide_first(tmp_path: Path) -> tuple[Store, int, ServedFrame]:
    store = a_store(tmp_path, scenes={"scene-0001": 2, "scene-0002": 2})
    ada = a_person(store)
    served = next(
        one for one in lease_frames(store, ada, n=4, shares=DECIDE_FIRST) if one.mode is Mode.DECIDE_FIRST
    )
    record_first_level(store, ada, served.frame.id, A)
    return store, ada, served


def lapse(store: Store, frame_id: str) -> None:
    with store.write() as session:
        lease = session.get_one(Lease, frame_id)
        lease.until_us = store.now_us(session) - 1


def again(store: Store, ada: int, frame_id: str) -> ServedFrame:
    served: Sequence[ServedFrame] = lease_frames(store, ada, n=4, shares=DECIDE_FIRST)
    return next(one for one in served if one.frame.id == frame_id)


def test_a_later_decision_keeps_the_own_level_of_the_first(tmp_path: Path) -> None:
    store, ada, served = a_frame_to_decide_first(tmp_path)
    first = submit_review(store, ada, a_decision(served, S, person=ada))
    assert first.first_level is A
    later = a_decision(served, S, person=ada, first_level=T, supersedes_id=first.id, token="another-token")
    assert submit_review(store, ada, later).first_level is A


@pytest.mark.parametrize("how", ["signing out", "a lapse"])
def test_the_first_own_level_outlives_the_lease(tmp_path: Path, how: str) -> None:
    store, ada, served = a_frame_to_decide_first(tmp_path)
    if how == "a lapse":
        lapse(store, served.frame.id)
    else:
        release_leases(store, ada)
    once_more = again(store, ada, served.frame.id)
    assert once_more.first_level is A
    assert once_more.shown_proposal is not None
    assert record_first_level(store, ada, served.frame.id, T).first_level is A
    assert submit_review(store, ada, a_decision(once_more, S, first_level=T)).first_level is A


def test_an_own_level_is_an_act_of_the_trail_and_never_changed(tmp_path: Path) -> None:
    store, ada, served = a_frame_to_decide_first(tmp_path)
    with store.read() as session:
        assert [one.level for one in session.exec(select(OwnLevel))] == [A]
        assert verify_trail(session).is_whole
    with pytest.raises(Exception, match="never changed"), store.write() as session:
        session.get_one(OwnLevel, (served.frame.id, ada)).level = T


def test_modes_and_gold_cannot_be_worked_out_from_what_a_browser_knows(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 40, "scene-0002": 4})
    with store.write() as session:
        session.get_one(Secret, "serving").value = "5a" * 32
    ada = a_person(store)
    served = [one for one in lease_frames(store, ada, n=44) if one.scene.split is Split.TRAIN]
    guessed = [assign_mode(bytes(32), one.frame.id, ada, Split.TRAIN) for one in served]
    right = sum(guess is one.mode for guess, one in zip(guessed, served, strict=True))
    assert 0 < right < len(served)


def a_store_with_gold_on_the_tour(tmp_path: Path) -> tuple[Store, int]:
    store = a_store(tmp_path, scenes={"scene-0001": 30, "scene-0002": 4})
    lena = a_person(store, "lena", PersonRole.LEAD)
    ben, cleo = a_person(store, "ben"), a_person(store, "cleo")
    served = [one.frame.id for one in lease_frames(store, ben, n=100) if one.scene.split is Split.TRAIN]
    for frame in served[: 2 * TOUR_FRAMES]:
        reviewed(store, ben, frame, T)
        reviewed(store, cleo, frame, A)
        said: dict[str, Any] = {"level": T, "reasoning": "A dog.", "action": "Stop.", "reason": "A dog."}
        adjudicate(store, lena, Settlement(frame_id=frame, **said))
    return store, lena


def test_gold_is_never_on_the_tour_and_the_tours_frames_are_never_gold_for_who_took_it(
    tmp_path: Path,
) -> None:
    store, lena = a_store_with_gold_on_the_tour(tmp_path)
    ada = a_person(store)
    toured = [one.frame.id for one in tour_frames(store, ada)]
    assert len(toured) == TOUR_FRAMES
    make_gold(store, lena, toured[0])
    assert toured[0] not in [one.frame.id for one in tour_frames(store, ada)]
    for one in tour_frames(store, ada):
        answer_tour(store, ada, one.frame.id, S)
    for frame in toured:
        make_gold(store, lena, frame)
    set_gold_share(store, lena, 0.3)
    served = {one.frame.id for one in lease_frames(store, ada, n=20)}
    with store.read() as session:
        golds = set(session.exec(select(GoldFrame.frame_id)))
    answered = set(toured[1:])
    assert answered <= golds
    assert not served & answered


def test_a_lead_cannot_look_at_a_frame_while_it_is_theirs_to_judge(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    lena = a_person(store, "lena", PersonRole.LEAD)
    held = lease_frames(store, lena, n=1)[0].frame.id
    with pytest.raises(ReviewRefused, match="You are reviewing this frame"):
        frame_view(store, lena, held)
    with pytest.raises(ReviewRefused):
        note_look(store, lena, held)


def test_a_lead_who_has_looked_at_a_frame_is_not_asked_about_it_and_the_trail_says_so(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 2, "scene-0002": 2})
    lena = a_person(store, "lena", PersonRole.LEAD)
    every = {one.frame.id for one in lease_frames(store, lena, n=4)}
    release_leases(store, lena)
    seen = min(every)
    for _ in range(2):
        frame_view(store, lena, seen)
    assert {one.frame.id for one in lease_frames(store, lena, n=4)} == every - {seen}
    with store.read() as session:
        assert session.exec(select(FrameLook.frame_id)).all() == [seen]
        assert verify_trail(session).is_whole
