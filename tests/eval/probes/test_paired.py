"""How often the intervals of probes hold the truth, in projects whose truth is known: scenes that differ."""

from __future__ import annotations

import numpy as np
import pytest

from eval.probes.paired import counted, difference, difference_interval
from eval.statistics.rate import Interval, Undefined

PROJECTS = 150
LEAST = 0.90
"""Of a nominal 95 %, less the chance of so few projects: 0.95 of 150 falls below 0.90 once in a hundred times."""


def scenes_of(
    dice: np.random.Generator, scenes: int, mean: float, alike: float
) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """(scenes,) shares around the mean, beta-distributed with this correlation inside, and numbers of frames."""
    spread = 1 / alike - 1
    return dice.beta(mean * spread, (1 - mean) * spread, scenes), 1 + dice.poisson(6, scenes)


@pytest.mark.parametrize(
    ("scenes", "lost", "gained", "alike"),
    [(20, 0.40, 0.05, 0.3), (12, 0.15, 0.10, 0.3), (60, 0.05, 0.01, 0.3), (30, 0.30, 0.02, 0.5)],
)
def test_a_paired_difference_lies_in_its_interval(
    scenes: int, lost: float, gained: float, alike: float
) -> None:
    """Of frames that are right with their picture and not without, and the other way round."""
    dice, held = np.random.default_rng(scenes), 0
    for _ in range(PROJECTS):
        share, frames = scenes_of(dice, scenes, lost, alike)
        more = dice.binomial(frames, share)
        fewer = dice.binomial(frames - more, gained / (1 - lost))
        found = difference_interval(more.astype(float), fewer.astype(float), frames.astype(float))
        assert isinstance(found, Interval)
        held += found.low <= lost - gained <= found.high
    assert held / PROJECTS >= LEAST


@pytest.mark.parametrize(("scenes", "rate", "alike"), [(20, 0.10, 0.3), (40, 0.03, 0.3), (20, 0.40, 0.5)])
def test_a_rate_of_violations_at_three_strengths_lies_in_its_interval(
    scenes: int, rate: float, alike: float
) -> None:
    """A frame that one strength makes violate a duty is likelier to do so at the others."""
    dice, held = np.random.default_rng(scenes), 0
    for _ in range(PROJECTS):
        share, frames = scenes_of(dice, scenes, rate, alike)
        prone = [np.repeat(one, n) for one, n in zip(share, frames, strict=True)]
        events = [
            (str(scene), bool(hit))
            for scene, each in enumerate(prone)
            for hit in (dice.random((3, len(each))) < each).ravel()
        ]
        found = counted(events).interval
        assert isinstance(found, Interval)
        held += found.low <= rate <= found.high
    assert held / PROJECTS >= LEAST


def test_no_difference_at_all_has_an_interval_with_a_width() -> None:
    found = difference([(f"scene-{number % 20}", 0.0) for number in range(200)])
    assert isinstance(found.interval, Interval)
    assert found.interval.low < -0.1 < 0.1 < found.interval.high


def test_nothing_to_count_has_a_reason_and_nine_scenes_have_none_but_that() -> None:
    assert isinstance(counted([]).value, Undefined)
    assert isinstance(difference([]).value, Undefined)
    few = difference([(f"scene-{number % 9}", 1.0) for number in range(90)])
    assert (few.value, few.interval) == (1.0, Undefined("9 scenes hold such frames, 10 are needed"))
