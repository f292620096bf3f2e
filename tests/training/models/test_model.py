"""Model folders and processors: what is no model, and what has no eyes, is refused in one sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers.processing_utils import ProcessorMixin

from data.errors import TrainingError
from training.miniature.build import KEPT
from training.models.folder import is_stand_in, load_model, model_hash, stand_in_weights
from training.pairs.processor import image_tokens, load_processor, refuse_resizing


@pytest.fixture
def a_copy(stand_in: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stand_in, tmp_path / "model"))


def as_published(folder: Path) -> Path:
    """The files of the processor as Qwen3-VL's own folder has them: the older form, naming the torchvision class."""
    fields = json.loads((folder / "processor_config.json").read_text())["image_processor"]
    fields |= {"image_processor_type": "Qwen2VLImageProcessorFast", "processor_class": "Qwen3VLProcessor"}
    (folder / "preprocessor_config.json").write_text(json.dumps(fields))
    (folder / "processor_config.json").unlink()
    return folder


def test_the_processor_reads_text_and_images(stand_in: Path) -> None:
    processor = load_processor(stand_in)
    assert isinstance(processor, ProcessorMixin)
    assert processor.image_processor.size == {"shortest_edge": 1024, "longest_edge": 16384}


def test_a_folder_as_published_loads_without_torchvision(a_copy: Path) -> None:
    assert load_processor(as_published(a_copy)).image_processor.patch_size == 16


def test_a_picture_of_the_right_size_is_left_as_it_is_and_another_is_refused(a_copy: Path) -> None:
    processor = load_processor(a_copy)
    assert image_tokens(processor, 160, 96) == 15
    refuse_resizing(processor, (160, 96))
    with pytest.raises(
        TrainingError, match="makes 10 tokens of a picture of 1152 x 640 pixels where 720 are due"
    ):
        refuse_resizing(processor, (1152, 640))


def test_a_model_without_an_image_processor_is_refused_and_never_a_bare_tokenizer(a_copy: Path) -> None:
    (a_copy / "processor_config.json").unlink()
    with pytest.raises(TrainingError) as refused:
        load_processor(a_copy)
    assert (
        str(refused.value) == f"{a_copy} has no image processor (preprocessor_config.json): frames need one."
    )


def test_a_processor_file_without_an_image_processor_is_refused(a_copy: Path) -> None:
    (a_copy / "processor_config.json").write_text('{"processor_class": "Qwen3VLProcessor"}')
    with pytest.raises(TrainingError, match="processor"):
        load_processor(a_copy)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="There is no model folder"):
        load_model(tmp_path / "Qwen3-VL-2B-Instruct", dtype=torch.float32)


@pytest.mark.parametrize(
    ("name", "says"), [("config.json", "has no model"), ("model.safetensors", "has no weights")]
)
def test_a_folder_without_configuration_or_weights_is_refused(a_copy: Path, name: str, says: str) -> None:
    (a_copy / name).unlink()
    with pytest.raises(TrainingError, match=says):
        load_model(a_copy, dtype=torch.float32)


def test_weights_that_are_cut_short_are_refused(a_copy: Path) -> None:
    weights = a_copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="cannot be loaded"):
        load_model(a_copy, dtype=torch.float32)


def test_a_language_model_without_eyes_is_refused(a_copy: Path) -> None:
    (a_copy / "config.json").write_text('{"model_type": "qwen3"}')
    with pytest.raises(TrainingError, match="cannot be loaded"):
        load_model(a_copy, dtype=torch.float32)


def test_the_hash_follows_the_weights_and_not_the_folder_s_name(a_copy: Path, stand_in: Path) -> None:
    assert model_hash(a_copy) == model_hash(stand_in)
    weights = a_copy / "model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(bytes(changed))
    assert model_hash(a_copy) != model_hash(stand_in)


def test_only_the_marker_makes_a_stand_in_and_says_of_which_weights(a_copy: Path) -> None:
    assert is_stand_in(a_copy)
    assert stand_in_weights(a_copy) == "random"
    assert stand_in_weights(KEPT) == "taught on drawn roads"
    (a_copy / "stand_in.json").unlink()
    assert not is_stand_in(a_copy)
    assert stand_in_weights(a_copy) is None
