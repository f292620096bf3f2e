"""The check that needs a GPU runs at a tiny shape on a CPU, and a broken rule is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import Qwen3VLForConditionalGeneration

from tests.gpu import check_gpu
from tests.gpu.check_gpu import check
from tests.gpu.exactness import exactness, rules_of
from tests.gpu.setting import prepare, take_large_pictures, true_shape
from training.pairs.processor import image_tokens, load_processor
from training.stand_in import build_stand_in


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_packed_rows_are_exact_at_a_tiny_shape(tmp_path: Path) -> None:
    figures, rules = exactness(prepare(tmp_path, small=True), recomputed=[False])
    assert {rule: holds for rule, holds in rules.items() if not holds} == {}
    assert len(rules) == 4
    assert figures["arms"]["fp32 stock"]["gradient_l2"] == 0.0
    assert (
        1e-4 < figures["arms"]["bf16 packed"]["gradient_l2"] < 0.1
    )  # bfloat16 rounds: the figure is of something


def test_the_large_shape_is_that_of_qwen3_vl_2b_with_pictures_of_720_tokens(tmp_path: Path) -> None:
    folder = build_stand_in(tmp_path / "model")
    take_large_pictures(folder)
    assert image_tokens(load_processor(folder), 1152, 640) == 720
    with torch.device("meta"):
        model = Qwen3VLForConditionalGeneration(true_shape(folder))
    model.tie_weights()
    assert sum(parameter.numel() for parameter in model.parameters()) == 2_127_532_032


def test_merging_rounds_once_at_a_tiny_shape(tmp_path: Path) -> None:
    result = check(tmp_path, small=True, parts=["merging"])
    assert (result["rules"], result["left_out"]) == (dict.fromkeys(result["rules"], True), [])
    assert result["holds"]
    assert result["merging"]["merged"]["kl"] > 0


GOOD = {"loss_difference": 0.0, "gradient_l2": 0.01}
START = {"margin_max": 0.0, "reference_alone_or_batched_nats": 0.01}


@pytest.mark.parametrize(
    ("arm", "start"),
    [
        ({"fp32 packed recomputed": {**GOOD, "loss_difference": 2e-4}}, {}),
        ({"bf16 packed": {**GOOD, "gradient_l2": 0.02}}, {}),
        ({}, {"margin_max": 1e-9}),
        ({}, {"reference_alone_or_batched_nats": 0.06}),
    ],
)
def test_each_rule_of_exactness_can_be_broken(
    arm: dict[str, dict[str, float]], start: dict[str, float]
) -> None:
    arms = dict.fromkeys(("fp32 stock", "fp32 packed", "bf16 stock", "bf16 packed"), GOOD)
    assert all(rules_of(arms, START).values())
    assert list(rules_of(arms | arm, START | start).values()).count(False) == 1


def test_what_the_time_does_not_reach_is_named_and_nothing_holds(tmp_path: Path) -> None:
    result = check(tmp_path, small=True, seconds=0.0)
    assert result["left_out"] == list(check_gpu.PARTS)
    assert not result["holds"]


def test_an_unknown_part_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        check_gpu.main(["exactnes"])
    assert "no part exactnes; there are exactness, kernels, speed, runs, merging" in capsys.readouterr().err
