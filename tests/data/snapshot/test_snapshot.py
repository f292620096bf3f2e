from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import LeakError, SnapshotError
from data.frames.development_part import SHARE, in_development
from data.hashing import file_hash
from data.proposals.runs import latest_run, proposals_by_frame, record_reply
from data.review.adjudication import Settlement, adjudicate
from data.review.gold import make_gold
from data.review.reviews import submit_review
from data.review.second_looks import send_back
from data.review.serving import lease_frames
from data.snapshot.diff import diff_snapshots
from data.snapshot.folder import EXCLUDED, MANIFEST, PAIRS, load_snapshot, manifest_hash
from data.snapshot.freeze import FreezeOptions, freeze
from data.snapshot.pairs import pair_weight
from data.snapshot.preview import preview
from data.snapshot.writer import SnapshotLabel
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, ModelRun, Proposal, SampledFrame
from data.vlm.reply import parse_reply
from data.vocabulary import LEVELS, ImageStorage, Mode, ModelRole, PersonRole, ReplyForm, Split, TriageLevel
from tests.builders import SHOWN_PX, A, S, T, a_decision, a_filename, a_person, a_raw_reply, a_store, reviewed
from tests.data.review.test_reviews import frames_in
from tests.stores import worked_on

pytestmark = pytest.mark.each_store


def a_verified_store(folder: Path, *, level: TriageLevel = S, teacher: TriageLevel = S) -> Store:
    """Every training frame reviewed at one level by two people, every held-out frame blind by two."""
    return worked_on(folder, f"verified at {level}, {teacher}", lambda made: _verified(made, level, teacher))


def _verified(folder: Path, level: TriageLevel, teacher: TriageLevel) -> Store:
    store = a_store(folder, teacher=teacher, student=A)
    people = [a_person(store, "ada"), a_person(store, "ben")]
    for split in Split:
        for frame in frames_in(store, split):
            for person in people if split is Split.HELD_OUT or T in (level, teacher) else people[:1]:
                reviewed(store, person, frame, level)
    return store


def test_verified_training_frames_become_pairs_and_held_out_ones_do_not(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path, level=T)
    freeze(store, tmp_path / "snap")
    snapshot = load_snapshot(tmp_path / "snap")
    assert {pair.frame_id for pair in snapshot.pairs} == set(frames_in(store, Split.TRAIN))
    assert {frame.frame_id for frame in snapshot.evaluation} == set(frames_in(store, Split.HELD_OUT))
    assert {(pair.chosen_level, pair.rejected_level, pair.weight) for pair in snapshot.pairs} == {(T, A, 5.0)}
    assert snapshot.manifest.pairs_by_weight == {"5.0": 4}


def test_a_pair_is_what_a_trainer_reads_and_traces_back_to_its_reviews(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path, level=T)
    freeze(store, tmp_path / "snap")
    pair = load_snapshot(tmp_path / "snap").pairs[0]
    assert parse_reply(pair.chosen[0].content).assessment.level is T  # type: ignore[union-attr]
    assert parse_reply(pair.rejected[0].content).assessment.level is A  # type: ignore[union-attr]
    assert [message.role for message in (*pair.prompt, *pair.chosen, *pair.rejected)] == [
        "system",
        "user",
        "assistant",
        "assistant",
    ]
    assert len(pair.review_ids) == 2
    assert file_hash(tmp_path / "snap" / pair.images[0]) == pair.image_sha256


@pytest.mark.parametrize("chosen", LEVELS)
@pytest.mark.parametrize("rejected", LEVELS)
def test_only_missed_teleoperation_weighs_more(chosen: TriageLevel, rejected: TriageLevel) -> None:
    assert pair_weight(chosen, rejected) == {(T, A): 5.0, (T, S): 2.0}.get((chosen, rejected), 1.0)


def test_two_snapshots_of_a_store_are_byte_identical(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    one, two = freeze(store, tmp_path / "one"), freeze(store, tmp_path / "two")
    assert one == two
    for name in [MANIFEST, *one.files]:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_every_frame_left_out_stands_there_with_its_reason(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    train = frames_in(store, Split.TRAIN)
    student_says(store, train[0], "no JSON here")
    student_says(store, train[1], None)
    student_says(
        store, train[2], a_raw_reply(S, reasoning="A person says SUPERVISION.", action="Do what fits.")
    )
    with store.write() as session:
        session.delete(session.get_one(FrameStatus, train[3]))
    manifest = freeze(store, tmp_path / "snap")
    assert manifest.excluded_by_reason == {
        "no_proposal": 1,
        "no_student_reply": 1,
        "same_text": 1,
        "student_reply_failed": 1,
    }
    lines = (tmp_path / "snap" / EXCLUDED).read_text().splitlines()
    assert [json.loads(line)["frame_id"] for line in lines] == sorted(train)


def student_says(store: Store, frame_id: str, raw: str | None) -> None:
    """Replace the student's reply on one frame, or take it away."""
    with store.write() as session:
        run = latest_run(session, ModelRole.STUDENT)
        assert run is not None
        session.delete(proposals_by_frame(session, run)[frame_id])
        session.flush()
        if raw is not None:
            record_reply(session, run, frame_id, raw, now_us=0)


def test_a_contested_frame_enters_once_it_is_settled_with_the_leads_words(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    frame = frames_in(store, Split.TRAIN)[0]
    for name, level in (("ada", S), ("ben", T)):
        person = a_person(store, name)
        if level is T:
            with store.write() as session:
                session.get_one(FrameStatus, frame).reviews_needed = 1
        reviewed(store, person, frame, level)
    with pytest.raises(SnapshotError, match="No frame is verified yet"):
        freeze(store, tmp_path / "none")
    lead = a_person(store, "lena", PersonRole.LEAD)
    words = {"reasoning": "The lane is shut.", "action": "Take over."}
    adjudicate(store, lead, Settlement(frame_id=frame, level=T, reason="Clear.", **words))
    freeze(store, tmp_path / "snap")
    pair = load_snapshot(tmp_path / "snap").pairs[0]
    assert parse_reply(pair.chosen[0].content).assessment.reasoning == "The lane is shut."  # type: ignore[union-attr]
    assert pair.adjudication_id is not None


def a_thinking_team(folder: Path) -> tuple[Store, str]:
    """A teacher and a student who think; of two verified frames one keeps the teacher's words."""
    names = [a_filename(scene, n) for scene in ("scene-0001", "scene-0002") for n in range(4)]
    teacher = {name: a_raw_reply(S, thought="I see cones.") for name in names}
    student = {name: a_raw_reply(A, thought="The road is clear.") for name in names}
    store = a_store(folder, teacher=teacher, student=student)
    ada = a_person(store)
    kept, corrected = [one.frame.id for one in lease_frames(store, ada, n=8) if one.mode is Mode.ASSISTED][:2]
    submit_review(store, ada, a_decision(kept, S, reasoning=None, action=None))
    submit_review(store, ada, a_decision(corrected, A))
    return store, kept


def test_a_snapshot_of_thoughts_has_one_on_both_sides_and_no_frame_that_was_corrected(tmp_path: Path) -> None:
    store, kept = a_thinking_team(tmp_path)
    manifest = freeze(store, tmp_path / "snap")
    (pair,) = load_snapshot(tmp_path / "snap").pairs
    assert manifest.reply_form is ReplyForm.THOUGHT_FIRST
    assert manifest.excluded_by_reason["no_chain_of_thought"] == 1
    assert pair.frame_id == kept
    assert [turn.role for turn in pair.prompt] == ["system", "user"]
    assert "<think>" in pair.prompt[1].content
    assert parse_reply(pair.chosen[0].content).chain_of_thought == "I see cones."
    assert pair.rejected[0].content == a_raw_reply(A, thought="The road is clear.")


def test_forms_are_never_mixed(tmp_path: Path) -> None:
    store, _ = a_thinking_team(tmp_path)
    options = FreezeOptions(form=ReplyForm.LEVEL_FIRST)
    with pytest.raises(SnapshotError, match="form thought_first; a snapshot of the form level_first needs"):
        freeze(store, tmp_path / "snap", options)
    assert "answered in the form thought_first" in str(preview(store, options).leak)


def test_a_reply_of_another_form_than_the_student_s_others_makes_no_pair(tmp_path: Path) -> None:
    names = [a_filename(scene, n) for scene in ("scene-0001", "scene-0002") for n in range(4)]
    store = a_store(tmp_path, student=dict.fromkeys(names, a_raw_reply(A)))
    ada = a_person(store)
    two = [one.frame.id for one in lease_frames(store, ada, n=8) if one.mode is Mode.ASSISTED][:2]
    for frame in two:
        submit_review(store, ada, a_decision(frame, S, reasoning=None, action=None))
    words_first = '{"reasoning": "Clear.", "level": "AUTONOMY", "action": "None."}'
    with store.write() as session:
        run = latest_run(session, ModelRole.STUDENT)
        proposals_by_frame(session, run, [max(two)])[max(two)].raw = words_first
    manifest = freeze(store, tmp_path / "snap")
    assert manifest.reply_form is ReplyForm.LEVEL_FIRST
    assert manifest.excluded_by_reason["student_reply_of_another_form"] == 1


def test_pictures_can_be_named_where_they_are(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path, level=T)
    manifest = freeze(store, tmp_path / "snap", FreezeOptions(images=ImageStorage.REFERENCED))
    assert manifest.policy["images"] == "referenced"
    assert not (tmp_path / "snap" / "images").exists()
    whole = load_snapshot(tmp_path / "snap")
    named = [one.images for one in whole.pairs] + [one.images for one in whole.evaluation]
    paths = [Path(images[0]) for images in named]
    assert {path.parent for path in paths} == {tmp_path / "dataroot" / "samples" / "CAM_FRONT"}
    paths[0].write_bytes(b"changed")
    with pytest.raises(SnapshotError, match="was changed after the snapshot was frozen"):
        load_snapshot(tmp_path / "snap")
    paths[0].unlink()
    with pytest.raises(SnapshotError, match=r"which .* names, is gone"):
        load_snapshot(tmp_path / "snap")
    with pytest.raises(SnapshotError, match="is gone; ingest again"):
        freeze(store, tmp_path / "again", FreezeOptions(images=ImageStorage.REFERENCED))


@pytest.mark.parametrize("images", ImageStorage)
def test_datasets_loads_the_folder_with_its_pictures(tmp_path: Path, images: ImageStorage) -> None:
    from datasets import load_dataset

    freeze(a_verified_store(tmp_path, level=T), tmp_path / "snap", FreezeOptions(images=images))
    rows = load_dataset(str(tmp_path / "snap"), split="train", cache_dir=str(tmp_path / "cache"))
    assert (len(rows), rows[0]["images"][0].size, rows[0]["weight"]) == (4, SHOWN_PX, 5.0)
    assert [turn["role"] for turn in rows[0]["chosen"]] == ["assistant"]


def test_no_file_of_a_snapshot_can_be_written(tmp_path: Path) -> None:
    freeze(a_verified_store(tmp_path), tmp_path / "snap")
    files = [path for path in (tmp_path / "snap").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o444}


def test_gold_is_kept_for_testing(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    lena = a_person(store, "lena", PersonRole.LEAD)
    frame = frames_in(store, Split.TRAIN)[0]
    send_back(store, lena, frame, "Look again.")
    adjudicate(store, lena, Settlement(frame_id=frame, level=S, reason="Still so."))
    make_gold(store, lena, frame)
    manifest = freeze(store, tmp_path / "snap")
    assert manifest.excluded_by_reason == {"gold": 1}
    assert frame not in {pair.frame_id for pair in load_snapshot(tmp_path / "snap").pairs}


def test_a_preview_counts_what_a_snapshot_then_holds(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path, level=T)
    student_says(store, frames_in(store, Split.TRAIN)[0], None)
    seen = preview(store, FreezeOptions())
    manifest = freeze(store, tmp_path / "snap")
    assert (seen.pairs, seen.evaluation, seen.leak) == (3, 4, None)
    assert seen.pairs_by_weight == manifest.pairs_by_weight == {"5.0": 3}
    assert seen.pairs_by_levels == manifest.pairs_by_levels == {"TELEOPERATION>AUTONOMY": 3}
    assert seen.excluded_by_reason == manifest.excluded_by_reason == {"no_student_reply": 1}
    assert [example.weight for example in seen.examples] == [5.0, 5.0, 5.0]


def test_a_name_and_a_description_are_kept_and_are_no_part_of_what_the_snapshot_is(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path, level=T)
    plain = freeze(store, tmp_path / "plain")
    label = SnapshotLabel("First set", "For the student of May.")
    named = freeze(store, tmp_path / "named", label=label)
    assert named.snapshot_hash == plain.snapshot_hash
    read = load_snapshot(tmp_path / "named").manifest
    assert (read.name, read.description) == ("First set", "For the student of May.")
    with pytest.raises(SnapshotError, match="name has at most 80 characters; this has 81"):
        SnapshotLabel("x" * 81)


def test_a_preview_shows_pairs_as_people_read_them_and_counts_doubles(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path, level=T)
    seen = preview(store, FreezeOptions())
    assert {(one.chosen.level, one.rejected.level, one.weight) for one in seen.examples} == {(T, A, 5.0)}
    freeze(store, tmp_path / "snap")
    pairs = load_snapshot(tmp_path / "snap").pairs
    written = Counter((pair.chosen[0].content, pair.rejected[0].content) for pair in pairs)
    assert seen.same_texts == sum(n for n in written.values() if n > 1)
    assert seen.same_picture == 0


def test_a_preview_names_a_leak_before_anything_is_frozen(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    with store.write() as session:
        for split in Split:
            session.get_one(Frame, frames_in(store, split)[0]).image_fingerprint = "0f" * 32
    assert "show one view in train and in held-out" in str(preview(store, FreezeOptions()).leak)


def test_a_scene_on_both_sides_is_refused(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    moved = frames_in(store, Split.HELD_OUT)[0]
    with store.write() as session:
        session.get_one(FrameStatus, moved).split = Split.TRAIN
        session.get_one(SampledFrame, moved).split = Split.TRAIN
    with pytest.raises(LeakError, match="stand in train and held-out at once"):
        freeze(store, tmp_path / "snap")
    assert not (tmp_path / "snap").exists()


def test_the_same_picture_on_both_sides_is_refused(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    one, other = frames_in(store, Split.TRAIN)[0], frames_in(store, Split.HELD_OUT)[0]
    with store.write() as session:
        session.get_one(Frame, one).image_sha256 = session.get_one(Frame, other).image_sha256
    with pytest.raises(LeakError, match="1 images stand in train and held-out"):
        freeze(store, tmp_path / "snap")


def test_a_picture_that_changed_since_ingest_stops_the_snapshot_and_leaves_nothing(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    (tmp_path / "dataroot" / a_filename("scene-0001", 0)).write_bytes(b"changed")
    with pytest.raises(SnapshotError, match="has changed since it was ingested"):
        freeze(store, tmp_path / "snap")
    assert [path.name for path in tmp_path.iterdir() if "snap" in path.name] == []


def test_a_snapshot_is_never_written_over(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    (tmp_path / "snap").mkdir()
    (tmp_path / "snap" / "mine.txt").write_text("keep me")
    with pytest.raises(SnapshotError, match="is not empty"):
        freeze(store, tmp_path / "snap")
    assert (tmp_path / "snap" / "mine.txt").read_text() == "keep me"


@pytest.mark.parametrize("name", [PAIRS, MANIFEST])
def test_a_changed_file_is_found_when_the_snapshot_is_read(tmp_path: Path, name: str) -> None:
    freeze(a_verified_store(tmp_path), tmp_path / "snap")
    path = tmp_path / "snap" / name
    path.write_text(path.read_text().replace("SUPERVISION", "AUTONOMY", 1))
    with pytest.raises(SnapshotError, match="changed after the snapshot was frozen"):
        load_snapshot(tmp_path / "snap")


def test_a_missing_picture_is_found_when_the_snapshot_is_read(tmp_path: Path) -> None:
    freeze(a_verified_store(tmp_path), tmp_path / "snap")
    next((tmp_path / "snap" / "images").iterdir()).unlink()
    with pytest.raises(SnapshotError, match="is missing from the snapshot"):
        load_snapshot(tmp_path / "snap")


def rehashed(folder: Path, **fields: object) -> None:
    """Change the manifest and the files as somebody does who knows how its hashes are taken."""
    manifest = json.loads((folder / MANIFEST).read_text())
    files = {name: file_hash(folder / name) for name in manifest["files"] if (folder / name).is_file()}
    manifest = {**manifest, "files": files, **fields}
    manifest["snapshot_hash"] = manifest_hash(manifest)
    (folder / MANIFEST).chmod(0o644)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def rewritten(path: Path, change: Callable[[str], str]) -> None:
    path.chmod(0o644)
    path.write_text(change(path.read_text()))


def without_pictures(folder: Path) -> None:
    shutil.rmtree(folder / "images")
    rehashed(folder)


def without_pairs(folder: Path) -> None:
    (folder / PAIRS).unlink()
    rehashed(folder)


def with_fewer_pairs(folder: Path) -> None:
    rewritten(folder / PAIRS, lambda text: text.split("\n", 1)[1])
    rehashed(folder)


def with_a_picture_from_elsewhere(folder: Path) -> None:
    name = json.loads((folder / PAIRS).read_text().splitlines()[0])["images"][0]
    rewritten(folder / PAIRS, lambda text: text.replace(name, "../../../etc/hostname"))
    rehashed(folder)


def with_two_pictures(folder: Path) -> None:
    rewritten(folder / PAIRS, lambda text: text.replace('"images":["', '"images":["images/x.jpg","'))
    rehashed(folder)


def with_a_line_of_another_form(folder: Path) -> None:
    rewritten(folder / PAIRS, lambda text: text.replace('"pair_id"', '"pear_id"', 1))
    rehashed(folder)


def with_an_extra_file(folder: Path) -> None:
    (folder / "images" / "extra.jpg").write_bytes(b"x")


TAMPERED: list[tuple[Callable[[Path], None], str]] = [
    (without_pictures, "as a picture, which its manifest.json does not list"),
    (without_pairs, "does not list pairs.jsonl, which every snapshot has"),
    (with_fewer_pairs, "counts 4 pairs and 4 held-out frames, and the folder has 3 and 4"),
    (with_a_picture_from_elsewhere, "names ../../../etc/hostname as a picture"),
    (with_two_pictures, "2 pictures instead of one"),
    (with_a_line_of_another_form, "Line 1 of "),
    (with_an_extra_file, "extra.jpg does not belong to the snapshot"),
    (partial(rehashed, schema_version=2), "has the schema version 2; this version of teletriage reads 1"),
]


@pytest.mark.parametrize(("change", "told"), TAMPERED)
def test_a_snapshot_that_hashes_right_and_is_not_one_is_refused(
    tmp_path: Path, change: Callable[[Path], None], told: str
) -> None:
    freeze(a_verified_store(tmp_path), tmp_path / "snap")
    change(tmp_path / "snap")
    with pytest.raises(SnapshotError, match=re.escape(told)):
        load_snapshot(tmp_path / "snap")


def test_unicode_line_separators_in_a_text_end_no_line(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    words = "Cones\u2028narrow\x85the lane."
    with store.write() as session:
        for proposal in session.exec(
            select(Proposal).join(ModelRun).where(ModelRun.role == ModelRole.STUDENT)
        ):
            proposal.raw = json.dumps({**json.loads(proposal.raw), "reasoning": words}, ensure_ascii=False)
            session.add(proposal)
    freeze(store, tmp_path / "snap")
    assert words in load_snapshot(tmp_path / "snap").pairs[0].rejected[0].content


def test_a_snapshot_that_was_killed_leaves_no_folder_in_the_way(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    child = os.fork()
    if child == 0:
        store.engine.dispose(close=False)  # its connections are the parent's
        freeze(store, tmp_path / "snap", progress=lambda done, total: os.kill(os.getpid(), signal.SIGKILL))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    freeze(store, tmp_path / "snap")
    assert len(load_snapshot(tmp_path / "snap").pairs) == 4


def test_a_folder_that_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=f"has no {MANIFEST}"):
        load_snapshot(tmp_path)


def test_whole_scenes_are_kept_out_of_training_as_the_development_part(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path, level=T)
    shares = [share / 100 for share in range(1, 100)]
    share = next(one for one in shares if sum(map(partial(in_development, share=one), _scenes(store))) == 1)
    options = FreezeOptions(development=share)
    manifest = freeze(store, tmp_path / "snap", options)
    kept = load_snapshot(tmp_path / "snap")
    (scene,) = manifest.development_scenes
    assert {one.scene_id for one in kept.development} == {scene}
    assert scene not in {*manifest.train_scenes, *manifest.held_out_scenes}
    assert {(one.level, one.votes[T]) for one in kept.development} == {(T, 2)}
    for one in kept.development:
        sides = [parse_reply(side or "").assessment for side in (one.chosen, one.rejected)]
        assert [side and side.level for side in sides] == [T, A]
    assert len(kept.pairs) + len(kept.development) == 4
    assert manifest.policy["development"] == share
    assert manifest.policy["development_seed"] == 0
    assert preview(store, options).development == len(kept.development)
    assert freeze(store, tmp_path / "all").policy["development"] == SHARE, "as the command does"
    (change, *_) = diff_snapshots(tmp_path / "all", tmp_path / "snap").changes
    assert change.why == "It moved from training to the development part."


def _scenes(store: Store) -> set[str]:
    with store.read() as session:
        frames = frames_in(store, Split.TRAIN)
        return {frame.scene_id for frame in session.exec(select(Frame)) if frame.id in frames}


def test_a_scene_in_two_parts_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "snap"
    freeze(a_verified_store(tmp_path, level=T), folder)
    fields = json.loads((folder / MANIFEST).read_text())
    fields["development_scenes"] = fields["train_scenes"][:1]
    (folder / MANIFEST).chmod(0o644)
    (folder / MANIFEST).write_text(json.dumps(fields | {"snapshot_hash": manifest_hash(fields)}))
    with pytest.raises(LeakError, match="is in the development part and in another one"):
        load_snapshot(folder)


def test_a_snapshot_from_before_development_parts_stays_readable(tmp_path: Path) -> None:
    folder = tmp_path / "snap"
    freeze(a_verified_store(tmp_path, level=T), folder)
    for name in (MANIFEST, PAIRS):
        (folder / name).chmod(0o644)
    lines = [json.loads(line) for line in (folder / PAIRS).read_text().splitlines()]
    for line in lines:
        del line["votes"]
    (folder / PAIRS).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    fields = json.loads((folder / MANIFEST).read_text())
    del fields["development_scenes"], fields["development_by_level"]
    fields["files"][PAIRS] = file_hash(folder / PAIRS)
    (folder / MANIFEST).write_text(json.dumps(fields | {"snapshot_hash": manifest_hash(fields)}))
    old = load_snapshot(folder)
    assert old.development == []
    assert {len(pair.votes) for pair in old.pairs} == {0}
