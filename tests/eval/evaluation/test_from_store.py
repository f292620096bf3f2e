from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import EvaluationError
from data.proposals.recorded_replies import propose_from_replies
from data.review.adjudication import Settlement, adjudicate
from data.review.second_looks import send_back
from data.snapshot.freeze import freeze
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, ModelRun, Review, Scene, SecondLook, TrailEntry
from data.verification.status import refresh
from data.vocabulary import Mode, ModelRole, PersonRole, Split, TrailAct, TriageLevel
from eval.comparison.claim import stated_claim
from eval.evaluation.from_store import evaluate_runs
from eval.evaluation.ledger import register_claim
from eval.evaluation.reference_set import Against
from eval.evaluation.result import Control, SuspiciousFrame
from eval.report.folders import doubted_frames, report_folders
from eval.report.render import write_evaluation
from eval.report.second_looks import second_looks, send_for_second_looks
from eval.statistics.rate import Rate, Undefined
from tests.builders import A, S, T, a_person, a_raw_reply, a_store, a_token, frames_of, reviewed
from tests.stores import worked_on

pytestmark = pytest.mark.each_store

SCENES = {"scene-0001": 3, "scene-0002": 3}
TRAINED = {"recipe": "sa_dpo", "recipe_hash": "a1", "snapshot_hash": "b2", "commit": "c3", "step": None}


def a_reviewed_store(folder: Path, level: TriageLevel = T) -> tuple[Store, list[str]]:
    """A store whose held-out frames two people have reviewed blind, and those frames' ids."""
    store = worked_on(folder, f"held-out frames reviewed as {level}", lambda made: _reviewed(made, level))
    return store, _held_out(store)


def _reviewed(folder: Path, level: TriageLevel) -> Store:
    store = a_store(folder, scenes=SCENES, teacher=S, student=A)
    for name in ("ada", "ben"):
        person = a_person(store, name)
        for frame_id in _held_out(store):
            reviewed(store, person, frame_id, level)
    return store


def _held_out(store: Store) -> list[str]:
    with store.read() as session:
        return [
            frame_id
            for scene in SCENES
            for frame_id in frames_of(scene, 3)
            if session.get_one(FrameStatus, frame_id).split is Split.HELD_OUT
        ]


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


def a_blind_review(frame_id: str, person_id: int, level: TriageLevel) -> Review:
    return Review(
        token=a_token(f"{frame_id}-{person_id}"),
        frame_id=frame_id,
        person_id=person_id,
        mode=Mode.BLIND,
        level=level,
        reasoning="Seen.",
        action="None.",
        guideline_version="test",
        reviewed_at_us=1_900_000_000_000_000,
    )


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


def test_the_report_carries_date_author_trail_head_and_how_often_the_set_was_evaluated(
    tmp_path: Path,
) -> None:
    store, _ = a_reviewed_store(tmp_path)
    first, second = (evaluate_runs(store, [], author="ina") for _ in range(2))
    assert (first.lineage.look, second.lineage.look) == (1, 2)
    assert second.lineage.author == "ina"
    assert str(second.lineage.evaluated_at).endswith(" UTC")
    with store.read() as session:
        entry = session.get_one(TrailEntry, second.lineage.trail_entry)
        assert entry.act is TrailAct.EVALUATED
        assert entry.sha256 == second.lineage.trail_head
        assert json.loads(entry.details)["runs"] == ["test-student", "test-teacher"]


MISSED = stated_claim("missed_teleoperation", 0.05)


def test_a_claim_registered_before_its_runs_were_evaluated_is_held_against_them_and_names_its_entry(
    tmp_path: Path,
) -> None:
    store, _ = a_reviewed_store(tmp_path)
    entry = register_claim(store, MISSED, ["test-student"], by="ina").entry
    (claim,) = evaluate_runs(store, []).claims
    (held,) = claim.runs
    assert (claim.claim, held.run) == (MISSED, "test-student")
    assert held.registered.endswith(f"as entry {entry} of the audit trail")
    assert held.registered.startswith("registered ")


def test_a_claim_stated_with_the_figures_or_registered_after_them_is_called_so(tmp_path: Path) -> None:
    store, _ = a_reviewed_store(tmp_path)
    (claim,) = evaluate_runs(store, [], claim=MISSED).claims
    assert {held.registered for held in claim.runs} == {"not registered before the figures were computed"}
    register_claim(store, MISSED, ["test-student"], by="ina")
    (claim,) = evaluate_runs(store, []).claims
    assert claim.runs[0].registered.startswith("not registered before the figures were computed: registered ")


def test_a_claim_needs_a_run_and_another_one_to_compare_with(tmp_path: Path) -> None:
    store, _ = a_reviewed_store(tmp_path)
    with pytest.raises(EvaluationError, match="--run"):
        register_claim(store, MISSED, [], by="ina")
    with pytest.raises(EvaluationError, match="with itself"):
        register_claim(store, stated_claim("missed_teleoperation", 0.0, than="one"), ["one"], by="ina")


def test_a_frame_sent_back_keeps_its_level_in_the_evaluation_marked(tmp_path: Path) -> None:
    store, held_out = a_reviewed_store(tmp_path)
    freeze(store, tmp_path / "frozen")
    before = evaluate_runs(store, [])
    send_back(store, a_person(store, "lena", PersonRole.LEAD), held_out[0], "Look again.")
    now = evaluate_runs(store, [], against=Against(snapshot=tmp_path / "frozen"))
    assert now.frames.by_level == before.frames.by_level
    assert now.label_uncertainty.sent_back == 1
    assert [one.frame_id for one in now.missed if one.is_sent_back] == [held_out[0]]


def test_contested_frames_are_in_no_figure_but_bound_what_is_missed(tmp_path: Path) -> None:
    store, held_out = a_reviewed_store(tmp_path)
    cleo = a_person(store, "cleo")
    with store.write() as session:  # as if a third person had been served the frame before it was verified
        session.add(a_blind_review(held_out[0], cleo, S))
        session.flush()
        refresh(session, [held_out[0]])
    found = evaluate_runs(store, ["test-student"])
    assert found.frames.compared == 2
    assert found.label_uncertainty.contested == 1
    (missed,) = [one for one in found.label_uncertainty.shares if one.figure == "missed_teleoperation"]
    assert (missed.low, missed.high) == (1.0, 1.0)
    assert found.label_uncertainty.ceilings[2].n >= 4


def test_a_run_that_answered_nothing_is_left_out_and_said_to_be(tmp_path: Path) -> None:
    store, _ = a_reviewed_store(tmp_path)
    with store.write() as session:
        run = session.exec(select(ModelRun).where(ModelRun.name == "test-student")).one()
        values = {**run.model_dump(), "id": "f" * 16, "name": "merged", "role": ModelRole.ALIGNED}
        session.add(ModelRun.model_validate(values))
    found = evaluate_runs(store, [])
    assert [run.name for run in found.runs] == ["test-student", "test-teacher"]
    assert "merged left out: it answered none of them" in [one.reason for one in found.frames.left_out]
    with pytest.raises(EvaluationError, match="merged has answered none of the 3 verified held-out frames"):
        evaluate_runs(store, ["merged"])


@pytest.mark.parametrize(
    ("lineage", "stand_in", "known"),
    [
        ({**TRAINED, "stand_in": True}, True, True),
        ({**TRAINED, "stand_in": False}, False, True),
        (None, False, False),
    ],
)
def test_a_stand_ins_child_is_a_stand_in_by_the_record_of_its_run(
    tmp_path: Path, lineage: dict[str, object] | None, stand_in: bool, known: bool
) -> None:
    """Whatever it is called: the record says what it was trained from, and a run without one is of unknown origin."""
    store, _ = a_reviewed_store(tmp_path)
    with store.write() as session:
        run = session.exec(select(ModelRun).where(ModelRun.role == ModelRole.STUDENT)).one()
        run.role, run.model, run.name, run.lineage = ModelRole.ALIGNED, "merged-3f2a9c1b", "merged", lineage
        session.add(run)
    (result,) = evaluate_runs(store, ["merged"]).runs
    assert (result.is_stand_in, result.is_origin_known) == (stand_in, known)


def test_a_report_is_never_overwritten(tmp_path: Path) -> None:
    store, _ = a_reviewed_store(tmp_path)
    write_evaluation(evaluate_runs(store, []), tmp_path / "reports" / "one")
    before = (tmp_path / "reports" / "one" / "evaluation.json").read_bytes()
    with pytest.raises(EvaluationError, match="holds a report already"):
        write_evaluation(evaluate_runs(store, []), tmp_path / "reports" / "one")
    assert (tmp_path / "reports" / "one" / "evaluation.json").read_bytes() == before


def test_second_looks_take_as_many_frames_at_random_and_say_how_often_each_half_was_wrong(
    tmp_path: Path,
) -> None:
    store, held_out = a_reviewed_store(tmp_path)
    evaluation = evaluate_runs(store, [])
    (first, *_) = evaluation.missed
    flagged = [
        SuspiciousFrame(
            **{key: value for key, value in dict(first).items() if key != "missed_by"}, why="A run is sure."
        )
    ]
    other = next(frame_id for frame_id in held_out if frame_id != first.frame_id)
    controls = [Control(frame_id=other, level=T)]
    changed = evaluation.model_copy(update={"suspicious": flagged, "controls": controls})
    write_evaluation(changed, tmp_path / "reports" / "one")
    (folder,) = report_folders(tmp_path / "reports")
    lena = a_person(store, "lena", PersonRole.LEAD)
    assert send_for_second_looks(store, lena, folder) == 2
    found = second_looks(store, folder)
    assert (found.flagged, found.controls, found.sent, found.waiting) == (1, 1, 2, 2)
    with store.read() as session:
        assert len({look.reason for look in session.exec(select(SecondLook))}) == 1
    for frame_id, level in ((first.frame_id, S), (other, T)):
        settled = Settlement(
            frame_id=frame_id, level=level, reasoning="Seen.", action="None.", reason="Seen again."
        )
        adjudicate(store, lena, settled)
    found = second_looks(store, folder)
    assert (found.wrong_flagged.rate, found.wrong_controls.rate) == (Rate(1, 1), Rate(0, 1))
    assert found.wrong_controls.interval == Undefined("1 scene holds such frames, 10 are needed")
    with pytest.raises(EvaluationError, match="left to be looked at again"):
        send_for_second_looks(store, lena, folder)


def test_scenes_of_one_log_count_as_one_where_it_is_asked_for(tmp_path: Path) -> None:
    store, _ = a_reviewed_store(tmp_path)
    with store.write() as session:
        for scene in session.exec(select(Scene)):
            scene.log_name = "one-drive"
            session.add(scene)
    by_log = evaluate_runs(store, [], against=Against(by_log=True))
    assert {one.scene_id for one in by_log.missed} == {"one-drive"}
    assert by_log.method.unit == "log"
    assert "Whatever this report says of scenes it says of logs" in by_log.shows[0]


def test_a_run_of_single_frames_and_one_of_three_are_compared_frame_by_frame_and_named_so(
    tmp_path: Path,
) -> None:
    store, held_out = a_reviewed_store(tmp_path)
    with store.read() as session:
        frames = [session.get_one(Frame, frame_id) for frame_id in held_out]
    asked = {"role": "aligned", "model": "with-time", "frames": 3, "spacing_s": 0.5}
    lines = [
        {**asked, "filename": one.filename, "raw": a_raw_reply(T), "before_s": [1.0, 0.5][2 - one.position :]}
        for one in frames
    ]
    (tmp_path / "three.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    propose_from_replies(store, tmp_path / "three.jsonl", role=ModelRole.ALIGNED)
    evaluation = evaluate_runs(store, ["test-student", "with-time"])
    assert evaluation.lineage.question_shows == "test-student: 1 frame; with-time: 3 frames 0.5 s apart"
    (compared,) = evaluation.comparisons
    assert (compared.first, compared.second, compared.n) == ("test-student", "with-time", 3)
    page = write_evaluation(evaluation, tmp_path / "report").read_text()
    assert "test-student: 1 frame; with-time: 3 frames 0.5 s apart" in page
    assert evaluate_runs(store, ["with-time"]).lineage.question_shows == "3 frames 0.5 s apart"
