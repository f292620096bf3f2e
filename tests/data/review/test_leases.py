from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlmodel import select

from data.errors import NotAllowed
from data.review.line.modes import assign_mode
from data.review.reviews import submit_review
from data.review.serving import _queue, lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, Lease, Review
from data.verification.status import refresh_statuses
from data.vocabulary import Mode, PersonRole, SetAside, Split
from tests.builders import S, a_decision, a_person, a_store, frames_of, reviewed

KEY = bytes(32)

pytestmark = pytest.mark.each_store


def test_two_people_never_hold_the_same_frame(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    first = {one.frame.id for one in lease_frames(store, ada, n=5)}
    second = {one.frame.id for one in lease_frames(store, ben, n=5)}
    assert (len(first), len(second)) == (5, 3)
    assert not first & second


def test_asking_again_gives_the_same_frames_in_the_same_order(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store)
    first = [one.frame.id for one in lease_frames(store, ada, n=3)]
    assert [one.frame.id for one in lease_frames(store, ada, n=3)] == first
    assert [one.frame.id for one in lease_frames(store, ada, n=5)][:3] == first


def test_the_highest_priority_comes_first(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with store.write() as session:
        for place, status in enumerate(session.exec(select(FrameStatus).order_by(FrameStatus.frame_id))):
            status.priority = [3.0, 9.0, 1.0, 5.0, 2.0, 8.0, 7.0, 6.0][place]
            session.add(status)
    served = lease_frames(store, a_person(store), n=8)
    with store.read() as session:
        priorities = [session.get_one(FrameStatus, one.frame.id).priority for one in served]
    assert priorities == [9.0, 8.0, 7.0, 6.0, 5.0, 3.0, 2.0, 1.0]


def test_an_expired_lease_frees_the_frame_for_others(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    lease_frames(store, ada, n=8, lease_s=0)
    assert len(lease_frames(store, ben, n=8)) == 8


def test_released_frames_are_free_at_once(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    lease_frames(store, ada, n=8)
    release_leases(store, ada)
    assert len(lease_frames(store, ben, n=8)) == 8


def test_a_frame_that_a_person_reviewed_is_not_served_to_them_again(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store)
    done = lease_frames(store, ada, n=1)[0].frame.id
    reviewed(store, ada, done, S)
    assert done not in {one.frame.id for one in lease_frames(store, ada, n=8)}


def test_a_training_frame_waits_for_its_teacher_and_a_held_out_frame_does_not(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=None, student=None)
    refresh_statuses(store)
    served = lease_frames(store, a_person(store), n=8)
    assert len(served) == 4
    assert {one.mode for one in served} == {Mode.BLIND}
    assert {one.proposal for one in served} == {None}


def test_blind_serves_no_proposal_and_the_other_modes_do(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 60, "scene-0002": 20})
    served = lease_frames(store, a_person(store), n=80)
    assert {one.mode for one in served} == set(Mode) - {Mode.STACK}
    assert all((one.proposal is None) == (one.mode is Mode.BLIND) for one in served)


def test_modes_follow_their_shares_and_stay_the_same() -> None:
    modes = [assign_mode(KEY, f"frame-{n}", 1, Split.TRAIN) for n in range(4000)]
    shares = {mode: n / 4000 for mode, n in Counter(modes).items()}
    assert abs(shares[Mode.ASSISTED] - 0.8) < 0.03
    assert abs(shares[Mode.BLIND] - 0.1) < 0.02
    assert modes[:50] == [assign_mode(KEY, f"frame-{n}", 1, Split.TRAIN) for n in range(50)]
    assert {assign_mode(KEY, f"frame-{n}", 1, Split.HELD_OUT) for n in range(50)} == {Mode.BLIND}


def test_a_trainer_is_served_nothing(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with pytest.raises(NotAllowed, match="theo is a trainer and may not review frames"):
        lease_frames(store, a_person(store, "theo", PersonRole.TRAINER))


def test_many_people_at_once_get_distinct_frames(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 30, "scene-0002": 10})
    people = [a_person(store, f"person-{n}") for n in range(8)]
    threads = [threading.Thread(target=lease_frames, args=(store, one), kwargs={"n": 5}) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        leases = session.exec(select(Lease)).all()
    assert Counter(lease.person_id for lease in leases) == dict.fromkeys(people, 5)
    assert len({lease.frame_id for lease in leases}) == 40


def test_frames_set_aside_are_never_served(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    gone = frames_of("scene-0001")[2]
    with store.write() as session:
        session.get_one(Frame, gone).set_aside = SetAside.IMAGE_MISSING
    refresh_statuses(store)
    served = {one.frame.id for one in lease_frames(store, a_person(store), n=8)}
    assert served == {*frames_of("scene-0001"), *frames_of("scene-0002")} - {gone}


def test_people_who_take_review_and_give_back_at_once_never_share_a_frame(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 30, "scene-0002": 30})
    people = [a_person(store, f"person-{n}") for n in range(6)]
    took: Counter[tuple[str, int]] = Counter()
    failures: list[BaseException] = []

    def work(person_id: int) -> None:
        try:
            for _ in range(4):
                for one in lease_frames(store, person_id, n=3)[:2]:
                    submit_review(store, person_id, a_decision(one, S, person=person_id))
                    took[one.frame.id, person_id] += 1
                release_leases(store, person_id)
        except BaseException as failure:
            failures.append(failure)
            raise

    in_threads(work, people)
    assert failures == []
    with store.read() as session:
        rows = list(session.exec(select(Review.frame_id, Review.person_id)))
        needed = dict(session.exec(select(FrameStatus.frame_id, FrameStatus.reviews_needed)).all())
        held_out = set(session.exec(select(FrameStatus.frame_id).where(FrameStatus.split == Split.HELD_OUT)))
    assert Counter(rows) == took
    times = Counter(frame_id for frame_id, _ in rows)
    # One agreeing review verifies a training frame, two a held-out one; nobody is served what needs none.
    assert max(times[frame_id] for frame_id in needed if frame_id not in held_out) == 1
    assert max((times[frame_id] for frame_id in held_out), default=0) <= 2
    assert all(
        needed[frame_id] == (2 if frame_id in held_out else 1) - times[frame_id] for frame_id in needed
    )


def test_two_tabs_of_one_person_hold_no_more_than_one_would(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store)
    in_threads(lambda _: lease_frames(store, ada, n=3), list(range(6)))
    with store.read() as session:
        assert len(session.exec(select(Lease)).all()) == 3


def in_threads(work: Callable[[int], object], arguments: list[int]) -> None:
    threads = [threading.Thread(target=work, args=(one,)) for one in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_taking_eight_frames_is_a_handful_of_questions_and_walks_the_queues_index(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 30, "scene-0002": 30})
    ada = a_person(store)
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert len(lease_frames(store, ada, n=8)) == 8
    assert len(asked) <= 20
    asked.clear()
    assert len(lease_frames(store, ada, n=8)) == 8
    assert len(asked) <= 8
    queue = a_queue_of(store, ada)
    how = "EXPLAIN QUERY PLAN" if store.is_sqlite else "EXPLAIN"
    with store.read() as session:
        if not store.is_sqlite:
            session.connection().execute(text("SET enable_seqscan = off"))
        plan = " ".join(str(row) for row in session.connection().execute(text(f"{how} {queue}")))
    assert "ix_frame_status_queue" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def a_queue_of(store: Store, person_id: int) -> str:
    compiled = (
        _queue(person_id, 10**15).limit(8).compile(store.engine, compile_kwargs={"literal_binds": True})
    )
    return str(compiled)
