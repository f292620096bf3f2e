"""How long leads wait for frames at 100,000 frames and 500,000 reviews: `make bench-find`.

On SQLite and PostgreSQL each, warm, as the app's own routes answer while somebody decides on frames now and then: pages
behind the first of every kind of question (`next_page_p95_ms`), counts of every value (`counts_p95_ms`), pages of words
(`text_p95_ms`), and frames like one by vectors of 512 numbers (`alike_p95_ms`). `cold_s` is what the first question
of a process takes. In Chromium, in front of the served app: `first_page_p95_ms` from a press on a filter until every
picture in sight is there, of questions that were asked before; `picture_p95_ms` from an arrow key until the next large
picture is; `keys_lost` of 2,000 presses while the grid scrolls. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from sqlmodel import select

from annotator.frame_grid import routes
from annotator.web.low_latency import SWITCH_INTERVAL_S
from data.alike.maker import Maker
from data.alike.writing import vector_writer
from data.find.pages import find_frames
from data.find.question import from_address
from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.store.opening import Store, open_store
from data.store.tables import Frame
from data.vocabulary import TriageLevel
from tests.benchmarks.bench_review import percentile
from tests.benchmarks.frames_looked_at import look
from tests.benchmarks.large_store import PEOPLE, large_store
from tests.builders import a_decision
from tests.postgresql import BIN, MISSING, Cluster

LEAD = PEOPLE + 1
PAGES = 4
DIMS, BLOCK = 512, 10_000
QUESTIONS = (
    "",
    "state=contested&cue=night&cue=rain",
    "proposed=AUTONOMY&said=TELEOPERATION",
    "cell=SUPERVISION:TELEOPERATION&split=train",
    "person=annotator-03&verdict=correct",
    "person=annotator-03&person=annotator-04",
    "level=TELEOPERATION&sort=-time",
    "student=AUTONOMY&disagreement=two_levels",
    "run=teacher:SUPERVISION&mode=blind",
    "scene=scene-0042",
    "location=boston-seaport&time=night&sort=seconds",
    "log=log-7",
    "reason=construction&mode=assisted&sort=disagreement",
    "gold=yes",
    "queue=first_1000",
    "queue=waiting&sort=teleoperation",
    "generated=no&levels=all",
    "cue=pedestrian_near&cue=intersection",
)
SEARCHES = (
    "words=pedestrian",
    "words=cyclist+crosses",
    "words=pedest*",
    "words=kerb&proposed=AUTONOMY",
    "words=delivery+van+blocks&state=contested",
    "words=slow+down",
    "words=977",
)


class Times:
    """Milliseconds by what was asked."""

    def __init__(self) -> None:
        self.ms: dict[str, list[float]] = {}

    def measure(self, name: str, act: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        result = act()
        self.ms.setdefault(name, []).append(1000 * (time.perf_counter() - begun))
        return result

    def figures(self) -> dict[str, Any]:
        p95 = {f"{name}_p95_ms": round(percentile(ms, 0.95), 1) for name, ms in self.ms.items()}
        return {**p95, "asked": {name: len(ms) for name, ms in self.ms.items()}}


def ask_everything(store: Store, rounds: int) -> dict[str, Any]:
    """Every question, its next pages and its counts, so many times; somebody decides between the rounds' questions."""
    times, begun = Times(), time.perf_counter()
    routes.page(store, LEAD, {"query": ""})
    cold_s = time.perf_counter() - begun
    decide = deciding(store)
    with vectors_of(store) as workspace:
        like = asking_alike(store, workspace, times)
        next(like)
        for _ in range(rounds):
            for query in QUESTIONS:
                next(decide)
                first = times.measure("page", partial(routes.page, store, LEAD, {"query": query}))
                after = first["after"]
                for _ in range(PAGES):
                    if after is not None:
                        body = {"query": query, "after": list(after)}
                        after = times.measure("next_page", partial(routes.page, store, LEAD, body))["after"]
                times.measure("counts", partial(routes.counts, store, LEAD, {"query": query}))
                next(like)
            for query in SEARCHES:
                times.measure("text", partial(routes.page, store, LEAD, {"query": query}))
    return {"cold_s": round(cold_s, 1), **times.figures()}


def asking_alike(store: Store, workspace: Path, times: Times) -> Iterator[None]:
    """Pages of frames like one drawn at random; the first one reads the vectors."""
    with store.read() as session:
        frame_ids = list(session.exec(select(Frame.id)))
    chance = np.random.default_rng(0)
    for number in count():
        question = from_address(f"like={frame_ids[chance.integers(len(frame_ids))]}")
        ask = partial(find_frames, store, LEAD, question, workspace=workspace)
        times.measure("alike" if number else "first_alike", ask)
        yield


@contextmanager
def vectors_of(store: Store) -> Iterator[Path]:
    """A workspace with random vectors of DIMS numbers for every frame."""
    chance = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(prefix="bench-find-alike-") as folder:
        with store.read() as session:
            frame_ids = list(session.exec(select(Frame.id)))
        with vector_writer(Path(folder), Maker("endpoint", "random", "1")) as writer:
            for start in range(0, len(frame_ids), BLOCK):
                rows = [(one, "") for one in frame_ids[start : start + BLOCK]]
                writer.append(rows, chance.standard_normal((len(rows), DIMS), dtype=np.float32))
            writer.make_current()
        yield Path(folder)


def deciding(store: Store) -> Iterator[None]:
    """One decision of an annotator after the other."""
    while True:
        for one in lease_frames(store, 2, n=8):
            submit_review(store, 2, a_decision(one, TriageLevel.SUPERVISION, person=2))
            yield


@contextmanager
def stores(frames: int, reviews: int, keep: Path | None) -> Iterator[Iterator[tuple[str, Store]]]:
    """Each store as it is needed; PostgreSQL only where it is installed."""
    with tempfile.TemporaryDirectory(prefix="bench-find-") as folder:
        yield _each(keep or Path(folder), frames, reviews)


def _each(workspace: Path, frames: int, reviews: int) -> Iterator[tuple[str, Store]]:
    is_there = (workspace / "store.db").is_file()
    store = open_store(workspace) if is_there else large_store(workspace, frames=frames, reviews=reviews)
    yield "sqlite", store
    store.close()
    if BIN is None:
        print(MISSING, file=sys.stderr)
        return
    cluster = Cluster(durable=True)
    try:
        store = large_store(Path(), frames=frames, reviews=reviews, url=cluster.bare_database())
        with store.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
        yield "postgresql", store
        store.close()
    finally:
        cluster.remove()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--reviews", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--workspace", type=Path, help="where the SQLite store is kept and, if it is there, used again"
    )
    chosen = parser.parse_args()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    found: dict[str, Any] = {"frames": chosen.frames, "reviews": chosen.reviews}
    with stores(chosen.frames, chosen.reviews, chosen.workspace) as each:
        for name, store in each:
            found[name] = ask_everything(store, chosen.rounds)
            print(f"{name}: {found[name]}", file=sys.stderr)
            in_browser = look(store)
            found[name] |= in_browser.pop("store")
            found |= in_browser
            print(f"{name} in Chromium: {in_browser} {found[name]}", file=sys.stderr)
    print(json.dumps({**found, "load_average": round(os.getloadavg()[0], 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
