"""The batch carries every weight, and what would be trained on silently is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from data.errors import TrainingError
from tests.training.builders import MIXED, a_loss, write_snapshot
from training.pairs.collator import WeightedPairCollator
from training.pairs.preference_dataset import load_pairs, preference_dataset
from training.pairs.processor import load_processor


@pytest.fixture(scope="module")
def processor(stand_in: Path) -> Any:
    return load_processor(stand_in)


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, Any]]:
    loss = a_loss()
    _, pairs = load_pairs(write_snapshot(tmp_path, MIXED[:4]), loss)
    return list(preference_dataset(pairs))


def test_a_batch_carries_the_weight_of_each_pair_in_order(processor: Any, rows: list[dict[str, Any]]) -> None:
    batch = WeightedPairCollator(processor)(rows)
    assert batch["weight"].tolist() == [5.0, 1.0, 1.0, 2.0]
    assert batch["weight"].dtype == torch.float32
    assert batch["input_ids"].shape[0] == 8  # chosen rows, then rejected rows
    assert (batch["completion_mask"].sum(dim=1) > 0).all()


def test_no_image_token_is_lost(processor: Any, rows: list[dict[str, Any]]) -> None:
    batch = WeightedPairCollator(processor)(rows)
    in_text = (batch["input_ids"] == processor.image_token_id).sum(dim=1)
    encoded = batch["image_grid_thw"].prod(dim=1) // processor.image_processor.merge_size**2
    assert in_text.tolist() == encoded.tolist()


def test_the_rows_themselves_are_left_as_they_were(processor: Any, rows: list[dict[str, Any]]) -> None:
    WeightedPairCollator(processor)(rows)
    assert rows[0]["weight"] == 5.0
    assert isinstance(rows[0]["prompt"][0]["content"], str)


def test_a_pair_without_a_weight_is_refused(processor: Any, rows: list[dict[str, Any]]) -> None:
    del rows[2]["weight"]
    with pytest.raises(TrainingError, match=r"The pair pair-2 has no weight\."):
        WeightedPairCollator(processor)(rows)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_is_no_weight_is_refused(
    processor: Any, rows: list[dict[str, Any]], weight: float
) -> None:
    rows[1]["weight"] = weight
    with pytest.raises(TrainingError, match="must be above 0 and finite"):
        WeightedPairCollator(processor)(rows)


@pytest.mark.parametrize("side", ["chosen", "rejected"])
def test_a_pair_with_an_empty_side_is_refused(processor: Any, rows: list[dict[str, Any]], side: str) -> None:
    rows[3][side] = [{"role": "assistant", "content": " \n"}]
    with pytest.raises(TrainingError, match=f"The {side} side of the pair pair-3 is empty"):
        WeightedPairCollator(processor)(rows)


def test_a_max_length_is_refused_since_it_would_cut_silently(processor: Any) -> None:
    with pytest.raises(TrainingError, match="would cut pairs silently"):
        WeightedPairCollator(processor, max_length=1024)
