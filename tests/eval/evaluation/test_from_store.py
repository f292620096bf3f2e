from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.errors import EvaluationError
from data.review.adjudication import Settlement, adjudicate
from data.review.second_looks import send_back
from data.snapshot.freeze import freeze
from data.store.opening import Store
from data.store.tables import FrameStatus
from data.vocabulary import PersonRole, Split, TriageLevel
from eval.evaluation.from_store import Against, evaluate_runs
from eval.report.folders import doubted_frames, report_folders
from eval.report.render import write_evaluation
from tests.builders import A, S, T, a_person, a_store, frames_of, reviewed

pytestmark = pytest.mark.each_store

SCENES = {"scene-0001": 3, "scene-0002": 3}


def a_reviewed_store(folder: Path, level: TriageLevel = T) -> tuple[Store, list[str]]:
    """A store whose held-out frames two people have reviewed blind, and those frames' ids."""
    store = a_store(folder, scenes=SCENES, teacher=S, student=A)
    with store.read() as session:
        held_out = [
            frame_id
            for scene in SCENES
            for frame_id in frames_of(scene, 3)
            if session.get_one(FrameStatus, frame_id).split is Split.HELD_OUT
        ]
    for name in ("ada", "ben"):
        person = a_person(store, name)
        for frame_id in held_out:
            reviewed(store, person, frame_id, level)
    return store, held_out


def test_a_report_says_what_stands_behind_the_levels_and_where_its_runs_come_from(tmp_path: Path) -> None:
    store, held_out = a_reviewed_store(tmp_path)
    evaluation = evaluate_runs(store, [])
    labels = evaluation.label_quality
    assert labels is not None
    assert (labels.frames, labels.blind, labels.double) == (3, 3, 3)
    assert (labels.adjudicated, labels.scripted, labels.conflicts) == (0, 0, 0)
    assert [run.name for run in evaluation.runs] == ["test-student", "test-teacher"]
    assert all(run.origin is not None and run.origin.source == "recorded" for run in evaluation.runs)
    assert evaluation.lineage.snapshot_hash is None
    assert len(str(evaluation.lineage.verified_set_hash)) == 64
    assert evaluation.lineage.guideline_versions == ["test"]
    assert [frame.frame_id for frame in evaluation.missed] == sorted(held_out)


def test_the_snapshot_that_the_frames_equal_is_named(tmp_path: Path) -> None:
    store, _ = a_reviewed_store(tmp_path)
    manifest = freeze(store, tmp_path / "frozen")
    evaluation = evaluate_runs(store, [], against=Against(snapshot=tmp_path / "frozen"))
    assert evaluation.lineage.snapshot_hash == manifest.snapshot_hash


def changed_since(store: Store, frame_id: str, level: TriageLevel) -> None:
    lena = a_person(store, "lena", PersonRole.LEAD)
    send_back(store, lena, frame_id, "Look again.")
    adjudicate(
        store,
        lena,
        Settlement(frame_id=frame_id, level=level, reasoning="Seen.", action="None.", reason="Seen again."),
    )


def test_a_verified_set_that_changed_since_its_snapshot_is_refused_and_says_what_differs(
    tmp_path: Path,
) -> None:
    store, held_out = a_reviewed_store(tmp_path)
    freeze(store, tmp_path / "frozen")
    changed_since(store, held_out[0], S)
    with pytest.raises(EvaluationError, match="0 are new, 0 are no longer verified, 1 have another level"):
        evaluate_runs(store, [], against=Against(snapshot=tmp_path / "frozen"))


def test_as_of_takes_the_levels_of_then(tmp_path: Path) -> None:
    store, held_out = a_reviewed_store(tmp_path)
    freeze(store, tmp_path / "frozen")
    before = evaluate_runs(store, [])
    changed_since(store, held_out[0], S)
    now, then = (
        evaluate_runs(store, [], against=against)
        for against in (Against(), Against(as_of=tmp_path / "frozen"))
    )
    assert now.frames.by_level == {A: 0, S: 1, T: 2}
    assert then.frames.by_level == {A: 0, S: 0, T: 3}
    assert then.lineage.verified_set_hash == before.lineage.verified_set_hash
    assert now.lineage.verified_set_hash != before.lineage.verified_set_hash


def test_without_verified_frames_or_a_known_run_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="No held-out frame is verified yet"):
        evaluate_runs(a_store(tmp_path / "none", scenes=SCENES), [])
    store, _ = a_reviewed_store(tmp_path / "some")
    with pytest.raises(EvaluationError, match="no run called nobody"):
        evaluate_runs(store, ["nobody"])


def test_a_missed_frame_can_be_sent_back_from_its_report_and_then_is_under_way(tmp_path: Path) -> None:
    store, held_out = a_reviewed_store(tmp_path)
    write_evaluation(evaluate_runs(store, []), tmp_path / "reports" / "one")
    (folder,) = report_folders(tmp_path / "reports")
    frames = doubted_frames(store, folder)
    assert {one.frame_id for one in frames} == set(held_out)
    assert frames[0].why == "Missed by test-student, test-teacher."
    assert all(one.is_missed and one.is_verified for one in frames)
    send_back(store, a_person(store, "lena", PersonRole.LEAD), frames[0].frame_id, "Look again.")
    assert [one.is_verified for one in doubted_frames(store, folder)] == [False, True, True]


def test_the_figures_of_a_report_by_another_version_are_not_guessed(tmp_path: Path) -> None:
    store, _ = a_reviewed_store(tmp_path)
    write_evaluation(evaluate_runs(store, []), tmp_path / "reports" / "old")
    path = tmp_path / "reports" / "old" / "evaluation.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 1}))
    with pytest.raises(EvaluationError, match="written by another version"):
        doubted_frames(store, report_folders(tmp_path / "reports")[0])
