"""A model that was trained anew is asked anew, also where it lies at the place of the one before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner

from annotator.__main__ import app
from data.errors import ProposalError
from data.store.opening import Store
from data.store.tables import ModelRun
from data.vlm.weights import read_weights
from eval.evaluation.how_asked import how_asked
from tests.builders import a_store
from tests.data.vlm.vllm_stand_in import StandIn, served
from tests.training.builders import FORM, write_recipe, write_snapshot
from training.merge import merge
from training.train import train

RUNNER = CliRunner()


def proposed(workspace: Path, *options: str, fails: bool = False) -> Any:
    result = RUNNER.invoke(
        app, ["--workspace", str(workspace), "propose", "--role", "aligned", *options, "--json"]
    )
    if fails:
        assert result.exit_code == 1
        return str(result.exception)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def runs(store: Store) -> list[ModelRun]:
    with store.read() as session:
        return list(session.exec(select(ModelRun).order_by(col(ModelRun.created_at_us))))


def test_a_retrained_model_at_the_same_path_is_another_run(stand_in: Path, tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=None, student=None)
    workspace, merged = tmp_path / "workspace", tmp_path / "aligned"
    snapshot = write_snapshot(tmp_path / "snapshot")
    names = []
    for seed in (1, 2):
        recipe = write_recipe(tmp_path / f"{seed}.yaml", schedule__max_steps=1, runtime__seed=seed)
        adapter = train(snapshot, recipe, stand_in, tmp_path / f"adapter-{seed}").adapter
        shutil.rmtree(merged, ignore_errors=True)
        names.append(merge(adapter, stand_in, merged, dtype="float32").served_name)
        with served(StandIn(model=names[-1])) as endpoint:
            done = proposed(workspace, "--weights", str(merged), "--endpoint", endpoint.url)
        assert (done["added"], done["unanswered"]) == (8, 0)
    first, second = runs(store)
    assert (first.model, second.model) == tuple(names)
    assert first.revision != second.revision == read_weights(merged).revision
    assert second.lineage is not None
    assert second.lineage["snapshot_hash"] == read_weights(merged).lineage["snapshot_hash"]
    assert second.parameters["image_width_px"] == 160
    with store.read() as session:
        asked = how_asked(session, [first.name, second.name])
    assert f"{second.name}: stand_in (" in str(asked.trained_by)
    assert asked.reply_form is FORM


def test_a_folder_without_a_record_is_refused(stand_in: Path, tmp_path: Path) -> None:
    a_store(tmp_path, teacher=None, student=None).close()
    nobody = ["--endpoint", "http://127.0.0.1:9/v1"]
    said = proposed(tmp_path / "workspace", "--model", str(stand_in), *nobody, fails=True)
    assert "has no provenance.json" in said
    assert "--revision" in said


def test_weights_are_asked_in_the_form_that_they_were_trained_in(merged: Any, tmp_path: Path) -> None:
    a_store(tmp_path, teacher=None, student=None).close()
    options = ["--weights", str(merged.model), "--endpoint", "http://127.0.0.1:9/v1"]
    said = proposed(tmp_path / "workspace", *options, "--form", "words_first", fails=True)
    assert "was trained with form level_first and cannot be asked with words_first" in said
    said = proposed(tmp_path / "workspace", *options, "--width", "320", fails=True)
    assert "was trained with image_width_px 160 and cannot be asked with 320" in said


@pytest.mark.parametrize("text", ["{", "[]", '{"adapter": 5}', '{"recipe": "x"}'])
def test_a_record_that_is_none_is_refused_with_its_place(text: str, tmp_path: Path) -> None:
    (tmp_path / "provenance.json").write_text(text)
    with pytest.raises(ProposalError, match="is not the record of a model trained here"):
        read_weights(tmp_path)
