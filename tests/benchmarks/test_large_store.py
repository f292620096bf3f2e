from __future__ import annotations

from pathlib import Path

from data.overview.contested import contested_frames
from data.overview.forecast import forecast
from data.overview.progress import progress
from data.vocabulary import VerificationState
from eval.agreement.from_store import agreement
from eval.annotators.from_store import people_summary
from tests.benchmarks.bench_screens import leases, screens
from tests.benchmarks.large_store import PEOPLE, large_store


def test_every_screen_s_figures_add_up_on_a_store_written_straight_into_the_tables(tmp_path: Path) -> None:
    store = large_store(tmp_path, frames=2_000, reviews=10_000)
    counts = progress(store)
    assert (counts.sampled, counts.reviews, len(counts.scenes)) == (2_000, 10_000, 50)
    assert sum(sum(by_state.values()) for by_state in counts.states.values()) == 2_000
    contested = sum(by_state[VerificationState.CONTESTED] for by_state in counts.states.values())
    assert len(contested_frames(store)) == contested > 0
    assert forecast(store).reviews_left == 2_000 - sum(counts.levels.values()) - contested
    # What is said of gold tests people and counts nowhere else.
    work = people_summary(store).people
    tests = sum(one.gold.n for one in work if one.gold)
    assert (len(work), sum(one.reviews for one in work)) == (PEOPLE, 10_000)
    assert tests > 0
    assert sum(one.reviews for one in counts.people) == 10_000 - tests
    found = agreement(store)
    assert found.independent.ratings + found.assisted.ratings == 10_000 - tests


def test_the_benchmark_measures_each_screen_and_the_next_frames(tmp_path: Path) -> None:
    store = large_store(tmp_path, frames=200, reviews=1_000)
    assert {"progress", "adjudicate", "agreement", "annotators", "trust", "frame"} < set(screens(store))
    times = leases(store)
    assert 0 < times["median"] <= times["worst"]
