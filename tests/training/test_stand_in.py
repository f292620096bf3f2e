"""The stand-in is small, the same each time, and says what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from data.errors import TrainingError
from data.vlm.reply import render_reply
from data.vocabulary import TriageLevel
from tests.training.builders import FORM, A, S, T, an_assessment
from training.models.folder import load_model, model_hash
from training.pairs.processor import load_processor
from training.stand_in import build_stand_in


def test_it_names_itself_a_stand_in_in_its_readme_and_its_marker(stand_in: Path) -> None:
    marker = json.loads((stand_in / "stand_in.json").read_text())
    assert marker == {
        "stand_in": True,
        "name": "stand-in-qwen3-vl-random-weights",
        "weights": "random",
        "seed": 0,
    }
    assert "A stand-in, not a model" in (stand_in / "README.md").read_text()


def test_it_has_some_hundred_thousand_parameters(stand_in: Path) -> None:
    model = load_model(stand_in, dtype=torch.float32)
    assert 100_000 < sum(parameter.numel() for parameter in model.parameters()) < 1_000_000


@pytest.mark.parametrize("level", [A, S, T])
def test_each_level_is_one_token_alone_and_inside_a_reply(stand_in: Path, level: TriageLevel) -> None:
    tokenizer = load_processor(stand_in).tokenizer
    (alone,) = tokenizer(level.value)["input_ids"]
    assert tokenizer(render_reply(an_assessment(level), FORM))["input_ids"].count(alone) == 1


def test_a_reply_comes_back_from_its_tokens(stand_in: Path) -> None:
    tokenizer = load_processor(stand_in).tokenizer
    reply = render_reply(an_assessment(T, "Zwei Männer regeln den Verkehr — 10 m voraus."), FORM)
    assert tokenizer.decode(tokenizer(reply)["input_ids"], clean_up_tokenization_spaces=False) == reply


def test_the_same_seed_gives_the_same_model_and_another_seed_another(stand_in: Path, tmp_path: Path) -> None:
    assert model_hash(build_stand_in(tmp_path / "again")) == model_hash(stand_in)
    assert model_hash(build_stand_in(tmp_path / "other", seed=1)) != model_hash(stand_in)


def test_other_programs_are_told_the_public_processor(stand_in: Path) -> None:
    fields = json.loads((stand_in / "processor_config.json").read_text())
    assert fields["processor_class"] == "Qwen3VLProcessor"


def test_it_is_never_written_over_anything(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_text("somebody's weights")
    with pytest.raises(TrainingError, match="is not empty"):
        build_stand_in(tmp_path)
    assert (tmp_path / "model.safetensors").read_text() == "somebody's weights"
