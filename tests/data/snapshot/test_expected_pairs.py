"""Progress and Snapshot count the same pairs: those that freezing writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from data.overview.forecast import forecast
from data.review.adjudication import Settlement, adjudicate
from data.review.gold import make_gold
from data.snapshot.expected_pairs import expected_pairs, repeated_sentences
from data.snapshot.freeze import FreezeOptions
from data.snapshot.preview import preview
from data.store.opening import Store
from data.store.tables import FrameStatus
from data.vocabulary import PersonRole, Split, TriageLevel, VerificationState
from tests.builders import a_filename, a_person, a_raw_reply, a_store, frames_of, reviewed

A, S, T = TriageLevel
SCENES = {f"scene-{number:04}": 4 for number in range(1, 13)}


def a_reviewed_store(folder: Path) -> Store:
    """Frames of every kind: corrected, accepted, of equal levels, of one text, without a student's reply, gold."""
    replies = [
        a_raw_reply(A),
        a_raw_reply(S),
        a_raw_reply(S, reasoning="Cones stand in the lane."),
        "no reply",
    ]
    student = {a_filename(scene, place): replies[place] for scene in SCENES for place in range(SCENES[scene])}
    store = a_store(folder, scenes=SCENES, teacher=S, student=student)
    ada, bob, lena = a_person(store), a_person(store, "bob"), a_person(store, "lena", PersonRole.LEAD)
    with store.read() as session:
        train = set(session.exec(select(FrameStatus.frame_id).where(FrameStatus.split == Split.TRAIN)))
    contested = []
    for number, scene in enumerate(SCENES):
        for place, frame in enumerate(frames_of(scene)):
            if frame not in train:
                continue
            if (number + place) % 5 == 0:
                reviewed(store, ada, frame, T)
                reviewed(store, bob, frame, S)
                contested.append(frame)
            elif (number + place) % 3 == 0:
                reviewed(store, ada, frame, A)
            else:
                reviewed(store, ada, frame, S, reasoning="Cones narrow the lane.", action="Watch the feed.")
    for frame in contested[:4]:
        adjudicate(store, lena, Settlement(frame_id=frame, level=A, reason="Looked again."))
    make_gold(store, lena, contested[0])
    return store


@pytest.mark.each_store
def test_progress_and_snapshot_count_the_same_pairs(tmp_path: Path) -> None:
    store = a_reviewed_store(tmp_path)
    seen = preview(store, FreezeOptions())
    with store.read() as session:
        counts = expected_pairs(session)
    assert {f"{weight:.1f}": n for weight, n in counts.by_weight.items()} == seen.pairs_by_weight
    assert (counts.total, counts.equal_levels) == (seen.pairs, seen.equal_levels)
    assert seen.equal_levels > 0
    assert seen.pairs > seen.equal_levels
    assert {"same_text", "gold", "student_reply_failed"} <= set(seen.excluded_by_reason)
    assert forecast(store).pairs == counts
    store.close()


def test_repeated_sentences_are_counted_over_the_pairs_that_share_them(tmp_path: Path) -> None:
    store = a_reviewed_store(tmp_path)
    with store.read() as session:
        repeated = {one.reasoning: one for one in repeated_sentences(session)}
        query = select(FrameStatus).where(FrameStatus.state == VerificationState.VERIFIED)
        verified = len(session.exec(query).all())
    shared = repeated["A person says AUTONOMY."]
    assert shared.level is A
    assert 3 <= shared.pairs < verified
    assert preview(store, FreezeOptions()).repeated == list(repeated.values())
    store.close()
