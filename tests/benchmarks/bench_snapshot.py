"""What freezing a large store costs: seconds and peak memory of a process of its own.

`make bench-snapshot FRAMES=100000`; one JSON object on the last line. The frames' rows are generated with texts of
realistic lengths; pictures are named, not copied (`--images referenced`), so that the figure is the freezing's own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlmodel import SQLModel

from data.store.opening import Store, open_store
from data.vocabulary import (
    LEVELS,
    Mode,
    ModelRole,
    PersonRole,
    Split,
    TriageLevel,
    Verdict,
    VerificationState,
)

FRAMES = 100_000
FRAMES_PER_SCENE = 40
HELD_OUT_EVERY = 10
FREEZE = """
import json, resource, sys, time
from pathlib import Path
from data.snapshot.freeze import FreezeOptions, freeze
from data.store.opening import open_store
from data.vocabulary import ImageStorage
begun = time.monotonic()
manifest = freeze(open_store(Path(sys.argv[1])), Path(sys.argv[2]), FreezeOptions(images=ImageStorage.REFERENCED))
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": round(time.monotonic() - begun, 2),
    "cpu_s": round(used.ru_utime + used.ru_stime, 2),
    "peak_gb": round(used.ru_maxrss / 1e6, 3),
    "pairs": sum(manifest.pairs_by_weight.values()),
    "evaluation": sum(manifest.evaluation_by_level.values()),
    "snapshot_hash": manifest.snapshot_hash[:12],
}))
"""


def fill(store: Store, frames: int, images: Path) -> None:
    """A store in which every frame is verified; every tenth scene is held out."""
    folder = images / "samples" / "CAM_FRONT"
    folder.mkdir(parents=True)
    for number in range(frames):
        (folder / f"{number}.jpg").touch()
    rng = random.Random(0)
    with store.write() as session:
        connection = session.connection()
        for table, rows in _tables(rng, frames, images):
            for part in _parts(rows, 5000):
                connection.execute(SQLModel.metadata.tables[table].insert(), part)


def _parts(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def _tables(rng: random.Random, frames: int, images: Path) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    scenes = range(-(-frames // FRAMES_PER_SCENE))
    ids = [f"{number:032x}" for number in range(frames)]
    levels = [rng.choice(LEVELS) for _ in ids]
    yield (
        "dataset",
        [{"id": 1, "name": "v", "kind": "nuscenes", "dataroot": str(images), "ingested_at_us": 1}],
    )
    yield "scene", [_scene(number) for number in scenes]
    yield "frame", (_frame(rng, number, frame_id) for number, frame_id in enumerate(ids))
    yield "sampling", [{"id": 1, "seed": 0, "parameters": {}, "sampled_at_us": 1}]
    yield (
        "sampled_frame",
        (
            {"frame_id": one, "sampling_id": 1, "split": _split(number), "inclusion_probability": 0.3}
            for number, one in enumerate(ids)
        ),
    )
    yield "model_run", [_run(role) for role in (ModelRole.TEACHER, ModelRole.STUDENT)]
    yield (
        "proposal",
        (_proposal(rng, one, level, ModelRole.TEACHER) for one, level in zip(ids, levels, strict=True)),
    )
    yield "proposal", (_proposal(rng, one, rng.choice(LEVELS), ModelRole.STUDENT) for one in ids)
    yield "person", [_person(number) for number in (1, 2)]
    yield "review", _reviews(ids, levels)
    yield (
        "frame_status",
        (
            {
                "frame_id": one,
                "split": _split(number),
                "state": VerificationState.VERIFIED,
                "level": levels[number],
                "reviews_needed": 0,
                "priority": 0.0,
                "priority_terms": {},
                "is_audit": False,
            }
            for number, one in enumerate(ids)
        ),
    )


def _split(number: int) -> Split:
    return Split.HELD_OUT if number // FRAMES_PER_SCENE % HELD_OUT_EVERY == 0 else Split.TRAIN


def _scene(number: int) -> dict[str, Any]:
    place = {"log_name": "log", "location": "here", "utc_offset_min": 0, "split": _split(number * 40)}
    return {
        "id": f"scene{number:06}",
        "dataset_id": 1,
        "name": f"scene-{number:04}",
        "description": "A street.",
        **place,
    }


def _frame(rng: random.Random, number: int, frame_id: str) -> dict[str, Any]:
    return {
        "id": frame_id,
        "scene_id": f"scene{number // FRAMES_PER_SCENE:06}",
        "position": number % FRAMES_PER_SCENE,
        "captured_at_us": number,
        "filename": f"samples/CAM_FRONT/{number}.jpg",
        "width_px": 1600,
        "height_px": 900,
        "image_sha256": rng.randbytes(32).hex(),
        "image_fingerprint": rng.randbytes(32).hex(),
        "set_aside": None,
        "set_aside_detail": None,
        "boxes": {"vehicle.car": 12, "human.pedestrian.adult": 3, "movable_object.barrier": 7},
        "cues": {"intersection": "The planned path crosses another lane within 40 m."},
        "pixels": {"median_luma": 101.0, "edge_energy": 12.5, "black_level": 9.0, "sun_share": 0.0},
        "ego_x_m": 0.0,
        "ego_y_m": 0.0,
    }


def _run(role: ModelRole) -> dict[str, Any]:
    named = {"id": role.value, "name": role.value, "role": role, "model": role.value, "revision": None}
    asked = {"source": "recorded", "question_hash": "recorded", "parameters": {}, "created_at_us": 1}
    return {**named, **asked}


def _proposal(rng: random.Random, frame_id: str, level: TriageLevel, role: ModelRole) -> dict[str, Any]:
    thought = f"{rng.random()} " + "The lane ahead is narrowed by cones. " * 20
    reasoning = f"Cones narrow the lane {rng.random()}, and a worker stands beside it near the kerb." * 2
    is_teacher = role is ModelRole.TEACHER
    return {
        "run_id": role.value,
        "frame_id": frame_id,
        "raw": f"<think>{thought}</think>{reasoning}" if is_teacher else reasoning,
        "chain_of_thought": thought if is_teacher else None,
        "level": level,
        "reasoning": reasoning,
        "action": "Watch the feed and be ready to take over.",
        "level_probabilities": [0.2, 0.5, 0.3],
        "answered_at_us": 1,
    }


def _person(number: int) -> dict[str, Any]:
    flags = {"password_hash": None, "is_scripted": True, "is_disabled": False, "created_at_us": 1}
    return {
        "id": number,
        "name": f"scripted-{number}",
        "display_name": str(number),
        "role": PersonRole.ANNOTATOR,
        **flags,
    }


def _reviews(ids: list[str], levels: list[TriageLevel]) -> Iterator[dict[str, Any]]:
    """Two agreeing reviews of every frame, every third in the person's own words."""
    for number, (frame_id, level) in enumerate(zip(ids, levels, strict=True)):
        for person in (1, 2):
            own = (number + person) % 3 == 0
            yield {
                "token": f"{frame_id}-{person}",
                "frame_id": frame_id,
                "person_id": person,
                "mode": Mode.BLIND if _split(number) is Split.HELD_OUT else Mode.ASSISTED,
                "verdict": Verdict.CORRECT if own else Verdict.ACCEPT,
                "level": level,
                "reasoning": f"A person says it is {level.value} in frame {number}." if own else None,
                "action": "Slow down and wait for the worker." if own else None,
                "guideline_version": "g",
                "reviewed_at_us": number,
            }


def bench(frames: int, folder: Path) -> dict[str, object]:
    """Fill a store, freeze it, and say what that took."""
    print(f"Writing a store of {frames:,} verified frames …", file=sys.stderr)
    store = open_store(folder / "workspace", create=True)
    fill(store, frames, folder / "dataroot")
    store.close()
    print("Freezing …", file=sys.stderr)
    command = [sys.executable, "-c", FREEZE, str(folder / "workspace"), str(folder / "snapshot")]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return {"frames": frames, **figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=int(os.environ.get("FRAMES", FRAMES)))
    frames: int = parser.parse_args().frames
    with tempfile.TemporaryDirectory(prefix="teletriage-bench-") as folder:
        print(json.dumps(bench(frames, Path(folder))))


if __name__ == "__main__":
    main()
