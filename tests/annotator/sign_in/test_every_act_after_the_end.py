"""Every button of every screen on a page that outlives its sign-in, its account or its role: nothing is written."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, delete, select

from data.maintenance.copying import table_states
from data.people.accounts import change_role, disable_person, end_sign_ins, set_password, sign_in, sign_out
from data.review.audit_lots import open_lot
from data.review.blind_audits import cancel_audit
from data.review.guideline import write_guideline
from data.review.notes import Note, note_frame
from data.review.pauses import release_answers
from data.review.serving import lease_frames
from data.snapshot.freeze import freeze
from data.store import Store
from data.store.tables import (
    ClipJudgement,
    Frame,
    FrameStatus,
    GeneratedClip,
    GeneratedFrame,
    GuidelineReading,
    Lease,
    Scene,
)
from data.verification.standing import paused_people
from data.vocabulary import NoteKind, PersonRole, Split
from eval.evaluation.from_store import evaluate_runs
from eval.evaluation.result import Control, SuspiciousFrame
from eval.report.render import write_evaluation
from tests.annotator.browser.served import RunningApp
from tests.annotator.page_socket import PageSocket
from tests.builders import A, S, T, a_person, a_store, reviewed
from tests.data.review.test_reviews import frames_in
from tests.repository import ROOT

SCREENS = ROOT / "annotator" / "screens"
_numbers = count(1)


@dataclass(frozen=True)
class Place:
    """A state of a page, reached by `steps`; `values` stand in its boxes when a button is pressed. `writes` is one of
    its buttons that writes for somebody who may."""

    page: str
    role: PersonRole
    writes: str
    steps: tuple[dict[str, Any], ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    before: Callable[[Store, int], object] | None = None
    """What happens before the page of a person, whose id it gets, is opened."""


def knows_the_first(store: Store, person_id: int) -> None:
    """The person has read the guideline's first version; the second is in force."""
    with store.write() as session:
        session.add(GuidelineReading(person_id=person_id, guideline_number=1, version="1", read_at_us=1))


WHY = "Why? (kept in the record)"
AGAIN = "Why do they count again? (kept in the record)"
PAUSE = {"Whose answers": "ada", WHY: "Too fast.", "Pause these answers": True}
PLACES = {
    "guideline": Place(
        *("guideline", PersonRole.LEAD, "Publish version 3"),
        values=(
            ("Text (Markdown)", "Be careful."),
            ("What changed, and why? (annotators read it)", "More care."),
        ),
    ),
    "trust": Place("trust", PersonRole.LEAD, "Open an audit"),
    "audit": Place(
        *("trust", PersonRole.LEAD, "Cancel the audit"),
        steps=({"Open an audit": True},),
        values=((WHY, "No time."),),
    ),
    "annotators": Place(
        *("annotators", PersonRole.LEAD, "Pause these answers"),
        values=(("Whose answers", "ada"), (WHY, "Too fast.")),
    ),
    "paused": Place(
        *("annotators", PersonRole.LEAD, "Release these answers"),
        steps=(PAUSE,),
        values=((AGAIN, "Looked at."),),
    ),
    "adjudicate": Place("adjudicate", PersonRole.LEAD, "Take it back"),
    "reports": Place("reports", PersonRole.LEAD, "Send them for a second look"),
    "review": Place("review-plain", PersonRole.ANNOTATOR, "Accept SUPERVISION"),
    "correction": Place("review-plain", PersonRole.ANNOTATOR, "Save", ({"Teleoperation": True},)),
    "changed guideline": Place(
        *("review-plain", PersonRole.ANNOTATOR, "I have read it"), before=knows_the_first
    ),
    "snapshot": Place("snapshot", PersonRole.TRAINER, "Freeze a snapshot"),
    "people": Place("people", PersonRole.ADMIN, "Add", values=(("Name to sign in with", "nina"),)),
    "disabled account": Place(
        *("people", PersonRole.ADMIN, "Enable", ({"Account": "zoe"},)), values=(("Account", "zoe"),)
    ),
    "audit trail": Place("audit-trail", PersonRole.ADMIN, ""),
}
BUTTONS = {
    ("guideline", "f'Publish version {held.number + 1}'"): ("guideline", "Publish version 3"),
    ("trust", "'Open an audit'"): ("trust", "Open an audit"),
    ("trust", "'Cancel the audit'"): ("audit", "Cancel the audit"),
    ("pauses", "'Pause these answers'"): ("annotators", "Pause these answers"),
    ("pauses", "'Release these answers'"): ("paused", "Release these answers"),
    ("rejected_clips", "'Take it back'"): ("adjudicate", "Take it back"),
    ("adjudicate", "'Send the answer'"): ("adjudicate", "Send the answer"),
    ("reports", "'Send them for a second look'"): ("reports", "Send them for a second look"),
    ("reports", "'Send back to review'"): ("reports", "Send back to review"),
    ("review_plain", "'It cannot be real: reject the whole clip'"): (
        *("review", "It cannot be real: reject the whole clip"),
    ),
    ("review_plain", "f'Accept {proposal.level.value}'"): ("review", "Accept SUPERVISION"),
    ("review_plain", "level.value.capitalize()"): ("review", "Teleoperation"),
    ("review_plain", "'I have read it'"): ("changed guideline", "I have read it"),
    ("review_plain", "'Save'"): ("correction", "Save"),
    ("review_plain", "'Back'"): ("correction", "Back"),
    ("snapshot", "'Freeze a snapshot'"): ("snapshot", "Freeze a snapshot"),
    ("snapshot", "'Check its hashes'"): ("snapshot", "Check its hashes"),
    ("people", "'Add'"): ("people", "Add"),
    ("people", "'Change the role'"): ("people", "Change the role"),
    ("people", "'New password'"): ("people", "New password"),
    ("people", "'Sign out everywhere'"): ("people", "Sign out everywhere"),
    ("people", "title"): ("people", "Disable"),
    ("people", "opposite"): ("disabled account", "Enable"),
    ("audit_trail", "'Show older entries'"): ("audit trail", "Show older entries"),
}
"""Every button of the screens' code, by module and label as written, with where a page offers it under which label."""
ENDINGS: dict[str, Callable[[Store, str, str], object]] = {
    "signed out": lambda store, name, secret: sign_out(store, secret),
    "signed out by an administrator": lambda store, name, secret: end_sign_ins(store, name),
    "given a new password": lambda store, name, secret: set_password(store, name, "another-password"),
    "disabled": lambda store, name, secret: disable_person(store, name),
}
PRESSES = {"button", "form_submit_button"}
CALLBACKS = {"on_click", "on_change", "on_select"}


def test_every_button_of_every_screen_is_among_those_that_are_tried() -> None:
    assert {(path.stem, label) for path in SCREENS.rglob("*.py") for label in buttons_in(path)} == set(
        BUTTONS
    )


def buttons_in(path: Path) -> Iterator[str]:
    """The labels of what can be pressed, and what else runs a callback, as the code says them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        named = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        draws_anew = [one.arg for one in node.keywords if ast.unparse(one.value) == "'rerun'"]
        given = {one.arg for one in node.keywords} - {*draws_anew}
        if named in PRESSES or given & CALLBACKS:
            yield ast.unparse(node.args[0])


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("acts")
    running = RunningApp(folder / "workspace", a_store_with_work(folder))
    running.start()
    yield running
    running.stop()
    running.store.close()


def a_store_with_work(folder: Path) -> Store:
    """A store with something to do on every screen."""
    store = a_store(folder, scenes={f"scene-000{n}": 12 for n in range(1, 5)})
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    a_person(store, "root", PersonRole.ADMIN)  # so that an administrator who is disabled is not the last one
    a_person(store, "zoe")
    disable_person(store, "zoe")
    held_out = frames_in(store, Split.HELD_OUT)
    contested, rest = _by_scene(store, frames_in(store, Split.TRAIN))[:2]
    lease_frames(store, ada, n=48)
    note_frame(store, ada, Note(token="note-0001", frame_id=rest[0], kind=NoteKind.FLAG, reason="Rain?"))
    for frame_id in contested:
        reviewed(store, ada, frame_id, T)
        reviewed(store, ben, frame_id, A)
    reviewed(store, ben, rest[1], S)
    for person in (ada, ben):
        for frame_id in held_out[:4]:
            reviewed(store, person, frame_id, T)
    lead = a_person(store, "lena", PersonRole.LEAD)
    write_guideline(store, lead, "# Two", note="More care.")
    _generate(store, shown=rest[2], rejected=rest[3], by=ada)
    _report(store, folder / "workspace" / "reports" / "one")
    freeze(store, folder / "workspace" / "snapshots" / "one")
    return store


def _by_scene(store: Store, frame_ids: list[str]) -> list[list[str]]:
    """Frames near a found miss are in no audit, so what is contested lies in a scene of its own."""
    with store.read() as session:
        scenes = {frame_id: session.get_one(Frame, frame_id).scene_id for frame_id in frame_ids}
    return [[one for one in frame_ids if scenes[one] == scene] for scene in sorted(set(scenes.values()))]


def _generate(store: Store, *, shown: str, rejected: str, by: int) -> None:
    """Two generated clips of a frame each: one is worked on, one stands rejected."""
    with store.write() as session:
        scenes = list(session.exec(select(Scene.id).limit(2)))
        for name, frame_id, scene_id in zip(("clip-a", "clip-b"), (shown, rejected), scenes, strict=True):
            session.add(_a_clip(name, scene_id))
            session.flush()
            session.add(GeneratedFrame(frame_id=frame_id, clip_id=name, source_frame_id=frame_id, place=0))
            session.get_one(Frame, frame_id).generated_clip_id = name
        session.delete(session.get_one(FrameStatus, rejected))
        session.add(
            ClipJudgement(
                token="judged-01",
                clip_id="clip-b",
                person_id=by,
                is_rejected=True,
                reason="x",
                judged_at_us=1,
            )
        )


def _a_clip(name: str, scene_id: str) -> GeneratedClip:
    return GeneratedClip(
        id=name,
        name=name,
        scene_id=scene_id,
        source_scene_id=scene_id,
        scenario="fog",
        model="m",
        seed=1,
        spec={},
        spec_hash="a",
        source_sha256="b",
        output_sha256="c",
        frames=1,
        taken_in_at_us=1,
    )


def _report(store: Store, folder: Path) -> None:
    """A report that casts doubt on one frame and draws another."""
    evaluation = evaluate_runs(store, [])
    first, second = evaluation.missed[:2]
    known = {name: value for name, value in dict(first).items() if name != "missed_by"}
    doubted = SuspiciousFrame(**known, why="A run is sure.")
    control = Control(frame_id=second.frame_id, level=T)
    write_evaluation(evaluation.model_copy(update={"suspicious": [doubted], "controls": [control]}), folder)


def opened(app: RunningApp, place: Place) -> tuple[PageSocket, str, str]:
    """A page of a new person at this place, and the person's name and secret. The generated frame is the next one, no
    audit is open and nobody is paused."""
    _end_what_goes_on(app.store)
    with app.store.write() as session:
        session.exec(delete(Lease))
        made = select(FrameStatus).join(GeneratedFrame, col(GeneratedFrame.frame_id) == FrameStatus.frame_id)
        for status in session.exec(made):
            status.priority = 1e6
    name = f"{place.role.value}-{next(_numbers)}"
    person_id = a_person(app.store, name, place.role)
    if place.before is not None:
        place.before(app.store, person_id)
    secret = sign_in(app.store, name, f"password-{name}")
    page = PageSocket(app.url, secret, place.page).__enter__()
    for step in place.steps:
        page.act(step)
    return page, name, secret


def _end_what_goes_on(store: Store) -> None:
    with store.read() as session:
        is_audited, paused = open_lot(session) is not None, paused_people(session)
    if is_audited or paused:
        lead = a_person(store, f"ending-{next(_numbers)}", PersonRole.LEAD)
        for person_id in paused:
            release_answers(store, lead, person_id, "The test goes on.")
        if is_audited:
            cancel_audit(store, lead, "The test goes on.")


def expected_at(name: str) -> list[str]:
    return [label for where, label in BUTTONS.values() if where == name]


RANKED = {"ranking", "frame_status"}
"""What the app's ranking writes by itself, at its own time. No act writes to these alone: each stands in the trail."""


def states(store: Store) -> dict[str, Any]:
    with store.read() as session:
        found = table_states(session.connection())
    return {table: state for table, state in found.items() if table not in RANKED}


@pytest.mark.parametrize("how", ENDINGS)
@pytest.mark.parametrize("name", PLACES)
def test_no_button_writes_once_its_sign_in_has_ended(app: RunningApp, name: str, how: str) -> None:
    page, who, secret = opened(app, PLACES[name])
    assert set(expected_at(name)) <= set(page.buttons)
    ENDINGS[how](app.store, who, secret)
    before = states(app.store)
    page.act({**dict(PLACES[name].values), **dict.fromkeys(expected_at(name), True)})
    page.__exit__()
    assert states(app.store) == before
    assert page.told[-1].auth_redirect.url.startswith("/sign-in?sign-in=ended")


@pytest.mark.parametrize(("name", "label"), sorted(BUTTONS.values()))
def test_no_button_writes_for_a_role_that_may_no_longer(app: RunningApp, name: str, label: str) -> None:
    page, who, _ = opened(app, PLACES[name])
    change_role(app.store, who, PersonRole.OPERATOR)
    before = states(app.store)
    page.act({**dict(PLACES[name].values), label: True})
    page.__exit__()
    assert states(app.store) == before


@pytest.mark.parametrize("name", [name for name, place in PLACES.items() if place.writes])
def test_a_button_writes_for_who_is_in(app: RunningApp, name: str) -> None:
    place = PLACES[name]
    page, _, _ = opened(app, place)
    before = states(app.store)
    page.act({**dict(place.values), place.writes: True})
    page.__exit__()
    assert states(app.store) != before
