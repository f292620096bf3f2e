from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, col, select

from data.errors import SignInRefused
from data.maintenance.trail_check import latest_entries, verify_trail
from data.people.accounts import (
    change_role,
    disable_person,
    enable_person,
    end_sign_ins,
    set_password,
    sign_in,
    sign_out,
)
from data.review.adjudication import Settlement, adjudicate
from data.review.blind_audits import open_audit
from data.review.gold import make_gold, set_gold_share
from data.review.guideline import write_guideline
from data.review.notes import Note, note_frame
from data.review.reviews import submit_review
from data.review.second_looks import send_back
from data.review.serving import lease_frames
from data.store.opening import Store
from data.store.tables import OwnLevel, Person, Review, TrailEntry
from data.store.trail import ROW_ACTS, note_act
from data.store.trail_chain import FIRST, Link, chain_breaks, entry_sha256, row_sha256
from data.vocabulary import NoteKind, PersonRole, Split, TrailAct
from tests.builders import A, S, T, a_decision, a_person, a_store, reviewed
from tests.data.review.test_reviews import frames_in

pytestmark = pytest.mark.each_store

FLIPS = {"sqlite": 250, "postgresql": 60}  # `make soak` makes 1,000 on each
DERIVED = {
    "audit_frame",
    "blurred_picture",
    "clip_critique",
    "feed_change",
    "generated_clip",
    "generated_frame",
    "label_studio_annotation",
    "returned_frame",
}
"""Append-only tables that are no acts of a person: what follows from an act, and what machines made or saw."""


def a_store_with_acts(folder: Path, *, url: str | None = None) -> Store:
    """A store in which almost everything was done once."""
    store = a_store(folder, scenes={"scene-0001": 10, "scene-0002": 10}, url=url)
    ada, ben, lena = (
        a_person(store, "ada"),
        a_person(store, "ben"),
        a_person(store, "lena", PersonRole.LEAD),
    )
    frame, other = frames_in(store, Split.TRAIN)[:2]
    note = Note(token="note-0001", frame_id=other, kind=NoteKind.FLAG, reason="Is this <b>rain</b>?")
    lease_frames(store, ada, n=20)
    note_frame(store, ada, note)
    reviewed(store, ada, frame, T, seconds_shown=4.0)
    reviewed(store, ben, frame, A, seconds_shown=2.125)
    adjudicate(
        store, lena, Settlement(frame_id=frame, level=T, reasoning="A dog.", action="Stop.", reason="Dög.")
    )
    make_gold(store, lena, frame)
    set_gold_share(store, lena, 0.0)
    open_audit(store, lena)
    reviewed(store, ben, other, S)
    send_back(store, lena, other, "Look again.")
    write_guideline(store, lena, "Be careful.", note="More care.")
    return store


def acts_of(store: Store) -> list[str]:
    with store.read() as session:
        entries = session.exec(select(TrailEntry).order_by(col(TrailEntry.id)))
        return [one.act.value for one in entries if one.act is not TrailAct.SEALED]


def is_whole(store: Store, *, known_head: str | None = None) -> bool:
    with store.read() as session:
        return verify_trail(session, known_head=known_head).is_whole


def test_every_act_stands_in_the_trail_in_its_order_with_who_and_when(tmp_path: Path) -> None:
    store = a_store_with_acts(tmp_path)
    assert acts_of(store) == [
        *["added_person"] * 3,
        *("noted", "reviewed", "reviewed", "adjudicated", "made_gold", "changed_setting"),
        *("opened_audit", "opened_audit", "reviewed", "sent_back", "wrote_guideline"),
    ]
    with store.read() as session:
        state = verify_trail(session)
        every = list(session.exec(select(TrailEntry).order_by(col(TrailEntry.id))))
        people = {person.id: person.name for person in session.exec(select(Person))}
        review = session.exec(select(Review).order_by(col(Review.id))).first()
    entries = [one for one in every if one.act is not TrailAct.SEALED]
    assert (len(entries), state.entries, state.rows, state.is_whole) == (14, len(every), 10, True)
    assert [people.get(one.person_id) for one in entries[3:7]] == ["ada", "ada", "ben", "lena"]
    assert every[0].previous_sha256 == FIRST
    assert review is not None
    assert entries[4].subject == f"review:{review.id}"
    assert abs(entries[4].at_us - review.reviewed_at_us) < 60_000_000


def test_signing_in_and_what_is_done_to_people_stands_there_without_a_secret(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    a_person(store, "ada")
    secret = sign_in(store, "ada", "password-ada")
    sign_out(store, secret)
    for name in ("ada", "my-own-password"):
        with pytest.raises(SignInRefused):
            sign_in(store, name, "wrong-password")
    sign_in(store, "ada", "password-ada")
    assert end_sign_ins(store, "ada") == 1
    set_password(store, "ada", "another-password")
    for _ in range(2):  # twice the same role is one act
        change_role(store, "ada", PersonRole.LEAD)
    disable_person(store, "ada")
    enable_person(store, "ada")
    rows = [row for row in latest_entries(store, 100) if row["act"] != "sealed"]
    assert [row["act"] for row in rows] == [
        *("added_person", "signed_in", "signed_out", "sign_in_failed", "sign_in_failed", "signed_in"),
        *("ended_sign_ins", "set_password", "changed_role", "disabled_person", "enabled_person"),
    ]
    assert rows[4]["subject"] == "nobody by this name"
    assert rows[8]["details"] == '{"after":"lead","before":"annotator"}'
    told = str(rows)
    assert not any(word in told for word in ("password-ada", "another-password", "my-own-password", secret))


def test_an_act_that_is_not_kept_leaves_no_entry(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with pytest.raises(RuntimeError):
        _act_and_fail(store)
    assert acts_of(store) == []


def _act_and_fail(store: Store) -> None:
    with store.write() as session:
        note_act(session, TrailAct.FROZE_SNAPSHOT, by=None, subject="snapshot:1")
        session.flush()
        raise RuntimeError


def test_the_database_itself_refuses_to_change_or_delete_an_act(tmp_path: Path) -> None:
    store = a_store_with_acts(tmp_path)
    for table in sorted(append_only(store)):
        column = first_column(store, table)
        statements = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
        if not store.is_sqlite:
            statements.append(f"TRUNCATE {table} CASCADE")
        for statement in statements:
            if table_is_empty(store, table) and "TRUNCATE" not in statement:
                continue
            with pytest.raises(DBAPIError, match="are never changed"), store.engine.begin() as connection:
                connection.execute(text(statement))
    assert is_whole(store)


def test_an_entry_cannot_be_replaced_either(tmp_path: Path) -> None:
    store = a_store_with_acts(tmp_path)
    for table in ("trail_entry", "review"):
        (key,) = SQLModel.metadata.tables[table].primary_key.columns.keys()
        row = f"SELECT * FROM {table} LIMIT 1"
        statement = (
            f"REPLACE INTO {table} {row}"
            if store.is_sqlite
            else f"INSERT INTO {table} ({row}) ON CONFLICT ({key}) DO UPDATE SET {key} = excluded.{key}"
        )
        with pytest.raises(DBAPIError, match="are never changed"), store.engine.begin() as connection:
            connection.execute(text(statement))


def test_every_append_only_table_is_vouched_for_by_the_trail(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    acts = {str(kind.__tablename__) for kind in ROW_ACTS}
    assert append_only(store) - DERIVED == acts | {"trail_entry"}


def append_only(store: Store) -> set[str]:
    """The tables whose triggers refuse changes."""
    sql = (
        "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_no_update'"
        if store.is_sqlite
        else "SELECT event_object_table FROM information_schema.triggers WHERE event_manipulation = 'UPDATE'"
    )
    with store.read() as session:
        return set(session.connection().execute(text(sql)).scalars())


def first_column(store: Store, table: str) -> str:
    return f'"{inspect(store.engine).get_columns(table)[0]["name"]}"'


def table_is_empty(store: Store, table: str) -> bool:
    with store.read() as session:
        return not session.connection().execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


@contextmanager
def as_its_owner(store: Store) -> Iterator[Connection]:
    """A connection for somebody who owns the database and has taken the guards away."""
    engine = (
        store.engine.execution_options(isolation_level="AUTOCOMMIT") if not store.is_sqlite else store.engine
    )
    with engine.connect() as connection:
        if store.is_sqlite:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for name in list(names.scalars()):
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        yield connection


def flipped(value: Any, chance: random.Random) -> Any:
    """The value with one random bit of one random byte changed."""
    if isinstance(value, float):
        (bits,) = struct.unpack("<q", struct.pack("<d", value))
        return struct.unpack("<d", struct.pack("<q", bits ^ (1 << chance.randrange(50))))[0]
    if isinstance(value, int):
        return value ^ (1 << chance.randrange(16))
    raw = bytearray(value.encode())
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(7)
    try:
        changed = raw.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in changed else changed


def random_cell(
    connection: Connection, tables: list[str], chance: random.Random
) -> tuple[str, str, Any, Any]:
    """A table, a column, the primary key of a row and a value there that is not NULL."""
    table = chance.choice(tables)
    row = chance.choice(connection.execute(text(f"SELECT * FROM {table}")).mappings().all())
    column = chance.choice([name for name, value in row.items() if value not in (None, "")])
    key = {"gold_frame": "frame_id", "audit_terms": "lot_id", "audit_end": "lot_id"}.get(table, "id")
    return table, column, (key, row[key]), row[column]


def test_any_changed_byte_is_found(tmp_path: Path) -> None:
    store = a_store_with_acts(tmp_path)
    chance, found, tried = random.Random(7), 0, 0
    wanted = FLIPS["sqlite" if store.is_sqlite else "postgresql"]
    tables = [one for one in sorted(append_only(store) - DERIVED) if not table_is_empty(store, one)]
    with as_its_owner(store) as connection:
        while tried < wanted:
            table, column, (key, at), value = random_cell(connection, tables, chance)
            changed = flipped(value, chance)
            if changed is None:
                continue
            sql = f'UPDATE {table} SET "{column}" = :value WHERE "{key}" = :at'
            try:
                connection.execute(text(sql), {"value": changed, "at": at})
            except DBAPIError:
                continue  # a key that is taken
            tried += 1
            found += not is_whole(store)
            moved = changed if column == key else at
            connection.execute(text(sql), {"value": value, "at": moved})
    print(f"{found} of {tried} changed bytes found ({store.engine.dialect.name})")
    assert (found, tried) == (wanted, wanted)
    assert is_whole(store)


def test_a_row_or_an_entry_that_was_taken_away_or_added_is_found(tmp_path: Path) -> None:
    store = a_store_with_acts(tmp_path)
    with store.read() as session:
        head = verify_trail(session).head
    with as_its_owner(store) as connection:
        connection.execute(text("DELETE FROM guideline_text"))
        assert not is_whole(store)
        # Whoever takes away the last entry with its row leaves a shorter trail that is whole in itself.
        connection.execute(text("DELETE FROM trail_entry WHERE act = 'wrote_guideline'"))
        assert is_whole(store)
        assert not is_whole(store, known_head=head)
        connection.execute(text("DELETE FROM trail_entry WHERE id = 2"))
        assert not is_whole(store)


def test_acts_at_once_make_one_chain(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 12, "scene-0002": 12})
    people = [a_person(store, f"person-{n}") for n in range(4)]

    def work(person_id: int) -> None:
        for one in lease_frames(store, person_id, n=5):
            submit_review(store, person_id, a_decision(one, S, person=person_id))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, people))
    with store.read() as session:
        state, own_levels = verify_trail(session), len(session.exec(select(OwnLevel)).all())
    assert (state.is_whole, len(acts_of(store)) - own_levels, state.rows - own_levels) == (True, 24, 20)


def test_the_hashes_are_what_they_have_always_been() -> None:
    assert row_sha256({"id": 1, "level": T, "seconds_shown": 4.0, "reason": None, "is_x": True}) == (
        "a16bb5f7d705ed2637fcd5e7a5958f3997d577b73931543f2606046cc031f079"
    )
    link = Link(1, "reviewed", 2, "review:1", "{}", "ab", 3, FIRST)
    assert entry_sha256(link) == "77368db9ee68efb4b808a7f379c47b85d9d621f07729fa7c2cef0c91923a9cd1"
    assert list(chain_breaks([(link, entry_sha256(link))])) == []


def test_a_role_that_no_act_gave_is_found(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, teacher=None, student=None)
    a_person(store, "ada")
    change_role(store, "ada", PersonRole.LEAD)
    disable_person(store, "ada")
    assert is_whole(store)
    changes = ["role = 'admin'", "is_disabled = NOT is_disabled", "name = 'adb'"]
    for change in changes:
        with store.engine.connect() as connection:
            connection.execute(text(f"UPDATE person SET {change}"))
            with Session(connection) as session:
                where = [one.where for one in verify_trail(session).breaks]
            assert where in (["person:ada", "person"], ["person:adb", "person"])
            connection.rollback()
    assert is_whole(store)
