from __future__ import annotations

from pathlib import Path

from sqlalchemy import event

from data.overview.review_columns import SETTLED_AFTER_US, ReviewColumns, standing_reviews
from data.review.adjudication import Settlement, adjudicate
from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.store.opening import Store
from data.store.tables import GoldFrame
from data.vocabulary import Mode, PersonRole, Split
from tests.builders import A, S, T, a_decision, a_person, a_store, reviewed


def read(store: Store, *, later_us: int | None = None) -> ReviewColumns:
    """Anew, or as a process does that looks again, by so much later."""
    with store.read() as session:
        return standing_reviews(
            session, now_us=None if later_us is None else store.now_us(session) + later_us
        )


def rows(reviews: ReviewColumns) -> list[tuple[str, int, int]]:
    frames = [reviews.frame_ids[place] for place in reviews.frame]
    return list(zip(frames, reviews.person.tolist(), reviews.level.tolist(), strict=True))


def a_store_with_two_people(tmp_path: Path) -> tuple[Store, int, int, list[str]]:
    store = a_store(tmp_path, teacher=A)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    frames = [one.frame.id for one in lease_frames(store, ada, n=50) if one.scene.split is Split.TRAIN]
    return store, ada, ben, frames


def test_a_superseded_review_is_left_out_and_a_later_look_reads_only_what_is_new(tmp_path: Path) -> None:
    store, ada, ben, frames = a_store_with_two_people(tmp_path)
    first = reviewed(store, ada, frames[0], S)
    assert rows(read(store, later_us=2 * SETTLED_AFTER_US)) == [(frames[0], ada, 1)]
    submit_review(store, ada, a_decision(frames[0], T, person=ada, supersedes_id=first.id))
    reviewed(store, ben, frames[1], A)
    expected = [(frames[0], ada, 2), (frames[1], ben, 0)]
    assert rows(read(store, later_us=2 * SETTLED_AFTER_US)) == expected
    assert rows(read(store, later_us=2 * SETTLED_AFTER_US)) == expected
    assert rows(read(store)) == expected


def test_a_look_asks_only_for_reviews_behind_those_that_were_read(tmp_path: Path) -> None:
    store, ada, _, frames = a_store_with_two_people(tmp_path)
    first = reviewed(store, ada, frames[0], S)
    asked: list[int] = []

    def note(
        _connection: object, _cursor: object, statement: str, parameters: tuple[int, ...], *_: object
    ) -> None:
        if "review.id >" in statement:
            asked.append(parameters[-1])

    event.listen(store.engine, "before_cursor_execute", note)
    for _ in range(2):
        read(store, later_us=2 * SETTLED_AFTER_US)
    assert asked == [0, first.id]


def test_only_blind_reviews_and_first_answers_are_own_levels(tmp_path: Path) -> None:
    store, ada, _, _ = a_store_with_two_people(tmp_path)
    everything = lease_frames(store, ada, n=50)
    for one in everything:
        level = T if one.mode is Mode.BLIND else S
        submit_review(store, ada, a_decision(one, level, person=ada, first_level=A))
    reviews = read(store)
    own = {mode: set(reviews.own_level[reviews.given_in(mode)].tolist()) for mode in Mode}
    assert own[Mode.BLIND] == {2}
    assert own[Mode.ASSISTED] == {-1}
    assert own[Mode.DECIDE_FIRST] <= {0}
    assert len(reviews) == len(everything)


def test_what_is_said_of_gold_is_a_test_from_then_on(tmp_path: Path) -> None:
    store, ada, ben, _ = a_store_with_two_people(tmp_path)
    lead = a_person(store, "lena", PersonRole.LEAD)
    held_out = [one.frame.id for one in lease_frames(store, ada, n=50) if one.scene.split is Split.HELD_OUT]
    reviewed(store, ada, held_out[0], S)
    reviewed(store, ben, held_out[0], A)
    settled = Settlement(frame_id=held_out[0], level=S, reasoning="R.", action="A.", reason="Why.")
    act = adjudicate(store, lead, settled)
    assert read(store).is_test.tolist() == [False, False]
    with store.write() as session:
        since_us = int(read(store).reviewed_at_us[1])
        gold = GoldFrame(
            frame_id=held_out[0],
            adjudication_id=int(act.id or 0),
            level=S,
            made_by_id=lead,
            made_at_us=since_us,
        )
        session.add(gold)
    assert read(store).is_test.tolist() == [False, True]


def test_a_store_without_reviews_has_empty_columns(tmp_path: Path) -> None:
    reviews = read(a_store(tmp_path))
    assert (len(reviews), reviews.own_level.tolist(), len(set(reviews.frame_ids))) == (0, [], 8)
