"""What an ingest of nuScenes costs: its tables through the port, beside the reader before there was a port and beside
nuscenes-devkit's loader, CPU seconds and peak memory of a process each; and pictures, as a person ingests them.

`make bench-ingest SCENES=850`; one JSON object on the last line. Ratios are theirs ÷ ours, medians of rounds in which
ours and theirs take turns; `port_ratio` above 1 is a port that costs less than the reader before it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from tests.benchmarks.true_scale import IMAGE_PX, SAMPLES, SCENES, VERSION, write_dataroot
from tests.repository import ROOT

BEFORE_THE_PORT = "0f34948"
ROUNDS = 3
PICTURED_SCENES = 20
PORT = """
from pathlib import Path
from data.sources.checking import Checker
from data.sources.nuscenes import nuscenes
scenes = list(Checker().checked(nuscenes(Path(root), version).scenes()))
found = [sum(len(scene.frames) for scene in scenes)]
found.append(sum(len(frame.boxes) for scene in scenes for frame in scene.frames))
"""
BEFORE = """
from pathlib import Path
from data.nuscenes.scenes import read_scenes
scenes = read_scenes(Path(root), version)
found = [sum(len(scene.keyframes) for scene in scenes)]
found.append(sum(len(frame.boxes) for scene in scenes for frame in scene.keyframes))
"""
DEVKIT = """
from nuscenes.nuscenes import NuScenes
tables = NuScenes(version=version, dataroot=root, verbose=False)
found = [len(tables.sample), len(tables.sample_annotation)]
"""
PICTURES = """
import os, resource, time
from pathlib import Path
from data.frames.ingest import ingest
from data.sources.nuscenes import nuscenes
from data.store import open_store
store = open_store(Path(root) / "workspace", create=True)
before, begun = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
done = ingest(store, nuscenes(Path(root), version))
wall_s, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
assert not done.set_aside, done.set_aside
spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
found = [done.added, wall_s, spent_s, os.cpu_count()]
"""
FIGURES = """
import resource, json
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"found": found, "cpu_s": used.ru_utime + used.ru_stime, "peak_gb": used.ru_maxrss / 1e6}))
"""
Figures = dict[str, Any]


def measure(program: str, root: Path, code: Path = ROOT) -> Figures:
    """Run a program in a process of its own, its imports included. code: the folder that `data` is imported from."""
    source = f"root, version = {str(root)!r}, {VERSION!r}\n{program}{FIGURES}"
    command = [sys.executable, "-c", source]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=code)
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def code_before(folder: Path) -> Path | None:
    """The packages as they were before the port; None where the history is not here, as in a shallow clone."""
    command = ["git", "-C", str(ROOT), "archive", BEFORE_THE_PORT, "data", "pyproject.toml"]
    archive = subprocess.run(command, check=False, capture_output=True)
    if archive.returncode:
        return None
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


def bench(scenes: int, folder: Path, rounds: int = ROUNDS, pictured: int = PICTURED_SCENES) -> Figures:
    """Write the tables, read them every way in turn, and compare; then ingest pictures."""
    root = folder / "dataroot"
    print(f"Writing tables of {scenes} scenes …", file=sys.stderr)
    rows = write_dataroot(root, scenes)
    before = code_before(folder / "before")
    runs: dict[str, list[Figures]] = {"port": [], "before": [], "devkit": []}
    for number in range(1, rounds + 1):
        print(f"Reading them, round {number} of {rounds} …", file=sys.stderr)
        runs["port"].append(measure(PORT, root))
        runs["before"] += [] if before is None else [measure(BEFORE, root, before)]
        runs["devkit"].append(measure(DEVKIT, root))
    read = {name: _median(some) for name, some in runs.items() if some}
    return {
        "scenes": scenes,
        "frames": rows["sample"],
        "sample_data": rows["sample_data"],
        "boxes": rows["sample_annotation"],
        "rounds": rounds,
        **read,
        "cpu_ratio": _ratio(read["devkit"], read["port"], "cpu_s"),
        "memory_ratio": _ratio(read["devkit"], read["port"], "peak_gb"),
        "port_ratio": _ratio(read["before"], read["port"], "cpu_s") if before else None,
        "port_memory_ratio": _ratio(read["before"], read["port"], "peak_gb") if before else None,
        **ingested(folder / "pictured", pictured, tables_s=read["port"]["cpu_s"] * SCENES / scenes),
    }


def ingested(root: Path, scenes: int, tables_s: float) -> Figures:
    """What pictures cost in an ingest into a new store. tables_s: what the tables of the whole set take."""
    print(f"Drawing and ingesting the pictures of {scenes} scenes …", file=sys.stderr)
    write_dataroot(root, scenes)
    draw_pictures(root, min(8, 2 * scenes))
    n, wall_s, spent_s, cores = measure(PICTURES, root)["found"]
    return {
        "pictures": n,
        "cores": cores,
        "picture_cpu_ms": round(1000 * spent_s / n, 2),
        "pictures_per_s": round(n / wall_s, 1),
        "whole_set_minutes": round((SAMPLES * wall_s / n + tables_s) / 60, 2),
    }


def draw_pictures(root: Path, different: int) -> None:
    """A picture of the stated size and of a real one's weight for every keyframe of the front camera."""
    (root / "samples" / "CAM_FRONT").mkdir(parents=True)
    noise = np.random.default_rng(0)
    drawn = []
    for _ in range(different):
        pixels = noise.integers(0, 256, (30, 53, 3)).astype(np.uint8)
        fine = noise.normal(0, 3, (IMAGE_PX[1], IMAGE_PX[0], 1))
        smooth = np.asarray(Image.fromarray(pixels).resize(IMAGE_PX, Image.Resampling.BICUBIC), dtype=float)
        picture = root / "drawn.jpg"
        Image.fromarray(np.clip(smooth + fine, 0, 255).astype(np.uint8)).save(picture, quality=70)
        drawn.append(picture.read_bytes())
    rows = json.loads((root / VERSION / "sample_data.json").read_text())
    keyframes = [row for row in rows if row["is_key_frame"] and "/CAM_FRONT/" in row["filename"]]
    for number, row in enumerate(keyframes):
        content = drawn[number % len(drawn)] + number.to_bytes(4, "big")  # a decoder stops before the number
        (root / row["filename"]).write_bytes(content)


def _median(runs: list[Figures]) -> Figures:
    return {name: round(median(one[name] for one in runs), 3) for name in ("cpu_s", "peak_gb")} | {
        "found": runs[0]["found"]
    }


def _ratio(theirs: Figures, ours: Figures, name: str) -> float:
    return round(float(theirs[name]) / float(ours[name]), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=int(os.environ.get("SCENES", SCENES)))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--pictured", type=int, default=PICTURED_SCENES, help="Scenes whose pictures are drawn."
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="teletriage-bench-") as folder:
        print(json.dumps(bench(asked.scenes, Path(folder), asked.rounds, asked.pictured)))


if __name__ == "__main__":
    main()
