"""How long it takes to find frames like one among 100,000, and how good the weightless descriptor's answers are.

Speed: the whole answer (the query's vector, its similarity to every frame, the ten nearest), on random vectors of unit
length in a memory-mapped file, for each number of dimensions. Quality: on the demo's drives, which share of the ten
nearest frames are of the same scene, and of the same planted situation, beside the most that could be reached and what
chance reaches. The demo is drawn, and its scenes differ more than streets of one city do. Shortcuts: how often chance
is called a finding, on drawn projects. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlmodel import select

from data.alike.embed import embed_locally
from data.alike.frames import pictured_frames
from data.alike.maker import Maker
from data.alike.more_like import neighbours
from data.alike.search import Floats, largest
from data.alike.stacks import duplicate_distance, stack_numbers
from data.alike.vectors import Vectors, current_vectors
from data.alike.writing import vector_writer
from data.demo import VERSION, build_dataroot
from data.demo.truth import NARRATIVES
from data.frames.ingest import ingest
from data.sources.nuscenes import nuscenes
from data.store.opening import open_store
from data.store.tables import Scene
from tests.benchmarks.bench_review import percentile
from tests.eval.training_levels.shortcut_simulation import simulated

DIMS = (256, 512, 1024)
NEAREST = 10
BLOCK = 10_000


def speed(folder: Path, n: int, dims: int, asked: int) -> dict[str, float]:
    """Milliseconds of whole answers, and what they take of a processor (that does not grow when others use it too). The
    file is read once before, as a running app has."""
    rng = np.random.default_rng(dims)
    with vector_writer(folder, Maker("endpoint", f"random-{dims}", "1")) as writer:
        for first in range(0, n, BLOCK):
            rows = [(f"frame-{number}", "") for number in range(first, min(n, first + BLOCK))]
            writer.append(rows, rng.standard_normal((len(rows), dims), dtype=np.float32))
        writer.make_current()
    vectors = current_vectors(folder)
    assert vectors is not None
    vectors.similarities("frame-0")
    begun = time.process_time()
    took = [_answer_ms(vectors, f"frame-{number}") for number in rng.integers(n, size=asked)]
    used = (time.process_time() - begun) * 1e3 / asked
    return {
        f"alike_cpu_ms_{dims}": round(used, 1),
        f"alike_p50_ms_{dims}": round(percentile(took, 0.5), 1),
        f"alike_p95_ms_{dims}": round(percentile(took, 0.95), 1),
    }


def _answer_ms(vectors: Vectors, frame_id: str) -> float:
    begun = time.perf_counter()
    found = largest(vectors.similarities(frame_id), NEAREST + 1)
    took = (time.perf_counter() - begun) * 1e3
    assert vectors.frame_ids[found[0]] == frame_id
    return took


def quality(folder: Path) -> dict[str, float | int]:
    """Precision at ten on the demo, and how many frames stand on stacks."""
    build_dataroot(folder / "dataroot")
    store = open_store(folder, create=True)
    ingest(store, nuscenes(folder / "dataroot", VERSION))
    begun = time.perf_counter()
    embed_locally(store, folder)
    took = time.perf_counter() - begun
    vectors = current_vectors(folder)
    assert vectors is not None
    with store.read() as session:
        frames = pictured_frames(session)
        names = dict(session.exec(select(Scene.id, Scene.name)).all())
    found = neighbours(frames, vectors)
    scenes = [one.scene_id for one in frames]
    situations = [(one.scene_id, NARRATIVES[names[one.scene_id]].phase(one.position).first) for one in frames]
    most = duplicate_distance(found)
    numbers = stack_numbers(found, most)
    return {
        "demo_frames": len(frames),
        "embed_ms_a_frame": round(took / len(frames) * 1e3, 2),
        **precision("scene", found.vectors, scenes),
        **precision("situation", found.vectors, situations),
        "duplicate_distance": round(most or -1.0, 4),
        "frames_on_stacks": int((np.bincount(numbers, minlength=len(frames))[numbers] > 1).sum()),
    }


def precision(name: str, vectors: Floats, groups: Sequence[object]) -> dict[str, float]:
    """The share of each frame's ten nearest that are of its group: reached, the most that could be, and by chance."""
    similar = vectors @ vectors.T
    np.fill_diagonal(similar, -np.inf)
    nearest = np.argsort(-similar, axis=1, kind="stable")[:, :NEAREST]
    others = [count - 1 for count in map(Counter(groups).__getitem__, groups)]
    hits = [np.mean([groups[other] == groups[at] for other in row]) for at, row in enumerate(nearest)]
    return {
        f"precision_at_10_{name}": round(float(np.mean(hits)), 3),
        f"most_{name}": round(float(np.mean([min(NEAREST, one) / NEAREST for one in others])), 3),
        f"chance_{name}": round(float(np.mean(others)) / (len(groups) - 1), 3),
    }


def shortcuts(projects: int) -> dict[str, float | int]:
    """How often a trait without a say in levels is called a finding, one with a say is, and intervals hold the mean."""
    nothing, planted = simulated(projects), simulated(projects, effect=0.35)
    return {
        "shortcut_projects": projects,
        "shortcut_false_alarms": round(nothing.found, 4),
        "shortcut_found": round(planted.found, 4),
        "shortcut_coverage": round(planted.covered, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--asked", type=int, default=60)
    parser.add_argument("--projects", type=int, default=400, help="of each kind, for shortcuts")
    told = parser.parse_args()
    figures: dict[str, float | int] = {"n": told.frames, **shortcuts(told.projects)}
    with tempfile.TemporaryDirectory() as folder:
        figures |= quality(Path(folder) / "demo")
        for dims in DIMS:
            figures |= speed(Path(folder) / str(dims), told.frames, dims, told.asked)
            print(f"{dims} dimensions: p95 {figures[f'alike_p95_ms_{dims}']} ms", flush=True)
    figures["alike_p95_ms"] = max(figures[f"alike_p95_ms_{dims}"] for dims in DIMS)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
