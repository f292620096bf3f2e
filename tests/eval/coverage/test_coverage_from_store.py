from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sqlmodel import select

from data.errors import EvaluationError
from data.scenarios.catalogue import read_catalogue
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, RandomShare
from data.vocabulary import Split
from eval.coverage.from_store import Coverage, coverage
from eval.coverage.need import NOTHING_DRAWN, ScenarioCoverage
from eval.coverage.report import as_figures, as_lines, write_picture
from eval.evaluation.from_store import evaluate_runs
from eval.report.render import write_evaluation
from eval.statistics.rate import Rate
from tests.builders import A, S, T, a_person, a_store, reviewed


def a_foggy_store(folder: Path) -> Store:
    """Fog in every frame of two scenes, glare in none; two held-out TELEOPERATION frames verified, one training one
    verified SUPERVISION."""
    store = a_store(folder, scenes={"scene-0001": 3, "scene-0002": 3}, teacher=S, student=A)
    with store.write() as session:
        for frame in session.exec(select(Frame)):
            frame.cues = {"fog": "few edges"}
            session.add(frame)
        statuses = session.exec(select(FrameStatus)).all()
    ada, ben = a_person(store), a_person(store, "ben")
    held_out = [one.frame_id for one in statuses if one.split is Split.HELD_OUT]
    train = [one.frame_id for one in statuses if one.split is Split.TRAIN]
    for frame_id in held_out[:2]:
        reviewed(store, ada, frame_id, T)
        reviewed(store, ben, frame_id, T)
    reviewed(store, ada, train[0], S)
    return store


def found_in(store: Store, folder: Path, report: Path | None = None) -> Coverage:
    return coverage(store, read_catalogue(), folder / "reports", report=report)


def scenario(found: Coverage, key: str) -> ScenarioCoverage:
    return next(one for one in found.scenarios if one.count.key == key)


def test_coverage_counts_frames_verified_ones_and_teleoperation(tmp_path: Path) -> None:
    found = found_in(a_foggy_store(tmp_path), tmp_path)
    fog, glare = scenario(found, "fog"), scenario(found, "glare")
    assert (found.frames, found.verified, found.run) == (6, 3, None)
    assert (fog.count.frames, fog.count.verified, fog.count.teleoperation) == (6, 3, 2)
    assert (fog.share, found.drawn) == (NOTHING_DRAWN, 0)
    assert (glare.count.frames, glare.count.verified) == (0, 0)
    assert found.scenarios[0].count.frames == 0
    # the flat test pictures look occluded too: the same frames, and later in the catalogue
    assert [one.count.key for one in found.scenarios[-2:]] == ["fog", "sensor_occlusion"]
    assert "so what a run misses is not counted" in str(found.no_run)


def test_the_last_report_says_which_run_is_held_against_the_scenarios(tmp_path: Path) -> None:
    store = a_foggy_store(tmp_path)
    write_evaluation(evaluate_runs(store, []), tmp_path / "reports" / "first")
    found = found_in(store, tmp_path)
    assert (found.run, scenario(found, "fog").missed) == ("test-student", Rate(2, 2))
    assert Path(str(found.report)).name == "first"


def test_a_report_that_cannot_be_read_or_is_of_another_store_is_refused(tmp_path: Path) -> None:
    store = a_foggy_store(tmp_path)
    with pytest.raises(EvaluationError, match="cannot be read"):
        found_in(store, tmp_path, report=tmp_path / "nowhere")
    page = write_evaluation(evaluate_runs(store, []), tmp_path / "elsewhere")
    path = page.with_name("evaluation.json")
    path.write_text(path.read_text().replace("test-student", "another"))
    with pytest.raises(EvaluationError, match="run another is not in this store"):
        found_in(store, tmp_path, report=tmp_path / "elsewhere")


def test_the_newest_report_of_another_version_leaves_the_counts_and_says_what_is_missing(
    tmp_path: Path,
) -> None:
    store = a_foggy_store(tmp_path)
    whole = found_in(store, tmp_path)
    page = write_evaluation(evaluate_runs(store, []), tmp_path / "reports" / "first")
    page.with_name("evaluation.json").write_text("{}")
    found = found_in(store, tmp_path)
    assert (found.run, found.report) == (None, None)
    assert "What a run misses is not counted: The figures of" in str(found.no_run)
    assert [(one.count.key, one.count.verified) for one in found.scenarios] == [
        (one.count.key, one.count.verified) for one in whole.scenarios
    ]


def test_the_table_the_figures_and_the_picture_say_the_same(tmp_path: Path) -> None:
    store = a_foggy_store(tmp_path)
    with store.write() as session:
        reviewed_one = session.exec(select(FrameStatus).where(FrameStatus.level == S)).one()
        session.add(RandomShare(frame_id=reviewed_one.frame_id, inclusion_probability=0.1, place=0.5))
    found = found_in(store, tmp_path)
    lines = as_lines(found)
    (row,) = [line for line in lines if " Fog " in line]
    assert row.split("  ")[0].startswith("11. Fog")
    assert "1: 0.0\u00a0% " in row  # of what was drawn, not of the three verified frames
    assert "97" not in row  # one scene gives no interval
    advice = "\n".join(lines)
    assert "no frame of the data shows it, so it has to be recorded or generated" in advice
    figures = json.loads(json.dumps(as_figures(found)))
    (fog,) = [one for one in figures["scenarios"] if one["key"] == "fog"]
    assert (fog["teleoperation"], fog["verified"], fog["scenes"]) == (2, 3, 2)
    assert (fog["drawn_teleoperation"], fog["drawn"], fog["share"]) == (0, 1, 0.0)
    assert fog["interval"] == {"undefined": "1 scene holds such frames, 10 are needed"}
    (glare,) = [one for one in figures["scenarios"] if one["key"] == "glare"]
    assert glare["share"] == {"undefined": "no reviewed frame of the random share"}
    drawn = ElementTree.fromstring(write_picture(found, tmp_path / "out" / "c.svg").read_text())  # noqa: S314
    texts = [element.text for element in drawn.iter() if element.tag.endswith("text")]
    assert "Fog" in texts
    assert "2 / 3 / 6" in texts
    assert texts.count("none drawn") == 10
