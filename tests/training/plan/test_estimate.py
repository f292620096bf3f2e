"""Estimates against arithmetic done by hand, and against what is known of the real model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data.errors import TrainingError
from training.plan.estimate import (
    Dimensions,
    PairTokens,
    kept_bytes,
    refuse_too_little_memory,
    run_bytes,
    run_estimate,
    text_flop,
    training_flop,
    vision_flop,
)

TINY = Dimensions(
    total=1000,
    text=600,
    vision=200,
    layers=2,
    hidden=8,
    intermediate=16,
    vocabulary=20,
    vision_layers=1,
    vision_hidden=4,
    vision_intermediate=8,
    patches_per_token=4,
)
QWEN3_VL_2B = Dimensions(
    total=2_127_532_032,
    text=1_409_410_048,
    vision=406_957_056,
    layers=28,
    hidden=2048,
    intermediate=6144,
    vocabulary=151_936,
    vision_layers=24,
    vision_hidden=1024,
    vision_intermediate=4096,
    patches_per_token=4,
)
PAIR = PairTokens(image=10, question=5, chosen=3, rejected=2)


def test_operations_of_the_language_model_are_counted_as_by_hand() -> None:
    # 20 tokens * 600 * 2 = 24,000; 4 * 400 * 8 * 2 = 25,600; 5 answer tokens * 8 * 20 * 2 = 1,600
    assert text_flop(TINY, PAIR) == 51_200


def test_operations_of_the_vision_tower_are_counted_as_by_hand() -> None:
    # 40 patches * 200 * 2 = 16,000; 4 * 1,600 * 4 * 1 = 25,600
    assert vision_flop(TINY, PAIR) == 41_600


def test_recomputing_costs_one_more_forward_pass() -> None:
    assert training_flop(TINY, PAIR, recompute=False) == 41_600 + 2 * 51_200
    assert training_flop(TINY, PAIR, recompute=True) == 41_600 + 3 * 51_200


def test_recomputing_keeps_less() -> None:
    kept = kept_bytes(TINY, PAIR, 2, recompute=True)
    assert kept < kept_bytes(TINY, PAIR, 2, recompute=False)


def estimate_of_the_paper(pairs_at_once: int = 1) -> tuple[float, float]:
    tokens = PairTokens(image=720, question=240, chosen=120, rejected=120)
    memory = run_bytes(
        QWEN3_VL_2B,
        tokens,
        adapter_parameters=6_422_528,
        pairs_at_once=pairs_at_once,
        bytes_per_weight=2,
        recompute=True,
    )
    found = run_estimate(
        QWEN3_VL_2B,
        typical=tokens,
        memory_bytes=memory,
        pairs_trained=2 * 9_500,
        distinct_pairs=9_500,
        recompute=True,
    )
    return found.memory_gib, found.hours


def test_the_paper_s_run_is_estimated_to_fit_one_48_gb_gpu_in_an_afternoon() -> None:
    memory_gib, hours = estimate_of_the_paper()
    assert memory_gib == pytest.approx(6.7, abs=0.1)
    assert hours == pytest.approx(1.9, abs=0.1)
    assert estimate_of_the_paper(pairs_at_once=8)[0] < 48


def test_weights_that_do_not_fit_are_refused_before_they_are_loaded() -> None:
    with pytest.raises(TrainingError, match=r"weights take 4\.0 GiB and 2\.0 GiB are free here"):
        refuse_too_little_memory(QWEN3_VL_2B, bytes_per_weight=2, available=2 * 2**30)
    refuse_too_little_memory(replace(QWEN3_VL_2B, total=10), bytes_per_weight=2, available=2 * 2**30)
