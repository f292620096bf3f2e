"""A database that goes away and comes back, and a disk that is full."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlmodel import func, select

from data.errors import StoreUnavailable
from data.maintenance.check import check_store
from data.maintenance.schema_check import SCHEMA
from data.review.reviews import Decision, submit_review
from data.review.serving import ServedFrame, lease_frames
from data.store.opening import Store, open_store
from data.store.tables import Lease, Review
from data.vocabulary import TriageLevel
from tests.benchmarks.bench_store import fill
from tests.builders import a_decision, a_person
from tests.faults import crowd
from tests.faults.small_disk import small_disk
from tests.postgresql import Cluster

FRAMES, DISK_MB = 600, 96
KEPT = 3  # decisions taken while there still is room


def database_gone(
    cluster: Cluster, *, gone_s: float, people: int, decisions: int, think_s: float
) -> dict[str, Any]:
    """People work on a durable server that crashes in the middle and is gone for a while."""
    store = open_store(Path(), url=cluster.bare_database())
    fill(store, (2 * decisions + crowd.HELD) * people)

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
    """SQLite's file may not grow any more; then it may."""
    store = open_store(folder, create=True)
    fill(store, FRAMES)
    person = a_person(store, "ada")
    waiting = _begun(store, person)
    _let_grow(store, pages=1)
    return _full_and_then_not(store, person, waiting, lambda: _let_grow(store, pages=10_000))


def full_data_disk() -> dict[str, Any]:
    """PostgreSQL's data files lie on a full disk, where it can still read; then there is room. Raises NoSmallDisk."""
    with small_disk(DISK_MB) as disk:
        cluster = Cluster(durable=True, data=disk.folder / "data")
        try:
            store, person, waiting = _work_on(cluster)
            disk.fill(leave_bytes=64 * 1024)
            return _full_and_then_not(store, person, waiting, disk.make_room)
        finally:
            cluster.remove()


def full_log_disk() -> dict[str, Any]:
    """PostgreSQL's write-ahead log lies on a full disk: the server crashes and cannot come back; then there is room
    and it is started again. Raises NoSmallDisk."""
    with small_disk(DISK_MB) as disk:
        cluster = Cluster(durable=True, log=disk.folder / "wal")

        def make_room() -> None:
            disk.make_room()
            cluster.restart()

        try:
            store, person, waiting = _work_on(cluster)
            store.close()
            cluster.stop(
                how="fast"
            )  # a removed segment that a process still holds open would make room later
            cluster.start()
            disk.fill()
            return _full_and_then_not(store, person, waiting, make_room, is_readable=False)
        finally:
            cluster.remove()


def _work_on(cluster: Cluster) -> tuple[Store, int, list[ServedFrame]]:
    store = open_store(Path(), url=cluster.bare_database())
    fill(store, FRAMES)
    person = a_person(store, "ada")
    return store, person, _begun(store, person)


def _begun(store: Store, person: int) -> list[ServedFrame]:
    """What the person holds; the first KEPT of it is decided, since a full disk may take no further decision at all."""
    waiting = lease_frames(store, person, n=FRAMES)
    for served in waiting[:KEPT]:
        submit_review(store, person, a_decision(served, TriageLevel.TELEOPERATION, person=person))
    return waiting


def _full_and_then_not(
    store: Store,
    person: int,
    waiting: list[ServedFrame],
    make_room: Callable[[], None],
    *,
    is_readable: bool = True,
) -> dict[str, Any]:
    """Decide until something is refused, look whether it can be read, make room, look, and send it again."""
    acknowledged, refused, told = _decide_until_refused(store, person, waiting[KEPT:])
    acknowledged += KEPT
    looks = [_look(store, refused, takes_writes=False)] if is_readable else []
    make_room()
    looks.append(_look(store, refused))
    submit_review(store, person, refused)
    after = _look(store, refused)
    store.close()
    return {
        "acknowledged_before": acknowledged,
        "told": told,
        "stored_before": [look["stored"] for look in looks],
        "frame_still_held": all(look["held"] for look in looks),
        "stored_afterwards": after["stored"],
        "damages": sum(look["damages"] for look in [*looks, after]),
    }


def _look(store: Store, decision: Decision, *, takes_writes: bool = True) -> dict[str, int]:
    """How many reviews there are, whether the decision's frame is held, and what is damaged.

    takes_writes: false where the database cannot make a schema to compare its own with, and has to say so.
    """
    with store.read() as session:
        stored = session.exec(select(func.count()).select_from(Review)).one()
        held = session.get(Lease, decision.frame_id) is not None
    found = check_store(store)
    damages = [one for one in found.damages if takes_writes or one.where != SCHEMA]
    return {"stored": stored, "held": held, "damages": len(damages) + len(found.stale_statuses)}


def _decide_until_refused(store: Store, person: int, waiting: list[ServedFrame]) -> tuple[int, Decision, str]:
    """How many decisions were taken, the one that was not, and what was said of it."""
    story = "A long story. " * 40
    for number, served in enumerate(waiting):
        decision = a_decision(served, TriageLevel.TELEOPERATION, person=person, reasoning=story)
        try:
            submit_review(store, person, decision)
        except StoreUnavailable as problem:
            return number, decision, str(problem)
    raise AssertionError(f"the disk held {len(waiting)} decisions")


def _let_grow(store: Store, *, pages: int) -> None:
    """Allow the file so many more pages, on the one connection that the store uses from here on."""
    store.close()
    with store.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        now = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={now + pages}")
        connection.exec_driver_sql("BEGIN")
