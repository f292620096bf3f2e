from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlmodel import col, select

from data.errors import LeakError
from data.frames.sampling import sample_frames
from data.proposals.recorded_replies import propose_from_replies
from data.scenarios.ingest import take_in
from data.scenarios.plausibility import Judgement, judge_clip
from data.snapshot.folder import MANIFEST, load_snapshot
from data.snapshot.freeze import FreezeOptions, freeze
from data.snapshot.trace import trace, trace_text
from data.store.opening import Store
from data.store.tables import Frame, GeneratedFrame, Scene
from data.verification.status import refresh_statuses
from data.vocabulary import ModelRole, PersonRole, Split
from tests.builders import A, S, a_person, a_raw_reply, frames_of, replies_file, reviewed


@pytest.fixture
def made(tmp_path: Path, store: Store, outputs: Path) -> list[str]:
    """Generated frames that teacher and student have answered, one of them and one real frame verified."""
    take_in(store, outputs, tmp_path / "workspace")
    with store.read() as session:
        query = select(Frame).join(GeneratedFrame, col(GeneratedFrame.frame_id) == Frame.id)
        frames = session.exec(query.order_by(col(Frame.position))).all()
    for role, level in ((ModelRole.TEACHER, S), (ModelRole.STUDENT, A)):
        names = {frame.filename: a_raw_reply(level) for frame in frames}
        propose_from_replies(store, replies_file(tmp_path / "more.jsonl", names, role=role), role=role)
    refresh_statuses(store)
    ada = a_person(store)
    reviewed(store, ada, frames[2].id, S)
    reviewed(store, ada, frames_of("scene-0001", 8)[0], S)
    return [frame.id for frame in frames]


def test_a_snapshot_leaves_generated_frames_out_unless_asked_and_counts_both(
    tmp_path: Path, store: Store, made: list[str]
) -> None:
    without = freeze(store, tmp_path / "without")
    assert without.generated == {"pairs": 0, "evaluation": 0, "left_out": 1}
    assert without.excluded_by_reason["generated"] == 1
    with_them = freeze(store, tmp_path / "with", FreezeOptions(generated=True))
    assert with_them.generated == {"pairs": 1, "evaluation": 0, "left_out": 0}
    assert (without.policy["generated"], with_them.policy["generated"]) == (False, True)
    assert "**Generated:** 1 pairs and 0 held-out frames" in (tmp_path / "with" / "README.md").read_text()
    assert "Generated:" not in (tmp_path / "without" / "README.md").read_text()


def test_a_generated_pair_names_its_source_and_the_sources_scene(
    tmp_path: Path, store: Store, made: list[str]
) -> None:
    freeze(store, tmp_path / "with", FreezeOptions(generated=True))
    pairs = {pair.frame_id: pair for pair in load_snapshot(tmp_path / "with").pairs}
    with store.read() as session:
        source = session.get_one(Frame, session.get_one(GeneratedFrame, made[2]).source_frame_id)
    assert (pairs[made[2]].source_frame_id, pairs[made[2]].scene_id) == (source.id, source.scene_id)
    assert pairs[frames_of("scene-0001", 8)[0]].source_frame_id is None


def test_a_generated_frame_on_the_other_side_of_its_source_is_a_leak(
    tmp_path: Path, store: Store, made: list[str]
) -> None:
    ada, ben = a_person(store, "cleo"), a_person(store, "ben")
    held_out = frames_of("scene-0002", 8)[0]
    for person in (ada, ben):
        reviewed(store, person, held_out, S)
    with store.write() as session:  # what no use case does
        held_out_scene = session.get_one(Frame, held_out).scene_id
        clip_scene = session.get_one(Scene, session.get_one(Frame, made[0]).scene_id)
        session.connection().exec_driver_sql("DROP TRIGGER generated_clip_no_update")
        session.connection().exec_driver_sql(
            "UPDATE generated_clip SET source_scene_id = ? WHERE scene_id = ?",
            (held_out_scene, clip_scene.id),
        )
    with pytest.raises(LeakError, match="stand in train and held-out at once"):
        freeze(store, tmp_path / "with", FreezeOptions(generated=True))


def test_a_rejected_clip_is_in_no_snapshot_whatever_was_reviewed(
    tmp_path: Path, store: Store, made: list[str]
) -> None:
    judge_clip(store, a_person(store, "ben", PersonRole.LEAD), Judgement(token="t" * 8, frame_id=made[0]))
    manifest = freeze(store, tmp_path / "with", FreezeOptions(generated=True))
    assert manifest.generated == {"pairs": 0, "evaluation": 0, "left_out": 0}
    assert manifest.excluded_by_reason["implausible"] == 8


def test_a_snapshot_from_before_generated_frames_is_still_whole(
    tmp_path: Path, store: Store, made: list[str]
) -> None:
    from data.snapshot.folder import manifest_hash

    freeze(store, tmp_path / "old")
    path = tmp_path / "old" / MANIFEST
    fields = json.loads(path.read_text())
    del fields["generated"], fields["snapshot_hash"]
    path.chmod(0o644)
    path.write_text(json.dumps({**fields, "snapshot_hash": manifest_hash(fields)}))
    assert load_snapshot(tmp_path / "old").manifest.generated == {}


def test_a_trace_names_the_source_the_specification_the_seed_and_the_model(
    store: Store, made: list[str]
) -> None:
    chain = trace(store, made[2])
    link = chain["generated"]
    assert (link["scenario"], link["model"]) == ("fog", "nvidia/Cosmos-Transfer2.5-2B")
    assert (link["frame_of_clip"], link["frames_of_clip"]) == (3, 8)
    assert link["source_filename"].startswith("samples/CAM_FRONT/")
    assert len(link["spec_hash"]) == 64
    assert f"seed                   {link['seed']}" in trace_text(chain)
    assert "generated" not in trace(store, link["source_frame"])


def test_generated_frames_are_never_part_of_the_draw(store: Store, made: list[str]) -> None:
    again = sample_frames(store, train=96, held_out=32, seed=0)
    assert again.was_there
    assert again.taken == {Split.TRAIN.value: 24, Split.HELD_OUT.value: 8}
    assert again.scenes == {Split.TRAIN.value: 3, Split.HELD_OUT.value: 1}
