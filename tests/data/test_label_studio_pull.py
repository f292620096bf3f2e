from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from data.errors import LabelStudioError
from data.frame_status import refresh_statuses
from data.label_studio_files import export_tasks, import_answers
from data.label_studio_pull import Pulled, pull
from data.label_studio_push import push
from data.label_studio_tasks import FRAME_ID, result_of
from data.store import Store
from data.tables import FrameStatus, LabelStudioAnnotation, Review
from data.trace import trace
from data.vocabulary import Assessment, Mode, PersonRole, Split, TriageLevel, Verdict, VerificationState
from tests.builders import A, S, T, a_person, a_store, reviewed
from tests.data.label_studio_stand_in import StandIn, stand_in
from tests.data.test_reviews import frames_in

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


def without(name: str) -> list[dict[str, Any]]:
    return [item for item in result_of(said(S)) if item["from_name"] != name]


def with_level(*choices: Any) -> list[dict[str, Any]]:
    return [*without("level"), {"from_name": "level", "value": {"choices": list(choices)}}]


def with_text(text: Any) -> list[dict[str, Any]]:
    return [*without("action"), {"from_name": "action", "value": {"text": text}}]


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (with_level("NOPE"), "the level is 'NOPE', which is none of the three"),
        (with_level("AUTONOMY", "SUPERVISION"), "it chooses 2 levels and not one"),
        (with_level(), "it chooses 0 levels and not one"),
        ([*without("level"), {"from_name": "level", "value": None}], "it chooses no levels and not one"),
        (without("level"), "the control level is missing"),
        (without("reasoning"), "the control reasoning is missing"),
        ([], "the control level is missing"),
        ([*result_of(said(S)), *result_of(said(T))], "the control level stands twice"),
        (with_text([""]), "its action is not taken: String should have at least 1 character"),
        (with_text(["x" * 301]), "its action is not taken: String should have at most 300 characters"),
    ],
)
def test_an_answer_that_is_none_is_refused_with_its_reason(
    store: Store, studio: StandIn, result: list[dict[str, Any]], reason: str
) -> None:
    studio.annotate(1, 2, result)
    studio.annotate(2, 2, PROPOSED)
    done = taken(store, studio)
    assert (reasons(done), done.taken) == ([reason], 1)
    assert (done.refused[0].task_id, done.refused[0].annotation_id) == (1, 1)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"completed_by": 2, "updated_by": 4}, f"it stands under {ADA} but was written by {EVE}"),
        (
            {"completed_by": 2, "updated_by": 9},
            f"it stands under {ADA} but was written by somebody unknown",
        ),
        ({"completed_by": 2, "updated_by": None}, f"it was imported under {ADA}, not written by them"),
        ({"completed_by": 9, "updated_by": 9}, "user 9 is not among the known users"),
        ({"completed_by": None}, "it does not say who answered"),
        (
            {"completed_by": 4, "updated_by": 4},
            f"nobody here is called {EVE} (`teletriage people add {EVE} --role annotator`, "
            f"or --person {EVE}=NAME)",
        ),
        ({"created_at": "yesterday"}, "its created_at cannot be read"),
    ],
)
def test_authors_are_not_taken_on_trust(
    store: Store, studio: StandIn, fields: dict[str, Any], reason: str
) -> None:
    studio.annotate(1, 2, PROPOSED, **fields)
    done = taken(store, studio)
    assert done.taken == 0
    assert reasons(done)[0].startswith(reason)


def test_a_refused_answer_is_taken_once_its_reason_is_gone(store: Store, studio: StandIn) -> None:
    studio.annotate(1, 4, PROPOSED)
    assert len(taken(store, studio).refused) == 1
    assert taken(store, studio, people={"Eve@Example.org": BEN}).taken == 1
    assert reviews(store)[0].mode is Mode.ASSISTED


def test_who_may_not_review_is_refused(store: Store, studio: StandIn) -> None:
    a_person(store, EVE, PersonRole.TRAINER)
    studio.annotate(1, 4, PROPOSED)
    assert reasons(taken(store, studio)) == [f"{EVE} is a trainer and may not review frames"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"frame_id": "nowhere"}, "its task is about no sampled frame of this store (frame_id 'nowhere')"),
        ({"frame_id": None}, "its task is about no sampled frame of this store (frame_id None)"),
        ({"proposal_id": 999}, "its task shows proposal 999, which this store does not have for it"),
        ({"run_id": "other"}, "its task shows proposal "),
        ({"proposed_level": "AUTONOMY"}, "its task shows other words than proposal "),
    ],
)
def test_a_task_that_is_not_as_it_was_pushed_is_refused(
    store: Store, studio: StandIn, change: dict[str, Any], reason: str
) -> None:
    studio.tasks[1]["data"] |= change
    studio.annotate(1, 2, PROPOSED)
    done = taken(store, studio)
    assert (done.taken, len(done.refused)) == (0, 1)
    assert reasons(done)[0].startswith(reason)


def test_a_held_out_frame_is_refused(store: Store, studio: StandIn) -> None:
    data = {**studio.tasks[1]["data"], "frame_id": frames_in(store, Split.HELD_OUT)[0]}
    studio.annotate(studio.add_task(1, data), 2, PROPOSED)
    assert reasons(taken(store, studio)) == ["its frame is held out, and held-out frames are judged blind"]


def test_nobody_reviews_a_frame_twice(store: Store, studio: StandIn) -> None:
    with store.read() as session:
        ada = reviewed_by_ada(session)
    studio.annotate(studio.task_of(frames_in(store, Split.TRAIN)[0]), 2, said(T))
    reviewed(store, ada, frames_in(store, Split.TRAIN)[0], A)
    assert reasons(taken(store, studio)) == [f"{ADA} has reviewed this frame already (review 1)"]
    assert len(reviews(store)) == 1


def reviewed_by_ada(session: Any) -> int:
    from data.tables import Person

    return int(session.exec(select(Person.id).where(Person.name == ADA)).one())


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


@pytest.mark.parametrize("broken", [HTMLResponse("<html>log in</html>"), Response('[{"id": 1,', 200), Response("[]")])
def test_half_an_answer_takes_nothing_and_the_next_pull_everything(
    store: Store, studio: StandIn, broken: Response
) -> None:
    studio.annotate(1, 2, PROPOSED)

    def fault(request: Request, after: Response | None) -> Response | None:
        return broken if request.url.path.endswith("/export") else None

    studio.fault = fault
    with pytest.raises(LabelStudioError):
        taken(store, studio)
    assert reviews(store) == []
    studio.fault = lambda request, after: None
    assert taken(store, studio).taken == 1


def test_a_pull_that_breaks_off_keeps_whole_pages_and_goes_on(
    store: Store, studio: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.label_studio_pull.PAGE", 1)
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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not whole JSON"),
        ("{}", "is not a list of tasks"),
        ("[1]", "is not a list of tasks"),
        ('[{"data": {}}]', "No task in .* has annotations"),
    ],
)
def test_a_file_that_is_no_export_is_one_sentence(
    store: Store, tmp_path: Path, content: str, message: str
) -> None:
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
