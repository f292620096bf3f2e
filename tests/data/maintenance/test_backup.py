from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import col, func, select

from data.errors import BackupError, StoreError
from data.maintenance.backup import copy_store, restore_backup, write_backup
from data.maintenance.check import check_store
from data.maintenance.copying import table_states
from data.maintenance.trail_check import verify_trail
from data.people.accounts import person_signed_in, sign_in
from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.snapshot.freeze import freeze
from data.store.opening import STORE_FILE, Store, open_store
from data.store.tables import FrameStatus, Lease, Proposal, Review, TrailEntry
from data.verification.status import refresh_statuses
from data.vocabulary import Mode, TrailAct
from tests import builders
from tests.builders import S, T, a_decision, a_person, a_store, reviewed
from tests.data.store.test_audit_trail import a_store_with_acts, as_its_owner
from tests.postgresql import Cluster

pytestmark = pytest.mark.each_store
TRAIL_ONLY = {"trail_entry", "sign_in"}
"""What restoring and copying add to themselves: the entry that says so, and the end of every sign-in."""


def states(store: Store) -> dict[str, object]:
    with store.read() as session:
        return dict(table_states(session.connection()))


def test_a_backup_put_back_is_the_same_store_row_by_row(tmp_path: Path) -> None:
    store = a_store_with_acts(tmp_path)
    before = states(store)
    backup = tmp_path / "backup.db"
    written = write_backup(store, backup)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert dict(written.tables) == before
    back = restore_backup(backup, tmp_path / "elsewhere", url=builders.new_store_url())
    assert dict(back.tables) == before
    assert [path.name for path in tmp_path.glob(".backup*")] == []


def test_the_drill_from_a_lost_store_to_work_that_goes_on(tmp_path: Path) -> None:
    store = a_store_with_acts(tmp_path)
    secret = sign_in(store, "ada", "password-ada")
    written = write_backup(store, tmp_path / "backup.db")
    url = builders.new_store_url()
    restore_backup(tmp_path / "backup.db", tmp_path / "elsewhere", url=url).as_dict()
    back = open_store(tmp_path / "elsewhere", url=url)
    state = check_store(back)
    assert (state.damages, state.stale_statuses, state.endless_leases) == ([], [], [])
    assert person_signed_in(back, secret) is None  # it may have been ended since
    assert sign_in(back, "ada", "password-ada")
    cleo = a_person(back, "cleo")
    submit_review(back, cleo, a_decision(lease_frames(back, cleo)[0], S, person=cleo))
    freeze(back, tmp_path / "snapshot")
    with back.read() as session:
        assert verify_trail(session, known_head=written.head).is_whole
        entries = session.exec(select(TrailEntry).order_by(col(TrailEntry.id)))
        acts = [one.act for one in entries if one.act is not TrailAct.SEALED]
    assert acts[-6:] == [
        TrailAct.RESTORED_BACKUP,
        TrailAct.SIGNED_IN,
        TrailAct.ADDED_PERSON,
        TrailAct.CHOSE_OWN_LEVEL,
        TrailAct.REVIEWED,
        TrailAct.FROZE_SNAPSHOT,
    ]


def test_a_backup_while_people_work_holds_one_moment(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 25, "scene-0002": 25})
    people = [a_person(store, f"person-{n}") for n in range(3)]
    stop = threading.Event()

    def work(person: int) -> None:
        while not stop.wait(0.1):
            for one in lease_frames(store, person, n=1):
                submit_review(store, person, a_decision(one, S, person=person))

    threads = [threading.Thread(target=work, args=(one,)) for one in people]
    for thread in threads:
        thread.start()
    try:
        backups = [write_backup(store, tmp_path / f"{n}.db") for n in range(2)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    for number, written in enumerate(backups):
        assert written.damages == []
        saved = open_store(tmp_path, url=f"sqlite:///{tmp_path}/{number}.db")
        state = check_store(saved)
        assert (state.damages, state.stale_statuses) == ([], [])
        with saved.read() as session:
            kept = session.exec(select(func.count(col(Review.id)))).one()
        assert kept == written.tables["review"].rows
    assert check_store(store).damages == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    backup = tmp_path / "backup.db"
    write_backup(store, backup)
    with pytest.raises(BackupError, match="never written over"):
        write_backup(store, backup)
    with pytest.raises(BackupError, match=r"could not be written: No such file or directory\."):
        write_backup(store, tmp_path / "no" / "folder.db")
    with pytest.raises(BackupError, match=r"is a folder\. Name a new file in it"):
        write_backup(store, tmp_path)
    if store.is_sqlite:
        with pytest.raises(BackupError, match=r"store\.db exists"):
            restore_backup(backup, tmp_path / "workspace")
    else:
        with pytest.raises(StoreError, match=r"is not empty: dataset has 1 rows"):
            restore_backup(backup, tmp_path, url=store.engine.url.render_as_string(hide_password=False))
    with pytest.raises(BackupError, match="There is no backup"):
        restore_backup(tmp_path / "other.db", tmp_path / "w")


def test_a_damaged_backup_is_put_back_only_by_somebody_who_knows(tmp_path: Path) -> None:
    store = a_store_with_acts(tmp_path)
    backup = tmp_path / "backup.db"
    write_backup(store, backup)
    content = bytearray(backup.read_bytes())
    place = content.find("Dög.".encode())
    content[place + 3] ^= 1
    backup.write_bytes(content)
    with pytest.raises(
        BackupError, match=r"backup\.db is not whole: adjudication:1: the row is not what was"
    ):
        restore_backup(backup, tmp_path / "w", url=builders.new_store_url())
    assert not (tmp_path / "w" / STORE_FILE).exists()
    done = restore_backup(backup, tmp_path / "w", url=builders.new_store_url(), accept_damage=True)
    assert [one.where for one in done.damages] == ["adjudication:1"]
    backup.write_bytes(b"this is no database " * 500)
    with pytest.raises((BackupError, StoreError), match="cannot be"):
        restore_backup(backup, tmp_path / "x")


def test_checking_finds_orphans_and_mends_what_can_be_derived(tmp_path: Path) -> None:
    store = a_store_with_acts(tmp_path)
    with store.write() as session:
        status = session.exec(select(FrameStatus).where(FrameStatus.reviews_needed > 0)).first()
        assert status is not None
        status.reviews_needed = 0
        lease = Lease(
            frame_id=status.frame_id,
            person_id=1,
            mode=Mode.BLIND,
            leased_at_us=0,
            until_us=store.now_us(session) + 48 * 3_600_000_000,
        )
        session.add(lease)
    found = check_store(store, mend=True)
    assert (found.damages, found.stale_statuses, found.endless_leases) == (
        [],
        [status.frame_id],
        [status.frame_id],
    )
    again = check_store(store)
    assert (again.stale_statuses, again.endless_leases) == ([], [])
    with as_its_owner(store) as connection:
        connection.execute(text("DELETE FROM proposal WHERE id IN (SELECT proposal_id FROM review)"))
    found_now = [one.where for one in check_store(store).damages]
    kinds = [where.partition(":")[0] for where in found_now if not where.startswith("trigger ")]
    assert kinds == ["review.proposal_id", "proposal"]


def test_a_store_moves_to_postgresql_and_back_with_counts_and_hashes_equal(
    tmp_path: Path, postgresql: Cluster
) -> None:
    store = a_store_with_acts(tmp_path)
    before = states(store)
    url = postgresql.bare_database()
    there = copy_store(store, tmp_path, url)
    assert dict(there.tables) == before
    moved = open_store(tmp_path, url=url)
    dora = a_person(moved, "dora")  # ids go on behind those that came
    refresh_statuses(moved)
    reviewed(moved, dora, lease_frames(moved, dora, n=1)[0].frame.id, T)
    with moved.read() as session:
        assert verify_trail(session).is_whole
        assert session.exec(select(func.count(col(Proposal.id)))).one() == there.tables["proposal"].rows
    with pytest.raises(StoreError, match="is not empty"):
        copy_store(store, tmp_path, url)
    changed = {name for name, state in states(moved).items() if state != before[name]}
    assert changed == {"person", "review", "frame_status", "lease", "own_level", "trail_entry"} & changed
    moved.close()
    postgresql.drop(url)
