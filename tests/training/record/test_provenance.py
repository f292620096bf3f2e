"""Provenance is whole or not there, and one kind is never taken for the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import TrainingError
from training.merge import MergeResult
from training.models.folder import model_hash, processor_hash
from training.record.provenance import BaseModelRecord, Environment, read_adapter_provenance, write_provenance
from training.train import TrainingResult


def test_a_base_model_is_known_by_its_bytes_and_named_a_stand_in(stand_in: Path) -> None:
    record = BaseModelRecord.of(stand_in)
    assert record == BaseModelRecord(
        path=str(stand_in),
        hash=model_hash(stand_in),
        stand_in=True,
        processor_hash=processor_hash(stand_in),
    )


def test_the_environment_names_the_versions_that_could_change_a_result() -> None:
    here = Environment.here()
    assert {"torch", "transformers", "trl", "peft", "datasets", "numpy"} <= set(here.versions)
    assert here.device
    assert here.processes == 1


def test_writing_leaves_nothing_but_the_whole_file(trained: TrainingResult, tmp_path: Path) -> None:
    provenance = read_adapter_provenance(trained.adapter)
    write_provenance(tmp_path, provenance)
    assert [path.name for path in tmp_path.iterdir()] == ["provenance.json"]
    assert read_adapter_provenance(tmp_path) == provenance


def test_a_merged_model_is_never_taken_for_an_adapter(merged: MergeResult) -> None:
    with pytest.raises(TrainingError, match="is not an adapter's provenance"):
        read_adapter_provenance(merged.model)


def test_a_file_cut_short_is_refused(trained: TrainingResult, tmp_path: Path) -> None:
    text = (trained.adapter / "provenance.json").read_text()
    (tmp_path / "provenance.json").write_text(text[:100])
    with pytest.raises(TrainingError, match="is not an adapter's provenance"):
        read_adapter_provenance(tmp_path)
