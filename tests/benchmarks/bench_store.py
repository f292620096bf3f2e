"""How long taking the next frames and writing a review take in a store of 100,000 frames, on SQLite and PostgreSQL.

One person after another takes eight frames and decides on thirty of them, on durable stores (`synchronous=FULL`,
`fsync=on`). CPU is this process's own; on PostgreSQL the server's comes on top. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from sqlmodel import Session

from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.store.opening import Store, open_store
from data.store.sealing import insert_rows
from data.store.tables import Dataset, Frame, FrameStatus, ModelRun, Proposal, SampledFrame, Sampling, Scene
from data.vocabulary import ModelRole, Split, TriageLevel, VerificationState
from tests.benchmarks.bench_review import percentile
from tests.builders import a_decision, a_person, a_token
from tests.postgresql import BIN, MISSING, Cluster

SCENE_FRAMES, BLOCK, HELD = 40, 5000, 8


def fill(store: Store, frames: int) -> None:
    """So many sampled training frames, each with a proposal, waiting in a random order."""
    chance = random.Random(0)
    with store.write() as session:
        session.add(Dataset(id=1, name="v", dataroot="/nowhere", ingested_at_us=0))
        session.add(Sampling(id=1, seed=0, parameters={}, sampled_at_us=0))
        session.add(
            ModelRun(
                id="teacher",
                name="teacher",
                role=ModelRole.TEACHER,
                model="m",
                source="recorded",
                question_hash="q",
                parameters={},
                created_at_us=1,
            )
        )
        session.flush()
        for number in range(-(-frames // SCENE_FRAMES)):
            session.add(
                Scene(
                    id=f"s{number}", dataset_id=1, name=f"s{number}", description="", log_name="", location=""
                )
            )
        session.flush()
        for first in range(0, frames, BLOCK):
            _block(session, range(first, min(frames, first + BLOCK)), chance)
    if not store.is_sqlite:
        with store.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")


def _block(session: Session, numbers: range, chance: random.Random) -> None:
    ids = {number: a_token(str(number)) for number in numbers}
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (
            Frame,
            [
                {
                    "id": ids[n],
                    "scene_id": f"s{n // SCENE_FRAMES}",
                    "position": n % SCENE_FRAMES,
                    "captured_at_us": n,
                    "filename": f"{n}.jpg",
                    "boxes": {},
                    "cues": {},
                    "ego_x_m": 0.0,
                    "ego_y_m": 0.0,
                }
                for n in numbers
            ],
        ),
        (
            SampledFrame,
            [
                {"frame_id": ids[n], "sampling_id": 1, "split": Split.TRAIN, "inclusion_probability": 1.0}
                for n in numbers
            ],
        ),
        (
            Proposal,
            [
                {
                    "run_id": "teacher",
                    "frame_id": ids[n],
                    "raw": "",
                    "level": TriageLevel.SUPERVISION,
                    "reasoning": "Cones narrow the lane.",
                    "action": "Watch the feed.",
                    "answered_at_us": 1,
                }
                for n in numbers
            ],
        ),
        (
            FrameStatus,
            [
                {
                    "frame_id": ids[n],
                    "split": Split.TRAIN,
                    "state": VerificationState.AWAITING,
                    "reviews_needed": 1,
                    "priority": chance.random(),
                    "priority_terms": {},
                    "is_audit": False,
                }
                for n in numbers
            ],
        ),
    ]
    for table, values in rows:
        insert_rows(session, table, values)


def timed(act: Callable[[], Any], into: list[tuple[float, float]]) -> Any:
    """What the act returns; its wall clock and CPU go into the list, in ms."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = act()
    into.append(((time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3))
    return result


def measure(store: Store, people: int, decisions: int) -> dict[str, Any]:
    taken, written = list[tuple[float, float]](), list[tuple[float, float]]()
    for number in range(people):
        person = a_person(store, f"person-{number}")

        def take(person: int = person) -> Any:
            return timed(lambda: lease_frames(store, person, n=HELD), taken)

        served = take()
        for _ in range(decisions):
            decision = a_decision(served[0], TriageLevel.SUPERVISION, person=person)
            timed(partial(submit_review, store, person, decision), written)
            served = take()
    return {"next": _figures(taken), "review": _figures(written)}


def _figures(times: list[tuple[float, float]]) -> dict[str, float]:
    walls, cpus = [wall for wall, _ in times], [cpu for _, cpu in times]
    return {
        "p50_ms": round(median(walls), 1),
        "p95_ms": round(percentile(walls, 0.95), 1),
        "cpu_p50_ms": round(median(cpus), 1),
        "n": len(times),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--decisions", type=int, default=30, help="by each person")
    chosen = parser.parse_args()
    found: dict[str, Any] = {"frames": chosen.frames}
    with tempfile.TemporaryDirectory(prefix="bench-store-") as folder:
        store = open_store(Path(folder), create=True)
        fill(store, chosen.frames)
        found["sqlite"] = measure(store, chosen.people, chosen.decisions)
        store.close()
    if BIN is None:
        print(MISSING, file=sys.stderr)
    else:
        cluster = Cluster(durable=True)
        try:
            store = open_store(Path(), url=cluster.bare_database())
            fill(store, chosen.frames)
            found["postgresql"] = measure(store, chosen.people, chosen.decisions)
            store.close()
        finally:
            cluster.remove()
    print(json.dumps({**found, "load_average": round(os.getloadavg()[0], 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
