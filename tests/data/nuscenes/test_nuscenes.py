from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import DatarootError
from data.nuscenes.box_geometry import rotation_matrices
from data.nuscenes.scenes import read_scenes
from tests.builders import VERSION, a_box, a_dataroot, a_filename
from tests.repository import REAL_NUSCENES, needs_real_frames


def test_scenes_come_by_name_and_keyframes_by_time(tmp_path: Path) -> None:
    scenes = read_scenes(a_dataroot(tmp_path, scenes={"scene-0002": 2, "scene-0001": 3}), VERSION)
    assert [(scene.name, len(scene.keyframes)) for scene in scenes] == [("scene-0001", 3), ("scene-0002", 2)]
    times = [frame.captured_at_us for frame in scenes[0].keyframes]
    assert times == sorted(times)
    assert (scenes[0].location, scenes[0].utc_offset_min) == ("singapore-onenorth", 480)


def test_only_boxes_that_the_camera_sees_are_kept_and_placed_from_the_ego_vehicle(tmp_path: Path) -> None:
    boxes = [
        a_box(category="human.pedestrian.adult", ahead_m=12.0, left_m=-2.0),
        a_box(category="vehicle.car", ahead_m=-12.0),
        a_box(category="vehicle.truck", ahead_m=10.0, left_m=60.0),
    ]
    root = a_dataroot(tmp_path, scenes={"scene-0001": 1}, boxes={a_filename("scene-0001", 0): boxes})
    (seen,) = read_scenes(root, VERSION)[0].keyframes[0].boxes
    assert (seen.category, seen.ahead_m, seen.left_m) == ("human.pedestrian.adult", 12.0, -2.0)


def test_a_quarter_turn_rotates_forward_to_the_left() -> None:
    (rotation,) = rotation_matrices(np.array([[np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)]]))
    assert np.allclose(rotation @ np.array([1.0, 0.0, 0.0]), [0.0, 1.0, 0.0])


@pytest.mark.parametrize(
    "filename", ["/etc/passwd", "../outside.jpg", "samples/../../outside.jpg", "samples\\x.jpg", "a\0b.jpg"]
)
def test_a_file_name_that_leaves_the_dataroot_is_refused(tmp_path: Path, filename: str) -> None:
    root = a_dataroot(tmp_path)
    table = root / VERSION / "sample_data.json"
    rows = json.loads(table.read_text())
    rows[0]["filename"] = filename
    table.write_text(json.dumps(rows))
    with pytest.raises(DatarootError, match="leaves the dataroot"):
        read_scenes(root, VERSION)


def test_a_missing_version_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(DatarootError, match=f"has no version v1.0-trainval. It has {VERSION}"):
        read_scenes(a_dataroot(tmp_path), "v1.0-trainval")


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    root = a_dataroot(tmp_path)
    (root / VERSION / "ego_pose.json").unlink()
    with pytest.raises(DatarootError, match=r"The table .*ego_pose.json is missing"):
        read_scenes(root, VERSION)


def test_broken_json_is_one_sentence(tmp_path: Path) -> None:
    root = a_dataroot(tmp_path)
    (root / VERSION / "sample.json").write_text('[{"token": "a", "scene')
    with pytest.raises(DatarootError, match="cannot be read") as caught:
        read_scenes(root, VERSION)
    assert "\n" not in str(caught.value)


ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("sample_data", {"token": "../../etc/passwd"}, "sample_data.token is '../../etc/passwd'"),
    ("sample_data", {"token": None}, "sample_data.token is None"),
    ("sample_data", {"timestamp": 10**18}, "sample_data.timestamp is 1000000000000000000"),
    ("sample_data", {"timestamp": -1}, "sample_data.timestamp is -1"),
    ("sample_data", {"timestamp": 10**30}, "A nuScenes table cannot be read"),
    ("sample_data", {"timestamp": "noon"}, "A nuScenes table cannot be read"),
    ("sample_data", {"width": 0}, "sample_data.width is 0"),
    ("ego_pose", {"translation": [1.0]}, "ego_pose.translation is [1.0]"),
    ("ego_pose", {"translation": [1e300, 0.0, 0.0]}, "ego_pose.translation is [1e+300, 0.0, 0.0]"),
    ("ego_pose", {"rotation": [0.0, 0.0, 0.0, 0.0]}, "ego_pose.rotation is [0.0, 0.0, 0.0, 0.0]"),
    ("ego_pose", {"rotation": None}, "ego_pose.rotation is None"),
    ("calibrated_sensor", {"camera_intrinsic": [[1.0]]}, "calibrated_sensor.camera_intrinsic is [[1.0]]"),
    ("scene", {"name": None}, "no usable name"),
    ("category", {"name": None}, "The table category has a row without a usable name"),
    ("sample_annotation", {"size": [1.0]}, "1 rows of the table sample_annotation have no whole translation"),
    ("sample_annotation", {"rotation": [None] * 4}, "1 rows of the table sample_annotation"),
    ("sample_annotation", {"translation": None}, "1 rows of the table sample_annotation"),
]


@pytest.mark.parametrize(("table", "change", "told"), ROWS)
def test_a_row_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, table: str, change: dict[str, Any], told: str
) -> None:
    boxes = {a_filename("scene-0001", 0): [a_box(category="vehicle.car", ahead_m=12.0)]}
    root = a_dataroot(tmp_path, boxes=boxes)
    rows = rows_of(root, table)
    write_rows(root, table, [{**rows[0], **change}, *rows[1:]])
    with pytest.raises(DatarootError, match=re.escape(told)) as caught:
        read_scenes(root, VERSION)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "table", ["scene", "log", "sample", "sensor", "calibrated_sensor", "ego_pose", "sample_data"]
)
def test_a_row_that_stands_twice_is_one_sentence(tmp_path: Path, table: str) -> None:
    root = a_dataroot(tmp_path)
    rows = rows_of(root, table)
    write_rows(root, table, [rows[0], *rows])
    with pytest.raises(DatarootError, match="twice"):
        read_scenes(root, VERSION)


def test_a_table_in_another_encoding_is_one_sentence(tmp_path: Path) -> None:
    root = a_dataroot(tmp_path)
    table = root / VERSION / "sample_data.json"
    table.write_text(table.read_text(), encoding="utf-16")
    with pytest.raises(DatarootError, match="cannot be read"):
        read_scenes(root, VERSION)


def rows_of(root: Path, table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((root / VERSION / f"{table}.json").read_text())
    return rows


def write_rows(root: Path, table: str, rows: list[dict[str, Any]]) -> None:
    (root / VERSION / f"{table}.json").write_text(json.dumps(rows))


def test_a_dataroot_without_front_keyframes_is_refused(tmp_path: Path) -> None:
    root = a_dataroot(tmp_path)
    (root / VERSION / "sample_data.json").write_text("[]")
    with pytest.raises(DatarootError, match="no CAM_FRONT keyframe"):
        read_scenes(root, VERSION)


@needs_real_frames
def test_the_real_frames_match_nuscenes_devkit() -> None:
    _assert_same_as_devkit(REAL_NUSCENES, "v1.0-frames")


@needs_real_frames
def test_real_mini_has_its_404_keyframes_in_ten_scenes() -> None:
    scenes = read_scenes(REAL_NUSCENES, "v1.0-mini")
    assert (len(scenes), sum(len(scene.keyframes) for scene in scenes)) == (10, 404)


def test_the_demo_frames_match_nuscenes_devkit(demo_dataroot: Path) -> None:
    _assert_same_as_devkit(demo_dataroot, "v1.0-demo")


def _assert_same_as_devkit(dataroot: Path, version: str) -> None:
    """Frames, their order, and the boxes seen are those of nuscenes-devkit."""
    devkit = pytest.importorskip("nuscenes.nuscenes")
    from nuscenes.utils.geometry_utils import BoxVisibility

    oracle = devkit.NuScenes(version=version, dataroot=str(dataroot), verbose=False)
    ours = {scene.token: scene for scene in read_scenes(dataroot, version)}
    assert sorted(ours) == sorted(scene["token"] for scene in oracle.scene)
    for scene in oracle.scene:
        expected, token = [], scene["first_sample_token"]
        while token:
            sample = oracle.get("sample", token)
            expected.append(sample["data"]["CAM_FRONT"])
            token = sample["next"]
        assert [frame.token for frame in ours[scene["token"]].keyframes] == expected
        for frame in ours[scene["token"]].keyframes:
            path, boxes, _ = oracle.get_sample_data(frame.token, box_vis_level=BoxVisibility.ANY)
            assert path == str(dataroot / frame.filename)
            assert sorted(box.name for box in boxes) == sorted(box.category for box in frame.boxes)


def test_keyframes_in_another_folder_than_nuscenes_own_are_found_too(tmp_path: Path) -> None:
    dataroot = a_dataroot(tmp_path, scenes={"scene-0001": 3})
    table = dataroot / VERSION / "sample_data.json"
    rows = json.loads(table.read_text())
    rows[1]["filename"] = "elsewhere/1.jpg"
    table.write_text(json.dumps(rows))
    (scene,) = read_scenes(dataroot, VERSION)
    assert [frame.filename for frame in scene.keyframes][1] == "elsewhere/1.jpg"
    assert len(scene.keyframes) == 3


def test_a_keyframe_of_an_unknown_scene_is_refused_by_name(tmp_path: Path) -> None:
    dataroot = a_dataroot(tmp_path, scenes={"scene-0001": 2, "scene-0002": 2})
    table = dataroot / VERSION / "scene.json"
    table.write_text(json.dumps(json.loads(table.read_text())[:1]))
    with pytest.raises(
        DatarootError, match=r"2 keyframes are of scenes that scene\.json does not have, such as samp"
    ):
        read_scenes(dataroot, VERSION)
