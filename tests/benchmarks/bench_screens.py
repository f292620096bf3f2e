"""How long leads wait at 100,000 frames and 500,000 reviews: `make bench-screens`.

Each figure is what a screen computes before it draws: seconds of the first look of a process, which reads every
review, and of the next. `next_frames_ms` is the time to lease a frame (median and worst of `LEASES`). A store is
written first, into the workspace or, with --store, into an empty database; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from annotator.screens.lead.overview import matters
from data.overview.contested import contested_frames
from data.overview.forecast import forecast
from data.overview.frame_history import next_in_line
from data.overview.progress import progress
from data.overview.review_columns import standing_reviews
from data.review.serving import lease_frames, release_leases
from data.store.opening import STORE_FILE, Store, open_store
from data.store.tables import Person
from eval.agreement.from_store import agreement
from eval.annotators.from_store import people_summary
from eval.certificate.from_store import trust
from tests.benchmarks.large_store import PEOPLE, large_store

LEASES = 40


def seconds(act: Callable[[], Any]) -> dict[str, float]:
    """Wall and CPU seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return {"wall_s": round(time.perf_counter() - wall, 2), "cpu_s": round(time.process_time() - cpu, 2)}


def read_everything(store: Store) -> None:
    with store.read() as session:
        standing_reviews(session, now_us=store.now_us(session))


def screens(store: Store) -> dict[str, dict[str, float]]:
    """What each of the leads' screens computes; the first line is what a process pays once."""
    lead = PEOPLE + 1
    with store.read() as session:
        person = session.get_one(Person, lead)
    acts: dict[str, Callable[[], Any]] = {
        "every review, once per process": lambda: read_everything(store),
        "overview": lambda: matters(store, person),
        "overview again": lambda: matters(store, person),
        "progress": lambda: (progress(store), forecast(store)),
        "adjudicate": lambda: contested_frames(store),
        "agreement": lambda: agreement(store),
        "annotators": lambda: people_summary(store),
        "trust": lambda: trust(store),
        "frame": lambda: next_in_line(store, lead),
    }
    found = {}
    for name, act in acts.items():
        found[name] = seconds(act)
        print(f"{name:32} {found[name]}", file=sys.stderr)
    return found


def leases(store: Store) -> dict[str, float]:
    """Milliseconds to take the next frame, for people in turn."""
    times = []
    for number in range(LEASES):
        person_id = 2 + number % (PEOPLE - 1)
        begun = time.perf_counter()
        lease_frames(store, person_id, n=1)
        times.append(1000 * (time.perf_counter() - begun))
        release_leases(store, person_id)
    return {"median": round(statistics.median(times), 1), "worst": round(max(times), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--reviews", type=int, default=500_000)
    parser.add_argument("--store", help="an empty database to use instead of a SQLite file")
    parser.add_argument(
        "--workspace", type=Path, help="where the store is kept and, if it is there, used again"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="teletriage-bench-") as folder:
        workspace = given.workspace or Path(folder)
        if (workspace / STORE_FILE).is_file():
            store = open_store(workspace)
        else:
            print(f"Writing {given.frames:,} frames and {given.reviews:,} reviews …", file=sys.stderr)
            store = large_store(workspace, frames=given.frames, reviews=given.reviews, url=given.store)
        figures = {
            "frames": given.frames,
            "reviews": given.reviews,
            "store": store.engine.dialect.name,
            "screens": screens(store),
            "next_frames_ms": leases(store),
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
