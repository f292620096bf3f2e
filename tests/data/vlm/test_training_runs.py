from __future__ import annotations

import json
from pathlib import Path

from data.vlm.training_runs import training_runs


def a_run_folder(workspace: Path, name: str, *, lines: list[str], ended: bool) -> Path:
    folder = workspace / name
    folder.mkdir(parents=True)
    begun = {"recipe": "sa_dpo", "snapshot_hash": "a1b2", "base_model": "/models/begun-with"}
    (folder / "run.json").write_text(json.dumps(begun))
    (folder / "history.jsonl").write_text("\n".join(lines))
    if ended:
        base = {"path": "/models/student", "stand_in": True}
        (folder / "provenance.json").write_text(json.dumps({"finished_at": "2026-05-28", "base_model": base}))
    return folder


def test_a_workspace_lists_its_trainings_with_the_curves_of_their_logs(tmp_path: Path) -> None:
    lines = [json.dumps({"loss": loss, "step": step, "lr": 0.1}) for step, loss in ((1, 0.7), (2, 0.5))]
    a_run_folder(tmp_path, "models/adapter", lines=lines, ended=True)
    (run,) = training_runs(tmp_path)
    assert (run.name, run.is_stand_in, run.finished_at) == ("models/adapter", True, "2026-05-28")
    assert run.curves() == {"loss": [(1.0, 0.7), (2.0, 0.5)]}


def test_an_interrupted_run_and_a_broken_one_hide_no_other(tmp_path: Path) -> None:
    a_run_folder(tmp_path, "runs/cut", lines=['{"loss": 0.7, "step": 1}', '{"loss": 0.'], ended=False)
    (a_run_folder(tmp_path, "runs/broken", lines=[], ended=False) / "run.json").write_text("[]")
    found = {run.name: run for run in training_runs(tmp_path)}
    assert len(found["runs/cut"].history) == 1
    assert (found["runs/cut"].finished_at, found["runs/cut"].base_model) == (None, "/models/begun-with")
    assert str(found["runs/broken"].problem).startswith(f"{tmp_path / 'runs' / 'broken'} cannot be read")
