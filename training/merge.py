"""Base model + adapter -> one model without adapter layers, in the folder form that servers load."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from peft import PeftModel

from data.decisions.decision import DECISION, decision_for, write_decision
from data.errors import TrainingError
from data.snapshot.judged import JUDGED_DEVELOPMENT
from data.vlm.model_card import write_model_card
from data.vlm.weights import read_weights, served_name
from data.whole_files import written_whole
from training.models.folder import (
    LOADING_ERRORS,
    PROCESSOR_FILES,
    check_model_folder,
    first_line,
    is_stand_in,
    load_model,
    model_hash,
    processor_hash,
)
from training.process.chatter import library_chatter_to_stderr
from training.record.checkpoints import is_whole
from training.record.provenance import (
    AdapterProvenance,
    CheckpointProvenance,
    Environment,
    MergeProvenance,
    now,
    read_trained,
    write_provenance,
)
from training.record.run_folder import refuse_taken

Trained = AdapterProvenance | CheckpointProvenance
MergedDtype = Literal["bfloat16", "float16", "float32"]
_DTYPES: dict[MergedDtype, torch.dtype] = {
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
}
_COPIED_FILES = (*PROCESSOR_FILES, "stand_in.json", "LICENSE*")


@dataclass(frozen=True)
class MergeResult:
    """A merged model in `model`, to be served under `served_name`, which names this very training."""

    model: Path
    served_name: str
    dtype: MergedDtype
    stand_in: bool


def merge(adapter: Path, model: Path, out: Path, *, dtype: MergedDtype = "bfloat16") -> MergeResult:
    """Merge a finished adapter, or a sealed checkpoint, into its base model and write it into the new folder `out`.

    The sum is taken in float32 on a freshly loaded base, then rounded once to `dtype`: merging inside a bfloat16 base
    rounds twice. Tokenizer and processor files are copied as they are. The folder appears under its name only when
    it is whole.

    Raises TrainingError if `out` holds anything, if the adapter is neither finished nor sealed, if a checkpoint has
    changed since, or if `model` is not the base that the adapter was trained on.
    """
    refuse_taken(out)
    provenance = read_trained(adapter)
    _refuse_changed(adapter, provenance)
    check_model_folder(model)
    _refuse_other_base(provenance, model)
    _make_parents(out)
    with written_whole(out, mode=0o755) as folder:
        with library_chatter_to_stderr():
            merged_model(adapter, model).to(_DTYPES[dtype]).save_pretrained(folder)
        _say_one_dtype(folder, dtype)
        _copy_processor(model, folder)
        write_provenance(folder, _merge_provenance(provenance, dtype))
        _carry_decision(adapter, folder)
        write_model_card(folder, name=out.name)
        _let_servers_read(folder)
    return MergeResult(out, served_name(out), dtype, is_stand_in(out))


def _carry_decision(adapter: Path, folder: Path) -> None:
    """What the adapter's development part gave, and the decision fitted on it, are the merged weights' too."""
    if (adapter / JUDGED_DEVELOPMENT).is_file():
        shutil.copyfile(adapter / JUDGED_DEVELOPMENT, folder / JUDGED_DEVELOPMENT)
    if (adapter / DECISION).is_file():
        decision = decision_for(adapter, read_weights(adapter).revision)
        write_decision(folder, decision.model_copy(update={"weights": read_weights(folder).revision}))


def merged_model(adapter: Path, model: Path) -> Any:
    """The merged model in float32, in memory."""
    base = load_model(model, dtype=torch.float32)
    try:
        return PeftModel.from_pretrained(base, str(adapter)).merge_and_unload()
    except LOADING_ERRORS as error:
        raise TrainingError(f"The adapter in {adapter} cannot be loaded: {first_line(error)}") from error


def _refuse_changed(adapter: Path, provenance: Trained) -> None:
    if isinstance(provenance, CheckpointProvenance) and not is_whole(adapter):
        raise TrainingError(
            f"The checkpoint {adapter} is not what it was when it was sealed: a file has changed or is missing. "
            "Take another one."
        )


def _refuse_other_base(provenance: Trained, model: Path) -> None:
    if provenance.processor_hash not in (None, processor_hash(model)):
        raise TrainingError(
            f"The tokenizer, chat template or image processor in {model} is not the one that the adapter was trained "
            "with: it would be asked in another way than it learned."
        )
    if model_hash(model) != provenance.base_model_hash:
        raise TrainingError(
            f"{model} is not the model that the adapter was trained on (hash {provenance.base_model_hash[:12]}): "
            "merged, they would make a model that nobody trained."
        )


def _copy_processor(model: Path, folder: Path) -> None:
    for pattern in _COPIED_FILES:
        for path in model.glob(pattern):
            shutil.copyfile(path, folder / path.name)


def _say_one_dtype(folder: Path, dtype: MergedDtype) -> None:
    """transformers writes the saved dtype on top of a configuration alone; servers may read its parts."""
    path = folder / "config.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    for part in (
        fields,
        *(value for value in fields.values() if isinstance(value, dict) and "dtype" in value),
    ):
        part["dtype"] = dtype
    path.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


def _make_parents(out: Path) -> None:
    """Create what is missing above the folder, so that other accounts can enter it."""
    missing = [parent for parent in out.absolute().parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir()
        parent.chmod(0o755)


def _let_servers_read(folder: Path) -> None:
    """Commands write for their owner alone, and a server of models seldom runs under the same account."""
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _merge_provenance(adapter: Trained, dtype: MergedDtype) -> MergeProvenance:
    return MergeProvenance(finished_at=now(), dtype=dtype, adapter=adapter, environment=Environment.here())
