"""What is slow is built once: the stand-in, an adapter trained on it, and their merge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.training.builders import MIXED, write_snapshot
from training.merge import MergeResult, merge
from training.recipe import find_recipe
from training.stand_in import build_stand_in
from training.train import TrainingResult, train


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_stand_in(tmp_path_factory.mktemp("models") / "stand-in")


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 pairs: 12 of weight 5, 6 of weight 2, 30 of weight 1."""
    return write_snapshot(tmp_path_factory.mktemp("snapshots") / "frozen", MIXED * 6)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, snapshot: Path, stand_in: Path) -> TrainingResult:
    out = tmp_path_factory.mktemp("adapters") / "adapter"
    return train(snapshot, find_recipe("stand_in"), stand_in, out)


@pytest.fixture(scope="session")
def merged(tmp_path_factory: pytest.TempPathFactory, trained: TrainingResult, stand_in: Path) -> MergeResult:
    out = tmp_path_factory.mktemp("merges") / "merged"
    return merge(trained.adapter, stand_in, out, dtype="float32")
