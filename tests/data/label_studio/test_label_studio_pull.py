from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from data.errors import LabelStudioError
from data.label_studio import files as label_studio_files
from data.label_studio.files import export_tasks, import_answers
from data.label_studio.pull import Pulled, pull
from data.label_studio.push import push
from data.label_studio.tasks import FRAME_ID, result_of
from data.maintenance.trail_check import verify_trail
from data.snapshot.trace import trace
from data.store.opening import Store
from data.store.tables import FrameStatus, LabelStudioAnnotation, Person, Review
from data.verification.status import refresh_statuses
from data.vocabulary import Assessment, Mode, PersonRole, Split, TriageLevel, Verdict, VerificationState
from tests.builders import A, S, T, a_person, a_store, reviewed
from tests.data.label_studio.label_studio_stand_in import StandIn, stand_in
from tests.data.review.test_reviews import frames_in

ADA, BEN, EVE = "ada@example.org", "ben@example.org", "eve@example.org"
PROPOSED = Assessment(reasoning="Cones narrow the lane.", level=S, action="Watch the feed.")


def said(level: TriageLevel, reasoning: str = "A person says so.") -> Assessment:
    return Assessment(reasoning=reasoning, level=level, action="Do what fits.")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = a_store(tmp_path)
    for name in (ADA, BEN):
        a_person(made, name)
    return made


@pytest.fixture
def studio(store: Store) -> Iterator[StandIn]:
    """A server with the store's frames, and with Ada (2), Ben (3) and a stranger (4) as its users."""
    with stand_in() as running:
        running.users |= {2: ADA.title(), 3: BEN, 4: EVE}
        push(store, running.server(), "triage")
        yield running


def reviews(store: Store) -> list[Review]:
    with store.read() as session:
        return list(session.exec(select(Review).order_by(col(Review.id))))


def taken(store: Store, studio: StandIn, **options: Any) -> Pulled:
    return pull(store, studio.server(), "triage", **options)


def reasons(done: Pulled) -> list[str]:
    return [refusal.reason for refusal in done.refused]


def test_annotations_become_reviews_once(store: Store, studio: StandIn) -> None:
    studio.annotate(1, 2, PROPOSED, lead_time=7.5)
    studio.annotate(2, 3, said(A))
    first = taken(store, studio)
    assert (first.annotations, first.taken, first.known, first.refused) == (2, 2, 0, [])
    kept, corrected = reviews(store)
    assert (kept.verdict, kept.reasoning, kept.seconds_shown) == (Verdict.ACCEPT, None, 7.5)
    assert (corrected.verdict, corrected.level, corrected.reasoning) == (
        Verdict.CORRECT,
        A,
        "A person says so.",
    )
    assert {kept.mode, corrected.mode} == {Mode.ASSISTED}
    assert None not in (kept.proposal_id, corrected.proposal_id)
    again = taken(store, studio)
    assert (again.taken, again.known, len(reviews(store))) == (0, 2, 2)


def test_what_was_pulled_counts_towards_verification_and_is_traced(store: Store, studio: StandIn) -> None:
    annotation = studio.annotate(1, 2, PROPOSED)
    frame_id = studio.tasks[1]["data"][FRAME_ID]
    taken(store, studio)
    with store.read() as session:
        assert session.get_one(FrameStatus, frame_id).state is VerificationState.VERIFIED
        origin = session.exec(select(LabelStudioAnnotation)).one()
    assert (origin.author, origin.task_id, origin.source) == (ADA, 1, f"{studio.url}/projects/1")
    (review,) = trace(store, frame_id)["reviews"]
    assert review["from"] == f"{studio.url}/projects/1, task 1, by {ADA} at 2026-11-26T10:00:00+00:00"
    assert annotation["id"] == 1


def test_a_changed_annotation_supersedes_its_review(store: Store, studio: StandIn) -> None:
    annotation = studio.annotate(1, 2, said(A))
    taken(store, studio)
    annotation |= {"result": result_of(said(T)), "updated_at": "2026-11-26T11:00:00Z"}
    done = taken(store, studio)
    assert (done.taken, done.changed) == (1, 1)
    first, second = reviews(store)
    assert (second.level, second.supersedes_id) == (T, first.id)
    assert taken(store, studio).known == 1


def test_a_touched_annotation_that_says_the_same_writes_nothing(store: Store, studio: StandIn) -> None:
    annotation = studio.annotate(1, 2, PROPOSED)
    taken(store, studio)
    annotation["updated_at"] = "2026-11-26T11:00:00Z"
    assert (taken(store, studio).known, len(reviews(store))) == (1, 1)


def test_what_is_no_answer_is_refused_one_by_one_and_the_rest_is_taken(store: Store, studio: StandIn) -> None:
    unknown_level = [*result_of(said(S))[1:], {"from_name": "level", "value": {"choices": ["NOPE"]}}]
    studio.annotate(1, 2, unknown_level)
    studio.annotate(2, 2, result_of(said(S))[:2])
    studio.annotate(3, 2, PROPOSED, updated_by=4)
    studio.annotate(3, 4, PROPOSED)
    studio.annotate(4, 3, PROPOSED)
    done = taken(store, studio)
    assert (done.taken, len(reviews(store))) == (1, 1)
    assert [(one.task_id, one.annotation_id, one.reason) for one in done.refused] == [
        (1, 1, "the level is 'NOPE', which is none of the three"),
        (2, 2, "the control action is missing"),
        (3, 3, f"it stands under {ADA} but was written by {EVE}"),
        (
            3,
            4,
            f"nobody here is called {EVE} (`teletriage people add {EVE} --role annotator`, "
            f"or --person {EVE}=NAME)",
        ),
    ]


@pytest.mark.parametrize("choice", [{}, []])
def test_one_annotation_never_ends_the_pull_of_the_others(
    store: Store, studio: StandIn, choice: object
) -> None:
    studio.annotate(1, 2, [*result_of(said(S))[1:], {"from_name": "level", "value": {"choices": [choice]}}])
    studio.annotate(2, 3, PROPOSED)
    done = taken(store, studio)
    assert (done.taken, len(done.refused)) == (1, 1)


def test_nesting_in_an_export_never_ends_its_import(store: Store, tmp_path: Path) -> None:
    deep = "[" * 600 + "]" * 600
    answer = f'{{"id": 1, "result": [{{"from_name": "level", "value": {{"choices": [{deep}]}}}}]}}'
    task = f'{{"data": {{"frame_id": {deep}, "proposal_id": {deep}}}, "annotations": [{answer}]}}'
    (tmp_path / "deep.json").write_text(f"[{task}]")
    assert len(import_answers(store, tmp_path / "deep.json").refused) == 1


def test_a_refused_answer_is_taken_once_its_reason_is_gone(store: Store, studio: StandIn) -> None:
    studio.annotate(1, 4, PROPOSED)
    assert len(taken(store, studio).refused) == 1
    assert taken(store, studio, people={"Eve@Example.org": BEN}).taken == 1
    assert reviews(store)[0].mode is Mode.ASSISTED


def test_who_may_not_review_is_refused(store: Store, studio: StandIn) -> None:
    a_person(store, EVE, PersonRole.TRAINER)
    studio.annotate(1, 4, PROPOSED)
    assert reasons(taken(store, studio)) == [f"{EVE} is a trainer and may not review frames"]


def test_a_task_that_is_not_as_it_was_pushed_is_refused(store: Store, studio: StandIn) -> None:
    changes: list[tuple[dict[str, Any], str]] = [
        ({"frame_id": "nowhere"}, "its task is about no sampled frame of this store (frame_id 'nowhere')"),
        ({"frame_id": None}, "its task is about no sampled frame of this store (frame_id None)"),
        ({"proposal_id": 999}, "its task shows proposal 999, which this store does not have for it"),
        ({"proposal_id": True}, "its task shows proposal True, which this store does not have for it"),
        ({"frame_id": [{}]}, "its task is about no sampled frame of this store (frame_id a list)"),
        ({"proposal_id": "1"}, "its task shows proposal '1', which this store does not have for it"),
        ({"run_id": "other"}, "its task shows proposal "),
        ({"proposed_level": "AUTONOMY"}, "its task shows other words than proposal "),
        ({"frame_id": frames_in(store, Split.HELD_OUT)[0]}, "its frame is held out, and held-out frames are"),
    ]
    for change, _ in changes:
        studio.annotate(studio.add_task(1, {**studio.tasks[1]["data"], **change}), 2, PROPOSED)
    done = taken(store, studio)
    assert done.taken == 0
    for reason, (_, expected) in zip(reasons(done), changes, strict=True):
        assert reason.startswith(expected)


def test_nobody_reviews_a_frame_twice(store: Store, studio: StandIn) -> None:
    with store.read() as session:
        ada = int(session.exec(select(Person.id).where(Person.name == ADA)).one() or 0)
    studio.annotate(studio.task_of(frames_in(store, Split.TRAIN)[0]), 2, said(T))
    reviewed(store, ada, frames_in(store, Split.TRAIN)[0], A)
    assert reasons(taken(store, studio)) == [f"{ADA} has reviewed this frame already (review 1)"]
    assert len(reviews(store)) == 1


def test_a_second_annotation_on_the_same_page_does_not_count_either(store: Store, studio: StandIn) -> None:
    studio.annotate(1, 2, said(T))
    studio.annotate(1, 2, said(A))
    assert reasons(taken(store, studio)) == [f"{ADA} has reviewed this frame already (review 1)"]
    assert [review.level for review in reviews(store)] == [T]


def test_another_level_under_the_words_of_the_first_is_refused(store: Store, studio: StandIn) -> None:
    borrowed = PROPOSED.model_copy(update={"level": T})
    annotation = studio.annotate(1, 2, borrowed)
    told = f"it changes {S.value} to {T.value} and keeps every word that was proposed for {S.value}"
    assert reasons(taken(store, studio)) == [told]
    own = borrowed.model_copy(update={"action": "Take the wheel."})
    annotation |= {"result": result_of(own), "updated_at": "2026-11-26T11:00:00Z"}
    assert taken(store, studio).taken == 1


def test_an_annotation_whose_task_names_another_frame_now_is_refused(store: Store, studio: StandIn) -> None:
    studio.annotate(1, 2, said(T))
    studio.annotate(3, 3, said(S))
    first = studio.tasks[1]["data"][FRAME_ID]
    assert taken(store, studio).taken == 2
    studio.tasks[1]["data"] = dict(studio.tasks[2]["data"])
    told = f"it was taken for frame {first}, and its task names another one now"
    done = taken(store, studio)
    assert (reasons(done), done.known) == ([told], 1)


def test_numbers_that_no_database_counts_to_are_refused(store: Store, tmp_path: Path) -> None:
    task = {"id": 10**30, "data": {FRAME_ID: "a\0b", "proposal_id": 10**30}}
    answer = {"completed_by": {"email": ADA}, "result": result_of(said(S)), "project": 1}
    times = {"created_at": "2026-11-26T10:00:00Z", "updated_at": "2026-11-26T10:00:00Z"}
    task["annotations"] = [{"id": number, **answer, **times} for number in (10**30, 7)]
    (tmp_path / "export.json").write_text(json.dumps([task]))
    done = import_answers(store, tmp_path / "export.json")
    assert reasons(done) == [
        "its id cannot be read: Input should be less than 9223372036854775808",
        "its task is about no sampled frame of this store (frame_id 'a\\x00b')",
    ]


def test_cancelled_annotations_are_counted_only(store: Store, studio: StandIn) -> None:
    studio.annotate(1, 2, [], was_cancelled=True)
    done = taken(store, studio)
    assert (done.skipped, done.taken, done.refused) == (1, 0, [])


def test_two_people_who_disagree_make_a_frame_contested(store: Store, studio: StandIn) -> None:
    studio.annotate(1, 2, said(A))
    studio.annotate(1, 3, said(T))
    taken(store, studio)
    with store.read() as session:
        status = session.get_one(FrameStatus, studio.tasks[1]["data"][FRAME_ID])
    assert status.state is VerificationState.CONTESTED


def test_half_an_answer_takes_nothing_and_the_next_pull_everything(store: Store, studio: StandIn) -> None:
    studio.annotate(1, 2, PROPOSED)
    for broken in (
        HTMLResponse("<html>log in</html>"),
        Response('[{"id": 1,'),
        Response("[]"),
        Response("1"),
    ):
        studio.fault = partial(instead_of_exports, broken)
        with pytest.raises(LabelStudioError):
            taken(store, studio)
    assert reviews(store) == []
    studio.fault = lambda request, after: None
    assert taken(store, studio).taken == 1


def instead_of_exports(broken: Response, request: Request, after: Response | None) -> Response | None:
    return broken if request.url.path.endswith("/export") else None


def test_a_pull_that_breaks_off_keeps_whole_pages_and_goes_on(
    store: Store, studio: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.label_studio.pull.PAGE", 1)
    for task in (1, 2, 3):
        studio.annotate(task, 2, said(A))

    def fault(request: Request, after: Response | None) -> Response | None:
        third = "3" in request.query_params.getlist("ids[]")
        return Response("down", 500) if third else None

    studio.fault = fault
    with pytest.raises(LabelStudioError, match="answered 500"):
        taken(store, studio)
    assert len(reviews(store)) == 2
    studio.fault = lambda request, after: None
    done = taken(store, studio)
    assert (done.taken, done.known) == (1, 2)


@pytest.mark.parametrize("point", ["between pages", "before the commit"])
def test_an_import_that_was_killed_keeps_whole_pages_and_takes_the_rest_once(
    store: Store, studio: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    for task_id in (1, 2, 3):
        studio.annotate(task_id, 2, said(A))
    file = an_export(studio, tmp_path / "export.json")
    monkeypatch.setattr(label_studio_files, "PAGE", 1)
    child = os.fork()
    if child == 0:
        store.engine.dispose(close=False)  # its connections are the parent's
        commits: list[object] = []

        def dies(session: object) -> None:
            commits.append(session)
            if len(commits) == 2:
                os.kill(os.getpid(), signal.SIGKILL)

        where = "after_commit" if point == "between pages" else "before_commit"
        event.listen(Session, where, dies)
        import_answers(store, file, emails={2: ADA})
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    before = len(reviews(store))
    assert before == (2 if point == "between pages" else 1)
    done = import_answers(store, file, emails={2: ADA})
    assert (done.known, done.taken, len(reviews(store))) == (before, 3 - before, 3)
    with store.read() as session:
        assert verify_trail(session).is_whole


def test_a_project_that_asks_other_questions_gives_nothing(store: Store, studio: StandIn) -> None:
    studio.projects[1]["label_config"] = "<View/>"
    with pytest.raises(LabelStudioError, match="asks other questions: it has no Choices called level"):
        taken(store, studio)
    with pytest.raises(LabelStudioError, match="has no project called 'nothing'"):
        pull(store, studio.server(), "nothing")


def an_export(studio: StandIn, path: Path) -> Path:
    path.write_text(json.dumps([task for task in studio.of(1) if task["annotations"]]))
    return path


def test_an_exported_file_and_the_server_give_the_same_reviews_once(
    store: Store, studio: StandIn, tmp_path: Path
) -> None:
    studio.annotate(1, 2, said(A))
    file = an_export(studio, tmp_path / "export.json")
    assert reasons(import_answers(store, file)) == ["user 2 is not among the known users"]
    assert import_answers(store, file, emails={2: ADA}).taken == 1
    assert taken(store, studio).known == 1
    assert import_answers(store, file, emails={2: ADA}).known == 1


def test_our_own_file_of_reviews_comes_back_as_known(store: Store, studio: StandIn, tmp_path: Path) -> None:
    studio.annotate(1, 2, PROPOSED)
    studio.annotate(2, 3, said(T))
    taken(store, studio)
    done = export_tasks(store, tmp_path / "reviewed.json", reviewed=True)
    assert (done.tasks, done.annotations) == (2, 2)
    back = import_answers(store, tmp_path / "reviewed.json")
    assert (back.known, back.taken, back.refused) == (2, 0, [])


def test_a_file_is_never_written_over(store: Store, tmp_path: Path) -> None:
    done = export_tasks(store, tmp_path / "tasks.json")
    assert (done.tasks, done.predictions) == (4, 4)
    assert (tmp_path / "tasks.xml").read_text().startswith("<View>")
    with pytest.raises(LabelStudioError, match="is there already"):
        export_tasks(store, tmp_path / "tasks.json")
    with pytest.raises(LabelStudioError, match="has a review, so there is nothing to export"):
        export_tasks(store, tmp_path / "reviewed.json", reviewed=True)


def test_a_file_that_is_no_export_is_one_sentence(store: Store, tmp_path: Path) -> None:
    for content, message in (
        ("{", "is not whole JSON"),
        ("{}", "is not a list of tasks"),
        ("[1]", "is not a list of tasks"),
        ('[{"data": {}}]', "No task in .* has annotations"),
    ):
        (tmp_path / "x.json").write_text(content)
        with pytest.raises(LabelStudioError, match=message):
            import_answers(store, tmp_path / "x.json")
    with pytest.raises(LabelStudioError, match="cannot be read"):
        import_answers(store, tmp_path / "nowhere.json")


def test_statuses_stay_what_a_rebuild_would_make_them(store: Store, studio: StandIn) -> None:
    for task, level in ((1, S), (2, T), (3, A)):
        studio.annotate(task, 2, said(level))
    taken(store, studio)
    before = {frame: status(store, frame) for frame in frames_in(store, Split.TRAIN)}
    refresh_statuses(store)
    assert {frame: status(store, frame) for frame in before} == before


def status(store: Store, frame_id: str) -> tuple[object, ...]:
    with store.read() as session:
        row = session.get_one(FrameStatus, frame_id)
    return row.state, row.level, row.reviews_needed


def test_an_export_that_cannot_be_finished_leaves_nothing(store: Store, tmp_path: Path) -> None:
    at_most = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, at_most[1]))
    try:
        with pytest.raises(LabelStudioError, match=r"tasks\.json cannot be written: File too large\."):
            export_tasks(store, tmp_path / "tasks.json")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, at_most)
        signal.signal(signal.SIGXFSZ, ignored)
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith("tasks")]
