"""Many people who decide at once, each as a browser does: an answer is sent again until it is acknowledged."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import func, select

from data.errors import ReviewRefused, StoreUnavailable
from data.maintenance.check import check_store
from data.review.reviews import Decision, submit_review
from data.review.serving import lease_frames
from data.store.opening import Store
from data.store.tables import Lease, Review
from data.vocabulary import TriageLevel
from tests.benchmarks.bench_review import percentile
from tests.builders import a_decision, a_person

HELD, REFILL_BELOW = 8, 6
"""Frames that one person may hold at a time, and fewer than which a browser asks for more."""
RETRY_S = 0.1


@dataclass
class Crowd:
    """What a crowd saw. `waits_s`: from sending a decision to having its acknowledgement, and new frames where few
    were left."""

    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    retries: int = 0
    most_held: int = 0
    failures: list[BaseException] = field(default_factory=list)

    def figures(self, store: Store) -> dict[str, Any]:
        """Losses and waits, against what stands in the store now."""
        with store.read() as session:
            stored = Counter(session.exec(select(Review.token)))
            pairs = Counter(session.exec(select(Review.frame_id, Review.person_id)))
        state = check_store(store)
        return {
            "acknowledged": len(self.acknowledged),
            "lost": len(set(self.acknowledged) - set(stored)),
            "doubled": sum(n - 1 for n in pairs.values()) + sum(n - 1 for n in stored.values()),
            "unasked": len(set(stored) - set(self.acknowledged)),
            "refused": len(self.refused),
            "retries": self.retries,
            "most_leases_of_one_person": self.most_held,
            "leases_allowed": HELD,
            "p50_ms": round(percentile(self.waits_s, 0.5) * 1e3, 1),
            "p95_ms": round(percentile(self.waits_s, 0.95) * 1e3, 1),
            "p99_ms": round(percentile(self.waits_s, 0.99) * 1e3, 1),
            "damages": len(state.damages),
            "stale_statuses": len(state.stale_statuses),
            "failures": [repr(one) for one in self.failures],
        }


def work(
    store: Store,
    *,
    people: int,
    decisions: int,
    think_s: float,
    disturbed_by: Callable[[], None] | None = None,
) -> Crowd:
    """Have so many people decide so often, thinking in between; `disturbed_by` happens to the store meanwhile."""
    crowd, lock, over = Crowd(), threading.Lock(), threading.Event()
    ids = [a_person(store, f"person-{number}") for number in range(people)]
    threads = [
        threading.Thread(target=_one_person, args=(store, one, decisions, think_s, crowd, lock))
        for one in ids
    ]
    watching = threading.Thread(target=_watch, args=(store, crowd, over))
    watching.start()
    for thread in threads:
        thread.start()
    if disturbed_by is not None:
        disturbed_by()
    for thread in threads:
        thread.join()
    over.set()
    watching.join()
    return crowd


def _one_person(
    store: Store, person: int, decisions: int, think_s: float, crowd: Crowd, lock: threading.Lock
) -> None:
    chance = random.Random(person)
    try:
        served = _until_it_answers(lambda: lease_frames(store, person, n=HELD), crowd, lock)
        time.sleep(think_s * chance.random())
        for _ in range(decisions):
            if not served:
                return
            level = TriageLevel.TELEOPERATION if chance.random() < 0.1 else TriageLevel.SUPERVISION
            decision = a_decision(served[0], level, person=person)
            begun = time.monotonic()
            _send(store, person, decision, crowd, lock)
            served = served[1:]
            if len(served) < REFILL_BELOW:
                served = _until_it_answers(lambda: lease_frames(store, person, n=HELD), crowd, lock)
            with lock:
                crowd.waits_s.append(time.monotonic() - begun)
            time.sleep(think_s * (0.5 + chance.random()))
    except BaseException as failure:  # noqa: BLE001 - it is a figure
        crowd.failures.append(failure)


def _send(store: Store, person: int, decision: Decision, crowd: Crowd, lock: threading.Lock) -> None:
    try:
        _until_it_answers(lambda: submit_review(store, person, decision), crowd, lock)
    except ReviewRefused:
        crowd.refused.append(decision.token)
    else:
        crowd.acknowledged.append(decision.token)


def _until_it_answers(act: Callable[[], Any], crowd: Crowd, lock: threading.Lock) -> Any:
    while True:
        try:
            return act()
        except StoreUnavailable:
            with lock:
                crowd.retries += 1
            time.sleep(RETRY_S)


def _watch(store: Store, crowd: Crowd, over: threading.Event) -> None:
    """Look again and again how many live leases any person has."""
    while not over.wait(0.2):
        try:
            with store.read() as session:
                live = select(func.count()).where(Lease.until_us > store.now_us(session))
                counts = list(session.exec(live.group_by(Lease.person_id)))  # type: ignore[arg-type]
            crowd.most_held = max([crowd.most_held, *counts])
        except StoreUnavailable:
            continue
