"""A model folder: checked, hashed and loaded, from this machine only."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForImageTextToText

from data.errors import TrainingError
from data.hashing import canonical_json, file_hash
from data.vlm.profiles import model_profiles

LOADING_ERRORS = (OSError, ValueError, RuntimeError, SafetensorError)
"""What transformers and PEFT raise for a folder that is not what it should be."""

STAND_IN_MARKER = "stand_in.json"
RANDOM = "random"
PROCESSOR_FILES = (
    "*tokenizer*", "vocab.json", "merges.txt", "special_tokens_map.json", "added_tokens.json", "chat_template*",
    "*processor_config.json",
)  # fmt: skip
Precision = Literal["bf16", "fp32"]
DTYPES: dict[Precision, torch.dtype] = {"bf16": torch.bfloat16, "fp32": torch.float32}


def check_model_folder(folder: Path) -> None:
    """Raise TrainingError unless the folder has a model's configuration and weights."""
    if not folder.is_dir():
        raise TrainingError(no_model_folder(folder))
    if not (folder / "config.json").is_file():
        raise TrainingError(f"{folder} has no model: config.json is missing.")
    if not _weight_files(folder):
        raise TrainingError(f"{folder} has no weights: there is no *.safetensors file in it.")


def no_model_folder(folder: Path) -> str:
    """What is said where a model's folder is missing: how a known model of that name is fetched."""
    known = model_profiles().find(folder.name)
    fetch = (
        f"Fetch it with: hf download {known.model} --local-dir {folder}"
        if known
        else "Name the folder that holds it."
    )
    return f"There is no model folder {folder}. Models are loaded from this machine only. {fetch}"


def load_model(folder: Path, *, dtype: torch.dtype | Literal["auto"]) -> Any:
    """The model, in evaluation mode; dtype "auto": as it was saved.

    Raises TrainingError if the folder does not hold a model that reads images.
    """
    check_model_folder(folder)
    try:
        return AutoModelForImageTextToText.from_pretrained(folder, dtype=dtype, local_files_only=True)
    except LOADING_ERRORS as error:
        raise TrainingError(f"The model in {folder} cannot be loaded: {first_line(error)}") from error


def model_shape(folder: Path) -> Any:
    """The model without its weights, on the meta device: what counting parameters needs."""
    check_model_folder(folder)
    with torch.device("meta"):
        return AutoModelForImageTextToText.from_config(  # type: ignore[no-untyped-call]  # untyped
            AutoConfig.from_pretrained(folder, local_files_only=True)
        )


def is_stand_in(folder: Path) -> bool:
    """Whether the folder holds the stand-in or what was trained from it."""
    return (folder / STAND_IN_MARKER).is_file()


def stand_in_weights(folder: Path) -> str | None:
    """What the weights of a stand-in are, in words: `RANDOM`, or what they were taught; None for any other model."""
    if not is_stand_in(folder):
        return None
    told = json.loads((folder / STAND_IN_MARKER).read_text(encoding="utf-8")).get("weights", RANDOM)
    return str(told)


def model_hash(folder: Path) -> str:
    """SHA-256 over the configuration and every byte of the weights, as hex: two equal hashes, one model."""
    files = [folder / "config.json", *_weight_files(folder)]
    return hashlib.sha256(canonical_json({path.name: file_hash(path) for path in files}).encode()).hexdigest()


def processor_hash(folder: Path) -> str:
    """SHA-256 over the files that decide how text and images become tokens, as hex."""
    files = sorted({path for pattern in PROCESSOR_FILES for path in folder.glob(pattern) if path.is_file()})
    return hashlib.sha256(canonical_json({path.name: file_hash(path) for path in files}).encode()).hexdigest()


def first_line(error: Exception) -> str:
    """A library's message in one line: its first, or the error's name where it has none."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _weight_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))
