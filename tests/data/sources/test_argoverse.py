"""Logs made by the published form, small; the tables of the av2-api's own test logs read the same way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather

from data.errors import SourceError
from data.sources.argoverse import Argoverse2
from data.vocabulary import Pose, SeenBox, Split
from tests.data.sources.pictures import a_jpeg, sorted_out

START_NS = 315_966_265_259_836_000
FORWARD = {"qw": 0.5, "qx": -0.5, "qy": 0.5, "qz": -0.5}
LEVEL = {"qw": 1.0, "qx": 0.0, "qy": 0.0, "qz": 0.0}
LENS = {
    "fx_px": 1_000.0,
    "fy_px": 1_000.0,
    "cx_px": 500.0,
    "cy_px": 500.0,
    "width_px": 1_000,
    "height_px": 1_000,
}
SIZE = {"length_m": 4.0, "width_m": 2.0, "height_m": 1.5}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    feather.write_feather(pa.Table.from_pylist(rows), str(path))  # type: ignore[no-untyped-call]


def at(x: float, y: float, z: float = 0.0) -> dict[str, float]:
    return {"tx_m": x, "ty_m": y, "tz_m": z}


def a_log(root: Path, name: str = "7fab", *, camera: str = "ring_front_center") -> Path:
    """Two seconds of twenty pictures each, a car ahead and a cone behind at the first sweep."""
    log = root / name
    times = [START_NS + number * 50_000_000 for number in range(41)]
    (log / "sensors" / "cameras" / camera).mkdir(parents=True)
    for time in times:
        (log / "sensors" / "cameras" / camera / f"{time}.jpg").write_bytes(a_jpeg())
    poses = [{"timestamp_ns": time, **LEVEL, **at(number * 0.5, 2.0)} for number, time in enumerate(times)]
    write(log / "city_SE3_egovehicle.feather", poses)
    sweep = {"timestamp_ns": START_NS + 20_000_000, **LEVEL, **SIZE}
    boxes = [
        {**sweep, "category": "REGULAR_VEHICLE", **at(12.0, 1.0)},
        {**sweep, "category": "CONSTRUCTION_CONE", **at(-9.0, 1.0)},
        {**sweep, "category": "PEDESTRIAN", **at(10.0, 30.0)},
    ]
    write(log / "annotations.feather", boxes)
    write(
        log / "calibration" / "egovehicle_SE3_sensor.feather",
        [{"sensor_name": camera, **FORWARD, **at(1.6, 0.0, 1.4)}],
    )
    write(log / "calibration" / "intrinsics.feather", [{"sensor_name": camera, **LENS}])
    (log / "map").mkdir()
    (log / "map" / f"log_map_archive_{name}____PIT_city_47896.json").write_text("{}")
    return log


def test_pictures_poses_and_boxes_in_view_meet_by_time(tmp_path: Path) -> None:
    a_log(tmp_path / "val")
    ((scene,), aside) = sorted_out(Argoverse2(tmp_path).scenes())
    assert not aside
    assert [frame.captured_at_us - START_NS // 1000 for frame in scene.frames] == [
        0,
        500_000,
        1_000_000,
        1_500_000,
        2_000_000,
    ]
    assert scene.frames[0].picture == f"val/7fab/sensors/cameras/ring_front_center/{START_NS}.jpg"
    assert [frame.pose for frame in scene.frames[:2]] == [Pose(0.0, 2.0, 0.0), Pose(5.0, 2.0, 0.0)]
    assert scene.frames[0].boxes == [SeenBox("vehicle.car", 12.0, 1.0)]
    assert scene.frames[1].boxes is None
    assert (scene.location, scene.official_side) == ("PIT", Split.HELD_OUT)


def test_a_log_without_annotations_has_unknown_boxes(tmp_path: Path) -> None:
    (a_log(tmp_path / "test") / "annotations.feather").unlink()
    ((scene,), _) = sorted_out(Argoverse2(tmp_path / "test").scenes())
    assert {frame.boxes is None for frame in scene.frames} == {True}


def test_logs_of_no_use_are_set_aside_and_the_rest_goes_in(tmp_path: Path) -> None:
    a_log(tmp_path, "good")
    a_log(tmp_path, "rear", camera="ring_rear_left")
    named = a_log(tmp_path, "named")
    (named / "sensors" / "cameras" / "ring_front_center" / "first.jpg").write_bytes(a_jpeg())
    cut = a_log(tmp_path, "cut") / "city_SE3_egovehicle.feather"
    cut.write_bytes(cut.read_bytes()[:300])
    empty = a_log(tmp_path, "empty") / "annotations.feather"
    empty.write_bytes(b"")
    write(
        a_log(tmp_path, "words") / "city_SE3_egovehicle.feather",
        [{"timestamp_ns": "now", **LEVEL, **at(0, 0)}],
    )
    write(
        a_log(tmp_path, "infinite") / "city_SE3_egovehicle.feather",
        [{"timestamp_ns": 1, **LEVEL, **at(np.inf, 0)}],
    )
    twice = a_log(tmp_path, "twice") / "calibration" / "intrinsics.feather"
    write(twice, [{"sensor_name": "ring_front_center", **LENS}] * 2)
    scenes, aside = sorted_out(Argoverse2(tmp_path).scenes())
    assert [scene.name for scene in scenes] == ["good"]
    assert aside["rear"] == "It has no camera 'ring_front_center'; there are ring_rear_left."
    assert aside["named"] == "The picture 'first.jpg' names no time in nanoseconds."
    assert aside["cut"].startswith("city_SE3_egovehicle.feather cannot be read")
    assert aside["empty"].startswith("annotations.feather cannot be read")
    assert aside["words"].startswith(
        "The column timestamp_ns of city_SE3_egovehicle.feather holds what is no number"
    )
    assert aside["infinite"].startswith("The column tx_m")
    assert aside["twice"] == "intrinsics.feather has 2 rows of ring_front_center."


def test_a_folder_without_logs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no Argoverse 2 log"):
        list(Argoverse2(tmp_path).scenes())
