"""Pairs as other trainers read them, held against what they document.

LLaMA-Factory, commit ff6d4d1 (August 2026): `data/README.md`, "Sharegpt Format", "Preference Dataset" and "Multimodal
Image Dataset"; `SharegptDatasetConverter` in `src/llamafactory/data/converter.py` takes an odd number of turns and two
answers as objects; `_validate_messages` in `mm_plugin.py` ends a run where the marks of pictures, films and sounds,
answers included, are not as many as there are files.

ms-swift, commit 3602360 (August 2026): `docs/source_en/Customization/Custom-dataset.md`, "RLHF" and "Multimodal"; the
keys are those of `RowPreprocessor.standard_keys` in `swift/dataset/preprocessor/core.py`, which drops a row whose
rejected answer is the chosen one.

Both loaders were run on exports of this store at those commits.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import SnapshotError
from data.snapshot.export import NAME, export_pairs, pixels_shown
from data.snapshot.folder import load_snapshot
from data.snapshot.freeze import freeze
from data.snapshot.layouts import Layout
from data.vocabulary import Split
from tests.builders import A, T, a_person, a_store, reviewed
from tests.data.review.test_reviews import frames_in
from tests.data.snapshot.test_snapshot import a_verified_store


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    freeze(a_verified_store(tmp_path, level=T), tmp_path / "snap")
    return tmp_path / "snap"


def test_llama_factory_finds_the_pairs_by_its_own_description(snapshot: Path, tmp_path: Path) -> None:
    assert export_pairs(snapshot, tmp_path / "out", Layout.LLAMA_FACTORY).pairs == 4
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
    found = export_pairs(snapshot, tmp_path / "out", Layout.MS_SWIFT)
    assert (found.pairs, found.left_out) == (4, 0)
    lines = (tmp_path / "out" / f"{NAME}.jsonl").read_text().splitlines()
    for line, pair in zip(lines, load_snapshot(snapshot).pairs, strict=True):
        row = json.loads(line)
        assert set(row) == {"messages", "rejected_response", "images"}
        assert [turn["role"] for turn in row["messages"]] == ["system", "user", "assistant"]
        assert row["messages"][1]["content"].startswith("<image>")
        assert row["messages"][2]["content"] == pair.chosen[-1].content
        assert row["rejected_response"] == pair.rejected[-1].content != row["messages"][2]["content"]
        assert row["messages"][1]["content"].count("<image>") == len(row["images"]) == 1


def test_the_other_trainer_is_told_how_many_pixels_the_student_was_shown(snapshot: Path) -> None:
    frozen = load_snapshot(snapshot)
    assert pixels_shown(frozen) is None
    asked = frozen.manifest.model_copy(update={"image_width_px": 96})
    assert pixels_shown(replace(frozen, manifest=asked)) == 96 * 64


def test_a_picture_mark_in_somebodys_words_does_not_end_a_run_of_llama_factory(tmp_path: Path) -> None:
    store = a_store(tmp_path, student=A)
    people = [a_person(store, "ada"), a_person(store, "ben")]
    for place, frame in enumerate(frames_in(store, Split.TRAIN)):
        words = "A sign reads <image>." if place == 0 else "A sign reads image."
        for person in people:
            reviewed(store, person, frame, T, reasoning=words)
    freeze(store, tmp_path / "snap")
    found = export_pairs(tmp_path / "snap", tmp_path / "one", Layout.LLAMA_FACTORY)
    assert (found.pairs, found.left_out) == (3, 1)
    assert "sign reads <image>" not in (tmp_path / "one" / f"{NAME}.json").read_text()
    assert export_pairs(tmp_path / "snap", tmp_path / "other", Layout.MS_SWIFT).pairs == 4


def test_nothing_is_written_over(snapshot: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(SnapshotError, match="is there already"):
        export_pairs(snapshot, tmp_path / "out", Layout.MS_SWIFT)
