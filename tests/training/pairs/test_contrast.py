"""Level-contrast pairs and soft labels, as rules over pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.errors import TrainingError
from data.snapshot.pairs import PreferencePair
from data.vlm.reply import parse_reply
from tests.training.builders import MIXED, A, S, T, a_pair, write_recipe, write_snapshot
from training.pairs.contrast import contrast_pairs
from training.pairs.preference_dataset import load_pairs, with_contrast
from training.pairs.soft_labels import MOST, disagreement, pair_doubts
from training.recipe import load_recipe


def some_pairs(folder: Path, **changed: Any) -> list[PreferencePair]:
    return [a_pair(folder, i, chosen=c, rejected=r, **changed) for i, (c, r) in enumerate(MIXED)]


@pytest.mark.parametrize("per_frame", [1, 2])
def test_both_sides_of_a_contrast_pair_are_people_s_words(tmp_path: Path, per_frame: int) -> None:
    pairs = some_pairs(tmp_path)
    made = contrast_pairs(pairs, pairs_per_frame=per_frame, seed=1)
    words = {pair.chosen[0].content for pair in pairs}
    assert len(made) == per_frame * len(pairs) == len({pair.pair_id for pair in made})
    for pair in made:
        assert pair.rejected[0].content in words
        said = parse_reply(pair.rejected[0].content).assessment
        assert said is not None
        assert said.level is pair.rejected_level is not pair.chosen_level
    assert contrast_pairs(pairs, pairs_per_frame=per_frame, seed=1) == made
    assert contrast_pairs(pairs, pairs_per_frame=per_frame, seed=2) != made


def test_contrast_pairs_cost_what_their_mistake_costs(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path / "r.yaml", contrast={"pairs_per_frame": 2})).recipe
    _, pairs = load_pairs(write_snapshot(tmp_path / "snapshot", [(T, T), (S, A), (A, A)]), recipe.loss)
    added = with_contrast(pairs, recipe)[len(pairs) :]
    assert {one.levels: one.weight for one in added} == {
        (T, A): 5.0,
        (T, S): 2.0,
        (S, A): 1.0,
        (S, T): 1.0,
        (A, S): 1.0,
        (A, T): 1.0,
    }
    assert {one.images[0] for one in added} == {one.images[0] for one in pairs}


def test_pairs_of_one_level_have_no_contrast(tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match="Every pair of the snapshot is TELEOPERATION: there are no words"
    ):
        contrast_pairs([a_pair(tmp_path, 0), a_pair(tmp_path, 1)], pairs_per_frame=1, seed=0)


def test_a_label_is_as_sure_as_the_people_were(tmp_path: Path) -> None:
    pairs = [
        a_pair(tmp_path, 0, votes={T: 2}),
        a_pair(tmp_path, 1, votes={T: 2, A: 1, S: 1}),
        a_pair(tmp_path, 2, votes={T: 1}),
        a_pair(tmp_path, 3, chosen=A, rejected=A, votes={A: 1, T: 1}),
        a_pair(tmp_path, 4, chosen=T, rejected=A, votes={T: 1, A: 9}),
    ]
    assert disagreement(pairs) == 12 / 18  # of frames that two or more judged: 2 + 1 + 9 of 2 + 4 + 2 + 10
    of = list(pair_doubts(pairs[:3], prior=2.0).values())
    rate = 2 / 6
    assert of == pytest.approx([2 * rate / 4, (1 + 2 * rate) / 5, 2 * rate / 3])
    assert list(pair_doubts(pairs[3:], prior=2.0).values()) == [0.0, MOST]
    assert set(pair_doubts(pairs, prior=None).values()) == {0.0}


def test_soft_labels_of_a_snapshot_that_kept_no_votes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="does not say how many people gave each level"):
        pair_doubts(some_pairs(tmp_path), prior=2.0)
