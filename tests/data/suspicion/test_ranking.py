"""Planted wrong levels come first, evidence that tells nothing accuses hardly anybody, and no scene judges itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.suspicion.cross_fit import cross_fitted, folds_of, nearest_elsewhere, neighbour_shares
from data.suspicion.ranking import level_chances, suspicious_levels, too_few
from tests.data.suspicion.planted import planted_levels


@pytest.mark.parametrize(("has_vectors", "least"), [(True, 0.75), (False, 0.6)])
def test_planted_wrong_levels_come_first(has_vectors: bool, least: float) -> None:
    found, is_wrong = planted_levels(0, has_vectors=has_vectors)
    ranked = suspicious_levels(found)
    places = [found.frame_ids.index(one.frame_id) for one in ranked]
    first = is_wrong[places[: is_wrong.sum()]].mean()
    assert is_wrong.mean() < 0.07  # by chance
    assert first > least
    assert all(
        one.level.rank == found.level[place] != one.likely.rank
        for one, place in zip(ranked, places, strict=True)
    )
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)
    assert any("of the 10 nearest frames" in one.why for one in ranked) == has_vectors


def test_evidence_that_tells_nothing_accuses_nobody_confidently() -> None:
    found, _ = planted_levels(1, wrong=0.0, is_told=False)
    assert len(suspicious_levels(found)) < 0.01 * len(found.frame_ids)


def test_a_level_never_speaks_for_its_own_scene() -> None:
    """What is said of a scene hardly moves when its levels change."""
    found, _ = planted_levels(2)
    changed = found.level.copy()
    of_one = found.scene == 7
    changed[of_one] = (changed[of_one] + 1) % 3
    before, shares = level_chances(found)
    after, shares_after = level_chances(replace(found, level=changed))
    assert (
        np.abs(before[of_one] - after[of_one]).max() < 0.02
    )  # what is shared by all: the shares of the levels
    assert np.array_equal(shares[of_one], shares_after[of_one], equal_nan=True)


def test_folds_keep_scenes_whole() -> None:
    scene = np.repeat(np.arange(23), 3)
    fold = folds_of(scene)
    assert all(len(set(fold[scene == one])) == 1 for one in range(23))
    assert sorted(np.bincount(fold[::3]).tolist()) == [4, 4, 5, 5, 5]


def test_neighbours_are_of_other_scenes_and_of_fitted_frames() -> None:
    vectors = np.eye(40, dtype=np.float32)[np.repeat([0, 0, 1, 0], 10)]
    levels, scene = np.repeat([0, 1, 2, 2], 10), np.repeat([0, 0, 1, 2], 10)
    vectors[5] = np.nan
    nearest = nearest_elsewhere(vectors, scene)
    everywhere = np.ones(40, dtype=np.bool_)
    shares = neighbour_shares(nearest, levels, everywhere)
    assert shares[0] == pytest.approx([1 / 33, 1 / 33, 31 / 33])  # level 1 is of its own scene
    assert shares[5] == pytest.approx(1 / 3)
    assert set(nearest[0][:10].tolist()) == set(range(30, 40))
    assert (
        neighbour_shares(nearest, levels, scene < 2)[0, 2] == shares[0, 2]
    )  # ten others of level 2 are fitted
    assert nearest_elsewhere(np.full((3, 2), np.nan, dtype=np.float32), scene[:3]).shape == (3, 0)


def test_levels_of_one_kind_are_not_suspicious() -> None:
    found, _ = planted_levels(3)
    assert suspicious_levels(replace(found, level=np.zeros_like(found.level))) == []


def test_few_frames_say_so() -> None:
    found, _ = planted_levels(4)
    few = replace(found, frame_ids=found.frame_ids[:20], scene=found.scene[:20], level=found.level[:20])
    assert too_few(found) is None
    assert suspicious_levels(few) == []
    assert too_few(few) == (
        "20 verified training frames of 2 scenes are too few to tell suspicious levels: 50 of 5 scenes are needed."
    )


def test_chances_sum_to_one() -> None:
    found, _ = planted_levels(5)
    chances = cross_fitted(found.level, found.scene, lambda _: found.cues)
    assert chances.sum(axis=1) == pytest.approx(1)


def test_a_cue_that_nobody_could_look_for_is_not_taken_for_its_absence() -> None:
    found, _ = planted_levels(5, has_vectors=False)
    told = (found.level == 2).astype(float)[:, None]
    blind = replace(found, said={}, cues=np.where(np.arange(len(told))[:, None] % 5, told, np.nan))
    chances, _ = level_chances(blind)
    absent, _ = level_chances(replace(blind, cues=np.nan_to_num(blind.cues)))
    unknown = np.isnan(blind.cues[:, 0])
    usual = float((found.level == 2).mean())
    assert chances[unknown, 2].mean() == pytest.approx(usual, abs=0.1)
    assert absent[unknown, 2].mean() < usual - 0.1
