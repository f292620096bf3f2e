"""Builders for planned and generated clips: sweeps for a built dataroot, and a stand-in for NVIDIA's repository."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from data.frames.ingest import ingest
from data.frames.sampling import sample_frames
from data.hashing import file_hash
from data.proposals.recorded_replies import propose_from_replies
from data.scenarios.catalogue import read_catalogue
from data.scenarios.plan import Planned, PlanRequest, plan_clips
from data.scenarios.plan_folder import OUTPUTS, RUN
from data.scenarios.run_script import SUMS
from data.sources.nuscenes import nuscenes
from data.store.opening import Store
from data.verification.status import refresh_statuses
from data.vocabulary import ModelRole, Split
from tests.builders import VERSION, A, S, a_filename, a_raw_reply, a_store, a_token, replies_file
from tests.repository import ROOT

STAND_IN = Path(__file__).with_name("stand_in_generator.py")
STREET_PX = (160, 90)
SCENES = {"scene-0001": 8, "scene-0002": 8, "scene-0003": 8, "scene-0004": 8}


def with_sweeps(dataroot: Path, *, n: int = 5, version: str = VERSION) -> None:
    """Put n sweeps behind every keyframe, each with a picture of its own."""
    path = dataroot / version / "sample_data.json"
    rows = json.loads(path.read_text())
    (dataroot / "sweeps" / "CAM_FRONT").mkdir(parents=True)
    for number, row in enumerate(list(rows)):
        for step in range(1, n + 1):
            name = row["filename"].replace("samples/", "sweeps/").replace(".jpg", f"_{step}.jpg")
            sweep = {"token": a_token(name), "filename": name, "is_key_frame": False}
            rows.append({**row, **sweep, "timestamp": row["timestamp"] + step * 500_000 // (n + 1)})
            (dataroot / name).write_bytes(a_street(7 * number + step))
    path.write_text(json.dumps(rows, indent=0))


def _stated(path: Path, width: int, height: int) -> None:
    rows = json.loads(path.read_text())
    path.write_text(json.dumps([{**row, "width": width, "height": height} for row in rows], indent=0))


def a_street(number: int) -> bytes:
    """A picture with edges and dark shadows, so that it is neither fog nor rain nor night."""
    grain = np.random.default_rng(0).integers(0, 180, (45, 80, 1)).repeat(2, axis=0).repeat(2, axis=1)
    picture = grain + np.array([number % 70, 10, number // 70])
    out = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(out, "JPEG", quality=90)
    return out.getvalue() + number.to_bytes(4, "big")


def a_scenario_store(folder: Path, *, scenes: Mapping[str, int] | None = None) -> Store:
    """A store whose frames show streets by day: enough scenes to plan from on both sides."""
    chosen = SCENES if scenes is None else scenes
    store = a_store(folder, scenes=chosen, sampled=False)
    names = [a_filename(scene, place) for scene, n in chosen.items() for place in range(n)]
    for number, name in enumerate(names):
        (folder / "dataroot" / name).write_bytes(a_street(number))
    _stated(folder / "dataroot" / VERSION / "sample_data.json", *STREET_PX)
    ingest(store, nuscenes(folder / "dataroot", VERSION), recheck=True)
    sample_frames(store, train=3 * len(names), held_out=len(names), seed=0)
    for role, level in ((ModelRole.TEACHER, S), (ModelRole.STUDENT, A)):
        replies = replies_file(
            folder / f"{role.value}.jsonl", dict.fromkeys(names, a_raw_reply(level)), role=role
        )
        propose_from_replies(store, replies, role=role)
    refresh_statuses(store)
    return store


def a_plan(
    store: Store,
    folder: Path,
    *keys: str,
    clips: int = 1,
    variants: int = 1,
    split: Split = Split.TRAIN,
    frames: int = 93,
) -> Planned:
    chosen = read_catalogue().chosen(list(keys or ("fog",)))
    return plan_clips(store, PlanRequest(chosen, clips, variants, split, frames=frames), folder)


def generate(plan: Path) -> Path:
    """Run the plan's own run.sh against the stand-in; returns the outputs' folder."""
    checkout = plan.parent / "cosmos"
    (checkout / "examples").mkdir(parents=True, exist_ok=True)
    (checkout / "examples" / "inference.py").write_text(STAND_IN.read_text())
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "COSMOS": str(checkout), "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([str(plan / RUN)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return plan / OUTPUTS


def reseal(outputs: Path) -> None:
    """What an honest generator would have left: sums over the files as they are now."""
    files = sorted(path for path in outputs.iterdir() if path.is_file() and path.name != SUMS)
    (outputs / SUMS).write_text("".join(f"{file_hash(path)}  {path.name}\n" for path in files))
