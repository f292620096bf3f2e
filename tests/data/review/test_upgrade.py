"""Every schema that was ever released is brought up to date with everything that stood in it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, delete, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel, select

import data.store.opening
from data.errors import StoreError
from data.maintenance.check import check_store
from data.maintenance.trail_check import verify_trail
from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.store.opening import Store, open_read_only, open_store
from data.store.tables import Person, ReturnedFrame, Review, SignInAttempt, TrailEntry
from data.verification.status import refresh_statuses
from data.vocabulary import PersonRole, TrailAct
from tests.builders import S, a_decision
from tests.postgresql import Cluster
from tests.schema import is_of_a_table

CONFIG = Config()
CONFIG.set_main_option("script_location", str(Path(data.store.opening.__file__).parent / "migrations"))
BEFORE_THE_TRAIL = "0006"
REVISIONS = [one.revision for one in ScriptDirectory.from_config(CONFIG).walk_revisions()][::-1]
ROWS: dict[str, list[dict[str, Any]]] = {
    "dataset": [{"id": 1, "version": "v1.0-test", "dataroot": "/data", "ingested_at_us": 1}],
    "scene": [
        {
            "id": "s",
            "dataset_id": 1,
            "name": "scene-0001",
            "description": "Dög",
            "log_name": "",
            "location": "x",
        }
    ],
    "frame": [
        {
            "id": frame,
            "scene_id": "s",
            "position": place,
            "captured_at_us": place,
            "filename": f"{frame}.jpg",
            "boxes": {},
            "cues": {"rain": "wet"},
            "ego_x_m": 0.5,
            "ego_y_m": 0.0,
        }
        for place, frame in enumerate("fgh")
    ],
    "sampling": [{"id": 1, "seed": 0, "parameters": {}, "sampled_at_us": 1}],
    "sampled_frame": [
        {"frame_id": frame, "sampling_id": 1, "split": "train", "inclusion_probability": 1.0}
        for frame in "fgh"
    ],
    "model_run": [
        {
            "id": "run",
            "name": "teacher",
            "role": "teacher",
            "model": "m",
            "source": "recorded",
            "question_hash": "q",
            "parameters": {},
            "created_at_us": 1,
        }
    ],
    "proposal": [
        {
            "id": place,
            "run_id": "run",
            "frame_id": frame,
            "raw": "{}",
            "level": "SUPERVISION",
            "reasoning": "Cones.",
            "action": "Watch.",
            "answered_at_us": 1,
        }
        for place, frame in enumerate("fgh", start=1)
    ],
    "person": [
        {
            "id": number,
            "name": name,
            "display_name": name,
            "role": role,
            "is_scripted": False,
            "is_disabled": False,
            "created_at_us": 1,
        }
        for number, (name, role) in enumerate(
            [("ada", "annotator"), ("ben", "annotator"), ("lena", "lead")], 1
        )
    ],
    "review": [
        {
            "id": number,
            "token": f"token-000{number}",
            "frame_id": frame,
            "person_id": person,
            "mode": "blind",
            "level": level,
            "reasoning": "A dog.",
            "action": "Stop.",
            "guideline_version": "1",
            "seconds_shown": 2.5,
            "reviewed_at_us": 5,
        }
        for number, (frame, person, level) in enumerate(
            [("f", 1, "TELEOPERATION"), ("f", 2, "AUTONOMY"), ("g", 1, "SUPERVISION")], 1
        )
    ],
    "adjudication": [
        {
            "id": 1,
            "frame_id": "f",
            "person_id": 3,
            "level": "TELEOPERATION",
            "reasoning": "A dog.",
            "action": "Stop.",
            "reason": "It is a dog.",
            "adjudicated_at_us": 6,
        }
    ],
    "frame_status": [
        {
            "frame_id": frame,
            "split": "train",
            "state": state,
            "level": level,
            "reviews_needed": needed,
            "priority": 0.0,
            "priority_terms": {},
            "is_audit": False,
        }
        for frame, state, level, needed in [
            ("f", "verified", "TELEOPERATION", 0),
            ("g", "verified", "SUPERVISION", 0),
            ("h", "awaiting", None, 1),
        ]
    ],
    "rewrite": [
        {
            "id": 1,
            "run_id": "run",
            "frame_id": "g",
            "level": "SUPERVISION",
            "chain_of_thought": "Cones.",
            "request_hash": "h",
            "written_at_us": 4,
        }
    ],
    "guideline_text": [{"id": 1, "version": "1", "text": "Look.", "person_id": 3, "written_at_us": 3}],
    "gold_frame": [
        {"frame_id": "f", "adjudication_id": 1, "level": "TELEOPERATION", "made_by_id": 3, "made_at_us": 9}
    ],
    "second_look": [
        {
            "id": 1,
            "frame_id": "f",
            "person_id": 3,
            "reason": "Again.",
            "after_adjudication_id": 0,
            "sent_back_at_us": 6,
        }
    ],
}
"""A store in which every kind of act stands once; each schema takes the tables and columns that it has."""


def at_revision(engine: Engine, revision: str) -> None:
    """The schema of a release, filled with what it could hold, before there was a trail that wants to be told."""
    with engine.begin() as connection:
        CONFIG.attributes["connection"] = connection
        command.upgrade(CONFIG, min(revision, BEFORE_THE_TRAIL))
        then = MetaData()
        then.reflect(connection)
        for table in then.sorted_tables:
            for row in ROWS.get(table.name, []):
                given = {name: value for name, value in row.items() if name in table.columns}
                connection.execute(table.insert(), given)
        if connection.dialect.name == "postgresql":
            for name in ("review", "adjudication", "person", "proposal"):
                connection.execute(text(f"SELECT setval('{name}_id_seq', 100)"))
        command.upgrade(CONFIG, revision)


def checked(store: Store) -> None:
    """Everything is there, vouched for by the trail, and work goes on."""
    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": False, "include_name": is_of_a_table}
        )
        assert compare_metadata(context, SQLModel.metadata) == []
    with store.read() as session:
        said = [(one.token, one.level.value, one.seconds_shown) for one in session.exec(select(Review))]
        entries = list(session.exec(select(TrailEntry)))
        acts = [one.act for one in entries]
        assert verify_trail(session).is_whole
        assert session.get_one(Person, 3).role is PersonRole.LEAD
    assert sorted(said) == [
        ("token-0001", "TELEOPERATION", 2.5),
        ("token-0002", "AUTONOMY", 2.5),
        ("token-0003", "SUPERVISION", 2.5),
    ]
    assert acts.count(TrailAct.ADOPTED) >= 4
    sealed = {one.subject for one in entries if '"at_migration":true' in one.details}
    assert {"dataset", "scene", "frame", "sampling", "sampled_frame", "person"} <= sealed
    refresh_statuses(store)
    served = lease_frames(store, 2, n=3)
    assert [one.frame.id for one in served][-1:] in (["h"], ["g"])
    submit_review(store, 2, a_decision(served[-1], S, person=2))
    state = check_store(store)
    assert (state.damages, state.stale_statuses) == ([], [])


def step_by_step(engine: Engine) -> None:
    """Every release after the trail came opens the store once, each with a connection of its own."""
    at_revision(engine, BEFORE_THE_TRAIL)
    for revision in REVISIONS[REVISIONS.index(BEFORE_THE_TRAIL) + 1 : -1]:
        engine.dispose()
        with engine.begin() as connection:
            CONFIG.attributes["connection"] = connection
            command.upgrade(CONFIG, revision)


RELEASES: dict[str, Callable[[Engine], None]] = {
    revision: partial(at_revision, revision=revision)
    for revision in REVISIONS
    if revision <= BEFORE_THE_TRAIL
} | {"each after the other": step_by_step}
"""By name, what fills a store as releases left it. Rows come in before there was a trail that wants to be told;
what a later release adds to them is therefore the same wherever a store stopped on its way."""


@pytest.mark.parametrize("release", RELEASES)
def test_a_released_sqlite_schema_opens_with_everything_in_it(tmp_path: Path, release: str) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    engine = data.store.opening._engine(url)
    RELEASES[release](engine)
    engine.dispose()
    checked(open_store(tmp_path))


@pytest.mark.parametrize("release", RELEASES)
def test_a_released_postgresql_schema_opens_with_everything_in_it(
    tmp_path: Path, release: str, postgresql: Cluster
) -> None:
    url = postgresql.bare_database()
    engine = data.store.opening._engine(url)
    RELEASES[release](engine)
    engine.dispose()
    store = open_store(tmp_path, url=url)
    checked(store)
    store.close()
    postgresql.drop(url)


def upgraded_under_work(url: str, folder: Path) -> None:
    """A process of the version before is in the middle of an act, and goes on after the schema has changed."""
    old = data.store.opening._engine(url)
    at_revision(old, REVISIONS[-2])
    began, may_end = threading.Event(), threading.Event()
    keeps = text("INSERT INTO sign_in_attempt (name, attempted_at_us) VALUES (:name, 5)")

    def works() -> None:
        with old.begin() as connection:
            connection.execute(keeps, {"name": "begun before"})
            began.set()
            may_end.wait(10)

    worker = threading.Thread(target=works)
    worker.start()
    assert began.wait(10)
    threading.Timer(0.2, may_end.set).start()
    store = open_store(folder, url=url)
    worker.join(10)
    with old.begin() as connection:
        connection.execute(keeps, {"name": "begun after"})
    with store.read() as session:
        kept = set(session.exec(select(SignInAttempt.name)))
    assert kept == {"begun before", "begun after"}
    checked(store)
    old.dispose()
    store.close()


def test_a_migration_waits_for_acts_of_a_running_old_process_and_loses_none(tmp_path: Path) -> None:
    upgraded_under_work(f"sqlite:///{tmp_path}/store.db", tmp_path)


def test_a_migration_on_postgresql_loses_no_act_of_a_running_old_process(
    tmp_path: Path, postgresql: Cluster
) -> None:
    url = postgresql.bare_database()
    upgraded_under_work(url, tmp_path)
    postgresql.drop(url)


def test_a_rewrite_that_a_person_confirmed_keeps_the_store_as_it_is(tmp_path: Path) -> None:
    engine = data.store.opening._engine(f"sqlite:///{tmp_path}/store.db")
    at_revision(engine, "0010")
    confirmation = "INSERT INTO rewrite_confirmation VALUES (1, 1, 3, 'Cones stand there.', 5)"
    with engine.begin() as connection:
        connection.execute(text(confirmation))
    with pytest.raises(StoreError, match=r"1 rewritten chains of thought .* Nothing was changed\.$"):
        open_store(tmp_path)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT chain_of_thought FROM rewrite_confirmation")).scalars().all()
        assert (kept, MigrationContext.configure(connection).get_current_revision()) == (
            ["Cones stand there."],
            "0010",
        )


WATCHED: dict[str, list[dict[str, Any]]] = {
    "watch": [
        {
            "id": 1,
            "run_id": "run",
            "endpoint": "http://127.0.0.1:1",
            "limits": {},
            "listens_at": "http://127.0.0.1:2",
            "started_at_us": 1,
            "seen_at_us": 2,
        }
    ],
    "feed": [{"id": 1, "name": "van", "kind": "camera", "source": "rtsp://van", "added_at_us": 1}],
    "returned_frame": [
        {
            "frame_id": frame,
            "watch_id": 1,
            "feed_id": 1,
            "why": why,
            "is_new": True,
            "inclusion_probability": probability,
            "returned_at_us": 7,
        }
        for frame, why, probability in (
            ("f", "disagreement", 1.0),
            ("g", "random", 0.001),
            ("h", "boundary", 1.0),
        )
    ],
}


def came_back(url: str, folder: Path) -> None:
    """Frames that came back before it was known that no draw had taken them."""
    engine = data.store.opening._engine(url)
    at_revision(engine, "0018")
    with engine.begin() as connection:
        then = MetaData()
        then.reflect(connection)
        for name, rows in WATCHED.items():
            connection.execute(then.tables[name].insert(), rows)
    engine.dispose()
    store = open_store(folder, url=url)
    with store.read() as session:
        found = {one.frame_id: one.inclusion_probability for one in session.exec(select(ReturnedFrame))}
    assert found == {"f": None, "g": 0.001, "h": None}
    assert check_store(store).damages == []
    with pytest.raises(DBAPIError, match="are never changed"), store.write() as session:
        session.connection().execute(delete(ReturnedFrame))
    store.close()


def test_frames_that_came_back_for_a_reason_lose_the_probability_of_a_draw_that_never_was(
    tmp_path: Path,
) -> None:
    came_back(f"sqlite:///{tmp_path}/store.db", tmp_path)


def test_they_lose_it_on_postgresql_too(tmp_path: Path, postgresql: Cluster) -> None:
    url = postgresql.bare_database()
    came_back(url, tmp_path)
    postgresql.drop(url)


def test_a_store_of_a_newer_version_is_one_sentence(tmp_path: Path) -> None:
    open_store(tmp_path, create=True).close()
    engine = data.store.opening._engine(f"sqlite:///{tmp_path}/store.db")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for look in (open_store, open_read_only):
        with pytest.raises(
            StoreError, match=rf"schema is 9999, and this version knows those up to {REVISIONS[-1]}\."
        ):
            look(tmp_path)


def test_revisions_form_one_line() -> None:
    assert len(REVISIONS) == len(set(REVISIONS))
    assert ScriptDirectory.from_config(CONFIG).get_heads() == [REVISIONS[-1]]
