"""One of several processes: half of the pairs through a model that FSDP2 shards, on a CPU with gloo.

Prints, from the main process, one JSON object: how far loss and gradients are from those of one process that holds the
whole model and all the pairs. Started by `test_processes.py` under torchrun.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from tests.training.trainer.test_trainer import a_trainer, backward, checked, perturb
from training.assembly import pack_pairs
from training.process.processes import is_main_process, processes
from training.trainer.reference_cache import ReferenceCache, reference_keys


def main(folder: Path, model: Path) -> None:
    torch.set_num_threads(1)
    rank = int(os.environ["RANK"])
    here = folder / str(rank)
    here.mkdir()
    inputs = checked(here, model)
    whole, sharded = (_trainer(inputs, here / name) for name in ("whole", "sharded"))
    rows = [whole.train_dataset[index] for index in range(8)]
    expected_loss, expected = backward(whole, whole.data_collator(rows))
    _shard(sharded.model)
    sharded.reference_cache = ReferenceCache(folder / "kept.jsonl", reference_keys(inputs.pairs, setting={}))
    mine = sharded.data_collator(rows[rank * 4 : rank * 4 + 4])
    first, kept = (_loss_and_gradients(sharded, mine) for _ in range(2))
    if is_main_process():
        figures = {
            "processes": processes(),
            "loss": abs(first[0] - expected_loss),
            "gradient": _difference(first[1], expected),
            "gradient_with_reference_kept": _difference(kept[1], expected),
            "largest_gradient": max(float(value.abs().max()) for value in expected.values()),
            "kept": len((folder / "kept.jsonl").read_text().splitlines()),
        }
        print(json.dumps(figures))


def _trainer(inputs: Any, out: Path) -> Any:
    trainer = a_trainer(inputs, out)
    perturb(trainer)
    pack_pairs(trainer, inputs)
    return trainer


def _shard(model: Any) -> None:
    """As accelerate does it: every layer by itself, then what is left."""
    mesh = init_device_mesh("cpu", (processes(),))
    core = model.get_base_model().model
    for layer in (*core.language_model.layers, *core.visual.blocks):
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)


def _loss_and_gradients(trainer: Any, batch: Any) -> tuple[float, dict[str, torch.Tensor]]:
    loss, gradients = backward(trainer, batch)
    total = torch.tensor(loss)
    torch.distributed.all_reduce(total)
    return float(total) / processes(), {name: _whole(gradient) for name, gradient in gradients.items()}


def _whole(gradient: torch.Tensor) -> torch.Tensor:
    return gradient.full_tensor() if isinstance(gradient, DTensor) else gradient


def _difference(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> float:
    return max(float((found[name] - expected[name]).abs().max()) for name in expected)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
