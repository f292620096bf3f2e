from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlmodel import col, select

from data.errors import EvaluationError
from data.proposals.recorded_replies import propose_from_replies
from data.scenarios.ingest import take_in
from data.scenarios.plausibility import Judgement, judge_clip
from data.snapshot.folder import load_snapshot
from data.snapshot.freeze import FreezeOptions, freeze
from data.snapshot.pairs import EvaluationFrame
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, GeneratedFrame
from data.verification.status import refresh_statuses
from data.vocabulary import ModelRole, PersonRole, Split
from eval.agreement.from_store import agreement
from eval.evaluation.from_store import evaluate_runs
from eval.evaluation.reference_set import Against
from eval.report.render import write_evaluation
from tests.builders import A, S, T, a_person, a_raw_reply, frames_of, replies_file, reviewed
from tests.data.scenarios.builders import a_plan, a_scenario_store, generate


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Store, list[str]]:
    """Two real held-out frames verified SUPERVISION, two generated ones made of them verified TELEOPERATION; the
    student says SUPERVISION of the real ones and AUTONOMY of all others."""
    folder = tmp_path_factory.mktemp("judged")
    store = a_scenario_store(folder)
    a_plan(store, folder / "plan", split=Split.HELD_OUT)
    take_in(store, generate(folder / "plan"), folder / "workspace")
    with store.read() as session:
        query = select(Frame).join(GeneratedFrame, col(GeneratedFrame.frame_id) == Frame.id)
        made = session.exec(query.order_by(col(Frame.position))).all()
    for role, level in ((ModelRole.TEACHER, S), (ModelRole.STUDENT, A)):
        names = {frame.filename: a_raw_reply(level) for frame in made}
        propose_from_replies(store, replies_file(folder / "more.jsonl", names, role=role), role=role)
    refresh_statuses(store)
    for name in ("ada", "ben"):
        person = a_person(store, name)
        for number in (0, 1):
            reviewed(store, person, frames_of("scene-0002", 8)[number], S)
            reviewed(store, person, made[number].id, T)
    return folder, store, [frame.id for frame in made]


def test_no_headline_counts_a_generated_frame(judged: tuple[Path, Store, list[str]]) -> None:
    _, store, _ = judged
    found = evaluate_runs(store, ["test-student"])
    (run,) = found.runs
    assert (found.frames.compared, found.frames.by_level[T], found.missed) == (2, 0, [])
    assert run.confusion == [[0, 0, 0, 0], [2, 0, 0, 0], [0, 0, 0, 0]]
    assert run.figures["recall_teleoperation"].n == 0
    assert ("verified, but generated: shown apart", 2) in [
        (one.reason, one.frames) for one in found.frames.left_out
    ]


def test_generated_frames_have_figures_of_their_own(judged: tuple[Path, Store, list[str]]) -> None:
    _, store, _ = judged
    found = evaluate_runs(store, ["test-student"]).generated
    assert found is not None
    (run,) = found.runs
    assert (found.frames.compared, found.frames.scenes, found.scenarios) == (2, 1, {"fog": 2})
    assert run.confusion == [[0, 0, 0, 0], [0, 0, 0, 0], [2, 0, 0, 0]]
    assert (run.figures["missed_teleoperation"].count, run.figures["missed_teleoperation"].n) == (2, 2)


def test_the_report_shows_them_in_a_section_of_their_own(judged: tuple[Path, Store, list[str]]) -> None:
    folder, store, _ = judged
    page = write_evaluation(evaluate_runs(store, []), folder / "report")
    html, markdown = page.read_text(), page.with_name("report.md").read_text()
    assert "2 verified held-out frames that a generator made of 1 real scene (2 fog)" in html
    assert 'data-path="generated/runs/0/figures/missed_teleoperation" data-n="2"' in html
    assert "## Generated frames, apart" in markdown
    assert json.loads(page.with_name("evaluation.json").read_text())["generated"]["rejected_clips"] == 0


def test_a_report_without_generated_frames_does_not_speak_of_them(tmp_path: Path) -> None:
    store = a_scenario_store(tmp_path)
    for name in ("ada", "ben"):
        reviewed(store, a_person(store, name), frames_of("scene-0002", 8)[0], S)
    evaluation = evaluate_runs(store, [])
    assert evaluation.generated is None
    assert "Generated frames" not in write_evaluation(evaluation, tmp_path / "report").read_text()


def test_a_snapshot_with_generated_frames_is_evaluated_apart_too(
    judged: tuple[Path, Store, list[str]],
) -> None:
    folder, store, made = judged
    freeze(store, folder / "with", FreezeOptions(generated=True))
    frozen: list[EvaluationFrame] = load_snapshot(folder / "with").evaluation
    assert sorted(frame.frame_id for frame in frozen if frame.source_frame_id) == sorted(made[:2])
    for against in (Against(snapshot=folder / "with"), Against(as_of=folder / "with")):
        found = evaluate_runs(store, ["test-student"], against=against)
        assert found.frames.compared == 2
        assert found.generated is not None
        assert found.generated.frames.compared == 2


def test_agreement_is_of_real_frames(judged: tuple[Path, Store, list[str]]) -> None:
    _, store, _ = judged
    assert agreement(store).independent.rated_twice == 2


def test_a_rejected_clip_is_counted_and_not_used(judged: tuple[Path, Store, list[str]]) -> None:
    _, store, made = judged
    eve = a_person(store, "eve", PersonRole.LEAD)
    judge_clip(store, eve, Judgement(token="r" * 8, frame_id=made[0]))
    try:
        found = evaluate_runs(store, ["test-student"]).generated
        assert found is not None
        assert (found.rejected_clips, found.frames.compared, found.scenarios) == (1, 0, {})
    finally:
        judge_clip(store, eve, Judgement(token="s" * 8, frame_id=made[0], is_rejected=False))


def test_without_a_real_frame_there_is_nothing_to_evaluate(tmp_path: Path) -> None:
    store = a_scenario_store(tmp_path)
    a_plan(store, tmp_path / "plan", split=Split.HELD_OUT)
    take_in(store, generate(tmp_path / "plan"), tmp_path / "workspace")
    with store.read() as session:
        (first, *_) = session.exec(select(GeneratedFrame.frame_id)).all()
        assert session.get(FrameStatus, first) is not None
    for name in ("ada", "ben"):
        reviewed(store, a_person(store, name), first, T)
    with pytest.raises(EvaluationError, match="No held-out frame is verified yet"):
        evaluate_runs(store, [])
