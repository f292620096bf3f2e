"""What a snapshot must be before a model sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from data.errors import LeakError, SnapshotError, TrainingError
from data.snapshot.freeze import FreezeOptions, freeze
from data.vocabulary import ImageStorage
from tests.data.snapshot.test_snapshot import a_verified_store
from tests.training.builders import MIXED, A, S, T, a_loss, a_pair, an_evaluation_frame, write_snapshot
from training.pairs.preference_dataset import load_pairs, pairs_by_weight, preference_dataset

SA_DPO = a_loss()
STANDARD = a_loss(alpha_high=1.0, alpha_med=1.0)


def test_a_row_has_trl_s_columns_an_image_s_path_and_the_weight(tmp_path: Path) -> None:
    _, pairs = load_pairs(write_snapshot(tmp_path, [(T, A)]), SA_DPO)
    row = preference_dataset(pairs)[0]
    assert set(row) == {"pair_id", "images", "prompt", "chosen", "rejected", "weight", "offset", "doubt"}
    assert (row["pair_id"], row["weight"]) == ("pair-0", 5.0)
    assert row["images"] == [{"bytes": None, "path": str(pairs[0].images[0])}]
    assert [turn["role"] for turn in row["prompt"]] == ["system", "user"]
    said = '{"level":"TELEOPERATION","reasoning":"Case 0: as people see it.","action":"Take control."}'
    assert row["chosen"] == [{"role": "assistant", "content": said}]


def test_pairs_weigh_what_the_recipe_says(tmp_path: Path) -> None:
    _, pairs = load_pairs(write_snapshot(tmp_path), SA_DPO)
    assert [pair.weight for pair in pairs] == [5.0, 1.0, 1.0, 2.0, 1.0, 1.0, 5.0, 1.0]
    assert pairs_by_weight(pairs) == {"1.0": 5, "2.0": 1, "5.0": 2}


def test_standard_dpo_weighs_every_pair_one(tmp_path: Path) -> None:
    _, pairs = load_pairs(write_snapshot(tmp_path), STANDARD)
    assert pairs_by_weight(pairs) == {"1.0": 8}


def test_a_snapshot_without_pairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="has no pairs"):
        load_pairs(write_snapshot(tmp_path, []), SA_DPO)


def test_a_weight_that_does_not_follow_from_its_levels_is_refused(tmp_path: Path) -> None:
    pairs = [a_pair(tmp_path, 0), a_pair(tmp_path, 1, chosen=S, rejected=A, weight=5.0)]
    with pytest.raises(TrainingError) as refused:
        load_pairs(write_snapshot(tmp_path, pairs=pairs), SA_DPO)
    assert str(refused.value) == (
        "The pair pair-1 has the weight 5.0, but SUPERVISION over AUTONOMY weighs 1.0: "
        "the snapshot does not follow its own rule."
    )


@pytest.mark.parametrize("side", ["chosen", "rejected"])
def test_a_level_that_is_not_what_the_text_says_is_refused(tmp_path: Path, side: str) -> None:
    pair = a_pair(tmp_path, chosen=T, rejected=S)
    other = a_pair(tmp_path, chosen=A, rejected=A)
    wrong = pair.model_copy(update={side: getattr(other, side)})
    with pytest.raises(TrainingError, match=f"The {side} side of the pair pair-0 says AUTONOMY"):
        load_pairs(write_snapshot(tmp_path, pairs=[wrong]), SA_DPO)


def test_a_side_without_an_assessment_is_refused(tmp_path: Path) -> None:
    pair = a_pair(tmp_path)
    empty = pair.model_copy(update={"rejected": [pair.rejected[0].model_copy(update={"content": ""})]})
    with pytest.raises(TrainingError, match="says no level but is recorded as AUTONOMY"):
        load_pairs(write_snapshot(tmp_path, pairs=[empty]), SA_DPO)


def test_a_scene_in_both_lists_of_the_manifest_is_a_leak(tmp_path: Path) -> None:
    path = write_snapshot(tmp_path, MIXED, held_out_scenes=["scene-2", "scene-9"])
    with pytest.raises(LeakError, match="The scene scene-2 is in train and held-out"):
        load_pairs(path, SA_DPO)


def test_an_evaluation_frame_of_a_pair_s_scene_is_a_leak(tmp_path: Path) -> None:
    path = write_snapshot(tmp_path, evaluation=[an_evaluation_frame("scene-1")], held_out_scenes=[])
    with pytest.raises(LeakError, match="scene-1"):
        load_pairs(path, SA_DPO)


def test_a_held_out_scene_of_its_own_is_no_leak(tmp_path: Path) -> None:
    frozen, _ = load_pairs(write_snapshot(tmp_path, evaluation=[an_evaluation_frame()]), SA_DPO)
    assert frozen.manifest.held_out_scenes == ["scene-held-out"]


def test_an_image_that_is_gone_is_refused(tmp_path: Path) -> None:
    path = write_snapshot(tmp_path)
    (path / "images" / "frame-3.png").unlink()
    with pytest.raises(TrainingError, match=r"frame-3\.png of the pair pair-3 is gone"):
        load_pairs(path, SA_DPO)


def test_an_image_that_was_changed_is_refused(tmp_path: Path) -> None:
    path = write_snapshot(tmp_path)
    Image.new("RGB", (160, 90), (1, 2, 3)).save(path / "images" / "frame-3.png")
    with pytest.raises(TrainingError, match=r"frame-3\.png of the pair pair-3 was changed"):
        load_pairs(path, SA_DPO)


def test_an_image_outside_the_snapshot_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "elsewhere.png")
    folder = tmp_path / "frozen"
    pair = a_pair(folder, images=["../elsewhere.png"])
    with pytest.raises(
        SnapshotError, match=r"elsewhere\.png as a picture, which its manifest\.json does not list"
    ):
        load_pairs(write_snapshot(folder, pairs=[pair]), SA_DPO)


def test_a_snapshot_changed_after_it_was_frozen_is_refused(tmp_path: Path) -> None:
    path = write_snapshot(tmp_path)
    pairs = path / "pairs.jsonl"
    pairs.write_text(pairs.read_text().replace('"weight":2.0', '"weight":1.0'))
    with pytest.raises(SnapshotError, match="changed after the snapshot was frozen"):
        load_pairs(path, SA_DPO)


def test_two_pairs_with_one_id_are_refused(tmp_path: Path) -> None:
    pairs = [a_pair(tmp_path, 0), a_pair(tmp_path, 1, pair_id="pair-0")]
    with pytest.raises(TrainingError, match="2 pairs with the id pair-0"):
        load_pairs(write_snapshot(tmp_path, pairs=pairs), SA_DPO)


def test_a_snapshot_may_name_its_images_where_they_are(tmp_path: Path) -> None:
    freeze(a_verified_store(tmp_path), tmp_path / "snap", FreezeOptions(images=ImageStorage.REFERENCED))
    _, pairs = load_pairs(tmp_path / "snap", SA_DPO)
    assert {pair.images[0].parent for pair in pairs} == {tmp_path / "dataroot" / "samples" / "CAM_FRONT"}
    pairs[0].images[0].write_bytes(b"changed")
    with pytest.raises(TrainingError, match="was changed after the snapshot"):
        load_pairs(tmp_path / "snap", SA_DPO)
