"""The card beside trained weights: what it says, and that nobody's words become markup or YAML of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from data.decisions.decision import write_decision
from data.errors import ProposalError
from data.vlm.model_card import EVALUATED, Evaluated, ShownFigure, write_model_card
from data.vlm.weights import read_weights
from tests.data.decisions.test_decisions import a_decision

TRAINED: dict[str, Any] = {
    "reply_form": "level_first",
    "image_width_px": 1152,
    "snapshot_hash": "5" * 64,
    "recipe": "sa_dpo",
    "recipe_hash": "7" * 64,
    "pairs_by_weight": {"5.0": 170, "1.0": 1400},
    "base_model": {
        "path": "/home/ina/secret/Qwen3-VL-2B-Instruct",
        "hash": "b" * 64,
        "stand_in": False,
    },
    "environment": {"commit": "abc123"},
}


def a_folder(path: Path, record: dict[str, Any] = TRAINED) -> Path:
    path.mkdir(parents=True)
    (path / "provenance.json").write_text(json.dumps(record))
    return path


def card_of(folder: Path) -> tuple[dict[str, Any], str]:
    _, front, text = write_model_card(folder).read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(front), text


def test_an_adapter_of_a_known_base_is_what_the_hub_lists_under_it(tmp_path: Path) -> None:
    front, text = card_of(a_folder(tmp_path / "first"))
    assert (front["library_name"], front["base_model"]) == ("peft", "Qwen/Qwen3-VL-2B-Instruct")
    assert front["base_model_relation"] == "adapter"
    assert f"# first-{read_weights(tmp_path / 'first').revision[:8]}" in text
    assert "5" * 64 in text
    assert "b" * 64 in text
    assert "170 of 5.0, 1400 of 1.0" in text
    assert "None was fitted" in text
    assert "- Any held-out frame." in text
    assert "Apache-2.0" in text
    assert "CC BY-NC-SA 4.0" in text
    assert "/home/ina" not in text
    assert "reads one front-camera frame and says" in text
    _, timed = card_of(a_folder(tmp_path / "timed", {**TRAINED, "frames": 3, "spacing_s": 1.0}))
    assert "reads 3 front-camera frames of one scene and says" in timed


def test_a_merge_of_a_stand_ins_checkpoint_says_so_and_names_no_base_of_the_hub(tmp_path: Path) -> None:
    origin = {key: value for key, value in TRAINED.items() if key not in ("base_model", "pairs_by_weight")}
    checkpoint = {"step": 40, "origin": {**origin, "base_model_hash": "c" * 64, "stand_in": True}}
    front, text = card_of(a_folder(tmp_path / "merged", {"adapter": checkpoint, "dtype": "bfloat16"}))
    assert front["library_name"] == "transformers"
    assert "base_model" not in front
    assert "stand-in" in front["tags"]
    assert "**A stand-in:**" in text
    assert "after step 40" in text
    assert "bfloat16" in text
    assert f"not named in the record, SHA-256 `{'c' * 64}`" in text


def test_its_decision_and_its_evaluation_stand_in_it_until_the_weights_change(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "first")
    revision = read_weights(folder).revision
    write_decision(folder, a_decision(weights=revision))
    kept = Evaluated(
        weights=revision,
        run="aligned|<img src=x>",
        report="first",
        evaluated_at="2026-11-29",
        verified_set_hash="d" * 64,
        frames=1000,
        scenes=150,
        unit="scene",
        figures=[ShownFigure(title="Missed", value="2.1 %", of="3/145", interval="0.7 to 5.9 %")],
    )
    (folder / EVALUATED).write_text(kept.model_dump_json())
    _, text = card_of(folder)
    assert "TELEOPERATION from P(TELEOPERATION) 0.2 on" in text
    assert "misses\n1 of 14 TELEOPERATION frames and calls 4 of 86 others" in text
    assert "| Missed | 2.1 % | 3/145 | 0.7 to 5.9 % |" in text
    assert "aligned\\|&lt;img src=x&gt;" in text
    assert "Any held-out frame" not in text
    (folder / "provenance.json").write_text(json.dumps({**TRAINED, "recipe": "odpo"}))
    assert "It has not been evaluated" in card_of(folder)[1], "those figures were of other weights"


def test_words_of_others_stay_text(tmp_path: Path) -> None:
    wild = "x\n---\nbase_model: evil\n# <script>alert(1)</script> | [a](http://b)"
    base = {**TRAINED["base_model"], "path": f"/models/{wild}"}
    front, text = card_of(a_folder(tmp_path / "first", {**TRAINED, "recipe": wild, "base_model": base}))
    assert "base_model" not in front
    assert "<script>" not in text
    assert "[a](" not in text
    assert "\n---\n" not in text


def test_a_folder_without_a_record_has_no_card(tmp_path: Path) -> None:
    with pytest.raises(ProposalError, match=r"has no provenance\.json"):
        write_model_card(tmp_path)
    assert not (tmp_path / "README.md").exists()
