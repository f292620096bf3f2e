"""A trait that tells levels is found, chance is not, and few scenes say so."""

from __future__ import annotations

import numpy as np
import pytest

from data.suspicion.traits import Trait
from eval.statistics.rate import Undefined
from eval.training_levels.shortcuts import shortcut_figures
from tests.eval.training_levels.shortcut_simulation import simulated


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    rng = np.random.default_rng(0)
    return rng.integers(3, size=400), np.repeat(np.arange(40), 10)


def a_trait(name: str, group: np.ndarray) -> Trait:  # type: ignore[type-arg]
    return Trait(name, ["a", "b", "c"], np.asarray(group, dtype=np.int64))


def test_a_trait_that_is_the_level_explains_nearly_all_of_it(drawn: tuple[np.ndarray, np.ndarray]) -> None:  # type: ignore[type-arg]
    level, scene = drawn
    told, nothing = shortcut_figures(
        [a_trait("location", level), a_trait("hour", np.random.default_rng(1).permutation(level))],
        level, scene, exchanges=99,
    )  # fmt: skip
    assert isinstance(told.share, float)
    assert told.share > 0.9
    assert told.is_finding
    assert told.p_value == 0.02  # twice the smallest that 99 exchanges give
    assert isinstance(nothing.bits, float)
    assert nothing.bits < 0.01
    assert not nothing.is_finding


def test_frames_of_unknown_group_are_left_out(drawn: tuple[np.ndarray, np.ndarray]) -> None:  # type: ignore[type-arg]
    level, scene = drawn
    group = np.where(np.arange(400) < 100, -1, level)
    [found] = shortcut_figures([a_trait("person", group)], level, scene, exchanges=19)
    assert (found.n, found.scenes, found.groups) == (300, 30, 3)


@pytest.mark.parametrize(
    ("frames", "group", "reason"),
    [(90, None, "9 scenes hold such frames, 10 are needed"), (400, 0, "all frames are in one group"),
     (400, -1, "no scenes hold such frames, 10 are needed")],
)  # fmt: skip
def test_where_nothing_can_be_said_there_is_a_reason(
    frames: int,
    group: int | None,
    reason: str,
    drawn: tuple[np.ndarray, np.ndarray],  # type: ignore[type-arg]
) -> None:
    level, scene = (one[:frames] for one in drawn)
    groups = level if group is None else np.full(frames, group)
    [found] = shortcut_figures([a_trait("location", groups)], level, scene)
    assert found.bits == found.p_value == found.interval == Undefined(reason)
    assert not found.is_finding


def test_chance_is_rarely_called_a_finding_and_a_planted_shortcut_mostly_is() -> None:
    """40 projects of 40 scenes whose levels and traits last within scenes; `make bench-alike` draws 400. Binomial: at a
    true 5 % more than 6 of 40 come in 1 % of such tests."""
    assert simulated(40).found <= 6 / 40
    planted = simulated(40, effect=0.35)
    assert planted.found >= 0.9
    assert planted.covered >= 0.85
