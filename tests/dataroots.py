"""A small dataroot, and replies to its frames, as a test needs them."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from data.images.model_picture import DEFAULT_WIDTH_PX, ModelPicture, model_picture
from data.vocabulary import ModelRole, TriageLevel

VERSION = "v1.0-test"
A, S, T = TriageLevel.AUTONOMY, TriageLevel.SUPERVISION, TriageLevel.TELEOPERATION
SHOWN_PX = (160, 96)
CAMERA_ROTATION = [0.5, -0.5, 0.5, -0.5]
INTRINSIC = [[126.64, 0.0, 81.63], [0.0, 126.64, 49.15], [0.0, 0.0, 1.0]]


def a_token(name: str) -> str:
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def a_model_picture() -> ModelPicture:
    """A drawn picture as a model is shown it."""
    return model_picture(a_picture(), "a picture", width_px=DEFAULT_WIDTH_PX)


def a_picture(*, colour: tuple[int, int, int] = (120, 130, 140), size: tuple[int, int] = SHOWN_PX) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


def a_box(*, category: str, ahead_m: float, left_m: float = 0.0) -> dict[str, Any]:
    return {"category": category, "translation": [ahead_m, left_m, 1.0], "size": [0.6, 0.6, 1.7]}


def a_filename(scene: str, position: int) -> str:
    return f"samples/CAM_FRONT/{scene}__CAM_FRONT__{position:03d}.jpg"


def a_dataroot(
    folder: Path,
    *,
    scenes: Mapping[str, int] | None = None,
    description: str = "Parked cars",
    boxes: Mapping[str, Sequence[dict[str, Any]]] | None = None,
    version: str = VERSION,
) -> Path:
    """A dataroot whose scenes have so many keyframes; `boxes` by image file name. Every picture differs, and
    has a size that models are shown as it is, so that its bytes and hash are those that an endpoint sees."""
    chosen = scenes if scenes is not None else {"scene-0001": 4, "scene-0002": 4}
    tables = _tables(chosen, description, boxes or {})
    (folder / version).mkdir(parents=True)
    (folder / "samples" / "CAM_FRONT").mkdir(parents=True)
    for name, rows in tables.items():
        (folder / version / f"{name}.json").write_text(json.dumps(rows, indent=0))
    for number, row in enumerate(tables["sample_data"]):
        (folder / row["filename"]).write_bytes(
            # A decoder stops before the number; without it the compression makes near colours the same file.
            a_picture(colour=(100 + number % 100, 120, 60 + number // 100), size=SHOWN_PX)
            + number.to_bytes(4, "big")
        )
    return folder


def _tables(
    scenes: Mapping[str, int], description: str, boxes: Mapping[str, Sequence[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    log, sensor, calibrated = a_token("log"), a_token("CAM_FRONT"), a_token("calibrated")
    tables: dict[str, list[dict[str, Any]]] = {
        "log": [{"token": log, "logfile": "n015-2018-07-24-11-22-45+0800", "location": "singapore-onenorth"}],
        "sensor": [{"token": sensor, "channel": "CAM_FRONT", "modality": "camera"}],
        "calibrated_sensor": [
            {
                "token": calibrated,
                "sensor_token": sensor,
                "translation": [1.7, 0.0, 1.5],
                "rotation": CAMERA_ROTATION,
                "camera_intrinsic": INTRINSIC,
            }
        ],
        **{
            name: []
            for name in ("scene", "sample", "sample_data", "ego_pose", "sample_annotation", "instance")
        },
        "category": [],
    }
    for number, (scene, frames) in enumerate(scenes.items()):
        token = a_token(scene)
        tables["scene"].append(
            {
                "token": token,
                "log_token": log,
                "name": scene,
                "description": description,
                "nbr_samples": frames,
            }
        )
        for position in range(frames):
            _add_keyframe(
                tables, scene, position, 1_532_402_927_000_000 + number * 10**9 + position * 500_000
            )
            for box in boxes.get(a_filename(scene, position), ()):
                _add_box(tables, scene, position, box)
    return tables


def _add_keyframe(tables: dict[str, list[dict[str, Any]]], scene: str, position: int, time_us: int) -> None:
    name = f"{scene}-{position}"
    pose = {
        "token": a_token(f"pose-{name}"),
        "translation": [0.0, 0.0, 0.0],
        "rotation": [1.0, 0.0, 0.0, 0.0],
    }
    tables["ego_pose"].append(pose)
    tables["sample"].append({"token": a_token(f"sample-{name}"), "scene_token": a_token(scene)})
    tables["sample_data"].append(
        {
            "token": a_token(f"frame-{name}"),
            "sample_token": a_token(f"sample-{name}"),
            "ego_pose_token": pose["token"],
            "calibrated_sensor_token": tables["calibrated_sensor"][0]["token"],
            "timestamp": time_us,
            "is_key_frame": True,
            "filename": a_filename(scene, position),
            "width": SHOWN_PX[0],
            "height": SHOWN_PX[1],
        }
    )


def _add_box(tables: dict[str, list[dict[str, Any]]], scene: str, position: int, box: dict[str, Any]) -> None:
    category = a_token(box["category"])
    if category not in {row["token"] for row in tables["category"]}:
        tables["category"].append({"token": category, "name": box["category"]})
    instance = a_token(f"instance-{len(tables['instance'])}")
    tables["instance"].append({"token": instance, "category_token": category})
    tables["sample_annotation"].append(
        {
            "sample_token": a_token(f"sample-{scene}-{position}"),
            "instance_token": instance,
            "translation": box["translation"],
            "size": box["size"],
            "rotation": [1.0, 0.0, 0.0, 0.0],
        }
    )


def a_raw_reply(
    level: TriageLevel = S,
    *,
    reasoning: str = "Cones narrow the lane.",
    action: str = "Watch the feed.",
    thought: str = "",
) -> str:
    body = json.dumps({"level": level.value, "reasoning": reasoning, "action": action})
    return f"<think>\n{thought}\n</think>\n\n{body}" if thought else body


def replies_file(path: Path, replies: Mapping[str, str], *, role: ModelRole, model: str = "") -> Path:
    """A recorded-replies file: raw text by image file name."""
    rows = [
        {"filename": name, "role": role.value, "model": model or f"test-{role.value}", "raw": raw}
        for name, raw in replies.items()
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


OTHER_CAMERAS = ("CAM_FRONT_LEFT", "CAM_FRONT_RIGHT", "CAM_BACK_LEFT", "CAM_BACK", "CAM_BACK_RIGHT")


def with_moments(dataroot: Path, scene: str, *, between: int = 5, version: str = VERSION) -> list[str]:
    """Give a scene of a small dataroot pictures between its keyframes, and the other cameras at them; returns the file
    names of the former. Tables are replaced, not written into: other dataroots may share their files."""
    tables = {name: json.loads((dataroot / version / f"{name}.json").read_text()) for name in _OF_MOMENTS}
    keyframes = [row for row in tables["sample_data"] if Path(row["filename"]).name.startswith(f"{scene}__")]
    there = {row["token"] for row in tables["sensor"]}
    for channel in [one for one in OTHER_CAMERAS if a_token(one) not in there]:
        tables["sensor"].append({"token": a_token(channel), "channel": channel, "modality": "camera"})
        tables["calibrated_sensor"].append(
            {
                **tables["calibrated_sensor"][0],
                "token": a_token(f"cs-{channel}"),
                "sensor_token": a_token(channel),
            }
        )
    sweeps: list[str] = []
    for number, row in enumerate(keyframes):
        for step in range(1, between + 1) if number + 1 < len(keyframes) else ():
            name = f"{scene}__CAM_FRONT__{number:03d}_{step}"
            taken_us = row["timestamp"] + step * 500_000 // (between + 1)
            sweep = {"token": a_token(name), "timestamp": taken_us, "is_key_frame": False}
            sweeps.append(_another(dataroot, tables, {**row, **sweep}, f"sweeps/CAM_FRONT/{name}.jpg"))
        for channel in OTHER_CAMERAS:
            name = f"{scene}__{channel}__{number:03d}"
            other = {"token": a_token(name), "calibrated_sensor_token": a_token(f"cs-{channel}")}
            _another(dataroot, tables, {**row, **other}, f"samples/{channel}/{name}.jpg")
    for table, rows in tables.items():
        path = dataroot / version / f"{table}.json"
        path.unlink()
        path.write_text(json.dumps(rows, indent=0))
    return sweeps


_OF_MOMENTS = ("sample_data", "sensor", "calibrated_sensor")


def _another(
    dataroot: Path, tables: dict[str, list[dict[str, Any]]], row: dict[str, Any], filename: str
) -> str:
    tables["sample_data"].append({**row, "filename": filename})
    (dataroot / filename).parent.mkdir(parents=True, exist_ok=True)
    colour = (40 + len(tables["sample_data"]) % 200, 90, 160)
    (dataroot / filename).write_bytes(a_picture(colour=colour, size=SHOWN_PX))
    return filename
