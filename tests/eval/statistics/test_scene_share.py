from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from eval.statistics.rate import Interval, Undefined
from eval.statistics.scene_share import (
    clustering,
    scene_interval,
    scene_lower_bound,
    scene_upper_bound,
    scenes_without_events,
    shows,
    smallest_limit,
)
from eval.statistics.sign_flip import flips, sign_flip_interval, sign_flip_p
from tests.eval.builders import near
from tests.eval.coverage_matrix import a_cell, some_events, some_frames

scenes_of_counts = st.lists(
    st.integers(1, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=10, max_size=40
)


def test_without_events_the_interval_counts_each_scene_once() -> None:
    # 1 - .025 ** (1 / 30), however many frames the scenes hold
    assert scene_interval([0] * 30, [8] * 30) == Interval(0.0, near(1 - 0.025 ** (1 / 30)))
    assert scene_interval([0] * 30, [80] * 30) == scene_interval([0] * 30, [8] * 30)


def test_scenes_that_are_all_or_nothing_count_as_one_frame_each() -> None:
    events, frames = [8] * 6 + [0] * 24, [8] * 30
    found = clustering(events, frames)
    assert not isinstance(found, Undefined)
    assert found.effective_n == near(29.0)  # 30 scenes, one degree of freedom spent
    interval = scene_interval(events, frames)
    assert isinstance(interval, Interval)
    exact = beta.ppf([0.025, 0.975], [0.2 * 29, 0.2 * 29 + 1], [0.8 * 29 + 1, 0.8 * 29])
    assert interval.low <= exact[0]
    assert interval.high >= exact[1]


def test_four_hundred_frames_of_one_scene_show_nothing() -> None:
    few = Undefined("1 scene holds such frames, 10 are needed")
    assert scene_upper_bound([0], [400]) == few
    assert scene_interval([0, 0], [400, 0]) == few
    assert clustering([0] * 3, [100] * 3) == Undefined("3 scenes hold such frames, 10 are needed")
    assert scene_upper_bound([], []) == Undefined("no scenes hold such frames, 10 are needed")


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="more events than frames"):
        scene_interval([3] * 12, [2] * 12)


@given(scenes_of_counts, st.sampled_from([0.9, 0.975, 0.995]))
@settings(deadline=None, max_examples=60)
def test_the_bound_is_the_lowest_limit_that_the_bets_show(
    scenes: list[tuple[int, int]], confidence: float
) -> None:
    events, frames = (np.array(column, dtype=float) for column in zip(*scenes, strict=True))
    bound = scene_upper_bound(events, frames, confidence=confidence)
    assert isinstance(bound, float)
    assert bound >= events.sum() / frames.sum() - 1e-6
    if bound < 1:
        assert shows(events, frames, limit=bound + 1e-6, confidence=confidence)
        assert not shows(events, frames, limit=bound - 1e-6, confidence=confidence)


def test_the_limit_that_a_set_can_show_is_its_bound_without_an_event() -> None:
    scenes = scenes_without_events(0.05)
    limit = smallest_limit([7] * scenes)
    assert isinstance(limit, float)
    assert limit <= 0.05
    fewer = smallest_limit([7] * (scenes - 1))
    assert isinstance(fewer, float)
    assert fewer > 0.05


def test_one_large_scene_costs_the_bound_what_it_could_have_hidden() -> None:
    # sum(frames) / max(frames) equal scenes: (59 + 59) / 59 = 2, so next to nothing is shown
    found = smallest_limit([1] * 59 + [59])
    assert isinstance(found, float)
    assert found > 0.6


def test_the_lower_bound_mirrors_the_upper_one() -> None:
    upper, lower = scene_upper_bound([1] * 40, [5] * 40), scene_lower_bound([4] * 40, [5] * 40)
    assert isinstance(upper, float)
    assert lower == near(1 - upper)


@pytest.mark.parametrize(("rate", "scenes", "correlation"), [(0.03, 30, 0.5), (0.1, 12, 0.5), (0.3, 60, 0.3)])
def test_a_quick_cell_of_the_matrix_holds(rate: float, scenes: int, correlation: float) -> None:
    found = a_cell(rate, scenes, correlation, n=1000)
    assert found.coverage is not None
    assert found.coverage >= (0.90 if rate == 0.03 else 0.93)
    assert found.false_claims <= 0.025 + 0.01
    assert found.false_differences <= 0.05 + 0.014


@pytest.mark.parametrize("scenes", [5, 9])
def test_few_scenes_are_refused_whatever_they_hold(scenes: int) -> None:
    found = a_cell(0.03, scenes, 0.3, n=20)
    assert (found.coverage, found.false_claims, found.false_differences) == (None, 0.0, 0.0)


def test_claims_stay_valid_where_large_scenes_hold_all_events() -> None:
    # one scene in five has 40 frames and misses in them, the others have 4 and none: the share is 40 p / 56
    rng = np.random.default_rng(3)
    large = rng.random((2000, 60)) < 0.2
    frames = np.where(large, 40.0, 4.0)
    rate = 0.3
    events = np.where(large & (rng.random((2000, 60)) < rate), frames, 0.0)
    truth = 0.2 * 40 * rate / (0.2 * 40 + 0.8 * 4)
    assert shows(events, frames, limit=truth).mean() <= 0.025


def test_the_sign_flip_interval_excludes_zero_exactly_where_the_test_rejects() -> None:
    rng = np.random.default_rng(5)
    frames = some_frames(rng, 40, 25)
    second = some_events(rng, frames, 0.12, 0.3)
    for weighed, difference in zip(frames, second - some_events(rng, frames, 0.3, 0.3), strict=True):
        interval = sign_flip_interval(difference, weighed, confidence=0.95)
        assert interval.low <= difference.sum() / weighed.sum() <= interval.high
        assert (not interval.low <= 0 <= interval.high) == (sign_flip_p(difference) <= 0.05)


@pytest.mark.parametrize("scenes", [3, 8, 30])
def test_the_sign_flip_interval_ends_where_enough_flips_stop_being_as_extreme(scenes: int) -> None:
    def is_kept(mean: float) -> bool:
        left = difference - mean * weighed
        as_extreme = abs(flips(scenes).astype(np.float64) @ left) >= abs(left.sum()) - 1e-9
        return bool(as_extreme.mean() > 1 - 0.9)

    rng = np.random.default_rng(scenes)
    for weighed in rng.integers(1, 9, (20, scenes)).astype(np.float64):
        difference = np.round(weighed * rng.uniform(-1, 1, scenes))
        found = sign_flip_interval(difference, weighed, confidence=0.9)
        for end, outwards in ((found.low, -1e-6), (found.high, 1e-6)):
            assert is_kept(end - outwards)
            assert abs(end) == 1.0 or not is_kept(end + outwards)
