"""The dataroot: what lies in it, that it is the same every time, and that an interrupted build goes on."""

from __future__ import annotations

import json
import re
import signal
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data.demo import VERSION, build_dataroot, dataroot, true_assessments
from data.demo.dataroot import jpeg_bytes, starting_workers, write_image, write_tables
from data.demo.drawing.world import DemoScene
from data.demo.drives.scenes import scene_named, scenes
from data.demo.tables import all_tables
from data.vocabulary import LEVELS


@pytest.fixture(scope="module")
def tables() -> dict[str, list[dict[str, Any]]]:
    return all_tables()


def test_the_dataroot_has_all_thirteen_tables_in_the_released_layout(tmp_path: Path) -> None:
    write_tables(tmp_path)
    names = sorted(path.stem for path in (tmp_path / VERSION).iterdir())
    assert names == [
        "attribute", "calibrated_sensor", "category", "ego_pose", "instance", "log", "map", "sample",
        "sample_annotation", "sample_data", "scene", "sensor", "visibility",
    ]  # fmt: skip
    assert (tmp_path / VERSION / "sensor.json").read_text().startswith('[\n{\n"token": "')
    assert len(list((tmp_path / "maps").glob("*.png"))) == 4


def test_tables_hold_twelve_scenes_of_twenty_keyframes_in_four_logs(
    tables: dict[str, list[dict[str, Any]]],
) -> None:
    counts = {name: len(rows) for name, rows in tables.items()}
    assert (counts["scene"], counts["sample"], counts["sample_data"], counts["log"]) == (12, 240, 240, 4)
    assert (counts["category"], counts["attribute"], counts["visibility"]) == (23, 8, 4)
    assert [row["name"] for row in tables["scene"]] == [f"scene-90{k:02d}" for k in range(1, 13)]


def test_tokens_are_unique_and_32_hex_digits(tables: dict[str, list[dict[str, Any]]]) -> None:
    for name, rows in tables.items():
        tokens = [row["token"] for row in rows]
        assert len(set(tokens)) == len(tokens), name
        if name != "visibility":
            assert all(re.fullmatch("[0-9a-f]{32}", token) for token in tokens), name


@pytest.mark.parametrize("table", ["sample", "sample_data", "sample_annotation"])
def test_prev_and_next_links_agree(table: str, tables: dict[str, list[dict[str, Any]]]) -> None:
    rows = {row["token"]: row for row in tables[table]}
    for row in rows.values():
        assert not row["next"] or rows[row["next"]]["prev"] == row["token"]
        assert not row["prev"] or rows[row["prev"]]["next"] == row["token"]
    heads = sum(1 for row in rows.values() if not row["prev"])
    assert heads == {"sample": 12, "sample_data": 12, "sample_annotation": len(tables["instance"])}[table]


def test_names_of_things_are_unique_within_a_scene() -> None:
    for scene in scenes():
        names = [thing.name for thing in (*scene.things, *scene.scenery)]
        assert len(set(names)) == len(names), scene.name


def test_keyframes_are_half_a_second_apart_and_the_vehicle_moves_at_most_eight_metres() -> None:
    for scene in scenes():
        times = [scene.timestamp_us(frame) for frame in range(20)]
        assert {b - a for a, b in pairwise(times)} == {500_000}
        assert len(scene.steps_m) == 20
        assert all(0.0 <= step <= 8.0 for step in scene.steps_m)


def test_file_names_follow_the_released_pattern() -> None:
    assert (
        scene_named("scene-9005").filename(11)
        == "samples/CAM_FRONT/demo-2026-04-14-18-50-00-0400__CAM_FRONT__1776209065512460.jpg"
    )


def test_nothing_in_the_tables_states_a_level(tables: dict[str, list[dict[str, Any]]]) -> None:
    text = json.dumps(tables).lower()
    assert not [level.value for level in LEVELS if level.value.lower() in text]


def test_descriptions_hold_both_traps_once() -> None:
    descriptions = [scene.description.lower() for scene in scenes()]
    assert sum("after rain" in text for text in descriptions) == 1
    assert sum("construction vehicle" in text for text in descriptions) == 1


def test_the_same_frame_is_rendered_to_the_same_bytes() -> None:
    for name, frame in (("scene-9003", 8), ("scene-9008", 16)):
        scene = scene_named(name)
        assert jpeg_bytes(scene, frame) == jpeg_bytes(scene, frame)


def test_tables_are_the_same_on_every_build(tables: dict[str, list[dict[str, Any]]]) -> None:
    assert json.dumps(all_tables()) == json.dumps(tables)


def test_an_image_is_1600_by_900_and_leaves_no_draft_behind(tmp_path: Path) -> None:
    key = ("scene-9010", 12)
    assert write_image(tmp_path, key) == key
    folder = tmp_path / "samples" / "CAM_FRONT"
    assert [path.name for path in folder.iterdir()] == [Path(scene_named(key[0]).filename(key[1])).name]
    with Image.open(next(folder.iterdir())) as picture:
        assert (picture.format, picture.size, picture.mode) == ("JPEG", (1600, 900), "RGB")


def test_a_second_build_renders_only_what_is_missing_or_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[str] = []

    def stand_in(scene: DemoScene, frame: int) -> bytes:
        rendered.append(scene.filename(frame))
        return b"\xff\xd8 picture \xff\xd9"

    monkeypatch.setattr(dataroot, "jpeg_bytes", stand_in)
    told: list[tuple[int, int]] = []
    build_dataroot(tmp_path, workers=1, progress=lambda done, total: told.append((done, total)))
    assert len(rendered) == 240
    assert sorted(rendered) == sorted(true_assessments())
    assert (told[0], told[-1]) == ((0, 240), (240, 240))

    (tmp_path / rendered[3]).unlink()
    (tmp_path / rendered[7]).write_bytes(b"\xff\xd8 pic")
    missing, rendered[:] = [rendered[3], rendered[7]], []
    build_dataroot(tmp_path, workers=1)
    assert rendered == missing


def test_an_interrupted_build_leaves_whole_files_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(scene: DemoScene, frame: int) -> bytes:
        if frame == 2:
            raise KeyboardInterrupt
        return b"\xff\xd8 picture \xff\xd9"

    monkeypatch.setattr(dataroot, "jpeg_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build_dataroot(tmp_path, workers=1)
    images = list((tmp_path / "samples" / "CAM_FRONT").iterdir())
    assert [path.read_bytes() for path in images] == [b"\xff\xd8 picture \xff\xd9"] * 2


def test_processes_that_draw_leave_ctrl_c_to_the_one_that_started_them() -> None:
    here = signal.getsignal(signal.SIGINT)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with starting_workers():
            there = pool.submit(signal.getsignal, signal.SIGINT)
        assert (there.result(), signal.getsignal(signal.SIGINT)) == (signal.SIG_IGN, here)
