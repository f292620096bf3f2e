from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import NotAllowed, ReviewRefused
from data.overview.progress import progress
from data.review.adjudication import Settlement, adjudicate
from data.review.gold import gold_due, make_gold, set_gold_share
from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.store.opening import Store
from data.store.tables import GoldFrame, Review
from data.verification.verified_frames import verified_frames
from data.vocabulary import PersonRole, Split, VerificationState
from tests.builders import A, S, T, a_decision, a_person, a_store, reviewed

KEY = bytes(32)

pytestmark = pytest.mark.each_store


def a_settled_frame(store: Store, lead: int) -> str:
    """A training frame on which ada said TELEOPERATION and ben AUTONOMY, settled as TELEOPERATION."""
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    frame = next(one.frame for one in lease_frames(store, ada, n=100) if one.scene.split is Split.TRAIN)
    reviewed(store, ada, frame.id, T)
    reviewed(store, ben, frame.id, A)
    settlement = Settlement(frame_id=frame.id, level=T, reasoning="A dog.", action="Stop.", reason="A dog.")
    adjudicate(store, lead, settlement)
    return frame.id


def test_a_settled_frame_becomes_gold_once_and_keeps_what_was_proposed(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=A)
    lead = a_person(store, "lena", PersonRole.LEAD)
    frame_id = a_settled_frame(store, lead)
    first, second = make_gold(store, lead, frame_id), make_gold(store, lead, frame_id)
    assert (first.level, first.proposed) == (T, A)
    assert second.made_at_us == first.made_at_us


def test_a_frame_that_nobody_settled_cannot_be_gold(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    lead = a_person(store, "lena", PersonRole.LEAD)
    with pytest.raises(ReviewRefused, match="settle it first"):
        make_gold(store, lead, "nothing")
    with pytest.raises(NotAllowed):
        make_gold(store, a_person(store), "nothing")


def test_gold_is_served_like_any_other_frame_and_never_twice_to_one_person(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=A)
    lead = a_person(store, "lena", PersonRole.LEAD)
    gold = make_gold(store, lead, a_settled_frame(store, lead)).frame_id
    set_gold_share(store, lead, 0.3)
    cleo = a_person(store, "cleo")
    place = next(n for n in range(100) if gold_due(KEY, cleo, n, 0.3))
    served = lease_frames(store, cleo, n=place + 1)
    assert served[place].frame.id == gold
    for one in served:
        submit_review(store, cleo, a_decision(one, A, person=cleo))
    assert gold not in {one.frame.id for one in lease_frames(store, cleo, n=10)}


def test_what_people_say_of_gold_changes_nothing_about_the_frame(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=A)
    lead = a_person(store, "lena", PersonRole.LEAD)
    gold = make_gold(store, lead, a_settled_frame(store, lead)).frame_id
    with store.read() as session:
        before = verified_frames(session, Split.TRAIN)
    set_gold_share(store, lead, 0.3)
    cleo = a_person(store, "cleo")
    place = next(n for n in range(100) if gold_due(KEY, cleo, n, 0.3))
    served = lease_frames(store, cleo, n=place + 1)
    submit_review(store, cleo, a_decision(served[place], S, person=cleo))
    with store.read() as session:
        assert session.exec(select(Review).where(Review.frame_id == gold, Review.person_id == cleo)).one()
        assert verified_frames(session, Split.TRAIN) == before
    states = progress(store).states[Split.TRAIN]
    assert states[VerificationState.CONTESTED] == 0


def test_the_lead_who_made_gold_is_not_tested_with_it(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=A)
    lead = a_person(store, "lena", PersonRole.LEAD)
    gold = make_gold(store, lead, a_settled_frame(store, lead)).frame_id
    set_gold_share(store, lead, 0.3)
    assert gold not in {one.frame.id for one in lease_frames(store, lead, n=100)}


def test_the_share_stays_between_nothing_and_thirty_percent(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    lead = a_person(store, "lena", PersonRole.LEAD)
    with pytest.raises(ReviewRefused, match="50%"):
        set_gold_share(store, lead, 0.5)
    set_gold_share(store, lead, 0.1)
    with pytest.raises(NotAllowed):
        set_gold_share(store, a_person(store), 0.1)


def test_gold_rows_are_never_changed(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=A)
    lead = a_person(store, "lena", PersonRole.LEAD)
    make_gold(store, lead, a_settled_frame(store, lead))
    with pytest.raises(Exception, match="never changed"), store.write() as session:
        session.delete(session.exec(select(GoldFrame)).one())


def test_a_lead_who_reviewed_a_frame_settles_it_only_as_the_only_lead(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=A)
    lead, ada = a_person(store, "lena", PersonRole.LEAD), a_person(store, "ada")
    frame = next(one.frame for one in lease_frames(store, ada, n=100) if one.scene.split is Split.TRAIN)
    reviewed(store, ada, frame.id, T)
    reviewed(store, lead, frame.id, A)
    other = a_person(store, "otto", PersonRole.LEAD)
    settlement = Settlement(frame_id=frame.id, level=T, reasoning="A dog.", action="Stop.", reason="A dog.")
    with pytest.raises(ReviewRefused, match="another lead"):
        adjudicate(store, lead, settlement)
    assert adjudicate(store, other, settlement).level is T
