"""How long leads wait for frames at 100,000 frames and 500,000 reviews: `make bench-find`.

On SQLite and PostgreSQL each, warm, as the app's own routes answer while somebody decides on frames now and then: pages
behind the first of every kind of question (`next_page_p95_ms`), counts of every value (`counts_p95_ms`), pages of words
(`text_p95_ms`), frames like one by vectors of 512 numbers (`alike_p95_ms`), pages of stacks with one frame each
(`stacked_p95_ms`) and which look-alikes the eight frames of a card may be judged with (`card_stacks_p95_ms`).
`cpu_p95_ms` is what those take of a processor, which does not grow with other work on the machine; it counts what the
process reads beside them. `cold_s` is what the first question of a process takes. In Chromium, in front of the served
app: `first_page_p95_ms` from a press on a filter until every picture in sight is there, of questions that were asked
before; `picture_p95_ms` from an arrow key until the next large picture is; `keys_lost` of 2,000 presses while the grid
scrolls. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlmodel import col, delete, select

from annotator.frame_grid import routes
from annotator.web.low_latency import SWITCH_INTERVAL_S
from data.alike.maker import Maker
from data.alike.vectors import FOLDER, STACKS
from data.alike.writing import vector_writer
from data.find.pages import find_frames
from data.find.question import from_address
from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.review.stack.frames import companions
from data.store.opening import STORE_FILE, Store, open_store
from data.store.tables import Frame, FrameStack
from data.vocabulary import TriageLevel
from tests.benchmarks.bench_review import percentile
from tests.benchmarks.frames_looked_at import look
from tests.benchmarks.large_store import PEOPLE, large_store
from tests.builders import a_decision
from tests.postgresql import BIN, MISSING, Cluster

LEAD = PEOPLE + 1
SQLITE, POSTGRESQL = "sqlite", "postgresql"
PAGES = 4
ON_A_CARD = 8
STANDS = range(8, 32)
"""Positions at which the vehicle stands in every third scene."""
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
STACKED = ("stacks=one", "stacks=one&state=awaiting", "stacks=one&cue=night&sort=time")


class Times:
    """Milliseconds by what was asked."""

    def __init__(self) -> None:
        self.ms: dict[str, list[float]] = {}
        self.cpu_ms: dict[str, list[float]] = {}

    def measure(self, name: str, act: Callable[[], Any]) -> Any:
        begun, used = time.perf_counter(), time.process_time()
        result = act()
        self.ms.setdefault(name, []).append(1000 * (time.perf_counter() - begun))
        self.cpu_ms.setdefault(name, []).append(1000 * (time.process_time() - used))
        return result

    def figures(self) -> dict[str, Any]:
        p95 = {f"{name}_p95_ms": round(percentile(ms, 0.95), 1) for name, ms in self.ms.items()}
        cpu = {name: round(percentile(ms, 0.95), 1) for name, ms in self.cpu_ms.items()}
        return {**p95, "cpu_p95_ms": cpu, "asked": {name: len(ms) for name, ms in self.ms.items()}}


def ask_everything(store: Store, rounds: int) -> dict[str, Any]:
    """Every question, its next pages and its counts, so many times; somebody decides between the rounds' questions."""
    times, begun = Times(), time.perf_counter()
    routes.page(store, LEAD, {"query": ""})
    cold_s = time.perf_counter() - begun
    decide = deciding(store)
    with vectors_of(store) as workspace:
        stand(store, workspace)
        like = asking_alike(store, workspace, times)
        next(like)
        stacks = asking_stacks(store, workspace, times)
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
                next(stacks)
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


def stand(store: Store, workspace: Path) -> None:
    """Stacks of frames in every third scene, as `teletriage embed` leaves them."""
    with store.read() as session:
        query = select(Frame.scene_id, Frame.position, Frame.id).where(col(Frame.position).in_(STANDS))
        frames = list(session.exec(query.order_by(Frame.scene_id, col(Frame.position))))
    chosen = sorted({scene for scene, _, _ in frames})[::3]
    first = {scene: one for scene, at, one in frames if at == STANDS[0]}
    wanted = set(chosen)
    rows = [{"frame_id": one, "first_id": first[scene]} for scene, _, one in frames if scene in wanted]
    with store.write() as session:
        session.exec(delete(FrameStack))
        session.connection().execute(insert(FrameStack), rows)
    (workspace / FOLDER / STACKS).write_text(f"{len(chosen)}\n", encoding="utf-8")


def asking_stacks(store: Store, workspace: Path, times: Times) -> Iterator[None]:
    """Pages of stacks with one frame each, the pages behind them, and the stacks of frames on an annotator's card."""
    with store.read() as session:
        stacked = list(session.exec(select(FrameStack.frame_id)))
    chance = np.random.default_rng(2)
    for number in count():
        question = from_address(STACKED[number % len(STACKED)])
        page = partial(find_frames, store, LEAD, question, workspace=workspace)
        found = times.measure("stacked" if number else "first_stacked", page)
        times.measure("stacked", partial(page, after=found.after))
        on_card = chance.choice(stacked, ON_A_CARD).tolist()
        times.measure("card_stacks", partial(stacks_on_card, store, 3, on_card))
        yield


def stacks_on_card(store: Store, person_id: int, frame_ids: Sequence[str]) -> int:
    """How many of the frames may be judged with look-alikes."""
    with store.read() as session:
        return len(companions(session, person_id, frame_ids, store.now_us(session)))


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
def stores(
    frames: int, reviews: int, wanted: Sequence[str], keep: Path | None
) -> Iterator[Iterator[tuple[str, Store]]]:
    """Each store as it is needed; PostgreSQL only where it is installed."""
    with tempfile.TemporaryDirectory(prefix="bench-find-") as folder:
        workspace = keep or Path(folder)
        workspace.mkdir(parents=True, exist_ok=True)
        workspace.chmod(0o711)  # PostgreSQL's account passes through
        yield _each(workspace, frames, reviews, wanted)


def _each(workspace: Path, frames: int, reviews: int, wanted: Sequence[str]) -> Iterator[tuple[str, Store]]:
    if SQLITE in wanted:
        is_there = (workspace / STORE_FILE).is_file()
        store = open_store(workspace) if is_there else large_store(workspace, frames=frames, reviews=reviews)
        yield SQLITE, store
        store.close()
    if POSTGRESQL not in wanted:
        return
    if BIN is None:
        print(MISSING, file=sys.stderr)
        return
    folder = workspace / POSTGRESQL
    is_there = folder.exists()
    cluster = Cluster(durable=True, folder=folder)
    try:
        store = _postgresql(cluster, is_there, frames, reviews)
        yield POSTGRESQL, store
        store.close()
    finally:
        cluster.stop(how="fast")


def _postgresql(cluster: Cluster, is_there: bool, frames: int, reviews: int) -> Store:
    """The cluster's only store, written where it is new."""
    if is_there:
        return open_store(Path(), url=cluster.url("bare_0"))
    store = large_store(Path(), frames=frames, reviews=reviews, url=cluster.bare_database())
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    return store


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--reviews", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--store", action="append", choices=(SQLITE, POSTGRESQL), help="default: both")
    parser.add_argument(
        "--no-browser", action="store_true", help="only what the app answers, not what Chromium shows"
    )
    parser.add_argument(
        "--workspace", type=Path, help="where the stores are kept and, if they are there, used again"
    )
    chosen = parser.parse_args()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    found: dict[str, Any] = {"frames": chosen.frames, "reviews": chosen.reviews}
    wanted = chosen.store or (SQLITE, POSTGRESQL)
    with stores(chosen.frames, chosen.reviews, wanted, chosen.workspace) as each:
        for name, store in each:
            found[name] = ask_everything(store, chosen.rounds)
            print(f"{name}: {found[name]}", file=sys.stderr)
            if chosen.no_browser:
                continue
            in_browser = look(store)
            found[name] |= in_browser.pop("store")
            found |= in_browser
            print(f"{name} in Chromium: {in_browser} {found[name]}", file=sys.stderr)
    print(json.dumps({**found, "load_average": round(os.getloadavg()[0], 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
