from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.errors import SourceError
from data.sources.nuscenes_schema import NuScenesSchema, matches
from data.sources.port import Lack
from tests.data.sources.pictures import sorted_out
from tests.dataroots import VERSION, a_box, a_dataroot, a_filename

Row = dict[str, Any]


def change(root: Path, table: str, how: Callable[[Row], object], tables: str = VERSION) -> None:
    path = root / tables / f"{table}.json"
    rows = json.loads(path.read_text())
    for row in rows:
        how(row)
    path.write_text(json.dumps(rows))


def like_lyft(folder: Path) -> Path:
    """Tables in a folder of another name, times with fractions, pictures elsewhere, other categories."""
    seen = [a_box(category="pedestrian", ahead_m=9), a_box(category="other_vehicle", ahead_m=20)]
    boxes = {a_filename("scene-0001", 0): seen}
    root = a_dataroot(folder, scenes={"scene-0001": 2}, boxes=boxes, version="train_data")
    (root / "samples" / "CAM_FRONT").rename(root / "images")
    change(root, "sensor", lambda row: row.update(channel="CAM_FRONT_ZOOMED"), "train_data")

    def row_of_lyft(row: Row) -> None:
        row["filename"] = row["filename"].replace("samples/CAM_FRONT", "images")
        row["timestamp"], row["width"] = row["timestamp"] + 0.4, float(row["width"])

    change(root, "sample_data", row_of_lyft, "train_data")
    return root


def like_t4(folder: Path, *names: str) -> Path:
    """A dataroot for each scene, with a version between, and nobody has annotated boxes."""
    for name in names:
        a_dataroot(folder / name / "0", scenes={"scene-0001": 2}, version="annotation")
        for table in ("sample_annotation", "instance"):
            (folder / name / "0" / "annotation" / f"{table}.json").write_text("[]")
    return folder


def test_tables_times_cameras_and_categories_of_lyft_are_read(tmp_path: Path) -> None:
    root = like_lyft(tmp_path / "lyft")
    assert matches(root)
    source = NuScenesSchema(root, camera="CAM_FRONT_ZOOMED", licence="CC-BY-NC-SA-4.0")
    ((scene,), _) = sorted_out(source.scenes())
    assert [frame.picture.startswith("images/") for frame in scene.frames] == [True, True]
    assert [box.category for box in scene.frames[0].boxes or []] == [
        "human.pedestrian.adult",
        "other_vehicle",
    ]
    assert scene.frames[1].boxes == []
    assert (scene.licence, source.lacks) == ("CC-BY-NC-SA-4.0", frozenset({Lack.TAGS}))


def test_an_unknown_camera_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no CAM_FRONT keyframe; its sensors are CAM_FRONT_ZOOMED"):
        list(NuScenesSchema(like_lyft(tmp_path / "lyft")).scenes())


def test_many_dataroots_are_read_at_once_and_boxes_that_nobody_annotated_are_unknown(tmp_path: Path) -> None:
    root = like_t4(tmp_path / "t4", "a", "b", "broken")
    (root / "broken" / "0" / "annotation" / "ego_pose.json").write_text("[{")
    source = NuScenesSchema(root)
    scenes, aside = sorted_out(source.scenes())
    assert [scene.name for scene in scenes] == ["a/0/scene-0001", "b/0/scene-0001"]
    assert all((root / frame.picture).is_file() for scene in scenes for frame in scene.frames)
    assert len({frame.key for scene in scenes for frame in scene.frames}) == 4
    assert [frame.boxes for frame in scenes[0].frames] == [None, None]
    assert Lack.BOXES in source.lacks
    assert "cannot be read" in aside["broken/0"]


def test_tables_that_only_annotations_need_may_be_missing(tmp_path: Path) -> None:
    root = like_lyft(tmp_path / "lyft")
    for table in ("sample_annotation", "instance"):
        (root / "train_data" / f"{table}.json").unlink()
    source = NuScenesSchema(root, camera="CAM_FRONT_ZOOMED")
    ((scene,), _) = sorted_out(source.scenes())
    assert scene.frames[0].boxes is None
    (root / "train_data" / "ego_pose.json").unlink()
    with pytest.raises(SourceError, match=r"The table .*ego_pose.json is missing"):
        list(NuScenesSchema(root, camera="CAM_FRONT_ZOOMED").scenes())


def test_two_folders_of_tables_in_one_dataroot_are_a_choice(tmp_path: Path) -> None:
    root = like_lyft(tmp_path / "lyft")
    other = root / "test_data"
    other.mkdir()
    for table in (root / "train_data").iterdir():
        (other / table.name).write_bytes(table.read_bytes())
    with pytest.raises(
        SourceError, match="several folders of tables, test_data, train_data: choose with --version"
    ):
        NuScenesSchema(root)
    ((scene,), _) = sorted_out(NuScenesSchema(root, tables="test_data", camera="CAM_FRONT_ZOOMED").scenes())
    assert len(scene.frames) == 2
    with pytest.raises(SourceError, match="no folder called val_data with"):
        NuScenesSchema(root, tables="val_data")


def test_nuscenes_own_dataroot_and_folders_without_tables_do_not_match(tmp_path: Path) -> None:
    assert not matches(a_dataroot(tmp_path / "own"))
    assert not matches(tmp_path / "own" / "samples")
    assert matches(like_t4(tmp_path / "t4", "a"))
