"""Snapshots whose questions show earlier frames."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlmodel import col, select

from data.errors import LeakError, SnapshotError
from data.hashing import file_hash
from data.proposals.recorded_replies import propose_from_replies
from data.snapshot.diff import diff_snapshots
from data.snapshot.folder import image_hashes, load_snapshot
from data.snapshot.freeze import FreezeOptions, freeze
from data.snapshot.preview import preview
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, ModelRun, Proposal
from data.vlm.conversation import conversation, conversation_hash
from data.vlm.moment import Lookback, Moment
from data.vocabulary import ImageStorage, ModelRole, ReplyForm, Split
from tests.builders import A, T, a_raw_reply
from tests.data.review.test_reviews import frames_in
from tests.data.snapshot.test_snapshot import a_verified_store, rehashed

FORM = ReplyForm.LEVEL_FIRST
THREE = Lookback(3, 0.5)


def frames_by_time(store: Store, split: Split) -> list[Frame]:
    """The frames of the one scene of that side."""
    ids = frames_in(store, split)
    with store.read() as session:
        query = select(Frame).where(col(Frame.id).in_(ids)).order_by(Frame.scene_id, col(Frame.position))
        return list(session.exec(query))


def a_store_with_time(folder: Path) -> Store:
    """Verified frames, and a student that answered about each with two frames before it."""
    store = a_verified_store(folder, level=T)
    lines = []
    for split in Split:
        for frame in frames_by_time(store, split):
            before_s = [1.0, 0.5][-frame.position :] if frame.position else []
            said = {"filename": frame.filename, "role": "student", "model": "m3", "raw": a_raw_reply(A)}
            lines.append({**said, **THREE.as_dict(), "before_s": before_s})
    file = folder / "three.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    propose_from_replies(store, file, role=ModelRole.STUDENT)
    return store


@pytest.mark.each_store
def test_pairs_hold_every_picture_of_their_question_and_say_when_it_was_taken(tmp_path: Path) -> None:
    store = a_store_with_time(tmp_path)
    frames = frames_by_time(store, Split.TRAIN)
    with store.write() as session:
        session.delete(session.get_one(FrameStatus, frames[0].id))
    manifest = freeze(store, tmp_path / "snap")
    snapshot = load_snapshot(tmp_path / "snap")
    pairs = {pair.frame_id: pair for pair in snapshot.pairs}
    ids = [frame.id for frame in frames]
    assert frames[0].id not in pairs
    assert [[one.frame_id for one in pairs[each].earlier] for each in ids[1:4]] == [
        ids[:1],
        ids[:2],
        ids[1:3],
    ]
    last = pairs[ids[3]]
    assert [turn.model_dump() for turn in last.prompt] == conversation(FORM, Moment.of(THREE, (1.0, 0.5)))
    assert last.images == [f"images/{one}.jpg" for one in ids[1:4]]
    assert [file_hash(snapshot.folder / name) for name in last.images] == image_hashes(last)
    shown = [len(frame.images) for frame in snapshot.evaluation]
    assert (sorted(shown), manifest.lookback) == ([1, 2, 3, 3], THREE)
    assert manifest.entries_by_pictures == {"1": 1, "2": 2, "3": 4}
    assert manifest.question_hash == conversation_hash(FORM, THREE)
    assert f"images/{ids[0]}.jpg" in manifest.files
    assert "up to 3 pictures 0.5 s apart" in (tmp_path / "snap" / "README.md").read_text()


def test_two_snapshots_with_time_are_equal_and_one_of_stills_differs_in_what_is_shown(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path, level=T)
    stills = freeze(store, tmp_path / "stills")
    a_store_with_time(tmp_path)
    one, two = freeze(store, tmp_path / "one"), freeze(store, tmp_path / "two")
    assert (one, stills.lookback.frames, stills.entries_by_pictures) == (two, 1, {"1": 8})
    said = {change.why for change in diff_snapshots(tmp_path / "stills", tmp_path / "one").changes}
    assert any("shown with other earlier pictures" in why for why in said)
    named = freeze(store, tmp_path / "named", FreezeOptions(images=ImageStorage.REFERENCED))
    assert not any(name.startswith("images/") for name in named.files)
    assert load_snapshot(tmp_path / "named").manifest == named


def test_a_picture_that_is_shown_before_a_frame_may_not_stand_on_the_other_side(tmp_path: Path) -> None:
    """Though nobody verified it."""
    store = a_store_with_time(tmp_path)
    first, held_out = frames_by_time(store, Split.TRAIN)[0], frames_by_time(store, Split.HELD_OUT)[0]
    with store.write() as session:
        session.delete(session.get_one(FrameStatus, first.id))
        session.get_one(Frame, first.id).image_sha256 = held_out.image_sha256
    with pytest.raises(LeakError, match=first.filename):
        freeze(store, tmp_path / "snap")
    assert first.filename in (preview(store, FreezeOptions()).leak or "")


def test_a_reply_to_other_pictures_is_no_rejected_side(tmp_path: Path) -> None:
    store = a_store_with_time(tmp_path)
    last = frames_by_time(store, Split.TRAIN)[3]
    with store.write() as session:
        query = select(Proposal).join(ModelRun).where(ModelRun.model == "m3", Proposal.frame_id == last.id)
        session.exec(query).one().earlier_frame_ids = []
    assert freeze(store, tmp_path / "snap").excluded_by_reason == {"student_shown_other_pictures": 1}


def test_a_snapshot_that_mixes_questions_is_refused_in_a_sentence(tmp_path: Path) -> None:
    freeze(a_store_with_time(tmp_path), tmp_path / "snap")
    rehashed(tmp_path / "snap", frames=1, spacing_s=None)
    with pytest.raises(
        SnapshotError, match=r"mixes questions: frame .* says 1 frame\. Take the snapshot again"
    ):
        load_snapshot(tmp_path / "snap")
    rehashed(tmp_path / "snap", frames=3, spacing_s=1.0)
    with pytest.raises(
        SnapshotError, match=r"\[0\.5\] seconds before, and its manifest.json says 3 frames 1 s"
    ):
        load_snapshot(tmp_path / "snap")


def test_a_picture_shown_on_both_sides_is_found_when_the_snapshot_is_read(tmp_path: Path) -> None:
    freeze(a_store_with_time(tmp_path), tmp_path / "snap")
    snapshot = load_snapshot(tmp_path / "snap")
    pair = next(one for one in snapshot.pairs if len(one.images) == 3)
    other = snapshot.evaluation[0].images[-1]
    path = tmp_path / "snap" / "pairs.jsonl"
    path.chmod(0o644)
    path.write_text(path.read_text().replace(pair.images[0], other))
    rehashed(tmp_path / "snap")
    with pytest.raises(LeakError, match="is shown in two parts"):
        load_snapshot(tmp_path / "snap")
