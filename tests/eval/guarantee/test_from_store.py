"""Deciding on the development part of a store, and holding the guarantee against frames of live feeds."""

from __future__ import annotations

import hashlib
import json
from itertools import count
from pathlib import Path

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner

from annotator.__main__ import app
from data.errors import EvaluationError
from data.frames.development_part import in_development
from data.live.record import KnownFeed, start_watch
from data.live.returned_frames import Candidate, kept_picture, return_frame
from data.snapshot.folder import load_snapshot
from data.snapshot.freeze import FreezeOptions, freeze
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, ModelRun, Proposal, ReturnedFrame, TrailEntry
from data.vocabulary import FeedKind, ModelRole, ReturnedFor, Split, TrailAct, VerificationState
from eval.guarantee.decide import Decision, decide, decision_of
from eval.guarantee.follow import follow_guarantee
from tests.builders import A, T, a_person, a_picture, a_raw_reply, a_store, reviewed

_NUMBERS = count(1)
SCENES = {f"scene-{n:04d}": 2 for n in range(1, 61)}


def a_store_with_teleoperation(folder: Path) -> Store:
    """Every training frame is verified TELEOPERATION; the student says so at .6 to .9."""
    store = a_store(folder, scenes=SCENES, student=T)
    with store.write() as session:
        for status in session.exec(select(FrameStatus).where(FrameStatus.split == Split.TRAIN)):
            status.state, status.level, status.reviews_needed = VerificationState.VERIFIED, T, 0
            session.add(status)
        for proposal in session.exec(select(Proposal)):
            chance = 0.6 + (proposal.id or 0) % 4 / 10
            proposal.level_probabilities = [0.0, 1 - chance, chance]
            session.add(proposal)
    return store


def test_a_decision_rests_on_development_scenes_and_stands_in_the_trail(tmp_path: Path) -> None:
    store = a_store_with_teleoperation(tmp_path)
    with store.read() as session:
        run = session.exec(select(ModelRun).where(ModelRun.role == ModelRole.STUDENT)).one()
        scenes = {frame.scene_id for frame, _ in session.exec(_TRAIN)}
    found = decide(store, run.name, guarantee=0.3, share=0.5)
    part = {scene for scene in scenes if in_development(scene, 0.5)}
    assert found.decision is not None
    assert (found.chosen.scenes, found.chosen.frames) == (len(part), 2 * len(part))
    assert 0.6 <= found.decision.threshold <= 0.9
    with store.read() as session:
        stated = session.exec(select(TrailEntry).where(TrailEntry.act == TrailAct.STATED_GUARANTEE)).one()
    assert stated.subject == f"decision:{found.decision.hash}"
    none = decide(store, run.name, guarantee=0.05, share=0.5)
    assert none.decision is None
    with pytest.raises(EvaluationError, match="no run 'nobody'"):
        decide(store, "nobody", guarantee=0.3)


def test_scenes_that_a_model_was_trained_on_are_refused(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES, teacher=A, student=A)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    with store.read() as session:
        frames = [frame.id for frame, _ in session.exec(_TRAIN)]
        run = session.exec(select(ModelRun).where(ModelRun.role == ModelRole.STUDENT)).one()
    for frame in frames[:20]:
        for person in (ada, ben):
            reviewed(store, person, frame, T)
    freeze(store, tmp_path / "all", FreezeOptions(development=0.0))
    freeze(store, tmp_path / "apart", FreezeOptions(development=0.5))
    with pytest.raises(EvaluationError, match=r"--development 0\.5"):
        decide(store, run.name, guarantee=0.3, share=0.5, snapshot=tmp_path / "all")
    with pytest.raises(EvaluationError, match="No verified TELEOPERATION"):
        decide(store, run.name, guarantee=0.3, share=0.5, snapshot=tmp_path / "apart")
    kept = load_snapshot(tmp_path / "apart")
    assert 0 < len(kept.pairs) < len(load_snapshot(tmp_path / "all").pairs)
    assert kept.manifest.policy["development"] == 0.5
    assert "development" not in load_snapshot(tmp_path / "all").manifest.policy


A_DECISION = Decision(
    model="tiny-vl",
    run="student",
    threshold=0.3,
    guarantee=0.05,
    confidence=0.95,
    scenes=80,
    frames=600,
    development_share=0.2,
    development_seed=0,
)


def came_back(store: Store, folder: Path, chances: list[float], *, decision: str) -> list[str]:
    """Random frames of one feed that a model called AUTONOMY with these probabilities of TELEOPERATION."""
    watch = start_watch(
        store,
        [KnownFeed("van", FeedKind.CAMERA, "rtsp://10.0.0.7/van")],
        model="tiny-vl",
        endpoint="http://127.0.0.1:8000/v1",
        revision=None,
        snapshot=None,
        question="q",
        parameters={"decision": decision},
        limits={},
        pictures=folder / "monitor",
        listens_at="http://127.0.0.1:1",
    )
    for chance in chances:
        number = next(_NUMBERS)
        content = a_picture(colour=(number % 200, 90, 90)) + number.to_bytes(4, "big")
        name = hashlib.sha256(content).hexdigest()
        kept = kept_picture(folder / "monitor", name)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(content)
        candidate = Candidate(
            watch_id=watch.watch_id,
            feed_id=watch.feed_ids["van"],
            captured_at_us=1_700_000_000_000_000 + number * 1_000_000,
            image_sha256=name,
            raw=a_raw_reply(A),
            level_probabilities=[1 - chance, 0.0, chance],
            why=ReturnedFor.RANDOM,
            inclusion_probability=0.001,
        )
        return_frame(store, candidate)
    with store.read() as session:
        query = select(ReturnedFrame.frame_id).where(ReturnedFrame.watch_id == watch.watch_id)
        return list(session.exec(query))


def test_missed_live_frames_withdraw_the_guarantee_once_and_for_good(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    called = came_back(store, tmp_path, [0.5, 0.6], decision=A_DECISION.hash)
    missed = came_back(store, tmp_path, [0.1, 0.1, 0.1, 0.1], decision=A_DECISION.hash)
    came_back(store, tmp_path, [0.1], decision="another")
    for frame in called:
        for person in (ada, ben):
            reviewed(store, person, frame, T)
    standing = follow_guarantee(store, A_DECISION)
    assert (standing.frames, standing.misses, standing.is_withdrawn) == (2, 0, False)
    for frame in missed:
        for person in (ada, ben):
            reviewed(store, person, frame, T)
    standing = follow_guarantee(store, A_DECISION)
    assert (standing.frames, standing.misses, standing.is_withdrawn) == (6, 4, True)
    assert standing.in_words() == (
        "Guarantee withdrawn: the model misses more than 5 % of TELEOPERATION frames. Of 6 random live ones that "
        "people verified it missed 4. Do not rely on quiet feeds."
    )
    assert follow_guarantee(store, A_DECISION).is_withdrawn
    with store.read() as session:
        withdrawn = session.exec(
            select(TrailEntry).where(TrailEntry.act == TrailAct.WITHDREW_GUARANTEE)
        ).all()
    assert [json.loads(one.details)["misses"] for one in withdrawn] == [4]


def test_the_command_writes_a_file_that_the_monitor_takes_for_its_model_only(tmp_path: Path) -> None:
    store = a_store_with_teleoperation(tmp_path)
    with store.read() as session:
        run = session.exec(select(ModelRun).where(ModelRun.role == ModelRole.STUDENT)).one()
    store.close()
    workspace, out = str(tmp_path / "workspace"), tmp_path / "decision.json"
    asked = ["--workspace", workspace, "decide", "--run", run.name, "--share", "0.5"]
    done = CliRunner().invoke(app, [*asked, "--out", str(out), "--guarantee", "0.3"])
    assert done.exit_code == 0, done.output
    assert "missed on average, at 95% confidence" in done.output
    assert decision_of(out, run.model).threshold > 0
    with pytest.raises(EvaluationError, match="was fitted on"):
        decision_of(out, "another")
    few = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "none.json"), "--guarantee", "0.01"])
    assert few.exit_code == 1
    assert "can guarantee no less than" in few.output
    assert not (tmp_path / "none.json").exists()


_TRAIN = (
    select(Frame, FrameStatus)
    .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
    .where(FrameStatus.split == Split.TRAIN)
    .order_by(Frame.id)
)
