"""Leases under every order of acts and under a clock that is set: a state machine, and named cases."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import select

from data.errors import ReviewRefused
from data.maintenance.check import check_store
from data.review.reviews import submit_review
from data.review.serving import LEASE_S, lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import FrameStatus, Lease, Review
from tests.builders import S, T, a_decision, a_person, a_store, frames_of

MINUTE_US, DAY_US = 60_000_000, 86_400_000_000
pytestmark = pytest.mark.each_store


class SetClock:
    """Puts a clock of the test's own into a store."""

    def __init__(self, store: Store) -> None:
        self.now_us = 1_800_000_000_000_000
        store.now_us = lambda session: self.now_us  # type: ignore[method-assign]


class Leases(RuleBasedStateMachine):
    """Three people on four frames who take, decide, decide late, give back, while the clock goes and jumps."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="leases-")
        self.store = a_store(Path(self.folder.name), scenes={"scene-0001": 2, "scene-0002": 2})
        self.people = [a_person(self.store, name) for name in ("ada", "ben", "cleo")]
        self.clock = SetClock(self.store)
        self.shown: dict[int, list[Any]] = {person: [] for person in self.people}
        self.written: set[tuple[str, int]] = set()

    @rule(who=st.integers(0, 2), n=st.integers(1, 3))
    def take(self, who: int, n: int) -> None:
        person = self.people[who]
        served = lease_frames(self.store, person, n=n)
        assert len(served) <= n
        assert all((one.frame.id, person) not in self.written for one in served)
        self.shown[person] += served

    @rule(who=st.integers(0, 2), which=st.integers(0, 5), level=st.sampled_from([S, T]))
    def decide(self, who: int, which: int, level: Any) -> None:
        """On anything that was ever shown, however long ago."""
        person = self.people[who]
        if not self.shown[person]:
            return
        one = self.shown[person][which % len(self.shown[person])]
        with self.store.read() as session:
            lease = session.get(Lease, one.frame.id)
        is_mine = lease is not None and lease.person_id == person
        try:
            submit_review(
                self.store, person, a_decision(one, level, person=person, token=f"{one.frame.id}-{person}")
            )
        except ReviewRefused:
            assert not is_mine or (one.frame.id, person) in self.written
        else:
            assert is_mine or (one.frame.id, person) in self.written
            self.written.add((one.frame.id, person))

    @rule(who=st.integers(0, 2))
    def give_back(self, who: int) -> None:
        release_leases(self.store, self.people[who])

    @rule(minutes=st.sampled_from([1, 5, LEASE_S // 60 + 1]))
    def time_goes_on(self, minutes: int) -> None:
        self.clock.now_us += minutes * MINUTE_US

    @rule(days=st.sampled_from([-1, 1]))
    def the_clock_is_set(self, days: int) -> None:
        self.clock.now_us += days * DAY_US

    @invariant()
    def what_was_written_stands_and_nothing_else(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.read() as session:
            rows = list(session.exec(select(Review.frame_id, Review.person_id)))
            held = [lease.person_id for lease in session.exec(select(Lease))]
            needed = dict(session.exec(select(FrameStatus.frame_id, FrameStatus.reviews_needed)).all())
        assert sorted(rows) == sorted(self.written)
        assert all(held.count(person) <= 3 for person in self.people)
        assert all(needed[frame_id] >= 0 for frame_id in needed)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            state = check_store(self.store)
            assert (state.damages, state.stale_statuses) == ([], [])
            self.store.close()
            self.folder.cleanup()


def test_no_order_of_acts_loses_doubles_or_shares_anything() -> None:
    run = settings(
        max_examples=12,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Leases, settings=run)


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_set_by_a_day_locks_no_frame_away_and_loses_no_answer(
    tmp_path: Path, days: int
) -> None:
    store = a_store(tmp_path)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    clock = SetClock(store)
    shown = lease_frames(store, ada, n=8)
    clock.now_us += days * DAY_US
    kept, passed_on = shown[0], shown[1]
    submit_review(store, ada, a_decision(kept, S, person=ada))  # nobody took it: it counts
    others = {one.frame.id for one in lease_frames(store, ben, n=8)}
    assert others >= {one.frame.id for one in shown[1:]}
    with pytest.raises(ReviewRefused, match="is with somebody else now; your answer was not saved"):
        submit_review(store, ada, a_decision(passed_on, S, person=ada))
    with store.read() as session:
        ends = [lease.until_us - clock.now_us for lease in session.exec(select(Lease))]
    assert set(ends) == {LEASE_S * 1_000_000}


def test_who_asks_again_after_the_clock_was_set_back_keeps_the_frames_in_their_order(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    clock = SetClock(store)
    first = [one.frame.id for one in lease_frames(store, ada, n=8)]
    clock.now_us -= DAY_US
    assert [one.frame.id for one in lease_frames(store, ada, n=8)] == first
    assert lease_frames(store, ben, n=8) == []
    clock.now_us += LEASE_S * 1_000_000
    assert {one.frame.id for one in lease_frames(store, ben, n=8)} == {
        *frames_of("scene-0001"),
        *frames_of("scene-0002"),
    }
