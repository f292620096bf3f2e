"""A run whose decisions are watched, from its first look to the sentence at its end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from annotator.__main__ import app
from data.decisions.decision import decision_for, read_decision
from data.errors import LeakError, TrainingError
from data.snapshot.judged import JUDGED_DEVELOPMENT, read_judged
from data.vlm.weights import read_weights
from tests.training.builders import MIXED, A, S, T, a_development_frame, write_recipe, write_snapshot
from training.commands import _result_text
from training.merge import merge
from training.process.trackers import named
from training.record.checkpoints import is_whole
from training.train import TrainingResult, plan, train

WATCH = {"every_steps": 2, "false_calls": 0.2, "patience": None, "replies": 1}
SHORT: dict[str, Any] = {"schedule__max_steps": 4, "loss__beta": 0.5}


@dataclass(frozen=True)
class Watched:
    """A finished run of four updates, what it said, and the same run unwatched."""

    folder: Path
    result: TrainingResult
    said: list[str]
    unwatched: TrainingResult


def a_watched_snapshot(folder: Path, levels: tuple[Any, ...] = (T, A, S, T, A, S)) -> Path:
    part = [a_development_frame(folder, index, level) for index, level in enumerate(levels)]
    return write_snapshot(folder, MIXED * 2, development=part)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Watched:
    folder = tmp_path_factory.mktemp("watched")
    said: list[str] = []
    snapshot = a_watched_snapshot(folder / "snapshot")
    recipes = [
        write_recipe(folder / f"{name}.yaml", watch=watch, **SHORT)
        for name, watch in (("on", WATCH), ("off", None))
    ]
    result = train(snapshot, recipes[0], stand_in, folder / "on", say=said.append)
    return Watched(folder, result, said, train(snapshot, recipes[1], stand_in, folder / "off"))


def test_every_look_stands_in_the_history_with_its_figures(watched: Watched) -> None:
    lines = [json.loads(line) for line in (watched.folder / "on" / "history.jsonl").read_text().splitlines()]
    looks = [line for line in lines if "eval_missed" in line]
    assert [line["step"] for line in looks] == [0, 2, 4]
    for line in looks:
        assert line["eval_frames"] == 6
        assert line["eval_teleoperation"] == 2
        assert 0 <= line["eval_auc"] <= 1
        assert line["eval_unparsable"] in (0.0, 1.0)
    # before the first update policy and reference are one, on the level and on the words
    assert looks[0]["eval_margin_level"] == pytest.approx(0, abs=1e-5)
    assert looks[0]["eval_margin_words"] == pytest.approx(0, abs=1e-5)
    assert looks[-1]["eval_margin_words"] > 0.1
    assert sum("the model misses" in line for line in watched.said) == 3


def test_looking_changes_no_bit_of_what_is_learned(watched: Watched) -> None:
    ends = [
        load_file(one.adapter / "adapter_model.safetensors") for one in (watched.result, watched.unwatched)
    ]
    assert all(torch.equal(ends[0][name], value) for name, value in ends[1].items())


def test_the_best_look_s_adapter_is_kept_sealed_and_merges(watched: Watched, stand_in: Path) -> None:
    best = watched.folder / "on" / "best"
    assert watched.result.best == best
    assert is_whole(best)
    assert (best / "README.md").read_text().splitlines()[0] == "---"
    assert "# best-" in (best / "README.md").read_text()
    assert len(read_judged(best / JUDGED_DEVELOPMENT)) == 6
    assert merge(best, stand_in, watched.folder / "merged").model == watched.folder / "merged"


def test_what_the_last_look_saw_lies_beside_the_adapter(watched: Watched) -> None:
    judged = read_judged(watched.result.adapter / JUDGED_DEVELOPMENT)
    assert [one.level for one in judged] == [T, A, S, T, A, S]
    assert all(sum(one.probabilities) == pytest.approx(1) for one in judged)
    record = json.loads((watched.result.adapter / "provenance.json").read_text())
    assert record["decisions"]["eval_teleoperation"] == 2


def test_the_sentence_at_the_end_speaks_of_levels(watched: Watched) -> None:
    text = _result_text(watched.result)
    assert "On the development part it misses" in text
    assert "of 2 TELEOPERATION frames" in text
    assert "right order" not in text
    assert "was not watched: evaluate it" in _result_text(watched.unwatched)


def test_a_run_ends_when_no_look_is_better(tmp_path: Path, stand_in: Path) -> None:
    """A learning rate of next to nothing: no look can be better than the first."""
    idle = {"every_steps": 1, "false_calls": 0.2, "patience": 2, "replies": 0}
    recipe = write_recipe(
        tmp_path / "r.yaml", watch=idle, schedule__max_steps=6, schedule__learning_rate=1e-12
    )
    result = train(a_watched_snapshot(tmp_path / "s"), recipe, stand_in, tmp_path / "out")
    assert result.steps == 2
    assert result.best_decisions is not None
    assert result.best_decisions["step"] == 0


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [((), "has no development part to watch decisions on"), ((A, S), "None of the 2 development frames")],
)
def test_a_part_that_says_nothing_of_teleoperation_is_refused_before_anything_is_written(
    tmp_path: Path, stand_in: Path, levels: tuple[Any, ...], sentence: str
) -> None:
    snapshot = a_watched_snapshot(tmp_path / "s", levels)
    recipe = write_recipe(tmp_path / "r.yaml", watch=WATCH)
    with pytest.raises(TrainingError, match=sentence):
        train(snapshot, recipe, stand_in, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_scene_that_is_trained_on_cannot_be_watched(tmp_path: Path, stand_in: Path) -> None:
    part = [a_development_frame(tmp_path / "s", 0, T, scene_id="scene-1")]
    snapshot = write_snapshot(tmp_path / "s", MIXED, development=part)
    with pytest.raises(LeakError, match=r"scene-1 of .* is in the development part and in another one"):
        plan(snapshot, write_recipe(tmp_path / "r.yaml", watch=WATCH), stand_in)


def test_a_tracker_that_is_not_there_is_refused_before_anything_is_written(
    tmp_path: Path, stand_in: Path
) -> None:
    with pytest.raises(
        TrainingError, match=r"needs the package mlflow, which is not installed: pip install mlflow"
    ):
        train(tmp_path, tmp_path / "r.yaml", stand_in, tmp_path / "out", trackers=named(["mlflow"]))
    assert not (tmp_path / "out").exists()
    with pytest.raises(TrainingError, match="--track takes wandb, mlflow, trackio, not mlfow"):
        named(["mlfow"])


def decided(watched: Watched, *options: str, fails: bool = False) -> Any:
    command = ["--workspace", str(watched.folder / "workspace"), "decide", *options, "--json"]
    result = CliRunner().invoke(app, command)
    if fails:
        assert result.exit_code == 1, result.output
        return str(result.exception)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_watched_model_gets_a_decision_of_its_own_that_its_merge_carries(
    watched: Watched, stand_in: Path
) -> None:
    model, snapshot = watched.result.adapter, watched.folder / "snapshot"
    found = decided(watched, "--model", str(model), "--snapshot", str(snapshot))
    decision = read_decision(model)
    assert (decision.frames, decision.scenes, decision.by_level[T]) == (6, 3, 2)
    assert found["decision"] == decision.hash
    assert decision.curve[0].missed == 2  # the threshold that nothing reaches
    assert decision.weights == read_weights(model).revision
    merged = merge(model, stand_in, watched.folder / "merged-decided").model
    assert decision_for(merged, read_weights(merged).revision).teleoperation == decision.teleoperation


def test_a_decision_needs_the_snapshot_and_the_frames_that_it_is_of(watched: Watched, tmp_path: Path) -> None:
    other = a_watched_snapshot(tmp_path / "other", (T, A))
    model = str(watched.result.adapter)
    told = decided(watched, "--model", model, "--snapshot", str(other), fails=True)
    assert "was trained on the snapshot" in told
    unwatched = str(watched.unwatched.adapter)
    told = decided(watched, "--model", unwatched, "--snapshot", str(watched.folder / "snapshot"), fails=True)
    assert "has no judged_development.jsonl, which a watched training leaves" in told
    assert not (watched.unwatched.adapter / "decision.json").exists()
