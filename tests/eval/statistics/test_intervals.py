from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eval.agreement.coefficients import disagreement
from eval.agreement.tables import kappa_of
from eval.statistics.intervals import clopper_pearson, scene_bootstrap, scene_resamples, wilson
from eval.statistics.rate import Interval, Rate, Undefined
from tests.eval.builders import near
from tests.eval.published_cases import CASES


def share(tables: NDArray[Any]) -> NDArray[np.float64]:
    """(resamples,) shares of (resamples, 2) hits and frames."""
    return np.divide(tables[:, 0], tables[:, 1], out=np.full(len(tables), np.nan), where=tables[:, 1] > 0)


@pytest.mark.parametrize("place", range(4))
def test_wilson_and_clopper_pearson_are_as_newcombe_prints_them(place: int) -> None:
    case = CASES["newcombe_1998"]
    rate = Rate(*case["inputs"][place])
    for interval, expected in (
        (wilson(rate), case["wilson"][place]),
        (clopper_pearson(rate), case["clopper_pearson"][place]),
    ):
        assert (interval.low, interval.high) == near(tuple(expected), abs=0.0001)


def test_three_misses_of_145_leave_up_to_six_percent() -> None:
    assert wilson(Rate(3, 145)) == Interval(near(0.0071, abs=5e-5), near(0.0591, abs=5e-5))
    assert clopper_pearson(Rate(3, 145)) == Interval(near(0.0043, abs=5e-5), near(0.0593, abs=5e-5))


def test_a_wider_confidence_gives_a_wider_interval() -> None:
    assert wilson(Rate(3, 145), confidence=0.99).high > wilson(Rate(3, 145)).high


def test_one_scene_and_no_scene_have_no_interval() -> None:
    assert scene_bootstrap(np.array([[3, 10]]), share) == Undefined(
        "1 scene holds such frames, 10 are needed"
    )
    assert scene_bootstrap(np.empty((0, 2)), share) == Undefined("no scenes hold such frames, 10 are needed")


def test_a_level_that_lies_in_one_scene_of_many_has_no_interval() -> None:
    per_scene = np.zeros((10, 2), dtype=int)
    per_scene[0] = 2, 5
    found = scene_bootstrap(per_scene, share)
    assert isinstance(found, Undefined)
    assert found.reason.startswith("too few scenes hold such frames")


def test_resamples_without_spread_are_not_sold_as_certainty() -> None:
    found = scene_bootstrap(np.array([[0, 10]] * 12), share)
    assert found == Undefined("all resamples are equal")


def test_every_resample_draws_as_many_scenes_as_there_are_and_the_seed_decides_which() -> None:
    draws = scene_resamples(7, 2000, 1)
    assert draws.shape == (2000, 7)
    assert set(draws.sum(1)) == {7}
    first = np.random.default_rng(1).integers(7, size=(2000, 7), dtype=np.int32)[0]
    assert draws[0].tolist() == np.bincount(first, minlength=7).tolist()
    assert not np.array_equal(draws, scene_resamples(7, 2000, 2))


def test_frames_that_agree_within_scenes_widen_the_interval() -> None:
    alike = np.array([[10, 10], [0, 10]] * 10)
    mixed = np.array([[5, 10], [6, 10], [4, 10], [5, 10]] * 5)
    wide, narrow = scene_bootstrap(alike, share), scene_bootstrap(mixed, share)
    independent = wilson(Rate(100, 200))
    assert isinstance(wide, Interval)
    assert isinstance(narrow, Interval)
    assert wide.high - wide.low > 2 * (independent.high - independent.low)
    assert narrow.high - narrow.low < independent.high - independent.low


def simulated_shares(
    rng: np.random.Generator, *, scenes: int, frames: int, rate: float, rho: float
) -> NDArray[Any]:
    """(scenes, 2) hits and frames whose frames correlate by `rho` within a scene (beta-binomial)."""
    spread = 1 / rho - 1
    of_scene = rng.beta(rate * spread, (1 - rate) * spread, scenes)
    return np.column_stack([rng.binomial(frames, of_scene), np.full(scenes, frames)])


def covers(interval: Interval | Undefined, truth: float) -> bool:
    return isinstance(interval, Interval) and interval.low <= truth <= interval.high


def test_scene_bootstrap_covers_a_share_95_times_in_100_where_frame_intervals_do_not() -> None:
    rng = np.random.default_rng(7)
    sets = [simulated_shares(rng, scenes=60, frames=10, rate=0.3, rho=0.5) for _ in range(1500)]
    by_scene = np.mean([covers(scene_bootstrap(per_scene, share), 0.3) for per_scene in sets])
    by_frame = np.mean([covers(wilson(Rate(*map(int, per_scene.sum(0)))), 0.3) for per_scene in sets[:300]])
    assert 0.93 <= by_scene <= 0.97
    assert by_frame < 0.75


def simulated_tables(rng: np.random.Generator, *, scenes: int, frames: int) -> NDArray[Any]:
    """(scenes, 3, 3) two annotators of scenes with one true level each; each is right on a frame 8 times in 10."""
    true = rng.choice(3, size=scenes, p=[0.5, 0.3, 0.2])
    said = [
        np.where(rng.random((scenes, frames)) < 0.8, true[:, None], rng.choice(3, size=(scenes, frames)))
        for _ in range(2)
    ]
    tables = np.zeros((scenes, 3, 3), dtype=np.int64)
    np.add.at(tables, (np.repeat(np.arange(scenes), frames), said[0].ravel(), said[1].ravel()), 1)
    return tables


def test_scene_bootstrap_covers_quadratic_kappa_95_times_in_100() -> None:
    rng = np.random.default_rng(11)
    weights = disagreement(3, "quadratic")
    truth = float(kappa_of(simulated_tables(rng, scenes=200_000, frames=10).sum(0), weights))
    hits = [
        covers(
            scene_bootstrap(simulated_tables(rng, scenes=80, frames=10), lambda t: kappa_of(t, weights)),
            truth,
        )
        for _ in range(800)
    ]
    assert 0.93 <= np.mean(hits) <= 0.97
