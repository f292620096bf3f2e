"""Seals cover what judgement rests on, and every writer of those tables keeps them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text, update
from sqlmodel import Session, SQLModel, col, select

from data.maintenance.check import check_store
from data.maintenance.trail_check import latest_entries, verify_trail
from data.people.accounts import change_role
from data.proposals.recorded_replies import propose_from_replies
from data.store import Store, open_store
from data.store.keys import rotate_keys, serving_key
from data.store.row_products import Seal
from data.store.sealing import LEFT_OUT, SEALED
from data.store.tables import Frame, Person, Proposal, TrailEntry, Watch
from data.store.trail import ROW_ACTS, table_of
from data.store.trail_chain import Link, entry_sha256
from data.vocabulary import ModelRole, PersonRole, TrailAct
from tests.builders import a_person, a_store, new_store_url
from tests.data.store.test_audit_trail import a_store_with_acts
from tests.faults.tampering import COVERED, fill_every_table, tamper

SMALL = {"scene-0001": 2, "scene-0002": 2}


def breaks(store: Store) -> list[tuple[str, str]]:
    with store.read() as session:
        return [(one.where, one.what) for one in verify_trail(session).breaks]


@pytest.mark.each_store
def test_changes_past_the_app_to_anything_that_judgement_rests_on_are_found(tmp_path: Path) -> None:
    store = a_store_with_acts(tmp_path)
    fill_every_table(store)
    assert (check_store(store).damages, tamper(store, 0).missed) == ([], [])
    done = tamper(store, 60)
    assert done.figures()["missed"] == []
    assert set(done.kinds) == {"update", "delete", "insert"}
    assert breaks(store) == []  # all of it was taken back


def test_every_table_is_an_act_or_sealed_or_left_out_for_a_reason() -> None:
    known: list[type[SQLModel]] = [*ROW_ACTS, *SEALED, *LEFT_OUT, TrailEntry]
    assert sorted(table_of(one).name for one in known) == sorted(SQLModel.metadata.tables)
    assert {table_of(one).name for one in LEFT_OUT} - {table_of(one).name for one in COVERED} == {
        *("lease", "ranking", "person_settings", "sign_in_attempt", "used_provider_answer", "frame_stack"),
        *("frame_things", "grounded_words", "cut_assertions"),
    }


WORDS = "UPDATE proposal SET reasoning = 'Nothing is near.' WHERE id = 1"
NAMES = "UPDATE person SET name = CASE name WHEN 'ada' THEN 'ben' WHEN 'ben' THEN 'ada' ELSE name END"


@pytest.mark.each_store
@pytest.mark.parametrize(
    ("change", "where"),
    [
        (WORDS, "proposal"),
        ("UPDATE frame SET image_sha256 = 'ab', filename = 'another.jpg' WHERE position = 1 AND scene_id = "
         "(SELECT min(id) FROM scene)", "frame"),
        ("UPDATE person SET is_scripted = NOT is_scripted", "person"),
        ("UPDATE person SET password_hash = 'x' WHERE name = 'lena'", "person"),
        ("UPDATE model_run SET model = 'another' WHERE role = 'teacher'", "model_run"),
        ("UPDATE sampled_frame SET inclusion_probability = 0.5", "sampled_frame"),
        ("UPDATE scene SET split = 'held_out'", "scene"),
        ("UPDATE setting SET value = 0.9", "setting"),
    ],
)  # fmt: skip
def test_what_a_writer_of_the_database_changed_unnoticed_before_is_found(
    tmp_path: Path, change: str, where: str
) -> None:
    store = a_store_with_acts(tmp_path)
    with store.engine.connect() as connection:
        connection.execute(text(change))
        with Session(connection) as session:
            found = [one.where.partition(":")[0] for one in verify_trail(session).breaks]
        connection.rollback()
    assert found == [where]


def test_a_changed_row_is_found_also_after_the_app_wrote_it_again(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SMALL, teacher=None, student=None)
    a_person(store, "ada")
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE person SET password_hash = 'mine'"))
    change_role(store, "ada", PersonRole.LEAD)
    assert breaks(store) == [("person", "some of its rows (1) are not what was written")]


def test_rows_that_came_or_went_are_counted(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SMALL)
    run = "SELECT id FROM model_run WHERE role = 'teacher'"
    with store.engine.begin() as connection:
        run_id = connection.execute(text(run)).scalar_one()
        connection.execute(text(f"DELETE FROM proposal WHERE run_id = '{run_id}'"))
        connection.execute(text("INSERT INTO setting VALUES ('gold_share', 0.5)"))
    assert breaks(store) == [
        (f"proposal:{run_id}", "rows are gone: 0 of 4 are left"),
        ("setting", "rows were put in: 1 where 0 were written"),
    ]


def test_the_trail_says_what_was_sealed_without_its_long_number(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SMALL, teacher=None, student=None)
    a_person(store, "ada")
    (last,) = latest_entries(store, 1)
    assert (last["act"], last["subject"], last["details"]) == ("sealed", "person", '{"added":1,"removed":0}')


def test_a_statement_that_would_leave_a_seal_behind_is_refused(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SMALL, teacher=None, student=None)
    with pytest.raises(TypeError, match="Rows of frame are sealed"), store.write() as session:
        session.exec(update(Frame).values(position=0))
    with store.write() as session:
        session.exec(update(Watch).where(col(Watch.id) == 1).values(seen_at_us=1))
    assert breaks(store) == []


@pytest.mark.each_store
def test_rows_written_in_bulk_or_changed_or_deleted_by_the_app_stay_whole(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SMALL)
    a_person(store, "ada")
    with store.write() as session:
        for row in list(session.exec(select(Proposal)))[:3]:
            session.delete(row)
        session.exec(select(Person)).one().display_name = "Ada L."
        session.flush()
        session.exec(select(Person)).one().display_name = "Ada Lovelace"
    assert breaks(store) == []
    files = sorted((tmp_path).rglob("teacher.jsonl"))
    assert propose_from_replies(store, files[0], role=ModelRole.TEACHER).added in range(4)
    assert breaks(store) == []


def test_a_clock_that_goes_back_stands_in_the_trail_and_an_older_entry_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = a_store(tmp_path, scenes=SMALL, teacher=None, student=None)
    with store.read() as session:
        now_us = store.now_us(session)
    for passed_us in (60_000_000, 53_000_000, 54_000_000):
        monkeypatch.setattr(Store, "now_us", lambda *_, at_us=now_us + passed_us: at_us)
        rotate_keys(store)
    told = latest_entries(store, 4)
    assert [one["act"] for one in told] == ["rotated_keys", "clock_went_back", "rotated_keys", "rotated_keys"]
    assert told[1]["details"] == '{"by_us":7000000}'
    assert breaks(store) == []
    _append_forged(store, at_us=now_us + 50_000_000)
    (found,) = breaks(store)
    assert found[1] == "it is older than the entry before it, and none says that a clock went back"


def _append_forged(store: Store, *, at_us: int) -> None:
    """An entry that follows from the chain and was never written by the app."""
    with store.read() as session:
        last = session.exec(select(TrailEntry).order_by(col(TrailEntry.id).desc())).first()
    assert last is not None
    link = Link(last.id + 1, "signed_out", None, "sign_in:1", "{}", None, at_us, last.sha256)
    with Session(store.engine) as session:
        session.add(TrailEntry(**{**vars(link), "act": TrailAct.SIGNED_OUT}, sha256=entry_sha256(link)))
        session.commit()


def test_the_product_of_rows_never_changes() -> None:
    seal = Seal()
    for row in ("a" * 64, "b" * 64):
        seal.add(row)
    seal.remove("a" * 64)
    only = Seal()
    only.add("b" * 64)
    assert (seal.product, seal.rows) == (only.product, only.rows)
    assert Seal.of_details(seal.as_details()).product == seal.product
    assert f"{only.product:x}"[:32] == "4e690dca109c9b944b3bd593864070fa"


@pytest.mark.each_store
def test_keys_are_sealed_as_they_are_made_and_forgotten(tmp_path: Path) -> None:
    store = open_store(tmp_path / "own", url=new_store_url(), create=True)
    with store.write() as session:
        key = serving_key(session)
        assert serving_key(session) == key
    store.secret("images")
    rotate_keys(store)
    assert breaks(store) == []
    store.close()
