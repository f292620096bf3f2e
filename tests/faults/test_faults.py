"""Faults in small numbers; `make soak` has the large ones. Every test prints its figures."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import data.store.opening
from data.errors import StoreUnavailable
from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.store.opening import STORE_FILE, open_store
from tests import builders, forked
from tests.benchmarks.bench_store import fill
from tests.builders import S, a_decision, a_person, an_empty_store
from tests.faults import crowd, kills, outages, power_cuts
from tests.faults.small_disk import NoSmallDisk
from tests.postgresql import BIN, MISSING, Cluster

CUTS = 25


@pytest.fixture
def durable_server() -> Iterator[Cluster]:
    if BIN is None:
        pytest.skip(MISSING)
    cluster = Cluster(durable=True)
    yield cluster
    cluster.remove()


def told(figures: dict[str, Any]) -> dict[str, Any]:
    print(json.dumps(figures))
    return figures


def lost_nothing(figures: dict[str, Any]) -> bool:
    """Of a disk that was full: all that was acknowledged is there, and what was refused came in later, once."""
    before = figures["acknowledged_before"]
    as_acknowledged = before > 0 and set(figures["stored_before"]) == {before}
    taken = figures["stored_afterwards"] == before + 1
    return as_acknowledged and taken and figures["frame_still_held"] and not figures["damages"]


def nothing_wrong(figures: dict[str, Any]) -> bool:
    wrong = (
        "lost",
        "doubled",
        "unasked",
        "damages",
        "stale_statuses",
        "not_killed",
        "not_opened",
        "not_a_state",
    )
    return not any(figures.get(name) for name in wrong) and not figures.get("failures")


@pytest.mark.each_store
def test_a_crowd_loses_doubles_and_exceeds_nothing(tmp_path: Path) -> None:
    store = an_empty_store(tmp_path)
    fill(store, 400)
    seen = told(crowd.work(store, people=12, decisions=6, think_s=0.2).figures(store))
    assert nothing_wrong(seen)
    assert (seen["acknowledged"], seen["refused"]) == (72, 0)
    assert 1 <= seen["most_leases_of_one_person"] <= crowd.HELD


@pytest.mark.each_store
def test_kill_9_at_every_named_point_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    url = builders.new_store_url()
    number = len(kills.POINTS)
    place = ["--url", url] if url else []
    done = forked.run("tests.faults.kills", [tmp_path, "--kills", str(number), *place])
    assert done.returncode == 0, done.stderr
    seen = told(json.loads(done.stdout))
    assert nothing_wrong(seen)
    assert seen["kills"] == number
    assert seen["acknowledged"] > 0


def test_a_power_cut_with_a_rollback_journal_comes_back_as_before(tmp_path: Path) -> None:
    seen = told(power_cuts.cut_journals(tmp_path, CUTS))
    assert nothing_wrong(seen)
    assert seen["rolled_back"] == CUTS


def test_without_its_journal_a_torn_database_would_not_be_what_it_was(tmp_path: Path) -> None:
    commits = power_cuts.journalled_commits(tmp_path / "work")
    chance = random.Random(3)
    states = []
    for commit in commits:
        database, _ = power_cuts.cut_in_database(commit, chance)
        states.append(power_cuts._state_of(tmp_path / "cut", database, {}) == commit.head_before)
    assert not all(states)


def test_a_power_cut_in_a_write_ahead_log_leaves_a_prefix_of_the_commits(tmp_path: Path) -> None:
    seen = told(power_cuts.cut_logs(tmp_path, CUTS))
    assert nothing_wrong(seen)
    assert seen["commits_lost"] == 0


def test_a_full_disk_is_one_sentence_and_half_writes_nothing(tmp_path: Path) -> None:
    seen = told(outages.full_disk(tmp_path))
    assert seen["told"] == (
        "The database is unavailable (database or disk is full). Nothing was saved; "
        "try again once it is back."
    )
    assert lost_nothing(seen)


@pytest.mark.parametrize(
    ("full_disk", "reason"),
    [
        (outages.full_data_disk, r'could not extend file "[^"]+": No space left on device'),
        (outages.full_log_disk, "(No space left on device|server closed the connection unexpectedly)"),
    ],
    ids=["data", "log"],
)
def test_a_full_disk_under_postgresql_is_one_sentence_and_half_writes_nothing(
    full_disk: Callable[[], dict[str, Any]], reason: str
) -> None:
    if BIN is None:
        pytest.skip(MISSING)
    try:
        seen = told(full_disk())
    except NoSmallDisk as problem:
        pytest.skip(str(problem))
    assert re.fullmatch(
        rf"The database is unavailable \(.*{reason}.*\)\. Nothing was saved; .*", seen["told"]
    )
    assert lost_nothing(seen)


def test_a_database_that_crashes_and_comes_back_has_lost_nothing(durable_server: Cluster) -> None:
    seen = told(outages.database_gone(durable_server, gone_s=1.0, people=6, decisions=6, think_s=0.6))
    assert nothing_wrong(seen)
    assert (seen["acknowledged"], seen["refused"]) == (36, 0)
    assert seen["retries"] > 0


def test_a_store_that_somebody_else_keeps_locked_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data.store.opening, "BUSY_TIMEOUT_MS", 100)
    store = open_store(tmp_path, create=True)
    fill(store, 8)
    ada = a_person(store)
    decision = a_decision(lease_frames(store, ada)[0], S)
    other = sqlite3.connect(tmp_path / STORE_FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable, match="database is locked"):
        submit_review(store, ada, decision)
    other.execute("ROLLBACK")
    other.close()
    assert submit_review(store, ada, decision).id == 1


def test_a_folder_that_became_read_only_is_one_sentence(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    fill(store, 8)
    ada = a_person(store)
    decision = a_decision(lease_frames(store, ada)[0], S)
    store.close()
    with store.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA query_only=ON")  # as root, permissions would stop nobody
        connection.exec_driver_sql("BEGIN")
    with pytest.raises(StoreUnavailable, match="readonly database"):
        submit_review(store, ada, decision)
    store.close()
    assert submit_review(store, ada, decision).id == 1
