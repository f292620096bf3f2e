"""A database that goes away and comes back, and a disk that is full."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sqlmodel import func, select

from data.errors import StoreUnavailable
from data.leases import lease_frames
from data.reviews import submit_review
from data.store import Store, open_store
from data.store_check import check_store
from data.tables import Lease, Review
from data.vocabulary import TriageLevel
from tests.benchmarks.bench_store import fill
from tests.builders import a_decision, a_person
from tests.faults import crowd
from tests.postgresql import Cluster


def database_gone(
    cluster: Cluster, *, gone_s: float, people: int, decisions: int, think_s: float
) -> dict[str, Any]:
    """People work on a durable server that crashes in the middle and is gone for a while."""
    store = open_store(Path(), url=cluster.bare_database())
    fill(store, 2 * people * decisions)

    def crash() -> None:
        time.sleep(max(0.5, think_s))
        cluster.stop(how="immediate")
        time.sleep(gone_s)
        cluster.start()

    seen = crowd.work(store, people=people, decisions=decisions, think_s=think_s, disturbed_by=crash)
    figures = {"gone_s": gone_s, **seen.figures(store)}
    store.close()
    return figures


def full_disk(folder: Path) -> dict[str, Any]:
    """Decide until the file may not grow, then make room: nothing half written, and the same answer is taken."""
    store = open_store(folder, create=True)
    fill(store, 200)
    person = a_person(store, "ada")
    waiting = lease_frames(store, person, n=200)
    _let_grow(store, pages=1)
    refused = None
    acknowledged = 0
    for served in waiting:
        decision = a_decision(
            served, TriageLevel.TELEOPERATION, person=person, reasoning="A long story. " * 40
        )
        try:
            submit_review(store, person, decision)
        except StoreUnavailable as problem:
            refused = str(problem)
            break
        acknowledged += 1
    with store.read() as session:
        kept = session.exec(select(func.count()).select_from(Review)).one()
        is_held = session.get(Lease, decision.frame_id) is not None
    damaged = check_store(store)
    _let_grow(store, pages=10_000)
    submit_review(store, person, decision)
    after = check_store(store)
    store.close()
    return {
        "acknowledged_before": acknowledged,
        "stored_before": kept,
        "told": refused,
        "frame_still_held": is_held,
        "damages": len(damaged.damages + after.damages) + len(damaged.stale_statuses + after.stale_statuses),
        "taken_afterwards": True,
    }


def _let_grow(store: Store, *, pages: int) -> None:
    """Allow the file so many more pages, on the one connection that the store uses from here on."""
    store.close()
    with store.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        now = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={now + pages}")
        connection.exec_driver_sql("BEGIN")
