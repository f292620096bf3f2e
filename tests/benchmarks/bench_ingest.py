"""What reading a dataroot costs, ours against nuscenes-devkit's loader: CPU seconds and peak memory of a process each.

`make bench-ingest SCENES=850`; one JSON object on the last line, ratios are devkit ÷ ours.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.true_scale import SCENES, VERSION, write_dataroot

OURS = """
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
FIGURES = """
import resource, json
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"found": found, "cpu_s": used.ru_utime + used.ru_stime, "peak_gb": used.ru_maxrss / 1e6}))
"""


def measure(program: str, root: Path) -> dict[str, float]:
    """Run a reader in a process of its own, its imports included."""
    source = f"root, version = {str(root)!r}, {VERSION!r}\n{program}{FIGURES}"
    done = subprocess.run([sys.executable, "-c", source], check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def bench(scenes: int, folder: Path) -> dict[str, object]:
    """Write the tables, read them both ways, and compare."""
    root = folder / "dataroot"
    print(f"Writing tables of {scenes} scenes …", file=sys.stderr)
    rows = write_dataroot(root, scenes)
    print("Reading them, ours and then nuscenes-devkit …", file=sys.stderr)
    ours, devkit = measure(OURS, root), measure(DEVKIT, root)
    return {
        "scenes": scenes,
        "frames": rows["sample"],
        "sample_data": rows["sample_data"],
        "boxes": rows["sample_annotation"],
        "ours": ours,
        "devkit": devkit,
        "cpu_ratio": round(devkit["cpu_s"] / ours["cpu_s"], 2),
        "memory_ratio": round(devkit["peak_gb"] / ours["peak_gb"], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=int(os.environ.get("SCENES", SCENES)))
    scenes: int = parser.parse_args().scenes
    with tempfile.TemporaryDirectory(prefix="teletriage-bench-") as folder:
        print(json.dumps(bench(scenes, Path(folder))))


if __name__ == "__main__":
    main()
