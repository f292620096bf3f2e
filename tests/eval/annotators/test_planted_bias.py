"""What is planted in whole projects is found: follow rates with and without the proposal, and switches both ways."""

from __future__ import annotations

import pytest

from tests.eval.annotators.bias_simulation import Planted, Project, coverage


@pytest.mark.parametrize("planted", [Planted(assisted=0.1), Planted(), Planted(assisted=0.5, helpful=0.6)])
def test_planted_rates_lie_within_their_intervals(planted: Planted) -> None:
    """Quick cells; bench-automation-bias runs 200 projects of each."""
    found = coverage(planted, 8, scenes=240)
    assert sum(shown for _, shown in found) >= 20
    assert sum(hits for hits, _ in found) >= 0.85 * sum(shown for _, shown in found)


def test_levels_that_exist_because_people_disagreed_would_show_people_as_followers() -> None:
    project = Project(Planted(assisted=0.1, blind=0.1), 3, scenes=240)
    fair = project.reviewed().shares[0]
    biased = project.by_disagreement().shares[0]
    assert fair.rate is not None
    assert biased.rate is not None
    assert fair.rate.value < 0.16
    assert biased.rate.value > fair.rate.value + 0.05
