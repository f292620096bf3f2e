"""The demo's thirteen nuScenes tables as rows; tokens are hashes of stable names, so every build is the same."""

from __future__ import annotations

import hashlib
from typing import Any

from data.demo.boxes import annotated_frames, lidar_points, visibility_token
from data.demo.drawing.camera import HEIGHT_PX, INTRINSIC, LOOKING_AHEAD, MOUNT_M, WIDTH_PX, yaw_quaternion
from data.demo.drawing.kinds import KINDS
from data.demo.drawing.world import FRAMES_PER_SCENE, MOVING_M_PER_FRAME, DemoLog, DemoScene, Thing
from data.demo.drives.scenes import scenes
from data.demo.fixed_names import ATTRIBUTES, CATEGORIES, VISIBILITIES

Row = dict[str, Any]
SAMPLE_LAG_US = 35_491


def token(table: str, *names: object) -> str:
    """32 hex digits that belong to a table and a name in it."""
    text = "/".join(("teletriage-demo", table, *(str(name) for name in names)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def all_tables() -> dict[str, list[Row]]:
    """Every table's rows by table name."""
    logs = list(dict.fromkeys(scene.log for scene in scenes()))
    instances, annotations = _instances_and_annotations()
    return {
        "category": [
            {"token": token("category", name), "name": name, "description": f"{name} (demo)."}
            for name in CATEGORIES
        ],
        "attribute": [
            {"token": token("attribute", name), "name": name, "description": f"{name} (demo)."}
            for name in ATTRIBUTES
        ],
        "visibility": [
            {
                "description": f"visibility of whole object is {level[1:]} percent",
                "token": key,
                "level": level,
            }
            for key, level in VISIBILITIES
        ],
        "sensor": [{"token": token("sensor"), "channel": "CAM_FRONT", "modality": "camera"}],
        "calibrated_sensor": [_calibration(log) for log in logs],
        "log": [_log(log) for log in logs],
        "map": [_map(location, logs) for location in sorted({log.location for log in logs})],
        "scene": [_scene(scene) for scene in scenes()],
        "sample": [_sample(scene, k) for scene in scenes() for k in range(FRAMES_PER_SCENE)],
        "sample_data": [_sample_data(scene, k) for scene in scenes() for k in range(FRAMES_PER_SCENE)],
        "ego_pose": [_ego_pose(scene, k) for scene in scenes() for k in range(FRAMES_PER_SCENE)],
        "instance": instances,
        "sample_annotation": annotations,
    }


def map_filename(location: str) -> str:
    """The map mask of a location, below the dataroot."""
    return f"maps/{token('map', location)}.png"


def _calibration(log: DemoLog) -> Row:
    return {
        "token": token("calibrated_sensor", log.logfile),
        "sensor_token": token("sensor"),
        "translation": list(MOUNT_M),
        "rotation": list(LOOKING_AHEAD),
        "camera_intrinsic": INTRINSIC,
    }


def _log(log: DemoLog) -> Row:
    return {
        "token": token("log", log.logfile),
        "logfile": log.logfile,
        "vehicle": "demo",
        "date_captured": log.date,
        "location": log.location,
    }


def _map(location: str, logs: list[DemoLog]) -> Row:
    return {
        "category": "semantic_prior",
        "token": token("map", location),
        "filename": map_filename(location),
        "log_tokens": [token("log", log.logfile) for log in logs if log.location == location],
    }


def _scene(scene: DemoScene) -> Row:
    return {
        "token": token("scene", scene.name),
        "log_token": token("log", scene.log.logfile),
        "nbr_samples": FRAMES_PER_SCENE,
        "first_sample_token": token("sample", scene.name, 0),
        "last_sample_token": token("sample", scene.name, FRAMES_PER_SCENE - 1),
        "name": scene.name,
        "description": scene.description,
    }


def _neighbours(table: str, scene: DemoScene, frame: int) -> Row:
    last = FRAMES_PER_SCENE - 1
    return {
        "prev": token(table, scene.name, frame - 1) if frame > 0 else "",
        "next": token(table, scene.name, frame + 1) if frame < last else "",
    }


def _sample(scene: DemoScene, frame: int) -> Row:
    return {
        "token": token("sample", scene.name, frame),
        "timestamp": scene.timestamp_us(frame) + SAMPLE_LAG_US,
        **_neighbours("sample", scene, frame),
        "scene_token": token("scene", scene.name),
    }


def _sample_data(scene: DemoScene, frame: int) -> Row:
    return {
        "token": token("sample_data", scene.name, frame),
        "sample_token": token("sample", scene.name, frame),
        "ego_pose_token": token("sample_data", scene.name, frame),
        "calibrated_sensor_token": token("calibrated_sensor", scene.log.logfile),
        "timestamp": scene.timestamp_us(frame),
        "fileformat": "jpg",
        "is_key_frame": True,
        "height": HEIGHT_PX,
        "width": WIDTH_PX,
        "filename": scene.filename(frame),
        **_neighbours("sample_data", scene, frame),
    }


def _ego_pose(scene: DemoScene, frame: int) -> Row:
    return {
        "token": token("sample_data", scene.name, frame),
        "timestamp": scene.timestamp_us(frame),
        "rotation": list(yaw_quaternion(scene.origin.yaw_rad)),
        "translation": scene.origin.to_global(scene.ego_along_m(frame), 0.0, 0.0),
    }


def _instances_and_annotations() -> tuple[list[Row], list[Row]]:
    instances: list[Row] = []
    annotations: list[Row] = []
    for scene in scenes():
        for thing in scene.things:
            frames = annotated_frames(scene, thing)
            if frames:
                instances.append(_instance(scene, thing, frames))
                annotations += [_annotation(scene, thing, frames, k) for k in range(len(frames))]
    return instances, annotations


def _instance(scene: DemoScene, thing: Thing, frames: list[int]) -> Row:
    return {
        "token": token("instance", scene.name, thing.name),
        "category_token": token("category", KINDS[thing.kind].category),
        "nbr_annotations": len(frames),
        "first_annotation_token": token("sample_annotation", scene.name, thing.name, frames[0]),
        "last_annotation_token": token("sample_annotation", scene.name, thing.name, frames[-1]),
    }


def _annotation(scene: DemoScene, thing: Thing, frames: list[int], k: int) -> Row:
    frame, place = frames[k], thing.place(frames[k], scene.street)

    def of(index: int) -> str:
        return token("sample_annotation", scene.name, thing.name, frames[index])

    return {
        "token": of(k),
        "sample_token": token("sample", scene.name, frame),
        "instance_token": token("instance", scene.name, thing.name),
        "visibility_token": visibility_token(scene, thing, frame),
        "attribute_tokens": [token("attribute", name) for name in attributes(thing, frame)],
        "translation": scene.origin.to_global(place.along_m, place.left_m, thing.box_m[2] / 2),
        "size": list(thing.box_m),
        "rotation": list(yaw_quaternion(scene.origin.yaw_rad + place.yaw_rad)),
        "prev": of(k - 1) if k > 0 else "",
        "next": of(k + 1) if k + 1 < len(frames) else "",
        "num_lidar_pts": lidar_points(scene, thing, frame),
        "num_radar_pts": 0,
    }


def attributes(thing: Thing, frame: int) -> list[str]:
    """The nuScenes attribute of a thing at a frame; none for cones, barriers, debris and animals."""
    category = KINDS[thing.kind].category or ""
    moves = thing.step_m(frame) > MOVING_M_PER_FRAME
    if category == "vehicle.motorcycle":
        return ["cycle.with_rider"]
    if category.startswith("vehicle"):
        return ["vehicle.parked" if thing.parked else "vehicle.moving" if moves else "vehicle.stopped"]
    if category.startswith("human"):
        return ["pedestrian.moving" if moves else "pedestrian.standing"]
    return []
