"""Shares and differences of probes; `make bench-probes` runs the simulation at full size."""

from __future__ import annotations

import pytest

from eval.probes.paired import counted, difference
from eval.statistics.rate import Interval, Undefined
from tests.eval.probes.coverage import of_differences, of_rates

PROJECTS = 80
LEAST = 0.88
"""Of a nominal 95 %, less the chance of so few projects: 0.95 of 80 falls below 0.88 once in a hundred times."""


@pytest.mark.parametrize(
    ("scenes", "lost", "gained", "alike"),
    [(20, 0.40, 0.05, 0.3), (12, 0.15, 0.10, 0.3), (60, 0.05, 0.01, 0.3), (30, 0.30, 0.02, 0.5)],
)
def test_a_paired_difference_lies_in_its_interval(
    scenes: int, lost: float, gained: float, alike: float
) -> None:
    found = of_differences(scenes, lost, gained, alike, PROJECTS)
    assert found.held >= LEAST * PROJECTS


@pytest.mark.parametrize(("scenes", "rate", "alike"), [(20, 0.10, 0.3), (40, 0.03, 0.3), (20, 0.40, 0.5)])
def test_a_rate_of_violations_at_three_strengths_lies_in_its_interval(
    scenes: int, rate: float, alike: float
) -> None:
    found = of_rates(scenes, rate, alike, PROJECTS)
    assert found.held >= LEAST * PROJECTS


def test_no_difference_at_all_has_an_interval_with_a_width() -> None:
    found = difference([(f"scene-{number % 20}", 0.0) for number in range(200)])
    assert isinstance(found.interval, Interval)
    assert found.interval.low < -0.1 < 0.1 < found.interval.high


def test_nothing_to_count_has_a_reason_and_nine_scenes_have_none_but_that() -> None:
    assert isinstance(counted([]).value, Undefined)
    assert isinstance(difference([]).value, Undefined)
    few = difference([(f"scene-{number % 9}", 1.0) for number in range(90)])
    assert (few.value, few.interval) == (1.0, Undefined("9 scenes hold such frames, 10 are needed"))
