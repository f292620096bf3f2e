from __future__ import annotations

import asyncio
import gzip
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlmodel import select
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from data.errors import LabelStudioError
from data.label_studio.bounded_http import MOST_BYTES
from data.label_studio.configuration import config_problems, labelling_config
from data.label_studio.push import push
from data.label_studio.server import LabelStudioServer
from data.label_studio.tasks import FRAME_ID, tasks_to_review
from data.store.opening import Store
from data.store.tables import FrameStatus, Proposal
from data.vocabulary import Split
from tests.builders import A, a_person, a_store, reviewed
from tests.data.label_studio.label_studio_stand_in import StandIn, recorded, stand_in
from tests.data.review.test_reviews import frames_in


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Four training frames and four held out, all proposed SUPERVISION."""
    return a_store(tmp_path_factory.mktemp("push"))


@pytest.fixture
def studio() -> Iterator[StandIn]:
    with stand_in() as running:
        yield running


def imports(studio: StandIn) -> int:
    return sum(asked.endswith("/import") for asked in studio.asked)


def test_every_training_frame_becomes_one_task_with_its_proposal(store: Store, studio: StandIn) -> None:
    done = push(store, studio.server(), "triage")
    assert (done.frames, done.added, done.there, done.tasks, done.predictions) == (4, 4, 0, 4, 4)
    assert studio.projects[1]["label_config"] == labelling_config()
    assert studio.projects[1]["model_version"] == "test-teacher"
    tasks = studio.of(1)
    assert {task["data"][FRAME_ID] for task in tasks} == set(frames_in(store, Split.TRAIN))
    data, (prediction,) = tasks[0]["data"], tasks[0]["predictions"]
    assert data["image"].startswith("/data/local-files/?d=samples/CAM_FRONT/scene-")
    assert (data["proposed_level"], data["proposed_reasoning"]) == ("SUPERVISION", "Cones narrow the lane.")
    values = [item["value"] for item in prediction["result"]]
    assert values == [
        {"choices": ["SUPERVISION"]},
        {"text": ["Cones narrow the lane."]},
        {"text": ["Watch the feed."]},
    ]


def test_a_second_push_adds_nothing(store: Store, studio: StandIn) -> None:
    push(store, studio.server(), "triage")
    again = push(store, studio.server(), "1")
    assert (again.added, again.there, again.tasks, imports(studio)) == (0, 4, 4, 1)


def test_the_pictures_folder_is_served_once_and_said_where_it_is_not(store: Store, studio: StandIn) -> None:
    studio.serves_files = False
    unseen = push(store, studio.server(), "triage").unseen
    assert unseen is not None
    assert "does not exist" in unseen
    studio.serves_files = True
    for _ in range(2):
        assert push(store, studio.server(), "triage").unseen is None
    (folder,) = studio.folders
    assert folder.endswith("/dataroot/samples")
    studio.folders = []
    push(store, studio.server(), "triage", images="https://pictures.example.org/")
    assert studio.folders == []


def test_lost_predictions_are_noticed_and_sent_again(store: Store, studio: StandIn) -> None:
    studio.loses = 1
    done = push(store, studio.server(), "triage")
    assert (done.lost, done.tasks, done.predictions) == (4, 4, 4)
    assert all(len(task["predictions"]) == 1 for task in studio.of(1))


def test_a_count_that_lags_behind_adds_no_second_prediction(store: Store, studio: StandIn) -> None:
    push(store, studio.server(), "triage")
    studio.lagging = {studio.of(1)[0]["id"]}
    done = push(store, studio.server(), "triage")
    assert (done.lost, len(studio.of(1)[0]["predictions"])) == (0, 1)


def test_predictions_that_vanish_later_are_sent_again_by_the_next_push(store: Store, studio: StandIn) -> None:
    push(store, studio.server(), "triage")
    studio.of(1)[2]["predictions"] = []
    assert push(store, studio.server(), "triage").lost == 1


@pytest.mark.parametrize(
    "broken",
    [Response("oops", 500), HTMLResponse("<html>gateway</html>", 502), HTMLResponse("<html>log in</html>")],
)
def test_a_batch_whose_answer_is_lost_is_not_sent_twice(
    store: Store, studio: StandIn, broken: Response
) -> None:
    def fault(request: Request, after: Response | None) -> Response | None:
        return broken if after is not None and request.url.path.endswith("/import") else None

    studio.fault = fault
    done = push(store, studio.server(), "triage")
    assert (done.resent, done.tasks, imports(studio)) == (1, 4, 1)


def test_a_batch_that_never_arrives_is_an_error_and_the_next_push_goes_on(
    store: Store, studio: StandIn
) -> None:
    def fault(request: Request, after: Response | None) -> Response | None:
        return Response("locked", 500) if request.url.path.endswith("/import") else None

    studio.fault = fault
    with pytest.raises(LabelStudioError, match="still lacks 4 of 4 tasks after 3 attempts"):
        push(store, studio.server(), "triage")
    studio.fault = lambda request, after: None
    assert push(store, studio.server(), "triage").added == 4


def test_reading_is_tried_again_when_the_server_falters(store: Store, studio: StandIn) -> None:
    failures = iter([True, False, True])

    def fault(request: Request, after: Response | None) -> Response | None:
        is_list = request.method == "GET" and after is None
        return Response("busy", 503) if is_list and next(failures, False) else None

    studio.fault = fault
    assert push(store, studio.server(), "triage").tasks == 4


def test_a_slow_server_is_one_sentence(store: Store, studio: StandIn) -> None:
    def fault(request: Request, after: Response | None) -> Response | None:
        time.sleep(0.4)
        return None

    studio.fault = fault
    with pytest.raises(LabelStudioError, match="did not answer in time"):
        push(store, studio.server(timeout_s=0.05), "triage")


def test_an_answer_that_never_ends_is_given_up_on(store: Store, studio: StandIn) -> None:
    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    studio.fault = lambda request, after: StreamingResponse(drops(), media_type="application/json")
    started = time.monotonic()
    with pytest.raises(LabelStudioError, match="did not answer in time"):
        push(store, studio.server(timeout_s=0.1), "triage")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Response(b"[" + b" " * (MOST_BYTES + 1)), "it is larger than 33,554,432 bytes"),
        (Response(gzip.compress(b"[]"), headers={"content-encoding": "gzip"}), "it is compressed"),
        (RedirectResponse("http://127.0.0.1:9/"), "sends on to another address (307), which is not followed"),
        (Response("[" * 100_000, media_type="application/json"), "answered something else"),
    ],
)
def test_no_answer_takes_the_memory_or_leads_elsewhere(
    store: Store, studio: StandIn, answer: Response, told: str
) -> None:
    studio.fault = lambda request, after: answer
    with pytest.raises(LabelStudioError, match=re.escape(told)):
        push(store, studio.server(), "triage")


def test_doubled_tasks_without_annotations_are_taken_away(store: Store, studio: StandIn) -> None:
    push(store, studio.server(), "triage")
    for task in list(studio.of(1))[:2]:
        studio.add_task(1, task["data"])
    kept = studio.of(1)[-1]
    studio.annotate(kept["id"], 1, [])
    done = push(store, studio.server(), "triage")
    assert (done.doubled, done.tasks, done.predictions) == (2, 4, 4)
    assert kept["id"] in studio.tasks  # the annotated one of the two stays


def test_tasks_of_others_are_left_alone_and_counted(store: Store, studio: StandIn) -> None:
    push(store, studio.server(), "triage")
    studio.add_task(1, {"image": "x.jpg"})
    done = push(store, studio.server(), "triage")
    assert (done.others, done.tasks) == (1, 5)


def test_a_project_that_asks_other_questions_is_refused_once_it_has_tasks(
    store: Store, studio: StandIn
) -> None:
    studio.projects[1] = {"title": "cats", "label_config": '<View><Choices name="cat" toName="x"/></View>'}
    studio.add_task(1, {"image": "cat.jpg"})
    with pytest.raises(LabelStudioError, match=r"Project 1 \(cats\) asks other questions: it has no Choices"):
        push(store, studio.server(), "cats")
    assert imports(studio) == 0


def test_an_empty_project_gets_our_configuration(store: Store, studio: StandIn) -> None:
    studio.projects[1] = {"title": "new", "label_config": "<View></View>"}
    assert push(store, studio.server(), "new").project == 1
    assert studio.projects[1]["label_config"] == labelling_config()


def test_a_team_may_add_to_the_configuration() -> None:
    wider = labelling_config().replace("</View>", '<Rating name="how_sure" toName="image"/></View>', 1)
    assert config_problems(wider.replace('hotkey="1"', 'hotkey="a"')) == []
    assert config_problems(labelling_config().replace("TELEOPERATION", "REMOTE")) == [
        "its levels are AUTONOMY, SUPERVISION, REMOTE"
    ]
    assert config_problems("<!DOCTYPE x><View/>")[0].endswith("it declares entities")
    assert config_problems("<View>")[0].startswith("it is not XML")


def test_two_projects_of_one_title_are_told_apart_by_id(store: Store, studio: StandIn) -> None:
    studio.projects = {number: {"title": "triage", "label_config": ""} for number in (1, 2)}
    with pytest.raises(
        LabelStudioError, match=r"2 projects are called 'triage': name one by its id \(1, 2\)"
    ):
        push(store, studio.server(), "triage")


def test_a_wrong_token_address_or_project_is_one_sentence(store: Store, studio: StandIn) -> None:
    with pytest.raises(LabelStudioError, match="does not take the token: Invalid token"):
        push(store, LabelStudioServer(studio.url, "other", pause_s=0), "triage")
    with pytest.raises(LabelStudioError, match=r"cannot be reached at http://127\.0\.0\.1:9"):
        push(store, LabelStudioServer("http://127.0.0.1:9", "token", pause_s=0), "triage")
    with pytest.raises(LabelStudioError, match="No Project matches"):
        push(store, studio.server(), "77")
    with pytest.raises(LabelStudioError, match="is not an address"):
        LabelStudioServer("localhost:8080", "token")
    with pytest.raises(LabelStudioError, match="asks for a token"):
        LabelStudioServer("http://localhost:8080", "")


def test_frames_at_the_boundary_come_first(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    first, second, third, fourth = frames_in(store, Split.TRAIN)
    doubts = {first: [0.9, 0.1, 0.0], second: [0.0, 0.55, 0.45], third: [0.1, 0.8, 0.1]}
    with store.write() as session:
        for proposal in session.exec(select(Proposal)):
            proposal.level_probabilities = doubts.get(proposal.frame_id)
    with store.read() as session:
        before_ranking = [task["data"][FRAME_ID] for task in tasks_to_review(session)]
    assert before_ranking == [first, second, fourth, third]
    with store.write() as session:
        session.get_one(FrameStatus, fourth).priority = 2.5
    with store.read() as session:
        tasks = tasks_to_review(session)
    assert (tasks[0]["data"][FRAME_ID], tasks[0]["predictions"][0]["score"]) == (fourth, 0.285714)


def test_reviewed_frames_are_not_pushed(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store)
    frames = frames_in(store, Split.TRAIN)
    reviewed(store, ada, frames[0], A)
    with store.read() as session:
        assert {task["data"][FRAME_ID] for task in tasks_to_review(session)} == set(frames[1:])


def test_what_was_recorded_is_what_the_client_reads() -> None:
    assert recorded("imported")["prediction_count"] == 1
    assert recorded("no_page")["detail"] == "Invalid page."
    assert "unique_id" in recorded("export")[0]["annotations"][0]
