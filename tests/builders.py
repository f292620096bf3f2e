"""Builders with keyword defaults: a small dataroot, a store with frames, people, proposals and reviews."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from data.frames.ingest import ingest
from data.frames.sampling import sample_frames
from data.people.accounts import add_person
from data.proposals.recorded_replies import propose_from_replies
from data.review.reviews import Decision, submit_review
from data.review.serving import ServedFrame, lease_frames, release_leases
from data.store.keys import draw_repeatably
from data.store.opening import Store, open_store
from data.store.tables import Person, Review
from data.verification.status import refresh_statuses
from data.vocabulary import ModelRole, PersonRole, TriageLevel

VERSION = "v1.0-test"
A, S, T = TriageLevel.AUTONOMY, TriageLevel.SUPERVISION, TriageLevel.TELEOPERATION
CAMERA_ROTATION = [0.5, -0.5, 0.5, -0.5]
INTRINSIC = [[1266.4, 0.0, 816.3], [0.0, 1266.4, 491.5], [0.0, 0.0, 1.0]]


def a_token(name: str) -> str:
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def a_picture(*, colour: tuple[int, int, int] = (120, 130, 140), size: tuple[int, int] = (160, 90)) -> bytes:
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
    """A dataroot whose scenes have so many keyframes; `boxes` by image file name. Every picture differs."""
    chosen = scenes if scenes is not None else {"scene-0001": 4, "scene-0002": 4}
    tables = _tables(chosen, description, boxes or {})
    (folder / version).mkdir(parents=True)
    (folder / "samples" / "CAM_FRONT").mkdir(parents=True)
    for name, rows in tables.items():
        (folder / version / f"{name}.json").write_text(json.dumps(rows, indent=0))
    for number, row in enumerate(tables["sample_data"]):
        (folder / row["filename"]).write_bytes(
            # A decoder stops before the number; without it the compression makes near colours the same file.
            a_picture(colour=(100 + number % 100, 120, 60 + number // 100)) + number.to_bytes(4, "big")
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
            "width": 1600,
            "height": 900,
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
    body = json.dumps({"reasoning": reasoning, "level": level.value, "action": action})
    return f"<think>\n{thought}\n</think>\n\n{body}" if thought else body


def replies_file(path: Path, replies: Mapping[str, str], *, role: ModelRole, model: str = "") -> Path:
    """A recorded-replies file: raw text by image file name."""
    rows = [
        {"filename": name, "role": role.value, "model": model or f"test-{role.value}", "raw": raw}
        for name, raw in replies.items()
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def new_store_url() -> str | None:
    """The database address of the next store that a test opens; None for an SQLite file in its folder. Tests marked
    `each_store` have another in its place."""
    return None


def an_empty_store(folder: Path, *, url: str | None = None) -> Store:
    """A new store without anything in it; `url` names its database where the test has one of its own."""
    store = open_store(folder, url=url or new_store_url(), create=True)
    draw_repeatably(store)
    if folder.is_dir():  # a test may have made it before; a store on PostgreSQL needs none
        folder.chmod(0o700)
    return store


def a_store(
    folder: Path,
    *,
    scenes: Mapping[str, int] | None = None,
    teacher: TriageLevel | Mapping[str, str] | None = S,
    student: TriageLevel | Mapping[str, str] | None = A,
    sampled: bool = True,
    url: str | None = None,
) -> Store:
    """A store with a dataroot's frames, all of them sampled, and with one reply per frame and role.

    teacher, student: one level for every frame, raw replies by file name, or None for no run.
    """
    chosen = scenes if scenes is not None else {"scene-0001": 4, "scene-0002": 4}
    dataroot = a_dataroot(folder / "dataroot", scenes=chosen)
    store = an_empty_store(folder / "workspace", url=url)
    ingest(store, dataroot, VERSION)
    if not sampled:
        return store
    total = sum(chosen.values())
    sample_frames(store, train=total, held_out=total, seed=0)
    names = [a_filename(scene, position) for scene, frames in chosen.items() for position in range(frames)]
    for role, said in ((ModelRole.TEACHER, teacher), (ModelRole.STUDENT, student)):
        if said is None:
            continue
        raw = {name: a_raw_reply(said) for name in names} if isinstance(said, TriageLevel) else said
        propose_from_replies(store, replies_file(folder / f"{role.value}.jsonl", raw, role=role), role=role)
    refresh_statuses(store)
    return store


def a_person(store: Store, name: str = "ada", role: PersonRole = PersonRole.ANNOTATOR) -> int:
    """The id of a new person, whose password is `password-NAME`."""
    person: Person = add_person(store, name, role, password=f"password-{name}")
    return int(person.id or 0)


def a_decision(served: ServedFrame | str, level: TriageLevel = S, **changes: Any) -> Decision:
    """A decision on a frame; without words where the level is the proposed one."""
    frame_id = served if isinstance(served, str) else served.frame.id
    fields: dict[str, Any] = {
        "token": a_token(f"{frame_id}-{changes.get('person', '')}-{level.value}"),
        "frame_id": frame_id,
        "level": level,
        "guideline_version": "test",
        "first_level": level,
        "reasoning": f"A person says {level.value}.",
        "action": "Do what fits.",
    }
    changes.pop("person", None)
    return Decision.model_validate({**fields, **changes})


def reviewed(store: Store, person_id: int, frame_id: str, level: TriageLevel, **changes: Any) -> Review:
    """One review, through the same lease and act as the app."""
    served = {one.frame.id: one for one in lease_frames(store, person_id, n=2000)}
    written = submit_review(
        store, person_id, a_decision(served[frame_id], level, person=person_id, **changes)
    )
    release_leases(store, person_id)
    return written


def frames_of(scene: str, frames: int = 4) -> list[str]:
    """The frame ids of a built scene, in time order."""
    return [a_token(f"frame-{scene}-{position}") for position in range(frames)]
