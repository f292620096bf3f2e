"""kill -9 at named points of a decision, in processes of their own; then the store is opened and looked at.

Run as `python -m tests.faults.kills FOLDER [--url URL] [--kills N]`: it forks, so it wants a process without threads.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlmodel import select

from data.maintenance.check import check_store
from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.store.opening import Store, open_store
from data.store.tables import Review
from data.vocabulary import TriageLevel
from tests.benchmarks.bench_store import fill
from tests.builders import a_decision, a_person
from tests.made_once import made_once

POINTS = (
    *("before_begin", "after_begin", "before_insert", "after_insert", "before_trail", "after_trail"),
    *("before_commit", "after_commit", "after_acknowledgement", "anywhere"),
)
FRAMES, LATEST = 40, 3


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def decide_until_killed(workspace: Path, url: str | None, person: int, point: str, seed: int) -> None:
    """In the child: decide and acknowledge (a line that is on the disk) until the point comes the n-th time."""
    chance = random.Random(seed)
    store = open_store(workspace, url=url)
    left = [chance.randrange(1, LATEST + 1)]

    def reached(name: str) -> None:
        if name == point:
            left[0] -= 1
            if not left[0]:
                die()

    served = lease_frames(store, person, n=8)
    _listen(store, reached)
    while served:
        for one in served:
            decision = a_decision(one, TriageLevel.SUPERVISION, person=person)
            reached("before_begin")
            submit_review(store, person, decision)
            reached("after_commit")
            _acknowledge(workspace, decision.token)
            reached("after_acknowledgement")
        served = lease_frames(store, person, n=8)


def _listen(store: Store, reached: Callable[[str], None]) -> None:
    """Have the points within a transaction called as the database is spoken to."""
    inserts = {"INSERT INTO review ": "insert", "INSERT INTO trail_entry ": "trail"}

    def before(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        for begins, name in inserts.items():
            if statement.startswith(begins):
                reached(f"before_{name}")

    def after(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        for begins, name in inserts.items():
            if statement.startswith(begins):
                reached(f"after_{name}")

    event.listen(store.engine, "before_cursor_execute", before)
    event.listen(store.engine, "after_cursor_execute", after)
    event.listen(store.engine, "begin", lambda _: reached("after_begin"))
    event.listen(store.engine, "commit", lambda _: reached("before_commit"))


def _acknowledge(workspace: Path, token: str) -> None:
    with (workspace / "acknowledged").open("a") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(file.fileno())


def kill_again_and_again(workspace: Path, url: str | None, kills: int, *, seed: int = 0) -> dict[str, Any]:
    """Kill a deciding process so often, at every point in turn; what is found in the store after each."""
    store = open_store(workspace, url=url, create=True)
    fill(store, FRAMES + 20 * kills)
    person = a_person(store, "ada")
    store.close()
    found: Counter[str] = Counter({"lost": 0, "doubled": 0, "damages": 0, "not_killed": 0})
    by_point: Counter[str] = Counter()
    for number in range(kills):
        point = POINTS[number % len(POINTS)]
        by_point[point] += 1
        found["not_killed"] += not _killed(workspace, url, person, point, seed + number)
        found.update(_losses(workspace, url))
    acknowledged = len((workspace / "acknowledged").read_text().split())
    return {"kills": kills, **found, "acknowledged": acknowledged, "by_point": dict(by_point)}


def _killed(workspace: Path, url: str | None, person: int, point: str, seed: int) -> bool:
    child = os.fork()
    if child == 0:
        try:
            decide_until_killed(workspace, url, person, point, seed)
        finally:
            os._exit(1)
    if point == "anywhere":  # from outside, so that it may fall into the middle of a write
        time.sleep(random.Random(seed).uniform(0.02, 0.4))
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _losses(workspace: Path, url: str | None) -> dict[str, int]:
    file = workspace / "acknowledged"
    acknowledged = set(file.read_text().split()) if file.exists() else set()
    store = open_store(workspace, url=url)
    with store.read() as session:
        stored = Counter(session.exec(select(Review.token)))
    state = check_store(store)
    store.close()
    return {
        "lost": len(acknowledged - set(stored)),
        "doubled": sum(n - 1 for n in stored.values()),
        "damages": len(state.damages) + len(state.stale_statuses),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    begun = time.monotonic()
    with made_once():
        found = kill_again_and_again(chosen.folder, chosen.url, chosen.kills, seed=chosen.seed)
    print(json.dumps({**found, "seconds": round(time.monotonic() - begun, 1)}))


if __name__ == "__main__":
    main()
