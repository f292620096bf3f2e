"""The round trip through a real Label Studio. Runs where TELETRIAGE_LABEL_STUDIO names an environment that has it
(`make test-label-studio`)."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from data.label_studio.files import export_tasks, import_answers
from data.label_studio.pull import Pulled, pull
from data.label_studio.push import push
from data.label_studio.tasks import FRAME_ID, result_of
from data.store.opening import Store
from data.store.tables import Review
from data.vocabulary import Assessment, Mode, PersonRole, TriageLevel, Verdict
from tests.builders import A, S, T, a_filename, a_person, a_raw_reply, a_store
from tests.real_label_studio.recording import RECORDED, forms, record, write_recording
from tests.real_label_studio.running import ENVIRONMENT, RunningServer, running_server

pytestmark = pytest.mark.skipif(not ENVIRONMENT, reason="make test-label-studio runs this")
ADA, EVE, LEAD = "ada@example.org", "eve@example.org", "lena@example.org"
FRAMES = 1500


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """3,000 frames, half of them to train on, with proposals that doubt to different degrees."""
    folder = tmp_path_factory.mktemp("store")
    scenes = {f"scene-{number:04}": 50 for number in range(2 * FRAMES // 50)}
    names = [a_filename(scene, position) for scene in scenes for position in range(50)]
    said = {
        name: a_raw_reply([A, S, T][number % 3], thought=f"<b>{number}</b>")
        for number, name in enumerate(names)
    }
    made = a_store(folder, scenes=scenes, teacher=said)
    for name, role in ((ADA, PersonRole.ANNOTATOR), (LEAD, PersonRole.LEAD)):
        a_person(made, name, role)
    return made


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[RunningServer]:
    images = tmp_path_factory.getbasetemp() / "store0" / "dataroot"
    with running_server(tmp_path_factory.mktemp("label-studio"), images) as running:
        print(f"first start of Label Studio: {running.start_s:.0f} s")
        for email in (ADA, EVE, LEAD):
            running.token(email)
        yield running


def said(level: TriageLevel, words: str = "A person says so.") -> Assessment:
    return Assessment(reasoning=words, level=level, action="Do what fits.")


def reviews(store: Store) -> list[Review]:
    with store.read() as session:
        return list(session.exec(select(Review).order_by(col(Review.id))))


def test_a_round_trip_loses_nothing(store: Store, studio: RunningServer) -> None:
    begun = time.monotonic()
    done = push(store, studio.server(), "triage")
    pushed_s = time.monotonic() - begun
    assert (done.added, done.tasks, done.predictions) == (FRAMES, FRAMES, FRAMES)
    again = push(store, studio.server(), "triage")
    assert (again.added, again.there, again.tasks) == (0, FRAMES, FRAMES)
    project = studio.server().project(done.project)
    tasks = studio.server().tasks(project)
    assert done.unseen is None
    with studio.api(ADA) as api:
        picture = api.get(tasks[0].data["image"])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    for number, task in enumerate(tasks[:60]):
        kept = {name: task.data[f"proposed_{name}"] for name in ("level", "reasoning", "action")}
        answer = Assessment.model_validate(kept) if number % 2 else said(T, f"Person {number} says so.")
        studio.annotate(ADA, task.id, answer)
    begun = time.monotonic()
    pulled = pull(store, studio.server(), "triage")
    pulled_s = time.monotonic() - begun
    print(f"pushed {FRAMES:,} in {pushed_s:.1f} s, pulled 60 of {FRAMES:,} in {pulled_s:.1f} s")
    assert (pulled.taken, pulled.known, pulled.refused) == (60, 0, [])
    written = reviews(store)
    assert {review.mode for review in written} == {Mode.ASSISTED}
    assert {review.seconds_shown for review in written} == {12.5}
    assert [review.verdict for review in written].count(Verdict.ACCEPT) == 30
    assert {review.frame_id for review in written} == {task.data[FRAME_ID] for task in tasks[:60]}
    repeated = pull(store, studio.server(), "triage")
    assert (repeated.taken, repeated.known, len(reviews(store))) == (0, 60, 60)


def test_a_changed_answer_takes_the_place_of_the_earlier_one(store: Store, studio: RunningServer) -> None:
    task = tasks_of(studio)[70]
    first = studio.annotate(ADA, task.id, said(S, "First."))
    assert pull(store, studio.server(), "triage").taken == 1
    studio.change(ADA, first["id"], {"result": result_of(said(A, "Second."))})
    changed = pull(store, studio.server(), "triage")
    assert (changed.taken, changed.changed) == (1, 1)
    standing = reviews(store)[-1]
    assert (standing.level, standing.reasoning) == (A, "Second.")
    assert standing.supersedes_id == reviews(store)[-2].id


def tasks_of(studio: RunningServer) -> list[Any]:
    server = studio.server()
    project = server.find_project("triage")
    assert project is not None
    return server.tasks(project)


def reasons(pulled: Pulled) -> dict[int | None, str]:
    return {refusal.task_id: refusal.reason for refusal in pulled.refused}


def test_what_label_studio_lets_through_is_refused_one_by_one(store: Store, studio: RunningServer) -> None:
    unknown, missing, forged, patched, stranger, twice = tasks_of(studio)[100:106]
    nope = result_of(said(S))
    nope[0]["value"] = {"choices": ["NOPE"]}
    studio.annotate(ADA, unknown.id, nope)
    studio.annotate(ADA, missing.id, result_of(said(S))[:2])
    with studio.api() as api:
        ada = {user["email"]: user["id"] for user in api.get("/api/users/").json()}[ADA]
    studio.annotate(EVE, forged.id, said(T), completed_by=ada)
    studio.change(EVE, studio.annotate(ADA, patched.id, said(S))["id"], {"result": result_of(said(T))})
    studio.annotate(EVE, stranger.id, said(S))
    studio.annotate(ADA, twice.id, said(S))
    studio.annotate(ADA, twice.id, said(T))
    pulled = pull(store, studio.server(), "triage")
    assert pulled.taken == 1
    assert reasons(pulled) == {
        unknown.id: "the level is 'NOPE', which is none of the three",
        missing.id: "the control action is missing",
        forged.id: f"it stands under {ADA} but was written by {EVE}",
        patched.id: f"it stands under {ADA} but was written by {EVE}",
        stranger.id: f"nobody here is called {EVE} (`teletriage people add {EVE} --role annotator`, "
        f"or --person {EVE}=NAME)",
        twice.id: f"{ADA} has reviewed this frame already (review {reviews(store)[-1].id})",
    }


def test_predictions_that_are_lost_while_others_write_are_sent_again(
    studio: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.label_studio.push.BATCH", 100)
    store = a_store(tmp_path, scenes={"scene-0001": 300, "scene-0002": 300})
    over = threading.Event()

    def churn() -> None:
        with studio.api(LEAD) as api:
            while not over.is_set():
                made = api.post("/api/projects/", json={"title": "churn"})
                if made.status_code == 201:
                    api.delete(f"/api/projects/{made.json()['id']}/")

    others = threading.Thread(target=churn)
    others.start()
    try:
        begun = time.monotonic()
        done = push(store, studio.server(), "under churn")
    finally:
        over.set()
        others.join()
    print(f"under churn: {done} in {time.monotonic() - begun:.1f} s")
    assert (done.tasks, done.predictions) == (done.frames, done.frames)
    tasks = studio.server().tasks(studio.server().project(done.project))
    with studio.api() as api:  # a task's own count lags behind
        held = [len(api.get("/api/predictions/", params={"task": task.id}).json()) for task in tasks]
    assert held == [1] * 300


def test_the_exported_file_is_taken_by_label_studio_and_its_export_by_us(
    store: Store, studio: RunningServer, tmp_path: Path
) -> None:
    export_tasks(store, tmp_path / "tasks.json")
    with studio.api() as api:
        config = (tmp_path / "tasks.xml").read_text()
        project = api.post("/api/projects/", json={"title": "by file", "label_config": config}).json()["id"]
        file = (tmp_path / "tasks.json").read_bytes()
        answer = api.post(f"/api/projects/{project}/import", files={"file": ("tasks.json", file)}).json()
        assert answer["task_count"] == answer["prediction_count"] > 0
        task = studio.server().tasks(studio.server().project(project))[0]
        studio.annotate(LEAD, task.id, said(T, "By file."))
        export = api.get(f"/api/projects/{project}/export", params={"exportType": "JSON"}).content
        lead = {user["email"]: user["id"] for user in api.get("/api/users/").json()}[LEAD]
    (tmp_path / "export.json").write_bytes(export)
    done = import_answers(store, tmp_path / "export.json", emails={lead: LEAD})
    assert (done.taken, done.refused) == (1, [])
    assert reviews(store)[-1].reasoning == "By file."
    assert pull(store, studio.server(), "by file").known == 1


def test_what_the_other_tests_replay_is_what_it_answers(studio: RunningServer) -> None:
    if os.environ.get("TELETRIAGE_RECORD"):
        write_recording(studio)
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    assert forms(record(studio)) == forms(recorded)
