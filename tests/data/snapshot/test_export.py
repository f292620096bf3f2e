"""Pairs as other trainers read them, held against their documented schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.errors import SnapshotError
from data.snapshot.export import NAME, export_pairs
from data.snapshot.folder import load_snapshot
from data.snapshot.freeze import freeze
from data.snapshot.layouts import Layout
from tests.builders import T
from tests.data.snapshot.test_snapshot import a_verified_store


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    freeze(a_verified_store(tmp_path, level=T), tmp_path / "snap")
    return tmp_path / "snap"


def test_llama_factory_finds_the_pairs_by_its_own_description(snapshot: Path, tmp_path: Path) -> None:
    assert export_pairs(snapshot, tmp_path / "out", Layout.LLAMA_FACTORY) == 4
    info = json.loads((tmp_path / "out" / "dataset_info.json").read_text())[NAME]
    assert (info["formatting"], info["ranking"]) == ("sharegpt", True)
    rows = json.loads((tmp_path / "out" / info["file_name"]).read_text())
    columns = info["columns"]
    for row, pair in zip(rows, load_snapshot(snapshot).pairs, strict=True):
        assert set(row) == set(columns.values())
        (asked,) = row[columns["messages"]]
        assert asked["from"] == "human"
        assert asked["value"].count("<image>") == len(row[columns["images"]]) == 1
        sides = [row[columns[side]] for side in ("chosen", "rejected")]
        assert sides == [
            {"from": "gpt", "value": turns[-1].content} for turns in (pair.chosen, pair.rejected)
        ]
        assert Path(row[columns["images"]][0]).is_file()


def test_ms_swift_reads_messages_that_end_in_the_chosen_answer(snapshot: Path, tmp_path: Path) -> None:
    assert export_pairs(snapshot, tmp_path / "out", Layout.MS_SWIFT) == 4
    lines = (tmp_path / "out" / f"{NAME}.jsonl").read_text().splitlines()
    for line, pair in zip(lines, load_snapshot(snapshot).pairs, strict=True):
        row = json.loads(line)
        assert set(row) == {"messages", "rejected_response", "images"}
        assert [turn["role"] for turn in row["messages"]] == ["system", "user", "assistant"]
        assert row["messages"][1]["content"].startswith("<image>")
        assert row["messages"][2]["content"] == pair.chosen[-1].content
        assert row["rejected_response"] == pair.rejected[-1].content


def test_nothing_is_written_over(snapshot: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(SnapshotError, match="is there already"):
        export_pairs(snapshot, tmp_path / "out", Layout.MS_SWIFT)
