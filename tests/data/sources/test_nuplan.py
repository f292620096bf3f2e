"""Logs made by the published form; the set itself is behind a sign-in."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from data.errors import SourceError
from data.sources.nuplan import NuPlan
from data.vocabulary import Pose, Split
from tests.data.sources.pictures import a_jpeg, sorted_out

START_US = 1_620_000_000_000_000
SCHEMA = """
    CREATE TABLE log (token BLOB, vehicle_name, date, timestamp, logfile, location, map_version);
    CREATE TABLE camera (token BLOB, log_token BLOB, channel, intrinsic BLOB);
    CREATE TABLE ego_pose (token BLOB, timestamp, x, y, z, qw, qx, qy, qz);
    CREATE TABLE image (token BLOB, ego_pose_token BLOB, camera_token BLOB, filename_jpg, timestamp);
    CREATE TABLE scene (token BLOB, log_token BLOB, name, goal_ego_pose_token BLOB, roadblock_ids);
    CREATE TABLE lidar_pc (token BLOB, ego_pose_token BLOB, scene_token BLOB, filename, timestamp);
    CREATE TABLE scenario_tag (token BLOB, lidar_pc_token BLOB, type, agent_track_token BLOB);
"""


def token(kind: int, number: int) -> bytes:
    return bytes([kind, number, 0, 0, 0, 0, 0, 0])


def a_log(root: Path, name: str = "2021.05.12_veh-01", *, n: int = 40, pictures: bool = True) -> Path:
    """Two scenes of a second each, ten pictures a second of one camera and a sweep with each, tags on some."""
    file = root / "splits" / "val_x" / f"{name}.db"
    file.parent.mkdir(parents=True, exist_ok=True)
    folder = root / "sensor_blobs" / name / "CAM_F0"
    folder.mkdir(parents=True, exist_ok=True)
    quarter = math.sqrt(0.5)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(SCHEMA)
        connection.execute(
            "INSERT INTO log VALUES (x'01', 'veh', '', 0, ?, 'us-nv-las-vegas-strip', '')", [name]
        )
        connection.execute("INSERT INTO camera VALUES (x'02', x'01', 'CAM_F0', x'80')")
        for number in range(2):
            connection.execute(
                "INSERT INTO scene VALUES (?, x'01', ?, NULL, '')", [token(3, number), f"scene-{number}"]
            )
        for number in range(n):
            at_us = START_US + number * 50_000
            connection.execute(
                "INSERT INTO ego_pose VALUES (?, ?, ?, 5.0, 0, ?, 0, 0, ?)",
                [token(4, number), at_us, 600_000.0 + number, quarter, quarter],
            )
            sweep = [token(5, number), token(4, number), token(3, number * 2 // n), "", at_us]
            connection.execute("INSERT INTO lidar_pc VALUES (?, ?, ?, ?, ?)", sweep)
            if number % 2 == 0:
                picture = f"{name}/CAM_F0/{number:04d}.jpg"
                image = [token(6, number), token(4, number), b"\x02", picture, at_us + 10_000]
                connection.execute("INSERT INTO image VALUES (?, ?, ?, ?, ?)", image)
                if pictures:
                    (root / "sensor_blobs" / picture).write_bytes(a_jpeg())
        for number, tag in (
            (0, "stationary"),
            (1, "near_pedestrian_on_crosswalk"),
            (1, "stationary"),
            (12, "on_intersection"),
        ):
            connection.execute("INSERT INTO scenario_tag VALUES (x'09', ?, ?, NULL)", [token(5, number), tag])
    return file


def test_scenes_poses_and_scenario_tags_are_read(tmp_path: Path) -> None:
    a_log(tmp_path)
    scenes, aside = sorted_out(NuPlan(tmp_path).scenes())
    assert not aside
    assert [(scene.name, len(scene.frames)) for scene in scenes] == [
        ("2021.05.12_veh-01 scene-0", 2), ("2021.05.12_veh-01 scene-1", 2),
    ]  # fmt: skip
    first, second = scenes[0].frames
    assert first.tags == ("near_pedestrian_on_crosswalk", "stationary")
    assert second.tags == ("on_intersection",)
    assert first.pose == Pose(600_000.0, 5.0, 1.5708)
    assert (tmp_path / first.picture).is_file()
    assert (scenes[0].location, scenes[0].official_side) == ("us-nv-las-vegas-strip", Split.HELD_OUT)
    assert scenes[0].log_name == scenes[1].log_name


def change(file: Path, sql: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(sql)


def test_logs_of_no_use_are_set_aside_and_the_rest_goes_in(tmp_path: Path) -> None:
    a_log(tmp_path, "good", n=8)
    a_log(tmp_path, "blind", n=8, pictures=False)
    change(a_log(tmp_path, "leaves", n=8), "UPDATE image SET filename_jpg = '../../etc/passwd'")
    change(a_log(tmp_path, "words", n=8), "UPDATE image SET timestamp = 'noon'")
    change(
        a_log(tmp_path, "view", n=8), "DROP TABLE scene; CREATE VIEW scene AS SELECT x'03' token, 'a' name"
    )
    change(a_log(tmp_path, "rear", n=8), "UPDATE camera SET channel = 'CAM_B0'")
    cut = a_log(tmp_path, "cut")
    cut.write_bytes(cut.read_bytes()[:5000])
    (cut.parent / "empty.db").write_bytes(b"")
    (cut.parent / "text.db").write_text("no database, and long enough to be read as the head of one" * 9)
    scenes, aside = sorted_out(NuPlan(tmp_path).scenes())
    assert {scene.log_name for scene in scenes} == {"good"}
    assert aside["blind scene-0"].startswith(
        "None of its pictures is there, such as sensor_blobs/blind/CAM_F0/0000.jpg"
    )
    assert "names '../../etc/passwd', which is no file" in aside["leaves.db"]
    assert "A time in microseconds is 'noon'" in aside["words.db"]
    assert aside["view.db"] == "view.db has no table scene: it is no nuPlan log."
    assert "no picture of 'CAM_F0'; its cameras are CAM_B0" in aside["rear.db"]
    assert "cut.db cannot be read as a nuPlan log" in aside["cut.db"]
    assert aside["empty.db"] == "empty.db has no table image: it is no nuPlan log."
    assert "text.db cannot be read" in aside["text.db"]


def test_a_folder_without_logs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no nuPlan log"):
        list(NuPlan(tmp_path).scenes())
