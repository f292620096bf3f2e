from __future__ import annotations

from pathlib import Path

from data.review.reviews import submit_review
from data.snapshot.diff import diff_snapshots
from data.snapshot.freeze import freeze
from data.store.tables import FrameStatus
from data.verification.standing import reviews_by_frame
from data.vocabulary import Split
from tests.builders import A, S, a_decision, a_person, a_raw_reply, reviewed
from tests.data.review.test_reviews import frames_in
from tests.data.snapshot.test_snapshot import a_verified_store, student_says


def test_the_same_store_has_no_differences(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    freeze(store, tmp_path / "a")
    freeze(store, tmp_path / "b")
    assert diff_snapshots(tmp_path / "a", tmp_path / "b").changes == []


def test_a_later_correction_changes_the_pair_and_names_the_review(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    freeze(store, tmp_path / "a")
    frame = frames_in(store, Split.TRAIN)[0]
    with store.read() as session:
        before = reviews_by_frame(session, [frame])[frame][0]
    later = submit_review(store, before.person_id, a_decision(frame, A, supersedes_id=before.id))
    freeze(store, tmp_path / "b")
    (change,) = diff_snapshots(tmp_path / "a", tmp_path / "b").changes
    assert (change.frame_id, change.kind) == (frame, "changed")
    assert change.why == f"Verified AUTONOMY instead of SUPERVISION by review {later.id}."


def test_a_frame_that_became_contested_is_removed_with_that_reason(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    freeze(store, tmp_path / "a")
    frame = frames_in(store, Split.HELD_OUT)[0]
    with store.write() as session:
        session.get_one(FrameStatus, frame).reviews_needed = 1
    reviewed(store, a_person(store, "eve"), frame, A)
    freeze(store, tmp_path / "b")
    diff = diff_snapshots(tmp_path / "a", tmp_path / "b")
    assert diff.counts == {"removed": 1}
    assert diff.changes[0].why == "It is left out now: contested."


def test_another_reply_of_the_student_is_a_change(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path, level=S)
    freeze(store, tmp_path / "a")
    student_says(store, frames_in(store, Split.TRAIN)[1], a_raw_reply(A, reasoning="Another view."))
    freeze(store, tmp_path / "b")
    assert [change.why for change in diff_snapshots(tmp_path / "a", tmp_path / "b").changes] == [
        "The student's reply is another."
    ]
