"""Pausing a person's answers over a real store: what is no longer verified, what comes back, what audits make of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlmodel import col, select

from data.errors import NotAllowed, ReviewRefused
from data.maintenance.check import check_store
from data.overview.own_frames import Outcome, own_record
from data.review.adjudication import Settlement, adjudicate
from data.review.audit_lots import lot_state
from data.review.blind_audits import open_audit
from data.review.pauses import open_pauses, pause_answers, release_answers
from data.review.reviews import submit_review
from data.review.serving import lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import AuditLot, FrameStatus, Review, TrailEntry
from data.verification.status import refresh_statuses
from data.verification.verified_frames import verified_frames
from data.vocabulary import LotEnd, PersonRole, Split, TrailAct, VerificationState
from eval.certificate.certificate import in_words
from eval.certificate.from_store import trust
from tests.builders import A, S, T, a_decision, a_person, a_store, reviewed
from tests.data.review.test_blind_audits import audited_in_turn

pytestmark = pytest.mark.each_store

VERIFIED, AWAITING, CONTESTED = (
    VerificationState.VERIFIED,
    VerificationState.AWAITING,
    VerificationState.CONTESTED,
)


def states(store: Store) -> dict[str, tuple[VerificationState, int]]:
    with store.read() as session:
        rows = session.exec(select(FrameStatus))
        return {one.frame_id: (one.state, one.reviews_needed) for one in rows}


def a_store_with_answers(tmp_path: Path) -> tuple[Store, dict[str, int], list[str]]:
    """Four training frames: one by bob alone, one by bob and ada (T), one settled, one that they disagree on."""
    store = a_store(tmp_path, scenes={"scene-0001": 6, "scene-0002": 6}, teacher=A)
    names = {"bob": PersonRole.ANNOTATOR, "ada": PersonRole.ANNOTATOR, "lena": PersonRole.LEAD}
    people = {name: a_person(store, name, role) for name, role in names.items()}
    served = lease_frames(store, people["bob"], n=100)
    release_leases(store, people["bob"])
    frames = [one.frame.id for one in served if one.scene.split is Split.TRAIN][:4]
    reviewed(store, people["bob"], frames[0], A)
    for person, *levels in (("bob", T, T, T), ("ada", T, A, A)):
        for frame, level in zip(frames[1:], levels, strict=True):
            reviewed(store, people[person], frame, level)
    settled = Settlement(frame_id=frames[2], level=T, reasoning="A dog.", action="Stop.", reason="A dog.")
    adjudicate(store, people["lena"], settled)
    return store, people, frames


def test_paused_answers_verify_nothing_until_somebody_looks_and_count_again_when_released(
    tmp_path: Path,
) -> None:
    store, people, frames = a_store_with_answers(tmp_path)
    before = states(store)
    assert [before[one][0] for one in frames] == [VERIFIED, VERIFIED, VERIFIED, CONTESTED]
    assert pause_answers(store, people["lena"], people["bob"], "68 % under a second") == 2
    paused = states(store)
    wanted = [(AWAITING, 1), (AWAITING, 1), (VERIFIED, 0), (CONTESTED, 0)]
    assert [paused[one] for one in frames] == wanted
    assert refresh_statuses(store) == len(paused)
    assert (states(store), check_store(store).damages) == (paused, [])
    with store.read() as session:
        assert {one.frame.id for one in verified_frames(session, Split.TRAIN)} == {frames[2]}
        (pause,) = open_pauses(session)
        assert (pause.person.name, pause.by.name, pause.waiting) == ("bob", "lena", 2)
    reviewed(store, people["ada"], frames[0], A)  # looked at
    assert states(store)[frames[0]] == (VERIFIED, 0)
    assert release_answers(store, people["lena"], people["bob"], "Looked at twenty of them") == 1
    assert states(store) == before
    with store.read() as session:
        acts = session.exec(select(TrailEntry.act).order_by(col(TrailEntry.id)))
        kept = [act for act in acts if act in (TrailAct.PAUSED_ANSWERS, TrailAct.RELEASED_ANSWERS)]
        assert kept == ["paused_answers", "released_answers"]
        assert len(session.exec(select(Review).where(Review.person_id == people["bob"])).all()) == 4


def test_somebody_paused_goes_on_working_and_is_told_that_the_answers_are_kept(tmp_path: Path) -> None:
    store, people, frames = a_store_with_answers(tmp_path)
    pause_answers(store, people["lena"], people["bob"], "Too fast")
    new = next(
        one.frame.id
        for one in lease_frames(store, people["bob"], n=100)
        if one.scene.split is Split.TRAIN and one.frame.id not in frames
    )
    reviewed(store, people["bob"], new, A)
    assert states(store)[new] == (AWAITING, 1)
    told = {one.frame.id: one.outcome for one in own_record(store, people["bob"]).frames}
    assert (told[new], told[frames[2]]) == (Outcome.PAUSED, Outcome.SETTLED)
    release_answers(store, people["lena"], people["bob"], "Looked at")
    assert states(store)[new] == (VERIFIED, 0)


def test_only_leads_pause_with_a_reason_others_than_themselves_and_once(tmp_path: Path) -> None:
    store, people, _ = a_store_with_answers(tmp_path)
    lena, bob = people["lena"], people["bob"]
    with pytest.raises(NotAllowed):
        pause_answers(store, people["ada"], bob, "I do not like him")
    with pytest.raises(ReviewRefused, match="this is 1"):
        pause_answers(store, lena, bob, " x ")
    with pytest.raises(ReviewRefused, match="your own"):
        pause_answers(store, lena, lena, "Too fast")
    with pytest.raises(ReviewRefused, match="number 999"):
        pause_answers(store, lena, 999, "Too fast")
    with pytest.raises(ReviewRefused, match="not paused"):
        release_answers(store, lena, bob, "Looked at")
    pause_answers(store, lena, bob, "Too fast")
    with pytest.raises(ReviewRefused, match="bob are paused already"):
        pause_answers(store, lena, bob, "Too fast")


def test_an_open_audit_looks_again_at_what_somebody_paused_has_judged(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 90, "scene-0002": 4}, teacher=A)
    lena, bob, ada = a_person(store, "lena", PersonRole.LEAD), a_person(store, "bob"), a_person(store, "ada")
    open_audit(store, lena, limit=0.2)
    with store.read() as session:
        first, second = lot_state(session).waiting[:2]  # type: ignore[union-attr]
    reviewed(store, bob, first, A, seconds_shown=3.0)
    reviewed(store, bob, second, T, seconds_shown=3.0)
    pause_answers(store, lena, bob, "He looks at his phone")
    with store.read() as session:
        state = lot_state(session)
    assert state is not None
    assert (state.audited, first in state.waiting) == ([], True)
    assert state.unconfirmed == [second], "a miss counts whoever found it"
    reviewed(store, ada, first, A, seconds_shown=3.0)
    with store.read() as session:
        assert lot_state(session).audited[:1] == [first]  # type: ignore[union-attr]


def test_a_certificate_is_suspended_while_an_auditor_is_paused(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 90, "scene-0002": 4}, teacher=A)
    lena, bob = a_person(store, "lena", PersonRole.LEAD), a_person(store, "bob")
    open_audit(store, lena, limit=0.2)
    audited_in_turn(store, bob, seconds=3.0)
    given = trust(store).certificate
    assert given is not None
    assert (given.is_given, given.is_stale, given.end) == (True, False, LotEnd.CERTIFIED)
    pause_answers(store, lena, bob, "He looks at his phone")
    doubted = trust(store).certificate
    assert doubted is not None
    assert (doubted.is_given, doubted.is_stale, doubted.audited) == (False, True, given.audited)
    promises, _ = in_words(doubted, 0)
    assert promises[0].startswith("The certificate is suspended: it rests on judgements of bob")
    assert len(promises) == 2
    release_answers(store, lena, bob, "Looked at all of them")
    again = trust(store).certificate
    assert again is not None
    assert again.is_given
    with store.read() as session:
        assert len(session.exec(select(AuditLot)).all()) == 1


def test_an_answer_of_somebody_paused_still_contests(tmp_path: Path) -> None:
    store, people, frames = a_store_with_answers(tmp_path)
    lena, bob, ada = (people[name] for name in ("lena", "bob", "ada"))
    pause_answers(store, lena, bob, "Too fast")
    reviewed(store, ada, frames[0], S)
    assert states(store)[frames[0]][0] is CONTESTED


def test_answers_given_while_they_are_paused_do_not_slip_through(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 12, "scene-0002": 12}, teacher=A)
    lena, bob = a_person(store, "lena", PersonRole.LEAD), a_person(store, "bob")
    served = [one for one in lease_frames(store, bob, n=24) if one.scene.split is Split.TRAIN]

    def answer() -> None:
        for one in served:
            submit_review(store, bob, a_decision(one, A, person=bob))

    with ThreadPoolExecutor(2) as pool:
        working = pool.submit(answer)
        pausing = pool.submit(pause_answers, store, lena, bob, "Too fast")
        working.result(), pausing.result()
    found = states(store)
    assert {found[one.frame.id] for one in served} == {(AWAITING, 1)}
    refresh_statuses(store)
    assert states(store) == found
