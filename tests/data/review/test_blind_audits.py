"""Blind audits over a real store: what counts, what is confirmed, when a lot ends and what comes after it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import col, select

from data.errors import ReviewRefused
from data.review.adjudication import Settlement, adjudicate
from data.review.audit_lots import LotState, lot_state
from data.review.blind_audits import cancel_audit, open_audit
from data.review.guideline import write_guideline
from data.review.reviews import review_row, submit_review
from data.review.serving import lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import AuditEnd, AuditFrame, AuditLot, Lease, TrailEntry
from data.vocabulary import LotEnd, Mode, PersonRole, Split, TrailAct, TriageLevel
from eval.certificate.certificate import in_words
from eval.certificate.from_store import trust
from tests.builders import A, S, T, a_decision, a_person, a_store, reviewed

pytestmark = pytest.mark.each_store


def a_store_with_people(tmp_path: Path, frames: int = 12) -> tuple[Store, int, int, int]:
    store = a_store(tmp_path, scenes={"scene-0001": frames, "scene-0002": frames}, teacher=A)
    return store, a_person(store, "lena", PersonRole.LEAD), a_person(store, "ada"), a_person(store, "ben")


def state_of(store: Store, number: int | None = None) -> LotState:
    with store.read() as session:
        state = lot_state(session, session.get(AuditLot, number) if number else None)
    assert state is not None
    return state


def judge(store: Store, person: int, frame: str, level: TriageLevel = A, *, seconds: float = 3.0) -> None:
    reviewed(store, person, frame, level, seconds_shown=seconds)


def test_answers_given_with_the_proposal_on_screen_are_no_part_of_an_audit(tmp_path: Path) -> None:
    """Frames that somebody holds with a proposal when the audit opens stay outside it, however they are answered."""
    store, lead, ada, _ = a_store_with_people(tmp_path)
    held = [one for one in lease_frames(store, ada, n=8) if one.mode is not Mode.BLIND]
    assert held
    lot = open_audit(store, lead, limit=0.2)
    with store.read() as session:
        audited = set(session.exec(select(AuditFrame.frame_id)))
    assert not audited & {one.frame.id for one in held}
    for one in held:
        submit_review(store, ada, a_decision(one, A, person=ada))
    state = state_of(store)
    assert (state.lot.id, state.frames, state.audited) == (lot.id, lot.frames, [])


def test_a_page_that_still_shows_a_proposal_of_an_audited_frame_gets_a_refusal(tmp_path: Path) -> None:
    store, lead, ada, _ = a_store_with_people(tmp_path)
    open_audit(store, lead)
    frame = state_of(store).waiting[0]
    assert {one.mode for one in lease_frames(store, ada, n=60) if one.frame.id == frame} == {Mode.BLIND}
    with store.write() as session:  # as when the frame was handed out while the audit was opened
        lease = session.get_one(Lease, frame)
        lease.mode = Mode.ASSISTED
        session.add(lease)
    with pytest.raises(ReviewRefused, match="blind audit after you saw its proposal"):
        submit_review(store, ada, a_decision(frame, A, person=ada))
    assert state_of(store).audited == []


def audited_in_turn(store: Store, person: int, *, seconds: float) -> None:
    """A person judges the open lot from its start until it ends or is through."""
    lease_frames(store, person, n=300)
    lot = state_of(store)
    for frame in lot.waiting:
        submit_review(store, person, a_decision(frame, A, person=person, seconds_shown=seconds))
        if state_of(store, lot.lot.id).end is not None:
            break
    release_leases(store, person)


def test_a_lot_closes_when_it_is_certified_and_a_new_one_can_be_opened(tmp_path: Path) -> None:
    store, lead, ada, _ = a_store_with_people(tmp_path, 90)
    open_audit(store, lead, limit=0.2)
    audited_in_turn(store, ada, seconds=3.0)
    state = state_of(store)
    assert state.end is not None
    assert (state.end.why, state.is_certified, len(state.audited)) == (LotEnd.CERTIFIED, True, 22)
    left = state.frames - len(state.audited)
    assert state.end.at_most is not None
    assert state.end.at_most < 0.2 * left
    served = lease_frames(store, ada, n=200)
    assert {one.mode for one in served if one.scene.split is Split.TRAIN} == set(Mode) - {Mode.STACK}
    frame = next(one.frame.id for one in served if one.scene.split is Split.TRAIN)
    submit_review(store, ada, a_decision(frame, T, person=ada))
    release_leases(store, ada)
    assert state_of(store).end == state.end
    assert int(open_audit(store, lead).id or 0) == 2
    with store.read() as session:
        acts = [row.act for row in session.exec(select(TrailEntry).order_by(col(TrailEntry.id)))]
    assert acts.count(TrailAct.ENDED_AUDIT) == 1


def test_an_answer_in_doubt_is_no_look_until_somebody_is_sure(tmp_path: Path) -> None:
    store, lead, ada, ben = a_store_with_people(tmp_path)
    open_audit(store, lead, limit=0.2)
    first, second = state_of(store).waiting[:2]
    reviewed(store, ada, first, A, seconds_shown=3.0, is_unsure=True)
    reviewed(store, ada, second, A, seconds_shown=3.0)
    state = state_of(store)
    assert (state.audited, state.waiting[0]) == ([], first)
    judge(store, ben, first)
    assert state_of(store).audited == [first, second]


def test_a_lead_who_settles_a_doubtful_answer_as_teleoperation_found_a_miss(tmp_path: Path) -> None:
    store, lead, ada, ben = a_store_with_people(tmp_path)
    lot = open_audit(store, lead, limit=0.2)
    frame = state_of(store).waiting[0]
    reviewed(store, ada, frame, A, seconds_shown=3.0, is_unsure=True)
    reviewed(store, ben, frame, S, seconds_shown=3.0, is_unsure=True)
    settled = Settlement(
        frame_id=frame,
        level=T,
        reasoning="A man lies in the lane.",
        action="Stop.",
        reason="He does not move.",
    )
    adjudicate(store, lead, settled)
    assert state_of(store, lot.id).missed == [frame]


def test_hasty_people_certify_nothing(tmp_path: Path) -> None:
    store, lead, ada, _ = a_store_with_people(tmp_path, 90)
    open_audit(store, lead, limit=0.2)
    waiting = state_of(store).waiting
    lease_frames(store, ada, n=300)
    for frame in waiting[:30]:
        submit_review(store, ada, a_decision(frame, A, person=ada, seconds_shown=0.4))
    state = state_of(store)
    assert (state.end, state.is_certified, state.is_hasty, len(state.audited)) == (None, False, True, 0)


def test_a_first_teleoperation_counts_until_a_second_blind_review_or_a_lead_settles_it(
    tmp_path: Path,
) -> None:
    store, lead, ada, ben = a_store_with_people(tmp_path)
    open_audit(store, lead, limit=0.2)
    frame = state_of(store).waiting[0]
    judge(store, ada, frame, T)
    state = state_of(store)
    assert (state.unconfirmed, state.missed, state.misses, state.is_open) == ([frame], [], 1, True)
    assert state.waiting[0] == frame
    with pytest.raises(ReviewRefused, match="open already"):
        open_audit(store, lead)
    judge(store, ben, frame, S)
    assert state_of(store).misses == 1
    settled = Settlement(
        frame_id=frame, level=S, reasoning="It yields.", action="Watch it.", reason="Seen twice."
    )
    adjudicate(store, lead, settled)
    state = state_of(store)
    assert (state.misses, state.is_open, len(state.audited)) == (0, True, 1)


@pytest.mark.parametrize("by_lead", [False, True])
def test_a_confirmed_miss_ends_the_lot_in_the_act_that_confirms_it_and_opens_the_next(
    tmp_path: Path, by_lead: bool
) -> None:
    store, lead, ada, ben = a_store_with_people(tmp_path)
    first = open_audit(store, lead, limit=0.2)
    frame = state_of(store).waiting[0]
    judge(store, ada, frame, T)
    judge(store, ben, frame, S if by_lead else T)
    if by_lead:
        settled = Settlement(
            frame_id=frame, level=T, reasoning="Blocked.", action="Take over.", reason="Blocked."
        )
        adjudicate(store, lead, settled)
    with store.read() as session:
        end = session.get_one(AuditEnd, first.id)
    assert (end.why, end.at_most, end.person_id) == (LotEnd.MISSED, None, lead if by_lead else ben)
    following = state_of(store)
    assert following.lot.id == 2
    assert following.lot.limit == 0.2
    assert frame not in following.waiting


def test_a_frame_judged_elsewhere_with_its_proposal_leaves_the_lot(tmp_path: Path) -> None:
    """As an answer from Label Studio does, where proposals are always shown."""
    store, lead, ada, _ = a_store_with_people(tmp_path)
    open_audit(store, lead)
    frame = state_of(store).waiting[0]
    judge(store, ada, frame)
    with store.write() as session:
        for row in session.exec(select(AuditFrame).where(AuditFrame.place == 1)):
            other = row.frame_id
    with store.write() as session:
        session.add(
            review_row(ada, a_decision(other, A, person=ada), Mode.ASSISTED, None, store.now_us(session))
        )
    state = state_of(store)
    assert (state.withdrawn, state.audited, other in state.waiting) == (1, [frame], False)


def test_a_cancelled_audit_gives_no_certificate_and_uses_up_its_share_of_the_error(tmp_path: Path) -> None:
    """Somebody who may stop whenever it suits gains nothing: the next lot has less to spend, not the same again."""
    store, lead, ada, _ = a_store_with_people(tmp_path, 90)
    first = open_audit(store, lead, limit=0.2)
    for frame in state_of(store).waiting[:3]:
        judge(store, ada, frame)
    with pytest.raises(ReviewRefused, match="Say in 3 to 300 characters"):
        cancel_audit(store, lead, "  ")
    end = cancel_audit(store, lead, "The rain has stopped")
    assert (end.why, end.at_most, end.audited, end.reason) == (
        LotEnd.CANCELLED,
        None,
        3,
        "The rain has stopped",
    )
    state = state_of(store)
    assert (state.is_certified, state.is_open) == (False, False)
    certificate = trust(store).certificate
    assert certificate is not None
    assert (certificate.is_given, certificate.at_most) == (False, None)
    assert in_words(certificate, 0)[0][0].endswith("Why: The rain has stopped")
    with pytest.raises(ReviewRefused, match="nothing to cancel"):
        cancel_audit(store, lead, "Again")
    with store.read() as session:
        rank = session.exec(select(TrailEntry.act).where(TrailEntry.subject == f"audit_end:{first.id}")).one()
    assert rank == TrailAct.ENDED_AUDIT
    second = open_audit(store, lead, limit=0.2)
    assert second.frames == first.frames - 3
    assert state_of(store).alpha == pytest.approx(0.05 / 6)


def test_a_certified_lot_cannot_be_cancelled_and_a_new_guideline_makes_it_stale(tmp_path: Path) -> None:
    store, lead, ada, _ = a_store_with_people(tmp_path, 90)
    open_audit(store, lead, limit=0.2)
    audited_in_turn(store, ada, seconds=3.0)
    with pytest.raises(ReviewRefused, match="nothing to cancel"):
        cancel_audit(store, lead, "It suits me better")
    assert state_of(store).is_certified
    given = trust(store).certificate
    assert given is not None
    assert (given.is_given, given.is_stale) == (True, False)
    lease_frames(store, a_person(store, "eve"), n=8)
    now = trust(store)
    assert now.would_audit < now.unreviewed, "what eve sees with its proposal is for no other audit"
    assert now.others.left_out == 0, "the certificate covers it"
    write_guideline(store, lead, "# Trams are vehicles", note="Trams are vehicles.")
    outdated = trust(store).certificate
    assert outdated is not None
    assert (outdated.is_given, outdated.is_stale, outdated.guideline) == (True, True, 2)
    assert any("Version 2 of the guideline" in line for line in in_words(outdated, 0)[0])
