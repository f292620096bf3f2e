"""Write a nuScenes dataroot of v1.0-trainval's true proportions with made-up contents: tables and map masks, no images.

At 850 scenes: 34,149 keyframes, 2,631,083 rows of sample_data and ego_pose, 1,166,187 boxes of 64,386 instances,
2.8 GB. Rows are laid out as in the released tables, one key per line.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from PIL import Image

VERSION = "v1.0-trainval"
SCENES, SAMPLES, SAMPLE_DATA, BOXES, INSTANCES, LOGS = 850, 34_149, 2_631_083, 1_166_187, 64_386, 68
TABLES = (
    *("category", "attribute", "visibility", "instance", "sensor", "calibrated_sensor", "ego_pose", "log"),
    *("scene", "sample", "sample_data", "sample_annotation", "map"),
)
CAMERAS = ("FRONT", "BACK", "BACK_LEFT", "FRONT_LEFT", "FRONT_RIGHT", "BACK_RIGHT")
RADARS = ("FRONT", "FRONT_RIGHT", "FRONT_LEFT", "BACK_LEFT", "BACK_RIGHT")
CHANNELS = {
    **{f"CAM_{name}": ("camera", 12.0) for name in CAMERAS},
    "LIDAR_TOP": ("lidar", 20.0),
    **{f"RADAR_{name}": ("radar", 13.0) for name in RADARS},
}
RATE_SUM = sum(rate for _, rate in CHANNELS.values())
CATEGORIES = (
    *("vehicle.car", "human.pedestrian.adult", "movable_object.barrier", "movable_object.trafficcone"),
    *("vehicle.truck", "vehicle.trailer", "vehicle.construction", "human.pedestrian.construction_worker"),
)
LOCATIONS = ("boston-seaport", "singapore-onenorth", "singapore-queenstown", "singapore-hollandvillage")
CAMERA_ROTATION = [0.4998, -0.5030, 0.4998, -0.4974]
INTRINSIC = [[1266.417, 0.0, 816.267], [0.0, 1266.417, 491.507], [0.0, 0.0, 1.0]]
IMAGE_PX = (1600, 900)

POSE = """{
"token": "%s",
"timestamp": %d,
"rotation": [
%.16f,
0.0,
0.0,
%.16f
],
"translation": [
%.15f,
%.15f,
0.0
]
}"""
DATA = """{
"token": "%s",
"sample_token": "%s",
"ego_pose_token": "%s",
"calibrated_sensor_token": "%s",
"timestamp": %d,
"fileformat": "%s",
"is_key_frame": %s,
"height": %d,
"width": %d,
"filename": "%s",
"prev": "%s",
"next": "%s"
}"""
BOX = """{
"token": "%s",
"sample_token": "%s",
"instance_token": "%s",
"visibility_token": "%d",
"attribute_tokens": [],
"translation": [
%.3f,
%.3f,
1.000
],
"size": [
1.900,
4.600,
1.700
],
"rotation": [
%.16f,
0.0,
0.0,
%.16f
],
"prev": "%s",
"next": "%s",
"num_lidar_pts": %d,
"num_radar_pts": %d
}"""


@dataclass
class Table:
    """A table under way; rows go to the file as they come."""

    file: IO[str]
    rows: int = 0

    def add(self, row: str | dict[str, Any]) -> None:
        self.file.write(",\n" if self.rows else "[\n")
        self.file.write(row if isinstance(row, str) else json.dumps(row, indent=0))
        self.rows += 1


@dataclass
class World:
    """The open tables, what later rows point at, and the shares of the totals still to be given out."""

    tables: dict[str, Table]
    random: random.Random
    scenes: int
    categories: list[str] = field(default_factory=list)
    sensors: dict[str, str] = field(default_factory=dict)
    logs: list[tuple[str, str]] = field(default_factory=list)

    def token(self) -> str:
        return f"{self.random.getrandbits(128):032x}"


def share(total: int, scene: int) -> int:
    """How much of a full-scale total one scene gets; the shares of all 850 add up to it."""
    return total * (scene + 1) // SCENES - total * scene // SCENES


def write_dataroot(folder: Path, scenes: int = SCENES, seed: int = 0) -> dict[str, int]:
    """Write tables for so many scenes below a new folder; returns the number of rows by table."""
    (folder / VERSION).mkdir(parents=True)
    (folder / "maps").mkdir()
    with ExitStack() as stack:
        paths = {name: folder / VERSION / f"{name}.json" for name in TABLES}
        tables = {name: Table(stack.enter_context(path.open("w"))) for name, path in paths.items()}
        world = World(tables, random.Random(seed), scenes)
        _write_fixed(world, folder)
        for scene in range(scenes):
            _write_scene(world, scene)
        for table in tables.values():
            table.file.write("\n]" if table.rows else "[]")
    return {name: table.rows for name, table in tables.items()}


def _write_fixed(world: World, folder: Path) -> None:
    for name in CATEGORIES:
        world.categories.append(world.token())
        world.tables["category"].add({"token": world.categories[-1], "name": name, "description": ""})
    for number, level in enumerate(("v0-40", "v40-60", "v60-80", "v80-100"), start=1):
        world.tables["visibility"].add({"token": str(number), "level": level, "description": ""})
    for channel, (modality, _) in CHANNELS.items():
        world.sensors[channel] = world.token()
        row = {"token": world.sensors[channel], "channel": channel, "modality": modality}
        world.tables["sensor"].add(row)
    by_location: dict[str, list[str]] = {location: [] for location in LOCATIONS}
    for number in range(max(len(LOCATIONS), LOGS * world.scenes // SCENES)):
        token, location = world.token(), LOCATIONS[number % len(LOCATIONS)]
        logfile = f"n015-2018-{7 + number % 5:02d}-{1 + number % 28:02d}-11-{number % 60:02d}-00+0800"
        world.logs.append((token, logfile))
        by_location[location].append(token)
        row = {"token": token, "logfile": logfile, "vehicle": "n015", "date_captured": logfile[5:15]}
        world.tables["log"].add({**row, "location": location})
    for location, logs in by_location.items():
        Image.new("L", (8, 8)).save(
            folder / "maps" / f"{location}.png"
        )  # nuscenes-devkit wants them to exist
        row = {"token": world.token(), "category": "semantic_prior", "filename": f"maps/{location}.png"}
        world.tables["map"].add({**row, "log_tokens": logs})


def _write_scene(world: World, number: int) -> None:
    scene, (log, logfile) = world.token(), world.logs[number * len(world.logs) // world.scenes]
    begun_us = 1_530_000_000_000_000 + number * 40_000_000
    samples = [world.token() for _ in range(share(SAMPLES, number))]
    for place, (before, token, after) in enumerate(_linked(samples)):
        row = {"token": token, "timestamp": begun_us + place * 500_000, "prev": before, "next": after}
        world.tables["sample"].add({**row, "scene_token": scene})
    row = {"token": scene, "log_token": log, "nbr_samples": len(samples), "name": f"scene-{number + 1:04d}"}
    ends = {"first_sample_token": samples[0], "last_sample_token": samples[-1]}
    world.tables["scene"].add({**row, **ends, "description": "Parked cars, bus stop"})
    start = (
        world.random.uniform(300, 2000),
        world.random.uniform(300, 2000),
        world.random.uniform(0, math.tau),
    )
    wanted = share(SAMPLE_DATA, number)
    for channel, (modality, rate) in CHANNELS.items():
        n = max(round(wanted * rate / RATE_SUM), len(samples))
        _write_channel(world, channel, modality, samples, n, begun_us, start, logfile)
    _write_boxes(world, samples, number, start)


def _linked(tokens: list[str]) -> Iterator[tuple[str, str, str]]:
    """(previous, own, next) of each token."""
    return zip(["", *tokens[:-1]], tokens, [*tokens[1:], ""], strict=True)


def _write_channel(
    world: World,
    channel: str,
    modality: str,
    samples: list[str],
    n: int,
    begun_us: int,
    start: tuple[float, float, float],
    logfile: str,
) -> None:
    calibrated, (x, y, yaw) = world.token(), start
    is_camera = modality == "camera"
    row = {"token": calibrated, "sensor_token": world.sensors[channel], "translation": [1.7, 0.016, 1.51]}
    facing = {"rotation": CAMERA_ROTATION, "camera_intrinsic": INTRINSIC if is_camera else []}
    world.tables["calibrated_sensor"].add({**row, **facing})
    kind = "jpg" if is_camera else "pcd"
    width, height = IMAGE_PX if is_camera else (0, 0)
    keys = {round(place * (n - 1) / (len(samples) - 1)) for place in range(len(samples))}
    sample = -1
    for place, (before, token, after) in enumerate(_linked([world.token() for _ in range(n)])):
        is_key, at_us = place in keys, begun_us + place * (len(samples) - 1) * 500_000 // (n - 1)
        sample += is_key
        along_m = 100 * place / n
        pose = (
            math.cos(yaw / 2),
            math.sin(yaw / 2),
            x + along_m * math.cos(yaw),
            y + along_m * math.sin(yaw),
        )
        world.tables["ego_pose"].add(POSE % (token, at_us, *pose))
        name = f"{'samples' if is_key else 'sweeps'}/{channel}/{logfile}__{channel}__{at_us}.{kind}"
        of = (token, samples[sample], token, calibrated, at_us, kind)
        is_key_text = "true" if is_key else "false"
        world.tables["sample_data"].add(DATA % (*of, is_key_text, height, width, name, before, after))


def _write_boxes(world: World, samples: list[str], number: int, start: tuple[float, float, float]) -> None:
    boxes, instances = share(BOXES, number), share(INSTANCES, number)
    for left in range(instances, 0, -1):
        n = min(len(samples), max(1, boxes // left))
        boxes -= n
        instance, tokens = world.token(), [world.token() for _ in range(n)]
        row = {"token": instance, "category_token": world.random.choice(world.categories)}
        ends = {"first_annotation_token": tokens[0], "last_annotation_token": tokens[-1]}
        world.tables["instance"].add({**row, "nbr_annotations": n, **ends})
        first, yaw = world.random.randint(0, len(samples) - n), world.random.uniform(0, math.tau)
        x, y = (start[axis] + world.random.uniform(-60, 110) for axis in (0, 1))
        for place, (before, token, after) in enumerate(_linked(tokens)):
            of = (token, samples[first + place], instance, 4, x + place * 0.3, y)
            turn, points = (math.cos(yaw / 2), math.sin(yaw / 2)), (place, place % 6)
            world.tables["sample_annotation"].add(BOX % (*of, *turn, before, after, *points))
