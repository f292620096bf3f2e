"""The round trip by commands on drawn scenes of the demo: plan, generate with a stand-in, take in, review, freeze,
evaluate. The stand-in is a program of its own that reads and writes real mp4 files; run.sh starts it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner

from annotator.__main__ import app
from data.demo import VERSION
from data.demo.dataroot import write_image, write_tables
from data.images.clips import read_frames
from data.scenarios.specification import read_specs
from data.snapshot.folder import load_snapshot
from data.store.opening import Store, open_store
from data.store.tables import Frame, FrameStatus, SampledFrame, Scene
from data.vocabulary import ModelRole, Split, VerificationState
from tests.builders import A, S, T, a_person, a_raw_reply, replies_file, reviewed
from tests.data.scenarios.builders import generate

SCENES = ("scene-9001", "scene-9002", "scene-9003")
FRAMES = 5


@pytest.fixture(scope="module")
def dataroot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three scenes of the demo by day, five frames of each."""
    folder = tmp_path_factory.mktemp("three-scenes")
    write_tables(folder)
    kept = {row["token"] for row in rows(folder, "scene") if row["name"] in SCENES}
    samples = [row for row in rows(folder, "sample") if row["scene_token"] in kept]
    wanted = {
        row["token"] for scene in kept for row in [s for s in samples if s["scene_token"] == scene][:FRAMES]
    }
    pictures = [row for row in rows(folder, "sample_data") if row["sample_token"] in wanted]
    (folder / VERSION / "sample_data.json").write_text(json.dumps(pictures, indent=0))
    for scene in SCENES:
        for number in range(FRAMES):
            write_image(folder, (scene, number))
    return folder


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    return list(json.loads((folder / VERSION / f"{table}.json").read_text()))


def teletriage(workspace: Path, *words: object, code: int = 0) -> dict[str, Any]:
    """One command with --json; its figures."""
    done = CliRunner().invoke(app, ["--workspace", str(workspace), *map(str, words), "--json"])
    assert done.exit_code == code, done.output
    return dict(json.loads(done.stdout))


def answer(store: Store, folder: Path, workspace: Path) -> None:
    """The teacher says SUPERVISION and the student AUTONOMY of every frame there is."""
    with store.read() as session:
        names = list(session.exec(select(Frame.filename)))
    for role, level in ((ModelRole.TEACHER, S), (ModelRole.STUDENT, A)):
        replies = replies_file(
            folder / f"{role.value}.jsonl", dict.fromkeys(names, a_raw_reply(level)), role=role
        )
        teletriage(workspace, "propose", "--role", role.value, "--replies", replies)


def frames_to_judge(store: Store, split: Split, *, are_generated: bool) -> list[str]:
    made = col(Frame.generated_clip_id)
    query = (
        select(Frame.id)
        .join(SampledFrame, col(SampledFrame.frame_id) == Frame.id)
        .where(SampledFrame.split == split, made.is_not(None) if are_generated else made.is_(None))
        .order_by(Frame.id)
    )
    with store.read() as session:
        return list(session.exec(query))


def test_the_round_trip_on_the_demo_scenes(dataroot: Path, tmp_path: Path) -> None:
    workspace, plan = tmp_path / "workspace", tmp_path / "plan"
    teletriage(workspace, "ingest", dataroot, "--version", VERSION)
    teletriage(workspace, "sample", "--train", 10, "--held-out", 5, "--yes")
    store = open_store(workspace)
    answer(store, tmp_path, workspace)

    before = teletriage(workspace, "scenarios", "coverage", "--picture", tmp_path / "coverage.svg")
    assert (before["frames"], before["verified"], before["run"]) == (15, 0, None)
    assert (tmp_path / "coverage.svg").read_text().startswith("<svg")

    for side, scenario, split in (("train", "fog", "train"), ("held", "night_rain", "held_out")):
        words = ("--scenario", scenario, "--split", split, "--clips", 1)
        teletriage(workspace, "scenarios", "plan", plan / side, *words)
    taken = []
    for side in ("train", "held"):
        (spec,) = read_specs(plan / side / "specs.jsonl")
        assert len(list(read_frames(plan / side / spec.video_path))) == FRAMES
        outputs = generate(plan / side)
        assert len(list(read_frames(outputs / f"{spec.name}.mp4"))) == FRAMES
        taken.append(teletriage(workspace, "scenarios", "ingest", outputs))
    assert [one["by_split"] for one in taken] == [{"train": FRAMES}, {"held_out": FRAMES}]

    answer(store, tmp_path, workspace)
    ada, ben = a_person(store), a_person(store, "ben")
    for are_generated in (False, True):
        train = frames_to_judge(store, Split.TRAIN, are_generated=are_generated)[0]
        held_out = frames_to_judge(store, Split.HELD_OUT, are_generated=are_generated)[0]
        for person in (ada, ben):
            reviewed(store, person, train, T)
            reviewed(store, person, held_out, T)
    with store.read() as session:
        verified = session.exec(
            select(FrameStatus).where(FrameStatus.state == VerificationState.VERIFIED)
        ).all()
        sides = {
            scene.split for scene in session.exec(select(Scene).where(col(Scene.name).contains("generated")))
        }
    assert (len(verified), sides) == (4, {Split.TRAIN, Split.HELD_OUT})

    without = teletriage(workspace, "snapshot", tmp_path / "without")
    with_them = teletriage(workspace, "snapshot", tmp_path / "with", "--generated")
    assert (without["generated"], without["pairs"]) == ({"pairs": 0, "evaluation": 0, "left_out": 2}, 1)
    assert (with_them["generated"], with_them["pairs"]) == ({"pairs": 1, "evaluation": 1, "left_out": 0}, 2)
    snapshot = load_snapshot(tmp_path / "with")
    assert {pair.scene_id for pair in snapshot.pairs}.isdisjoint(
        frame.scene_id for frame in snapshot.evaluation
    )

    report = teletriage(
        workspace, "evaluate", "--run", "test-student", "--out", workspace / "reports" / "first"
    )
    assert report["frames"]["compared"] == 1
    assert report["generated"]["frames"]["compared"] == 1
    assert report["generated"]["scenarios"] == {"night_rain": 1}

    after = teletriage(workspace, "scenarios", "coverage")
    (fog,) = [one for one in after["scenarios"] if one["key"] == "fog"]
    assert (after["verified"], after["run"]) == (2, "test-student")
    assert (fog["clips"], fog["generated"], fog["generated_verified"]) == (1, FRAMES, 1)
    traced = teletriage(workspace, "trace", snapshot.pairs[0].frame_id)
    assert traced["frame"]["split"] == "train"
    store.close()


def test_a_refused_output_ends_the_command_with_its_reason(dataroot: Path, tmp_path: Path) -> None:
    workspace, plan = tmp_path / "workspace", tmp_path / "plan"
    teletriage(workspace, "ingest", dataroot, "--version", VERSION)
    teletriage(workspace, "sample", "--train", 10, "--held-out", 5, "--yes")
    teletriage(workspace, "scenarios", "plan", plan, "--scenario", "fog", "--clips", 1, "--frames", 2)
    outputs = generate(plan)
    (clip,) = outputs.glob("fog-*-????????.mp4")
    clip.write_bytes(clip.read_bytes()[:-500])
    told = teletriage(workspace, "scenarios", "ingest", outputs, code=1)
    assert told["refused"] == {
        clip.name: f"{clip.name} was edited after it was generated: its hash is not the one in SHA256SUMS."
    }
    done = CliRunner().invoke(app, ["--workspace", str(workspace), "scenarios", "ingest", str(outputs)])
    assert "Refused: fog-" in done.stdout
