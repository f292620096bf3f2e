from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlmodel import Session, select

from annotator.web.shared_writes import SharedWrites
from data.errors import ReviewRefused
from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.store.opening import Store
from data.store.tables import Review
from tests.builders import a_decision, a_person, a_store


class CountingStore(Store):
    """The same store, counting its transactions; it can be told to hold the first one up, or to break at the end."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.engine)
        self.commits = 0
        self.breaks = False
        self.may_go_on = threading.Event()

    @contextmanager
    def write(self, *, alone: bool = False) -> Iterator[Session]:
        with super().write(alone=alone) as session:
            yield session
            assert self.may_go_on.wait(20)
            self.commits += 1
            if self.breaks:
                raise OSError("disk full")


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    return CountingStore(a_store(tmp_path, scenes={"scene-0001": 6, "scene-0002": 6}))


def levels(store: Store) -> list[tuple[int, str]]:
    with store.read() as session:
        return [(row.person_id, row.frame_id) for row in session.exec(select(Review).order_by(Review.id))]  # type: ignore[arg-type]


def held_frames(store: CountingStore, *names: str) -> list[tuple[int, str]]:
    store.may_go_on.set()
    people = [a_person(store, name) for name in names]
    held = [(person, lease_frames(store, person, n=1)[0].frame.id) for person in people]
    store.may_go_on.clear()
    store.commits = 0
    return held


def test_acts_that_wait_while_a_commit_is_under_way_share_the_next_one(store: CountingStore) -> None:
    held = held_frames(store, "ada", "eve", "kim")
    writes = SharedWrites(store)
    under_way = threading.Event()
    first = writes.do(lambda joined: under_way.set())
    assert under_way.wait(20)
    done = [
        writes.do(lambda joined, who=who, frame=frame: submit_review(joined, who, a_decision(frame)))  # type: ignore[misc]
        for who, frame in held
    ]
    assert not any(one.done() for one in done)
    store.may_go_on.set()
    first.result(20)
    assert [one.result(20).frame_id for one in done] == [frame for _, frame in held]
    assert store.commits == 2
    assert levels(store) == held


def test_an_act_that_fails_leaves_nothing_behind_and_holds_up_no_other(store: CountingStore) -> None:
    held = held_frames(store, "ada", "eve")
    store.may_go_on.set()
    writes = SharedWrites(store)

    def half(joined: Store) -> None:
        submit_review(joined, held[0][0], a_decision(held[0][1]))
        raise ReviewRefused("Changed my mind.")

    broken = writes.do(half)
    fine = writes.do(lambda joined: submit_review(joined, held[1][0], a_decision(held[1][1])))
    with pytest.raises(ReviewRefused):
        broken.result(20)
    fine.result(20)
    assert levels(store) == held[1:]


def test_an_act_sees_what_it_has_written_itself(store: CountingStore) -> None:
    ((ada, frame),) = held_frames(store, "ada")
    store.may_go_on.set()

    def write_and_look(joined: Store) -> list[tuple[int, str]]:
        submit_review(joined, ada, a_decision(frame))
        return levels(joined)

    assert SharedWrites(store).do(write_and_look).result(20) == [(ada, frame)]


def test_what_nobody_waits_for_any_more_is_not_done_and_the_rest_is(store: CountingStore) -> None:
    held = held_frames(store, "ada", "eve")
    writes = SharedWrites(store)
    under_way = threading.Event()
    first = writes.do(lambda joined: under_way.set())
    assert under_way.wait(20)
    gone = writes.do(lambda joined: submit_review(joined, held[0][0], a_decision(held[0][1])))
    stays = writes.do(lambda joined: submit_review(joined, held[1][0], a_decision(held[1][1])))
    assert gone.cancel()
    assert not first.cancel()
    store.may_go_on.set()
    stays.result(20)
    assert levels(store) == held[1:]


def test_nobody_is_told_saved_when_the_commit_breaks(store: CountingStore) -> None:
    ((ada, frame),) = held_frames(store, "ada")
    store.breaks = True
    store.may_go_on.set()
    writes = SharedWrites(store)
    with pytest.raises(OSError, match="disk full"):
        writes.do(lambda joined: submit_review(joined, ada, a_decision(frame))).result(20)
    store.breaks = False
    assert levels(store) == []
    writes.do(lambda joined: submit_review(joined, ada, a_decision(frame))).result(20)
    assert levels(store) == [(ada, frame)]
