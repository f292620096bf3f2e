"""What leads see: figures of a store whose ratings have gaps, against published and hand-worked values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlmodel import select

from data.store.opening import Store
from data.store.tables import FrameStatus
from data.vocabulary import LEVELS, Split
from eval.agreement import level_counts
from eval.agreement.estimates import VALUES, every_estimate
from eval.agreement.from_store import agreement
from eval.agreement.tables import ac_of, chance_corrected_tables, fleiss_of
from eval.statistics.intervals import FEWEST_SCENES
from eval.statistics.rate import Interval, Rate, Undefined
from tests.builders import a_person, a_store, reviewed
from tests.eval.published_cases import CASES

NAN = np.nan
SCENES = {f"scene-{n:04d}": 6 for n in range(1, 5)}
# Worked by hand. Frames: AA, TT, AS, T-T, T alone. Agreement over the four rated twice: 3 / 4. Mean shares over all
# five: A (1 + 1/2) / 5 = .3, S (1/2) / 5 = .1, T 3 / 5 = .6. AC1: chance (.3*.7 + .1*.9 + .6*.4) / 2 = .27. Fleiss:
# chance .09 + .01 + .36 = .46.
RATINGS = np.array([[0, 2, 0, 2, 2], [0, 2, 1, NAN, NAN], [NAN, NAN, NAN, 2, NAN]])


def held_out_frames(store: Store) -> list[str]:
    query = (
        select(FrameStatus.frame_id).where(FrameStatus.split == Split.HELD_OUT).order_by(FrameStatus.frame_id)
    )
    with store.read() as session:
        return list(session.exec(query))


def estimates_of(ratings: NDArray[np.float64]) -> dict[str, float | Rate | Undefined]:
    counts = level_counts(ratings, VALUES)
    scenes = np.arange(len(counts), dtype=np.int64)
    return {one.name: one.value for one in every_estimate(counts, scenes, None)}


def test_scenes_that_hold_no_frame_rated_twice_give_no_interval() -> None:
    twice = np.tile([[2.0, 0, 0], [1, 1, 0], [0, 0, 2], [0, 1, 1]], (FEWEST_SCENES - 1, 1))
    once = np.tile([[1.0, 0, 0], [0, 0, 1]], (20, 1))
    scenes = np.concatenate([np.repeat(np.arange(FEWEST_SCENES - 1), 4), np.arange(100, 140)])
    found = every_estimate(np.concatenate([twice, once]), scenes, None)
    assert {one.name for one in found if isinstance(one.interval, Interval)} == set()
    assert all(isinstance(one.value, float | Rate) for one in found)


def test_ac1_and_fleiss_on_screen_take_margins_from_every_rated_frame() -> None:
    found = estimates_of(RATINGS)
    assert found["Gwet's AC1"] == pytest.approx((0.75 - 0.27) / (1 - 0.27))
    assert found["Fleiss' kappa"] == pytest.approx((0.75 - 0.46) / (1 - 0.46))


def test_ac2_on_screen_of_ratings_with_gaps_is_the_hand_worked_one() -> None:
    # Squared distances: A and S agree by 3/4. Observed (1 + 1 + 3/4 + 1) / 4; weights sum to 3 + 2 (3/4 + 3/4 + 0) = 6
    observed, chance = 3.75 / 4, 6 / 6 * (0.3 * 0.7 + 0.1 * 0.9 + 0.6 * 0.4)
    found = estimates_of(RATINGS)["Gwet's AC2, quadratic"]
    assert found == pytest.approx((observed - chance) / (1 - chance))


@pytest.mark.parametrize("weights", ["none", "quadratic"])
def test_the_sums_that_are_bootstrapped_give_the_published_coefficients(weights: str) -> None:
    case = CASES["krippendorff_2011"]
    counts = level_counts(np.array(case["ratings"], dtype=float), np.arange(1.0, 6.0))
    steps = np.abs(np.subtract.outer(np.arange(5), np.arange(5))) / 4
    agrees = np.eye(5) if weights == "none" else 1 - steps**2
    found = ac_of(chance_corrected_tables(counts, agrees).sum(0), agrees)
    assert found == pytest.approx(case["gaps"]["ac"][weights], abs=0.0005)
    if weights == "none":
        kappa = fleiss_of(chance_corrected_tables(counts, agrees).sum(0))
        assert kappa == pytest.approx(case["gaps"]["fleiss"], abs=0.000005)


def test_a_store_with_gaps_shows_the_hand_worked_figures(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES)
    people = [a_person(store, name) for name in ("ada", "ben", "cleo")]
    frames = held_out_frames(store)[: RATINGS.shape[1]]
    for person, row in zip(people, RATINGS, strict=True):
        for frame_id, rank in zip(frames, row, strict=True):
            if not np.isnan(rank):
                reviewed(store, person, frame_id, LEVELS[int(rank)])
    found = {one.name: one for one in agreement(store).independent.estimates}
    assert found["Gwet's AC1"].value == pytest.approx((0.75 - 0.27) / (1 - 0.27))
    assert found["Fleiss' kappa"].value == pytest.approx((0.75 - 0.46) / (1 - 0.46))
    assert found["Gwet's AC1"].n == 4
    assert found["TELEOPERATION agreement"].value == Rate(4, 4)
