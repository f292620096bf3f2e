"""Thresholds keep what they guarantee, and live misses withdraw a guarantee; `make bench-guarantee` has all cells."""

from __future__ import annotations

import numpy as np
import pytest

from eval.guarantee.live_evidence import withdrawn_at
from eval.guarantee.threshold import choose_threshold
from eval.statistics.rate import Undefined
from tests.eval.guarantee.simulation import Cell, guaranteed, withdrawals


def test_the_threshold_is_the_highest_that_keeps_the_guarantee() -> None:
    """A hundred scenes of ten frames at .05, .15 ... .95: up to .15 one frame in ten is missed."""
    p = np.tile(np.arange(10) / 10 + 0.05, 100)
    found = choose_threshold(p, np.repeat(np.arange(100), 10), guarantee=0.15)
    assert found.threshold == pytest.approx(0.15)
    assert (found.missed, found.frames, found.scenes) == (100, 1000, 100)
    assert isinstance(found.bound, float)
    assert 0.1 < found.bound <= 0.15


def test_so_few_scenes_say_what_they_can_guarantee() -> None:
    found = choose_threshold(np.full(400, 0.9), np.repeat(np.arange(40), 10), guarantee=0.05)
    assert found.threshold is None
    assert isinstance(found.least, float)
    assert 0.07 < found.least < 0.09
    assert choose_threshold(np.full(400, 0.9), np.repeat(np.arange(40), 10), guarantee=0.09).threshold == 0.9


def test_below_ten_scenes_nothing_is_guaranteed() -> None:
    found = choose_threshold(np.full(90, 0.9), np.repeat(np.arange(9), 10), guarantee=0.5)
    assert (found.threshold, found.scenes) == (None, 9)
    assert isinstance(found.least, Undefined)


def test_one_scene_with_many_misses_does_not_count_as_many() -> None:
    scenes = np.repeat(np.arange(100), np.r_[500, np.ones(99, dtype=int)])
    p = np.where(scenes == 0, 0.2, 0.9)
    assert choose_threshold(p, scenes, guarantee=0.1).threshold == 0.9


@pytest.mark.parametrize("cell", [Cell(80, 0.7), Cell(120, 1.0)])
def test_guarantees_are_kept(cell: Cell) -> None:
    found = guaranteed(cell, 60)
    assert found.given > 50
    assert found.violations <= 5


def test_a_shift_of_five_points_is_seen_and_no_shift_is_left_alone() -> None:
    false, _ = withdrawals(0.05, 0.05, projects=400, frames=2000)
    found, median = withdrawals(0.10, 0.05, projects=400, frames=2000)
    assert false <= 0.05 + 0.02
    assert found == 1.0
    assert median is not None
    assert median <= 300


def test_a_withdrawal_depends_on_the_order_of_what_was_seen_and_stays() -> None:
    early = [True] * 6 + [False] * 300
    assert withdrawn_at(early, 0.05) == 3
    assert withdrawn_at(early[::-1], 0.05) is None
