from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from annotator.review_card.outbox import apply_outbox
from data.review.serving import lease_frames, record_first_level, release_leases
from data.store.opening import Store
from data.store.tables import Frame, FrameNote, Lease, Review
from data.vocabulary import Mode, TriageLevel
from tests.builders import a_person, a_store

pytestmark = pytest.mark.each_store

A, S, T = TriageLevel


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path, scenes={"scene-0001": 6, "scene-0002": 6})


def held(store: Store, person_id: int, *, n: int = 3, mode: Mode = Mode.ASSISTED) -> list[str]:
    served = lease_frames(store, person_id, n=12, shares={mode: 1.0})
    return [one.frame.id for one in served if one.mode is mode][:n]


def an_entry(frame: str, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "decision",
        "token": f"token-{frame[:20]}-1",
        "frame_id": frame,
        "level": "SUPERVISION",
        "guideline_version": "v1",
        **changes,
    }


def reviews(store: Store) -> list[Review]:
    with store.read() as session:
        return list(session.exec(select(Review).order_by(col(Review.id))))


def test_sending_an_outbox_again_writes_each_token_once(store: Store) -> None:
    ada = a_person(store)
    outbox = [an_entry(frame) for frame in held(store, ada)]
    for _ in range(3):
        assert [one.saved for one in apply_outbox(store, ada, outbox)] == [True, True, True]
    assert [review.frame_id for review in reviews(store)] == [entry["frame_id"] for entry in outbox]


def test_a_refused_entry_says_why_and_holds_up_no_other(store: Store) -> None:
    ada = a_person(store)
    first, second, third = held(store, ada)
    outbox = [an_entry(first, level="TELEOPERATION"), an_entry(second, level="SIDEWAYS"), an_entry(third)]
    wordless, unknown, fine = apply_outbox(store, ada, outbox)
    assert wordless.reason == "TELEOPERATION needs a reasoning and an operator action of yours."
    assert str(unknown.reason).startswith("The level cannot be saved as it is")
    assert (wordless.saved, unknown.saved, fine.saved) == (False, False, True)


def test_a_frame_that_somebody_else_holds_is_refused_with_the_reason(store: Store) -> None:
    ada, eve = a_person(store), a_person(store, "eve")
    (frame,) = held(store, ada, n=1)
    release_leases(store, ada)
    held(store, eve)
    (answer,) = apply_outbox(store, ada, [an_entry(frame)])
    assert answer.reason == "This frame is with somebody else now; your answer was not saved."


def test_a_change_may_name_a_decision_that_arrives_with_it(store: Store) -> None:
    ada = a_person(store)
    (frame,) = held(store, ada, n=1)
    words = {"reasoning": "A tree lies across the lane.", "action": "Take control."}
    change = an_entry(frame, token="token-change", level="TELEOPERATION", **words)
    outbox = [an_entry(frame), {**change, "supersedes_token": f"token-{frame[:20]}-1"}]
    assert [one.saved for one in apply_outbox(store, ada, outbox)] == [True, True]
    before, after = reviews(store)
    assert (after.supersedes_id, after.level) == (before.id, T)


def test_nobody_can_change_somebody_elses_decision(store: Store) -> None:
    ada, eve = a_person(store), a_person(store, "eve")
    (frame,) = held(store, ada, n=1)
    apply_outbox(store, ada, [an_entry(frame)])
    stolen = an_entry(frame, token="token-stolen", supersedes_token=f"token-{frame[:20]}-1")
    (answer,) = apply_outbox(store, eve, [stolen])
    assert answer.saved is False
    assert len(reviews(store)) == 1


def test_a_skip_gives_the_frame_back_and_it_is_not_served_again(store: Store) -> None:
    ada = a_person(store)
    (frame,) = held(store, ada, n=1)
    skip = {"kind": "skip", "token": "token-skip", "frame_id": frame, "reason": "Too dark."}
    for _ in range(2):
        assert apply_outbox(store, ada, [skip])[0].saved
    with store.read() as session:
        assert session.get(Lease, frame) is None
        assert len(session.exec(select(FrameNote)).all()) == 1
    assert frame not in [one.frame.id for one in lease_frames(store, ada, n=12)]
    assert frame in [one.frame.id for one in lease_frames(store, a_person(store, "eve"), n=12)]


def test_a_late_note_is_refused_in_a_sentence_and_holds_up_no_other(store: Store) -> None:
    ada, eve = a_person(store), a_person(store, "eve")
    first, second, _ = held(store, ada)
    flag = {"kind": "flag", "token": "token-flag", "frame_id": first, "reason": "Is a tram a vehicle?"}
    with store.write() as session:
        session.get_one(Lease, first).person_id = eve
    late, fine = apply_outbox(store, ada, [flag, an_entry(second)])
    assert (late.saved, fine.saved) == (False, True)
    assert late.reason == (
        "This frame is no longer reserved for you, so your note was not saved; a lead can still flag it."
    )


def test_a_report_about_a_sound_picture_sets_nothing_aside(store: Store) -> None:
    ada = a_person(store)
    (frame,) = held(store, ada, n=1)
    report = {"kind": "unreadable", "token": "token-report", "frame_id": frame, "reason": "It did not show."}
    assert apply_outbox(store, ada, [report])[0].saved
    with store.read() as session:
        assert session.get_one(Frame, frame).set_aside is None


def test_the_own_level_recorded_before_the_proposal_outranks_the_browsers_word(store: Store) -> None:
    ada = a_person(store)
    (frame,) = held(store, ada, n=1, mode=Mode.DECIDE_FIRST)
    assert record_first_level(store, ada, frame, T).shown_proposal is not None
    record_first_level(store, ada, frame, S)
    apply_outbox(store, ada, [an_entry(frame, first_level="SUPERVISION")])
    assert [review.first_level for review in reviews(store)] == [T]


def test_before_the_own_level_nothing_is_shown(store: Store) -> None:
    ada = a_person(store)
    served = lease_frames(store, ada, n=12, shares={Mode.DECIDE_FIRST: 1.0})
    waiting = [one for one in served if one.mode is Mode.DECIDE_FIRST]
    assert waiting
    assert all(one.shown_proposal is None for one in waiting)


def test_a_rejected_clip_is_acknowledged_once_and_a_real_frame_has_none(store: Store) -> None:
    ada = a_person(store)
    (frame, *_) = held(store, ada)
    entry = {"kind": "implausible", "token": "token-clip-1", "frame_id": frame}
    (said,) = apply_outbox(store, ada, [entry])
    assert (said.saved, said.reason) == (
        False,
        f"The frame {frame} was not generated, so there is no clip to reject.",
    )
    (odd,) = apply_outbox(store, ada, [{**entry, "level": "AUTONOMY"}])
    assert not odd.saved
