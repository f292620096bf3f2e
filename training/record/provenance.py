"""What stands beside every adapter and merge: all that determined it. Written last, so that it also means: finished."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Self

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from data.checkout import checkout_commit
from data.errors import TrainingError
from data.vocabulary import ReplyForm
from data.whole_files import written_whole
from training.models.folder import is_stand_in, model_hash, processor_hash
from training.process.processes import processes

PROVENANCE = "provenance.json"
_PACKAGES = (
    "teletriage", "torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers", "pillow", "numpy",
)  # fmt: skip


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BaseModelRecord(_Record):
    """The model that training started from. `hash` covers its configuration and every byte of its weights,
    `processor_hash` its tokenizer, chat template and image processor: None in records of releases that did not say."""

    path: str
    hash: str
    stand_in: bool
    processor_hash: str | None = None

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The record of a model folder."""
        return cls(
            path=str(folder.resolve()),
            hash=model_hash(folder),
            stand_in=is_stand_in(folder),
            processor_hash=processor_hash(folder),
        )


class Environment(_Record):
    """Where it ran. `commit` is None outside a git checkout, and ends in -dirty if files were changed."""

    commit: str | None
    versions: dict[str, str]
    python: str
    machine: str
    cpus: int
    device: str
    processes: int

    @classmethod
    def here(cls) -> Self:
        """The environment of this process."""
        return cls(
            commit=checkout_commit(),
            versions={name: found for name in _PACKAGES if (found := _version(name))},
            python=platform.python_version(),
            machine=platform.machine(),
            cpus=os.cpu_count() or 1,
            device=torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
            processes=processes(),
        )


class RunOrigin(_Record):
    """What determines a run's parameters, known before its first step: with equal origins, equal adapters.

    `frames`, `spacing_s`: how many pictures a question shows, and how far apart they are due; None for one picture.
    `base_model`: where that model lay, for whoever goes on with the run; its hash is what determines it.
    """

    recipe: str
    recipe_hash: str
    recipe_text: str
    reply_form: ReplyForm
    image_width_px: int
    frames: int = 1
    spacing_s: float | None = None
    snapshot_hash: str
    base_model: str | None = None
    base_model_hash: str
    processor_hash: str | None = None
    stand_in: bool = False
    pairs_per_update: int
    environment: Environment


class CheckpointProvenance(_Record):
    """How a checkpoint came to be after `step` updates, and the SHA-256 of each of its files."""

    finished_at: str
    step: int
    origin: RunOrigin
    files: dict[str, str]

    @property
    def base_model_hash(self) -> str:
        """The hash of the model that training started from."""
        return self.origin.base_model_hash

    @property
    def processor_hash(self) -> str | None:
        return self.origin.processor_hash


class AdapterProvenance(_Record):
    """How an adapter came to be. The losses are those of the first and the last line of its log.

    `decisions`: its last look at the development part, by name; None where none was watched. Records of version 0.1 do
    not say in what batches it was trained.
    """

    finished_at: str
    recipe: str
    recipe_hash: str
    recipe_text: str
    reply_form: ReplyForm
    image_width_px: int
    frames: int = 1
    spacing_s: float | None = None
    seed: int
    pairs_per_update: int | None = None
    pairs_at_once: int | None = None
    gradient_checkpointing: bool | None = None
    snapshot: str
    snapshot_hash: str
    pairs_by_weight: dict[str, int]
    steps: int
    loss_first: float
    loss_last: float
    decisions: dict[str, float] | None = None
    adapter_parameters: int
    base_parameters: int
    base_model: BaseModelRecord
    environment: Environment

    @property
    def base_model_hash(self) -> str:
        """The hash of the model that training started from."""
        return self.base_model.hash

    @property
    def processor_hash(self) -> str | None:
        return self.base_model.processor_hash


class MergeProvenance(_Record):
    """How a merged model came to be, with the whole provenance of its adapter or of the checkpoint that it was."""

    finished_at: str
    dtype: str
    adapter: AdapterProvenance | CheckpointProvenance
    environment: Environment


def write_provenance(
    folder: Path, provenance: AdapterProvenance | MergeProvenance | CheckpointProvenance
) -> None:
    """Write `provenance.json` in one step: it is there whole or not at all."""
    with written_whole(folder / PROVENANCE) as partial:
        partial.write_text(provenance.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_adapter_provenance(folder: Path) -> AdapterProvenance:
    """The provenance of a finished adapter. Raises TrainingError if the run never finished."""
    path = folder / PROVENANCE
    if not path.is_file():
        raise TrainingError(
            f"{folder} holds no finished adapter: {PROVENANCE} is missing, so its training never ended. Train again."
        )
    try:
        return AdapterProvenance.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise TrainingError(f"{path} is not an adapter's provenance: {key}: {first['msg']}.") from error


def read_trained(folder: Path) -> AdapterProvenance | CheckpointProvenance:
    """The provenance of a finished adapter or of a sealed checkpoint. Raises TrainingError for anything else."""
    return read_checkpoint(folder) or read_adapter_provenance(folder)


def read_checkpoint(folder: Path) -> CheckpointProvenance | None:
    """The provenance of a checkpoint; None if it was never finished, or is not readable any more."""
    try:
        return CheckpointProvenance.model_validate_json((folder / PROVENANCE).read_bytes())
    except (OSError, ValidationError):
        return None


def now() -> str:
    """The time of this machine, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
