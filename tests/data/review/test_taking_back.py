"""Taking a settlement back: the frame stands as before, nothing is deleted, and what has come of it is protected."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import col, select

from data.errors import ReviewRefused
from data.maintenance.check import check_store
from data.overview.contested import contested_frames, random_share_to_settle
from data.overview.frame_history import frame_view
from data.overview.own_frames import Outcome, own_record
from data.review.adjudication import Settlement, adjudicate, last_settlement, take_back
from data.review.serving import lease_frames
from data.store.opening import Store
from data.store.tables import Adjudication, FrameStatus, GoldFrame, RandomShare, TrailEntry
from data.vocabulary import PersonRole, Split, TriageLevel, VerificationState
from tests.builders import A, S, T, a_person, a_store, reviewed

pytestmark = pytest.mark.each_store


def a_store_with_conflicts(tmp_path: Path) -> tuple[Store, int, int, list[str]]:
    """Two training frames on which ada says TELEOPERATION and ben AUTONOMY."""
    store = a_store(tmp_path, scenes={"scene-0001": 6, "scene-0002": 6}, teacher=A)
    lena, ada, ben = a_person(store, "lena", PersonRole.LEAD), a_person(store, "ada"), a_person(store, "ben")
    served = [one.frame.id for one in lease_frames(store, ada, n=100) if one.scene.split is Split.TRAIN]
    for frame in served[:2]:
        reviewed(store, ada, frame, T)
        reviewed(store, ben, frame, A)
    return store, lena, ada, served[:2]


def settled(store: Store, lead: int, frame: str, level: TriageLevel = S, *, as_gold: bool = False) -> int:
    words = Settlement(
        frame_id=frame, level=level, reasoning="Works.", action="Watch.", reason="Cones.", as_gold=as_gold
    )
    return int(adjudicate(store, lead, words).id or 0)


def state(store: Store, frame: str) -> tuple[VerificationState, TriageLevel | None]:
    with store.read() as session:
        status = session.get_one(FrameStatus, frame)
        return status.state, status.level


def test_a_settlement_taken_back_counts_nowhere_and_stays_in_the_record(tmp_path: Path) -> None:
    store, lena, ada, (frame, _) = a_store_with_conflicts(tmp_path)
    number = settled(store, lena, frame)
    assert state(store, frame) == (VerificationState.VERIFIED, S)
    assert take_back(store, lena, number) == frame
    assert state(store, frame) == (VerificationState.CONTESTED, None)
    assert frame in {one.frame.id for one in contested_frames(store)}
    assert check_store(store).damages == []
    view = frame_view(store, lena, frame)
    assert [row.id for row, _ in view.adjudications] == [number]
    assert view.taken_back == {number}
    assert {one.frame.id: one.outcome for one in own_record(store, ada).frames}[frame] is Outcome.CONTESTED
    with store.read() as session:
        assert len(session.exec(select(Adjudication)).all()) == 1
        acts = session.exec(select(TrailEntry.act).order_by(col(TrailEntry.id).desc()).limit(2)).all()
        assert "withdrew_adjudication" in acts
        assert last_settlement(session, lena) is None
    again = settled(store, lena, frame, T)
    assert state(store, frame) == (VerificationState.VERIFIED, T)
    with store.read() as session:
        assert last_settlement(session, lena).id == again  # type: ignore[union-attr]


def test_only_ones_own_last_settlement_that_nothing_rests_on_is_taken_back(tmp_path: Path) -> None:
    store, lena, _, (first, second) = a_store_with_conflicts(tmp_path)
    lea = a_person(store, "lea", PersonRole.LEAD)
    before = settled(store, lena, first)
    with pytest.raises(ReviewRefused, match="your own"):
        take_back(store, lea, before)
    with pytest.raises(ReviewRefused, match="more than 0 minutes ago"):
        take_back(store, lena, before, within_s=0)
    latest = settled(store, lena, second, as_gold=True)
    with pytest.raises(ReviewRefused, match="A later settlement"):
        take_back(store, lena, before)
    with pytest.raises(ReviewRefused, match="hidden test"):
        take_back(store, lena, latest)
    with store.read() as session:
        assert session.exec(select(GoldFrame.adjudication_id)).all() == [latest]


def test_a_settlement_is_taken_back_once(tmp_path: Path) -> None:
    store, lena, _, (frame, _) = a_store_with_conflicts(tmp_path)
    number = settled(store, lena, frame)
    take_back(store, lena, number)
    with pytest.raises(ReviewRefused, match="already"):
        take_back(store, lena, number)


def test_a_frame_of_the_random_share_is_to_be_settled_again(tmp_path: Path) -> None:
    store, lena, ada, _ = a_store_with_conflicts(tmp_path)
    held = lease_frames(store, ada, n=100)
    served = next(one.frame.id for one in held if one.scene.split is Split.TRAIN)
    reviewed(store, ada, served, A)
    with store.write() as session:
        if session.get(RandomShare, served) is None:
            session.add(RandomShare(frame_id=served, inclusion_probability=0.1, place=0.0))
    assert served in {one.frame.id for one in random_share_to_settle(store)}
    number = settled(store, lena, served, A)
    assert served not in {one.frame.id for one in random_share_to_settle(store)}
    take_back(store, lena, number)
    assert served in {one.frame.id for one in random_share_to_settle(store)}
