from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from data.frames.ingest import ingest
from data.overview.contested import contested_frames
from data.overview.personal_progress import frames_reviewed, recent_reviews
from data.overview.progress import progress
from data.review.reviews import submit_review
from data.vocabulary import Split, VerificationState
from tests.builders import A, S, T, a_decision, a_person, a_store, reviewed
from tests.data.frames.test_data_sets import a_reel
from tests.data.review.test_reviews import frames_in

pytestmark = pytest.mark.each_store


def test_progress_counts_states_levels_and_people(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store, "ada")
    train = frames_in(store, Split.TRAIN)
    reviewed(store, ada, train[0], S)
    reviewed(store, ada, train[1], A)
    reviewed(store, ada, train[2], T)
    counts = progress(store)
    assert (counts.sampled, counts.reviews) == (8, 3)
    assert counts.states[Split.TRAIN] == {
        VerificationState.VERIFIED: 2,
        VerificationState.CONTESTED: 0,
        VerificationState.AWAITING: 2,
    }
    assert counts.levels == {A: 1, S: 1, T: 0}
    assert [(one.name, one.reviews) for one in counts.people] == [("ada", 3)]
    assert sum(scene.verified for scene in counts.scenes) == 2


def test_the_widest_disagreement_comes_first_with_what_each_said(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    near, far = frames_in(store, Split.HELD_OUT)[:2]
    for frame, levels in ((near, (S, T)), (far, (A, T))):
        for person, level in zip((ada, ben), levels, strict=True):
            reviewed(store, person, frame, level)
    contested = contested_frames(store)
    assert [(one.frame.id, one.spread) for one in contested] == [(far, 2), (near, 1)]
    assert [(who.name, review.level) for review, who in contested[0].reviews] == [("ada", A), ("ben", T)]


def test_own_recent_reviews_leave_out_superseded_ones(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store)
    frames = frames_in(store, Split.TRAIN)[:2]
    first = reviewed(store, ada, frames[0], S)
    reviewed(store, ada, frames[1], S)
    submit_review(store, ada, a_decision(frames[0], A, supersedes_id=first.id))
    assert [(one.review.frame_id, one.review.level) for one in recent_reviews(store, ada)] == [
        (frames[0], A),
        (frames[1], S),
    ]
    assert frames_reviewed(store, ada) == 2


def test_progress_counts_each_data_set_and_tells_scenes_of_one_name_apart(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    reel = a_reel(tmp_path)
    ingest(
        store,
        replace(reel, found=[replace(reel.found[0], name="scene-0001")]),
        pictures=tmp_path / "pictures",
    )
    train = frames_in(store, Split.TRAIN)
    reviewed(store, a_person(store), train[0], S)
    counts = progress(store)
    reel_counts, tables = counts.data_sets
    assert (reel_counts.name, reel_counts.frames, reel_counts.set_aside) == ("reel", 3, 1)
    assert (reel_counts.licences, sum(reel_counts.states.values())) == (["CC-BY-4.0"], 0)
    assert (tables.frames, tables.states[VerificationState.VERIFIED], tables.levels[S]) == (8, 1, 1)
    assert counts.set_aside == 1
    assert {(one.name, one.shares_name) for one in counts.scenes} == {
        ("scene-0001", True),
        ("scene-0002", False),
    }
