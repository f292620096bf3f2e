from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import NotAllowed, ReviewRefused
from data.find.marks import OnMany, act_on_frames
from data.overview.frame_history import frame_view
from data.review.blind_audits import open_audit
from data.review.line.next_requests import next_for
from data.review.serving import lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import FrameStatus, TrailEntry
from data.vocabulary import Mode, PersonRole, Split, TrailAct
from tests.builders import S, a_person, a_store, reviewed
from tests.data.review.test_reviews import frames_in

pytestmark = pytest.mark.each_store
ALL_ASSISTED = {Mode.ASSISTED: 1.0}


class Team:
    def __init__(self, folder: Path) -> None:
        self.store: Store = a_store(folder, scenes={"scene-0001": 8, "scene-0002": 8})
        self.lead = a_person(self.store, "lena", PersonRole.LEAD)
        self.ada, self.ben = a_person(self.store, "ada"), a_person(self.store, "ben")
        self.frames = frames_in(self.store, Split.TRAIN)
        with self.store.write() as session:  # the order has the first frame last
            for place, frame in enumerate(self.frames):
                session.get_one(FrameStatus, frame).priority = float(place)

    def asks(self, *frames: str, of: str = "") -> list[tuple[str, str]]:
        return act_on_frames(self.store, self.lead, OnMany(act="next", frames=list(frames), words=of)).refused

    def first_of(self, person_id: int, n: int = 1) -> list[str]:
        served = [one.frame.id for one in lease_frames(self.store, person_id, n=n, shares=ALL_ASSISTED)]
        release_leases(self.store, person_id)
        return served


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


def test_a_leads_frames_come_before_the_order_for_those_who_are_asked_and_the_facts_say_so(
    team: Team,
) -> None:
    last, second = team.frames[0], team.frames[1]
    assert last not in team.first_of(team.ada, 3)
    assert team.asks(last) == []
    assert team.asks(second, of=" ada ") == []
    assert team.asks(last) == []  # once is enough
    assert set(team.first_of(team.ada, 2)) == {last, second}
    assert team.first_of(team.ben)[0] == last
    assert second not in team.first_of(team.ben, 3)
    assert frame_view(team.store, team.lead, second).asked_next == ("asked for next by lena, of ada",)
    assert frame_view(team.store, team.lead, last).asked_next == ("asked for next by lena, of everybody",)
    with team.store.read() as session:
        acts = session.exec(select(TrailEntry).where(TrailEntry.act == TrailAct.REQUESTED_NEXT)).all()
    assert [one.person_id for one in acts] == [team.lead, team.lead]
    back = act_on_frames(team.store, team.lead, OnMany(act="not_next", frames=[last, second, team.frames[2]]))
    assert (back.done, back.refused) == (2, [(team.frames[2], "It was not requested.")])
    assert {last, second}.isdisjoint(team.first_of(team.ada, 3))


def test_a_finished_frame_leaves_and_one_that_waits_for_nothing_is_refused(team: Team) -> None:
    frame, other = team.frames[:2]
    team.asks(frame, other)
    reviewed(team.store, team.ada, frame, S)
    with team.store.read() as session:
        assert next_for(session, team.ben) == [other]
    assert frame_view(team.store, team.lead, frame).asked_next == ()
    assert team.asks(frame) == [(frame, "It waits for no review.")]
    with pytest.raises(ReviewRefused, match="account 'nobody'; those who do are ada, ben, lena"):
        team.asks(other, of="nobody")
    with pytest.raises(NotAllowed):
        act_on_frames(team.store, team.ada, OnMany(act="next", frames=[other]))


def test_blind_audit_and_lease_rules_hold_for_them(team: Team) -> None:
    frame, held_out = team.frames[0], frames_in(team.store, Split.HELD_OUT)[0]
    lease_frames(team.store, team.ben, n=20, shares=ALL_ASSISTED)
    team.asks(frame, held_out)
    assert frame not in team.first_of(team.ada, 20)  # Ben holds it
    release_leases(team.store, team.ben)
    modes = {one.frame.id: one.mode for one in lease_frames(team.store, team.ada, n=2, shares=ALL_ASSISTED)}
    assert modes == {frame: Mode.ASSISTED, held_out: Mode.BLIND}
    release_leases(team.store, team.ada)
    open_audit(team.store, team.lead)
    audited = team.frames[3]
    assert team.asks(audited) == [(audited, "It stands in the open audit, whose order is drawn at random.")]
