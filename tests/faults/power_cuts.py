"""Power cuts: what SQLite finds on the disk when the machine comes back, put together byte by byte.

`synchronous=FULL` means that a log is on the disk before what it protects. With a rollback journal a cut therefore
leaves either a torn journal beside an untouched database, or a whole journal beside a database of which some pages
were written; with WAL it leaves a torn log beside the database. Every such state must open as a state that was.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.maintenance.check import damages
from data.maintenance.trail_check import verify_trail
from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.store.opening import STORE_FILE, Store, open_store
from data.vocabulary import TriageLevel
from tests.benchmarks.bench_store import fill
from tests.builders import a_decision, a_person

JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
COMMITS = 12


@dataclass(frozen=True)
class Commit:
    """One commit as it lay on the disk: the database before and after, and the journal that can undo it."""

    before: bytes
    journal: bytes
    after: bytes
    head_before: str
    head_after: str


def head_of(connection: sqlite3.Connection) -> str:
    row = connection.execute("SELECT sha256 FROM trail_entry ORDER BY id DESC LIMIT 1").fetchone()
    return str(row[0]) if row else ""


def journalled_commits(folder: Path) -> list[Commit]:
    """Real decisions on a small store in rollback-journal mode, each caught with the journal it wrote."""
    store, person = _a_store(folder)
    file, commits = folder / STORE_FILE, list[Commit]()
    store.close()
    for served in lease_frames(store, person, n=COMMITS):
        before, head_before = file.read_bytes(), _head(file)
        _persisting(store)
        submit_review(store, person, a_decision(served, TriageLevel.SUPERVISION, person=person))
        store.close()
        journal = (folder / f"{STORE_FILE}-journal").read_bytes()
        after = file.read_bytes()
        commits.append(Commit(before, _hot(journal, len(before)), after, head_before, _head(file)))
    return commits


def _a_store(folder: Path) -> tuple[Store, int]:
    store = open_store(folder, create=True)
    fill(store, 40)
    return store, a_person(store, "ada")


def _persisting(store: Store) -> None:
    """Have the connection that the next act uses keep its journal, its header overwritten with zeros."""
    with store.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        assert connection.exec_driver_sql("PRAGMA journal_mode=PERSIST").scalar_one() == "persist"
        connection.exec_driver_sql("BEGIN")


def _head(file: Path) -> str:
    connection = sqlite3.connect(file)
    try:
        return head_of(connection)
    finally:
        connection.close()


def _hot(journal: bytes, database_bytes: int) -> bytes:
    """The journal as it lay there before the commit zeroed its header.

    The header holds a number that every record's checksum begins with; the first record gives it away
    (https://www.sqlite.org/fileformat2.html#the_rollback_journal).
    """
    sector, page = 512, 4096
    record = journal[sector : sector + page + 8]
    (stored,) = struct.unpack(">I", record[-4:])
    data = record[4:-4]
    places, at = 0, page - 200
    while at > 0:
        places += data[at]
        at -= 200
    nonce = (stored - places) % 2**32
    records = (len(journal) - sector) // (page + 8)
    header = JOURNAL_MAGIC + struct.pack(">IIIII", records, nonce, database_bytes // page, sector, page)
    return header.ljust(sector, b"\0") + journal[sector : sector + records * (page + 8)]


def cut_in_journal(commit: Commit, chance: random.Random) -> tuple[bytes, bytes]:
    """(database, journal) where the power went while the journal was written: a prefix of it, at any byte."""
    return commit.before, commit.journal[: chance.randrange(len(commit.journal) + 1)]


def cut_in_database(commit: Commit, chance: random.Random) -> tuple[bytes, bytes]:
    """(database, journal) where it went while pages were written: any of them, in any order, one torn."""
    page = 4096
    torn = bytearray(commit.before.ljust(len(commit.after), b"\0"))
    for at in range(0, len(commit.after), page):
        if chance.random() < 0.5:
            torn[at : at + page] = commit.after[at : at + page]
    at = chance.randrange(len(commit.after))
    torn[at : at + page] = commit.after[at : at + page]
    return bytes(torn), commit.journal


def cut_journals(folder: Path, cuts: int, *, seed: int = 0) -> dict[str, Any]:
    """So many power cuts around commits with a rollback journal: what came back was the state before, or not."""
    chance = random.Random(seed)
    (folder / "work").mkdir(parents=True)
    commits = journalled_commits(folder / "work")
    found = {"cuts": cuts, "not_opened": 0, "not_a_state": 0, "rolled_back": 0}
    for number in range(cuts):
        commit = chance.choice(commits)
        cut = cut_in_journal if number % 2 else cut_in_database
        database, journal = cut(commit, chance)
        state = _state_of(folder / "cut", database, {"-journal": journal})
        found["not_opened"] += state is None
        found["not_a_state"] += state is not None and state != commit.head_before
        found["rolled_back"] += state == commit.head_before
    return found


def _state_of(folder: Path, database: bytes, beside: dict[str, bytes]) -> str | None:
    """The head of the trail in what comes back, None where it does not open whole."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    file = folder / STORE_FILE
    file.write_bytes(database)
    for ending, content in beside.items():
        (folder / f"{STORE_FILE}{ending}").write_bytes(content)
    try:
        store = open_store(folder)
        with store.read() as session:
            found, trail = damages(session), verify_trail(session)
        store.close()
    except Exception:  # noqa: BLE001 - any failure to open is what is being counted
        return None
    return None if found else trail.head


def cut_logs(folder: Path, cuts: int, *, seed: int = 0) -> dict[str, Any]:
    """So many power cuts in a write-ahead log, at any byte: what came back is a prefix of what was committed, and
    holds every commit whose log was whole."""
    chance = random.Random(seed)
    (folder / "work").mkdir(parents=True)
    database, log, ends = _logged_commits(folder / "work")
    found = {"cuts": cuts, "not_opened": 0, "not_a_state": 0, "commits_lost": 0}
    for _ in range(cuts):
        at = chance.randrange(len(log) + 1)
        state = _state_of(folder / "cut", database, {"-wal": log[:at]})
        expected = [head for end, head in ends if end <= at][-1]
        found["not_opened"] += state is None
        found["not_a_state"] += state is not None and state not in [head for _, head in ends]
        found["commits_lost"] += state is not None and state != expected
    return found


def _logged_commits(folder: Path) -> tuple[bytes, bytes, list[tuple[int, str]]]:
    """A database, the log beside it, and after how many bytes of log which head of the trail is reached."""
    store, person = _a_store(folder)
    shown = lease_frames(store, person, n=COMMITS)
    store.close()
    file = folder / STORE_FILE
    with store.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        assert connection.exec_driver_sql("PRAGMA journal_mode=WAL").scalar_one() == "wal"
        connection.exec_driver_sql("PRAGMA wal_autocheckpoint=0")
        connection.exec_driver_sql("BEGIN")
    log, ends = folder / f"{STORE_FILE}-wal", [(0, _head(file))]
    database = file.read_bytes()
    for served in shown:
        submit_review(store, person, a_decision(served, TriageLevel.SUPERVISION, person=person))
        ends.append((log.stat().st_size, _head(file)))
    content = log.read_bytes()
    assert file.read_bytes() == database, "the log was checkpointed meanwhile"
    store.close()
    return database, content, ends
