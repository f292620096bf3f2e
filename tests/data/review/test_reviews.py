from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select, text

from data.errors import NotAllowed, ReviewRefused
from data.review.adjudication import Settlement, adjudicate
from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.store.opening import Store
from data.store.tables import FrameStatus, Lease, Review
from data.vocabulary import Mode, PersonRole, Split, TriageLevel, Verdict, VerificationState
from tests.builders import A, S, T, a_decision, a_person, a_store, reviewed

pytestmark = pytest.mark.each_store


def frames_in(store: Store, split: Split) -> list[str]:
    with store.read() as session:
        query = select(FrameStatus).where(FrameStatus.split == split).order_by(FrameStatus.frame_id)
        return [status.frame_id for status in session.exec(query)]


def status_of(store: Store, frame_id: str) -> FrameStatus:
    with store.read() as session:
        return session.get_one(FrameStatus, frame_id)


def an_assisted_frame(store: Store, person: int) -> str:
    served = lease_frames(store, person, n=8)
    return next(one.frame.id for one in served if one.mode is Mode.ASSISTED)


def test_accepting_keeps_the_proposals_words_and_says_so(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=S)
    ada = a_person(store)
    frame = an_assisted_frame(store, ada)
    review = submit_review(store, ada, a_decision(frame, S, reasoning=None, action=None))
    assert (review.verdict, review.level, review.reasoning, review.action) == (Verdict.ACCEPT, S, None, None)
    assert review.proposal_id is not None
    assert status_of(store, frame).state is VerificationState.VERIFIED


def test_sending_the_proposals_own_words_back_is_accepting(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=S)
    ada = a_person(store)
    frame = an_assisted_frame(store, ada)
    same = a_decision(frame, S, reasoning="Cones narrow the lane.", action="Watch the feed.")
    assert submit_review(store, ada, same).verdict is Verdict.ACCEPT


def test_editing_one_field_corrects_and_keeps_the_other(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=S)
    ada = a_person(store)
    frame = an_assisted_frame(store, ada)
    review = submit_review(store, ada, a_decision(frame, S, reasoning="Two cones.", action=None))
    assert (review.verdict, review.reasoning, review.action) == (
        Verdict.CORRECT,
        "Two cones.",
        "Watch the feed.",
    )


def test_another_level_needs_words(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=S)
    ada = a_person(store)
    frame = an_assisted_frame(store, ada)
    with pytest.raises(ReviewRefused, match="TELEOPERATION needs a reasoning and an operator action"):
        submit_review(store, ada, a_decision(frame, T, reasoning=None, action=None))
    assert submit_review(store, ada, a_decision(frame, T)).verdict is Verdict.CORRECT


def test_a_token_writes_once_however_often_it_is_sent(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store)
    decision = a_decision(an_assisted_frame(store, ada), S)
    ids = {submit_review(store, ada, decision).id for _ in range(5)}
    with store.read() as session:
        assert len(session.exec(select(Review)).all()) == len(ids) == 1


def test_a_token_of_somebody_else_is_refused(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    decision = a_decision(an_assisted_frame(store, ada), S)
    submit_review(store, ada, decision)
    with pytest.raises(ReviewRefused, match="belongs to another decision"):
        submit_review(store, ben, decision)


def test_a_frame_that_somebody_else_holds_is_refused(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    frame = lease_frames(store, ada, n=1, lease_s=0)[0].frame.id
    lease_frames(store, ben, n=8)
    with pytest.raises(ReviewRefused, match="is with somebody else now; your answer was not saved"):
        submit_review(store, ada, a_decision(frame, S))


def test_an_expired_lease_that_nobody_took_still_counts(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store)
    frame = lease_frames(store, ada, n=1, lease_s=0)[0].frame.id
    assert submit_review(store, ada, a_decision(frame, S)).frame_id == frame


def test_a_frame_that_was_never_served_is_refused(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with pytest.raises(ReviewRefused, match="no longer reserved for you"):
        submit_review(store, a_person(store), a_decision(frames_in(store, Split.TRAIN)[0], S))


def test_a_later_review_supersedes_and_nothing_is_changed(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store)
    frame = frames_in(store, Split.TRAIN)[0]
    first = reviewed(store, ada, frame, S)
    second = submit_review(store, ada, a_decision(frame, A, supersedes_id=first.id))
    assert (second.supersedes_id, second.mode) == (first.id, first.mode)
    assert status_of(store, frame).level is A
    with pytest.raises(ReviewRefused, match="Only your own latest review"):
        submit_review(store, ada, a_decision(frame, T, supersedes_id=first.id))


def test_reviewing_a_frame_twice_without_superseding_is_refused(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store)
    frame = frames_in(store, Split.TRAIN)[0]
    reviewed(store, ada, frame, S)
    with pytest.raises(ReviewRefused, match="reviewed this frame already"):
        submit_review(store, ada, a_decision(frame, A))


def test_a_blind_review_carries_no_proposal_and_no_verdict(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    review = reviewed(store, a_person(store), frames_in(store, Split.HELD_OUT)[0], S)
    assert (review.mode, review.proposal_id, review.verdict) == (Mode.BLIND, None, None)


def test_decide_first_needs_the_own_level_and_keeps_it(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 60, "scene-0002": 5})
    ada = a_person(store)
    served = next(one for one in lease_frames(store, ada, n=65) if one.mode is Mode.DECIDE_FIRST)
    with pytest.raises(ReviewRefused, match="Choose your own level before"):
        submit_review(store, ada, a_decision(served, S, first_level=None))
    assert submit_review(store, ada, a_decision(served, S, first_level=T)).first_level is T


def test_the_lease_ends_with_the_review(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store)
    frame = lease_frames(store, ada, n=1)[0].frame.id
    submit_review(store, ada, a_decision(frame, S))
    with store.read() as session:
        assert session.get(Lease, frame) is None


def test_a_disabled_account_writes_nothing(tmp_path: Path) -> None:
    from data.store.tables import Person

    store = a_store(tmp_path)
    ada = a_person(store)
    frame = lease_frames(store, ada, n=1)[0].frame.id
    with store.write() as session:
        session.get_one(Person, ada).is_disabled = True
    with pytest.raises(NotAllowed, match="not active"):
        submit_review(store, ada, a_decision(frame, S))


def a_contested_frame(store: Store, levels: tuple[TriageLevel, ...] = (S, T)) -> str:
    frame = frames_in(store, Split.HELD_OUT)[0]
    for number, level in enumerate(levels):
        reviewed(store, a_person(store, f"reviewer-{number}"), frame, level)
    return frame


def test_a_lead_settles_a_contested_frame_once(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    lena = a_person(store, "lena", PersonRole.LEAD)
    frame = a_contested_frame(store)
    assert status_of(store, frame).state is VerificationState.CONTESTED
    settlement = Settlement(frame_id=frame, level=T, reason="The worker holds up a stop paddle.")
    adjudicate(store, lena, settlement)
    status = status_of(store, frame)
    assert (status.state, status.level) == (VerificationState.VERIFIED, T)
    with pytest.raises(ReviewRefused, match="nothing to settle"):
        adjudicate(store, lena, settlement)


def test_an_annotator_settles_nothing(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    frame = a_contested_frame(store)
    with pytest.raises(NotAllowed, match="may not adjudicate"):
        adjudicate(store, a_person(store, "zoe"), Settlement(frame_id=frame, level=S, reason="Because."))


@pytest.mark.parametrize("statement", ["UPDATE review SET level = 'AUTONOMY'", "DELETE FROM review"])
def test_the_database_itself_refuses_to_change_a_review(tmp_path: Path, statement: str) -> None:
    store = a_store(tmp_path)
    reviewed(store, a_person(store), frames_in(store, Split.TRAIN)[0], S)
    with (
        pytest.raises(DBAPIError, match="rows of review are never changed"),
        Session(store.engine) as session,
    ):
        session.connection().execute(text(statement))


def test_a_token_sent_a_hundred_times_by_twenty_threads_writes_one_row_and_answers_alike(
    tmp_path: Path,
) -> None:
    store = a_store(tmp_path)
    ada = a_person(store)
    decision = a_decision(lease_frames(store, ada)[0], S)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: submit_review(store, ada, decision), range(100)))
    assert {(one.id, one.reviewed_at_us) for one in answers} == {(answers[0].id, answers[0].reviewed_at_us)}
    with store.read() as session:
        assert len(session.exec(select(Review)).all()) == 1


def test_two_people_who_change_their_minds_at_once_leave_the_status_that_follows_from_both(
    tmp_path: Path,
) -> None:
    store = a_store(tmp_path, teacher=T)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    frame = frames_in(store, Split.TRAIN)[0]
    latest = {one: reviewed(store, one, frame, T).id for one in (ada, ben)}

    def change(person_id: int) -> None:
        for level in (A, T, A, S):
            decision = a_decision(
                frame, level, token=f"token-{person_id}-{latest[person_id]}", supersedes_id=latest[person_id]
            )
            latest[person_id] = submit_review(store, person_id, decision).id

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(change, (ada, ben)))
    with store.read() as session:
        status = session.get_one(FrameStatus, frame)
    assert (status.state, status.level, status.reviews_needed) == (VerificationState.VERIFIED, S, 0)


def test_what_no_database_takes_is_shown_instead_of_sent_again_for_ever(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store)
    frame = lease_frames(store, ada)[0]
    review = submit_review(store, ada, a_decision(frame, T, reasoning="A\0 dog \ud800.", action="Stop\0"))
    assert (review.reasoning, review.action) == ("A\ufffd dog \ufffd.", "Stop\ufffd")
    with pytest.raises(ReviewRefused, match="no longer reserved"):
        submit_review(store, ada, a_decision("fr\0me", T, token="token-\0-1"))
