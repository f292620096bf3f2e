"""From a list that a trainer puts together in the grid to a snapshot's frames and to a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from annotator.__main__ import app
from annotator.frame_grid.routes import act
from data.errors import EvaluationError, FindRefused, SnapshotError
from data.frames.named_lists import list_names, named_list
from data.snapshot.diff import diff_snapshots
from data.snapshot.folder import load_snapshot
from data.snapshot.freeze import FreezeOptions, freeze
from data.snapshot.preview import preview
from data.store.opening import Store
from data.vocabulary import PersonRole, Split
from eval.comparison.claim import stated_claim
from eval.evaluation.from_store import evaluate_runs
from eval.evaluation.ledger import register_claim
from eval.evaluation.reference_set import Against
from tests.builders import T, a_person
from tests.data.review.test_reviews import frames_in
from tests.data.snapshot.test_snapshot import a_verified_store

pytestmark = pytest.mark.each_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Everything verified as TELEOPERATION; two training and one held-out frame are on the list `wet`."""
    store = a_verified_store(tmp_path, level=T)
    theo = a_person(store, "theo", PersonRole.TRAINER)
    chosen = [*frames_in(store, Split.TRAIN)[:2], frames_in(store, Split.HELD_OUT)[0]]
    act(store, theo, {"act": "list", "frames": [*chosen, frames_in(store, Split.TRAIN)[3]], "words": "wet"})
    act(store, theo, {"act": "unlist", "frames": [frames_in(store, Split.TRAIN)[3]], "words": "wet"})
    act(store, theo, {"act": "list", "frames": [frames_in(store, Split.TRAIN)[3]], "words": "for training"})
    return store


def test_a_snapshot_of_a_list_holds_its_frames_and_names_it_with_its_hash(
    store: Store, tmp_path: Path
) -> None:
    seen = preview(store, FreezeOptions(of_list="wet"))
    assert (seen.pairs, seen.evaluation) == (2, 1)
    whole, manifest = (
        freeze(store, tmp_path / "all"),
        freeze(store, tmp_path / "wet", FreezeOptions(of_list="wet")),
    )
    taken = load_snapshot(tmp_path / "wet")
    assert {one.frame_id for one in taken.pairs} == set(frames_in(store, Split.TRAIN)[:2])
    assert [one.frame_id for one in taken.evaluation] == frames_in(store, Split.HELD_OUT)[:1]
    with store.read() as session:
        chosen = named_list(session, "wet")
    assert manifest.policy["list"] == {"name": "wet", "frames": 3, "sha256": chosen.sha256}
    assert manifest.excluded_by_reason == {"not_on_the_list": 5}
    assert (manifest.list_name, whole.list_name, "list" in whole.policy) == ("wet", None, False)
    assert chosen.sha256 in (tmp_path / "wet" / "README.md").read_text()
    left = diff_snapshots(tmp_path / "all", tmp_path / "wet").changes
    assert {one.why for one in left} == {"It is left out now: not on the list."}


def test_a_report_on_a_list_is_of_its_held_out_frames_alone_and_says_so(store: Store, tmp_path: Path) -> None:
    register_claim(store, stated_claim("missed_teleoperation", 0.5), ["test-student"], by="theo")
    whole, found = evaluate_runs(store, []), evaluate_runs(store, [], against=Against(of_list="wet"))
    assert (whole.frames.compared, found.frames.compared) == (4, 1)
    about = found.lineage.frame_list
    assert about is not None
    with store.read() as session:
        chosen = named_list(session, "wet")
    assert (about.name, about.frames, about.sha256) == ("wet", 3, chosen.sha256)
    assert (len(whole.claims), found.claims) == (1, [])
    assert "people chose these frames for the list wet" in found.does_not_show[0]
    assert found.lineage.verified_set_hash != whole.lineage.verified_set_hash
    assert [one.frames for one in found.frames.left_out if "not on the list" in one.reason] == [3]
    assert not found.deployment.is_weighted
    assert found.lineage.look == 2
    with pytest.raises(EvaluationError, match="leave one of the two out"):
        evaluate_runs(
            store, [], against=Against(of_list="wet"), claim=stated_claim("missed_teleoperation", 0.5)
        )
    with pytest.raises(
        EvaluationError, match="None of the 1 frame on the list 'for training' is a verified held-out"
    ):
        evaluate_runs(store, [], against=Against(of_list="for training"))


def test_a_list_that_there_is_not_is_refused_with_those_that_there_are(store: Store, tmp_path: Path) -> None:
    with store.read() as session:
        assert list_names(session) == ["for training", "wet"]
    told = "There is no list 'dry'. The lists are for training, wet."
    for use_case in (
        lambda: freeze(store, tmp_path / "dry", FreezeOptions(of_list="dry")),
        lambda: preview(store, FreezeOptions(of_list="dry")),
        lambda: evaluate_runs(store, [], against=Against(of_list="dry")),
    ):
        with pytest.raises(FindRefused, match=told):
            use_case()
    assert not (tmp_path / "dry").exists()
    with store.write() as session:  # a list of frames that nobody has verified
        from data.store.tables import FrameStatus

        session.delete(session.get_one(FrameStatus, frames_in(store, Split.TRAIN)[3]))
    with pytest.raises(SnapshotError, match="No frame on the list is verified yet"):
        freeze(store, tmp_path / "none", FreezeOptions(of_list="for training"))


def test_both_commands_take_a_list(store: Store, tmp_path: Path) -> None:
    if store.engine.dialect.name != "sqlite":
        pytest.skip("the commands open the workspace's own store")
    given = ["--workspace", str(tmp_path / "workspace")]
    frozen = CliRunner().invoke(app, [*given, "snapshot", str(tmp_path / "wet"), "--list", "wet", "--json"])
    assert json.loads(frozen.stdout)["policy"]["list"]["name"] == "wet"
    told = CliRunner().invoke(
        app, [*given, "evaluate", "--out", str(tmp_path / "r"), "--list", "wet", "--json"]
    )
    assert json.loads(told.stdout)["lineage"]["frame_list"]["frames"] == 3
    assert "wet, 3 frames" in (tmp_path / "r" / "report.html").read_text()
    refused = CliRunner().invoke(app, [*given, "snapshot", str(tmp_path / "dry"), "--list", "dry"])
    assert (refused.exit_code, "The lists are for training, wet." in str(refused.exception)) == (1, True)
