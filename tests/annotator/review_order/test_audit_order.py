from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from annotator.review_order.ranking import is_in_random_share, rank_frames, rank_if_due
from data.errors import NotAllowed, ReviewRefused
from data.review.audit_lots import lot_state
from data.review.blind_audits import open_audit
from data.review.serving import lease_frames
from data.store.tables import FrameStatus, RandomShare
from data.vocabulary import Mode, PersonRole, Split
from eval.certificate.from_store import trust
from tests.builders import A, T, a_person, a_store, reviewed

pytestmark = pytest.mark.each_store

SCENES = {"scene-0001": 6, "scene-0002": 6, "scene-0003": 6, "scene-0004": 6}


def test_an_audit_serves_blind_and_a_miss_opens_the_next_lot(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES, teacher=A)
    lead, ada = a_person(store, "lena", PersonRole.LEAD), a_person(store, "ada")
    rank_frames(store)
    lot = open_audit(store, lead)
    rank_frames(store)
    with pytest.raises(ReviewRefused, match="open already"):
        open_audit(store, lead)
    with pytest.raises(NotAllowed):
        open_audit(store, ada)
    with store.read() as session:
        state = lot_state(session)
    assert state is not None
    served = [one for one in lease_frames(store, ada, n=100) if one.scene.split is Split.TRAIN]
    assert {one.mode for one in served} == {Mode.BLIND}
    assert [one.frame.id for one in served] == state.waiting
    reviewed(store, ada, state.waiting[0], T)
    assert trust(store).lots[0].missed == []
    rank_frames(store)
    ben = a_person(store, "ben")
    (first,) = lease_frames(store, ben, n=1)
    assert (first.frame.id, first.mode) == (state.waiting[0], Mode.BLIND)
    reviewed(store, ben, state.waiting[0], T)
    found = trust(store)
    assert [one.number for one in found.lots] == [1, 2]
    assert len(found.lots[0].missed) == 1
    assert found.lots[1].frames < lot.frames - 1


def test_a_miss_counts_while_frames_before_it_are_still_with_somebody(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES, teacher=A)
    lead, ada = a_person(store, "lena", PersonRole.LEAD), a_person(store, "ada")
    open_audit(store, lead)
    with store.read() as session:
        state = lot_state(session)
    assert state is not None
    reviewed(store, ada, state.waiting[3], T)
    certificate = trust(store).certificate
    assert certificate is not None
    assert (certificate.misses, certificate.is_given, certificate.more) == (1, False, None)


def test_the_random_share_is_recorded_with_its_probability_and_the_order_follows_reviews(
    tmp_path: Path,
) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 40, "scene-0002": 40}, teacher=A)
    ada = a_person(store)
    assert rank_if_due(store)
    with store.read() as session:
        drawn = session.exec(select(RandomShare)).all()
        train = session.exec(select(FrameStatus).where(FrameStatus.split == Split.TRAIN)).all()
    assert {one.frame_id for one in drawn} == {
        row.frame_id for row in train if is_in_random_share(row.frame_id)
    }
    assert {one.inclusion_probability for one in drawn} == {0.10}
    assert not rank_if_due(store)
    reviewed(store, ada, train[0].frame_id, T)
    assert rank_if_due(store)
