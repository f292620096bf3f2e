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
    """Planted: one wrong proposal in ten is followed. Contested frames alone show half as many again."""
    projects = [Project(Planted(assisted=0.1, blind=0.1), seed) for seed in range(6)]
    fair = [rate for one in projects if (rate := one.reviewed().shares[0].rate)]
    biased = [rate for one in projects if (rate := one.by_disagreement().shares[0].rate)]
    assert 0.085 < sum(one.count for one in fair) / sum(one.n for one in fair) < 0.125
    assert sum(one.count for one in biased) / sum(one.n for one in biased) > 0.14
