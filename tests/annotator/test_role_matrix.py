"""Who may do what to whose: every role, every act, every object, denied where nothing says otherwise.

Named after what went wrong elsewhere: object-level access (CVE-2024-47172, CVE-2024-45393), staff who made themselves
administrators (CVE-2026-23526), and fields that could be filtered for (CVE-2023-47117).
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlmodel import select

import annotator
import data
from annotator.frame_grid import routes as grid_routes
from annotator.player import told
from annotator.review_card import alike, outbox, routes
from annotator.review_card.serving import recent_decisions, scene_strip, served_frame, whole_thought
from annotator.settings import AppSettings
from annotator.settling import routes as settling_routes
from annotator.settling import serving as settling
from data.blurring import blur as blurring
from data.erasure import erase as erasing
from data.errors import NotAllowed, TeletriageError
from data.find import marks, pages, views
from data.find.question import from_address
from data.live import alerts, handover, unanswered
from data.maintenance import trail_search
from data.maintenance.copying import TableState, table_states
from data.overview import frame_history, own_frames, personal_progress
from data.people import accounts, card_settings, provider_sign_in, standing
from data.people.permissions import Act, may
from data.review import (
    adjudication,
    blind_audits,
    examples,
    gold,
    guideline,
    looks,
    notes,
    pauses,
    reviews,
    second_looks,
    serving,
    tour,
)
from data.review.line import next_requests
from data.review.serving import ServedFrame, lease_frames, record_first_level
from data.review.stack import judgements
from data.scenarios import plausibility
from data.snapshot import freeze
from data.store.opening import Store
from data.store.tables import FrameNote, FrameStatus, GoldFrame, Lease, Review
from data.vocabulary import MarkKind, Mode, NoteKind, PersonRole, Response, Split, TriageLevel
from tests.builders import (
    A,
    S,
    T,
    a_decision,
    a_filename,
    a_person,
    a_raw_reply,
    a_store,
    frames_of,
    reviewed,
)

pytestmark = pytest.mark.each_store

SCENES = {"scene-0001": 12, "scene-0002": 12}
CANARY = "CANARY"
Do = Callable[[Store, int, str], object]


@pytest.fixture(autouse=True)
def _moments_lie_with_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "workspace", lambda: tmp_path / "workspace")


def a_settlement(frame_id: str) -> adjudication.Settlement:
    return adjudication.Settlement(frame_id=frame_id, level=T, reasoning="x", action="x", reason="x")


def a_note(frame_id: str) -> notes.Note:
    return notes.Note(token=f"note-{frame_id}", frame_id=frame_id, kind=NoteKind.FLAG, reason="x")


def an_answer(frame_id: str) -> alerts.AlertAnswer:
    return alerts.AlertAnswer(token=f"alert-{frame_id}"[:32], alert_id="none", response=Response.WATCHING)


def a_judgement(frame_id: str) -> plausibility.Judgement:
    return plausibility.Judgement(token=f"clip-{frame_id}"[:32], frame_id=frame_id)


def _in_the_grid(act: Callable[..., Any], store: Store, who: int, frame: str) -> object:
    asked = {
        "query": "levels=all",
        "frame": frame,
        "frames": [frame],
        "act": "list",
        "words": "x",
        "name": "x",
    }
    return act(store, who, asked)


def _when_settling(act: Callable[..., Any], store: Store, who: int, frame: str) -> object:
    settlement = {"frame_id": frame, "level": S, "reason": "As seen."}
    return act(store, who, {"frame": frame, "settlement": 1 if act is settling_routes.undo else settlement})


GUARDED: dict[Callable[..., Any], tuple[Act, Do]] = {
    serving.lease_frames: (Act.REVIEW, lambda store, who, frame: lease_frames(store, who)),
    serving.record_first_level: (
        Act.REVIEW,
        lambda store, who, frame: record_first_level(store, who, frame, S),
    ),
    reviews.submit_review: (
        Act.REVIEW,
        lambda store, who, frame: reviews.submit_review(store, who, a_decision(frame, S, person=who)),
    ),
    notes.note_frame: (
        Act.REVIEW,
        lambda store, who, frame: notes.note_frame(store, who, a_note(frame)),
    ),
    tour.answer_tour: (Act.REVIEW, lambda store, who, frame: tour.answer_tour(store, who, frame, S)),
    card_settings.save_settings: (
        Act.REVIEW,
        lambda store, who, frame: card_settings.save_settings(store, who, {"daily_target": 9}),
    ),
    adjudication.adjudicate: (
        Act.ADJUDICATE,
        lambda store, who, frame: adjudication.adjudicate(store, who, a_settlement(frame)),
    ),
    adjudication.take_back: (
        Act.ADJUDICATE,
        lambda store, who, frame: adjudication.take_back(store, who, 999),
    ),
    pauses.pause_answers: (
        Act.ADJUDICATE,
        lambda store, who, frame: pauses.pause_answers(store, who, 2, "Too fast."),
    ),
    pauses.release_answers: (
        Act.ADJUDICATE,
        lambda store, who, frame: pauses.release_answers(store, who, 2, "Looked at."),
    ),
    blind_audits.cancel_audit: (
        Act.ADJUDICATE,
        lambda store, who, frame: blind_audits.cancel_audit(store, who, "No time."),
    ),
    guideline.read_guideline: (
        Act.REVIEW,
        lambda store, who, frame: guideline.read_guideline(store, who, 1),
    ),
    notes.close_flags: (
        Act.ADJUDICATE,
        lambda store, who, frame: notes.close_flags(store, who, frame, token=f"closed-{who}"),
    ),
    gold.make_gold: (Act.ADJUDICATE, gold.make_gold),
    gold.set_gold_share: (Act.ADJUDICATE, lambda store, who, frame: gold.set_gold_share(store, who, 0.1)),
    blind_audits.open_audit: (Act.ADJUDICATE, lambda store, who, frame: blind_audits.open_audit(store, who)),
    blind_audits.open_stratum: (
        Act.ADJUDICATE,
        lambda store, who, frame: blind_audits.open_stratum(store, who, [frame], "x"),
    ),
    next_requests.request_next: (
        Act.ADJUDICATE,
        lambda store, who, frame: next_requests.request_next(store, who, [frame]),
    ),
    next_requests.withdraw_next: (
        Act.ADJUDICATE,
        lambda store, who, frame: next_requests.withdraw_next(store, who, [frame]),
    ),
    judgements.judge_stack: (
        Act.REVIEW,
        lambda store, who, frame: judgements.judge_stack(
            store, who, judgements.StackDecision(**a_decision(frame, person=who).model_dump(), others=[frame])
        ),
    ),
    judgements.take_stack_back: (
        Act.REVIEW,
        lambda store, who, frame: judgements.take_stack_back(store, who, "no-such-stack"),
    ),
    plausibility.judge_clip: (
        Act.REVIEW,
        lambda store, who, frame: plausibility.judge_clip(store, who, a_judgement(frame)),
    ),
    frame_history.frame_view: (Act.SEE_PROGRESS, frame_history.frame_view),
    looks.note_look: (Act.SEE_PROGRESS, looks.note_look),
    looks.note_looks: (
        Act.SEE_PROGRESS,
        lambda store, who, frame: looks.note_looks(store, who, [frame]),
    ),
    pages.find_frames: (
        Act.SEE_PROGRESS,
        lambda store, who, frame: pages.find_frames(store, who, from_address("levels=all")),
    ),
    marks.act_on_frames: (
        Act.SEE_PROGRESS,
        lambda store, who, frame: marks.act_on_frames(
            store, who, marks.OnMany(act="list", frames=[frame], words="y")
        ),
    ),
    marks.mark_frames: (
        Act.ADJUDICATE,
        lambda store, who, frame: marks.mark_frames(store, who, [frame], MarkKind.TAG, "x", True),
    ),
    views.save_view: (
        Act.SEE_PROGRESS,
        lambda store, who, frame: views.save_view(store, who, "x", "cue=fog"),
    ),
    views.saved_views: (Act.SEE_PROGRESS, lambda store, who, frame: views.saved_views(store, who)),
    pages.count_values: (
        Act.SEE_PROGRESS,
        lambda store, who, frame: pages.count_values(store, who, from_address("")),
    ),
    pages.notes_on_filters: (
        Act.SEE_PROGRESS,
        lambda store, who, frame: pages.notes_on_filters(store, who),
    ),
    pages.emptied_by: (
        Act.SEE_PROGRESS,
        lambda store, who, frame: pages.emptied_by(store, who, from_address("cue=fog")),
    ),
    **{act: (Act.SEE_PROGRESS, partial(_in_the_grid, act)) for act in grid_routes._ACTS.values()},
    **{act: (Act.ADJUDICATE, partial(_when_settling, act)) for act in settling_routes._ACTS.values()},
    settling.contested_queue: (
        Act.ADJUDICATE,
        lambda store, who, frame: settling.contested_queue(store, who),
    ),
    settling.random_queue: (
        Act.ADJUDICATE,
        lambda store, who, frame: settling.random_queue(store, who),
    ),
    settling.to_settle: (
        Act.ADJUDICATE,
        lambda store, who, frame: settling.to_settle(store, who, frame, lambda one, width: ""),
    ),
    settling.last_of: (Act.ADJUDICATE, lambda store, who, frame: settling.last_of(store, who)),
    frame_history.next_in_line: (
        Act.SEE_PROGRESS,
        lambda store, who, frame: frame_history.next_in_line(store, who),
    ),
    alerts.alerts_shown: (
        Act.WATCH_FEEDS,
        lambda store, who, frame: alerts.alerts_shown(store, who, []),
    ),
    alerts.answer_alert: (
        Act.WATCH_FEEDS,
        lambda store, who, frame: alerts.answer_alert(store, who, an_answer(frame)),
    ),
    unanswered.acknowledge: (
        Act.WATCH_FEEDS,
        lambda store, who, frame: unanswered.acknowledge(
            store, who, unanswered.Acknowledgement(token=f"seen-{who:04}", alert_ids=["none"])
        ),
    ),
    handover.hand_over: (
        Act.WATCH_FEEDS,
        lambda store, who, frame: handover.hand_over(
            store, who, handover.HandoverWords(token=f"over-{who:04}")
        ),
    ),
    handover.confirm_handover: (
        Act.WATCH_FEEDS,
        lambda store, who, frame: handover.confirm_handover(
            store, who, handover.Confirmation(token=f"read-{who:04}", handover_id=999)
        ),
    ),
    tour.tour_frames: (Act.REVIEW, lambda store, who, frame: tour.tour_frames(store, who)),
    guideline.write_guideline: (
        Act.WRITE_GUIDELINE,
        lambda store, who, frame: guideline.write_guideline(
            store, who, f"Be careful, {who}.", note="More care."
        ),
    ),
    second_looks.send_back: (
        Act.SEND_BACK,
        lambda store, who, frame: second_looks.send_back(store, who, frame, "Look again."),
    ),
    freeze.freeze: (
        Act.FREEZE_SNAPSHOT,
        lambda store, who, frame: freeze.freeze(store, Path("/dev/null/nowhere"), by=who),
    ),
    accounts.add_person: (
        Act.MANAGE_PEOPLE,
        lambda store, who, frame: accounts.add_person(
            store, f"new-{who}", PersonRole.ADMIN, password="long enough", by=who
        ),
    ),
    accounts.change_role: (
        Act.MANAGE_PEOPLE,
        lambda store, who, frame: accounts.change_role(store, "victim", PersonRole.ADMIN, by=who),
    ),
    accounts.disable_person: (
        Act.MANAGE_PEOPLE,
        lambda store, who, frame: accounts.disable_person(store, "victim", by=who),
    ),
    accounts.enable_person: (
        Act.MANAGE_PEOPLE,
        lambda store, who, frame: accounts.enable_person(store, "victim", by=who),
    ),
    accounts.end_sign_ins: (
        Act.MANAGE_PEOPLE,
        lambda store, who, frame: accounts.end_sign_ins(store, "victim", by=who),
    ),
    standing.standings: (Act.MANAGE_PEOPLE, lambda store, who, frame: standing.standings(store, who)),
    trail_search.find_entries: (
        Act.READ_TRAIL,
        lambda store, who, frame: trail_search.find_entries(store, who, trail_search.Wanted()),
    ),
    provider_sign_in.unlink_identity: (
        Act.MANAGE_PEOPLE,
        lambda store, who, frame: provider_sign_in.unlink_identity(store, "victim", by=who),
    ),
    accounts.set_password: (
        Act.MANAGE_PEOPLE,
        lambda store, who, frame: accounts.set_password(store, "victim", "long enough", by=who),
    ),
    blurring.blur: (
        Act.BLUR,
        lambda store, who, frame: blurring.blur(
            store,
            Path("no-workspace"),
            blurring.BlurRequest("x", (frame,), is_rehearsal=True),
            person_id=who,
        ),
    ),
    erasing.erase: (  # the last one: the frame can be judged no more
        Act.ERASE,
        lambda store, who, frame: erasing.erase(store, Path("no-workspace"), frame, why="x", person_id=who),
    ),
}
"""Every use case that needs a permission, which one, and how it is called on a frame."""
OWN: set[Callable[..., Any]] = {
    serving.release_leases,
    examples.guideline_examples,
    own_frames.own_record,
    card_settings.settings_of,
    personal_progress.reviews_today,
    personal_progress.frames_reviewed,
    personal_progress.recent_reviews,
    recent_decisions,
    scene_strip,
    whole_thought,
    alike.with_alike,
    outbox.apply_outbox,
    *routes._ACTS.values(),
}
"""What concerns nobody but the person who is named; `test_nothing_of_others_…` looks at what it gives away."""


def use_cases() -> Iterator[Callable[..., Any]]:
    """Every public function of the domain and the app that is told who asks."""
    for package in (data, annotator):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if any(
                part in found.name for part in ("migrations", ".demo", "__main__", "annotator.app", "screens")
            ):
                continue
            module = importlib.import_module(found.name)
            for name, member in inspect.getmembers(module, inspect.isfunction):
                is_its_own = member.__module__ == found.name and not name.startswith("_")
                named = set(inspect.signature(member).parameters) if is_its_own else set()
                if "store" in named and named & {"person_id", "by"}:
                    yield member


def test_every_use_case_that_is_told_who_asks_stands_in_the_matrix() -> None:
    assert {f"{one.__module__}.{one.__name__}" for one in use_cases()} == {
        f"{one.__module__}.{one.__name__}" for one in {*GUARDED, *OWN}
    }


@pytest.mark.parametrize("role", PersonRole)
def test_a_role_does_what_it_may_and_everything_else_is_refused_and_writes_nothing(
    tmp_path: Path, role: PersonRole
) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 2, "scene-0002": 2})
    who = a_person(store, "who", role)
    a_person(store, "victim")
    other = a_person(store, "other", PersonRole.LEAD)
    (foreign,) = lease_frames(store, other, n=1)
    may_do = [use_case for use_case, (act, _) in GUARDED.items() if may(role, act)]
    before = states(store)
    for use_case in GUARDED:
        assert use_case in may_do or is_refused(use_case, store, who, foreign.frame.id), use_case
    assert states(store) == before
    for use_case in may_do:
        assert not is_refused(use_case, store, who, foreign.frame.id), use_case


def is_refused(use_case: Callable[..., Any], store: Store, who: int, frame: str) -> bool:
    """Whether somebody of this role may not do it; another rule may say no once the role was found to be right."""
    _, do = GUARDED[use_case]
    try:
        do(store, who, frame)
    except NotAllowed:
        return True
    except TeletriageError:
        return False
    return False


def states(store: Store) -> dict[str, TableState]:
    with store.read() as session:
        return table_states(session.connection())


@pytest.mark.parametrize("ended", ["disabled", "unknown"])
def test_somebody_without_an_active_account_may_do_nothing(tmp_path: Path, ended: str) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 2, "scene-0002": 2})
    who = a_person(store, "who", PersonRole.LEAD)
    a_person(store, "victim")
    accounts.disable_person(store, "who")
    for _, do in GUARDED.values():
        with pytest.raises(NotAllowed, match="not active"):
            do(store, who if ended == "disabled" else 9999, frames_of("scene-0001", 2)[0])


def test_what_somebody_else_holds_or_wrote_cannot_be_acted_on(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    theirs = lease_frames(store, ben, n=4, shares={Mode.DECIDE_FIRST: 1.0})
    written = reviews.submit_review(store, ben, a_decision(theirs[0], S, person=ben))
    held = next(one.frame.id for one in theirs[1:] if one.scene.split is Split.TRAIN)
    acts: list[Callable[[], object]] = [
        lambda: reviews.submit_review(store, ada, a_decision(held, S, person=ada)),
        lambda: reviews.submit_review(
            store, ada, a_decision(written.frame_id, A, person=ada, supersedes_id=written.id)
        ),
        lambda: reviews.submit_review(store, ada, a_decision(written.frame_id, S, token=written.token)),
        lambda: record_first_level(store, ada, held, S),
        lambda: notes.note_frame(store, ada, a_note(held)),
        lambda: notes.note_frame(store, ada, a_note(written.frame_id)),
        lambda: whole_thought(store, ada, held),
        lambda: whole_thought(store, ada, written.frame_id),
        lambda: scene_strip(store, ada, held, lambda frame, width: ""),
    ]
    for act in acts:
        with pytest.raises(TeletriageError):
            act()
    serving.release_leases(store, ada)
    with store.read() as session:
        assert {lease.person_id for lease in session.exec(select(Lease))} == {ben}
        assert len(session.exec(select(Review)).all()) == 1
        assert session.exec(select(FrameNote)).all() == []
    assert personal_progress.recent_reviews(store, ada) == []
    (answer,) = outbox.apply_outbox(
        store, ada, [{**a_decision(held, S).model_dump(mode="json"), "kind": "decision", "person_id": ben}]
    )
    assert not answer.saved


def a_store_full_of_secrets(folder: Path) -> SimpleNamespace:
    """A store in which every proposal, reason and name of others is a canary; two people and a lead worked on it."""
    names = [a_filename(scene, place) for scene in SCENES for place in range(12)]
    said = {
        name: a_raw_reply(
            [A, S, T][n % 3], reasoning=f"{CANARY}-proposed-{n}", thought=f"{CANARY}-thought-{n}"
        )
        for n, name in enumerate(names)
    }
    store = a_store(folder, scenes=SCENES, teacher=said)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    lena = a_person(store, "lena", PersonRole.LEAD)
    with store.read() as session:
        train = list(session.exec(select(FrameStatus.frame_id).where(FrameStatus.split == Split.TRAIN)))
    reviewed(store, ben, train[0], T, reasoning=f"{CANARY}-ben")
    reviewed(store, lena, train[0], A, reasoning=f"{CANARY}-lena")
    with store.write() as session:
        for status in session.exec(select(FrameStatus)):
            status.priority_terms = {f"{CANARY}-term": 0.125}
            session.add(status)
    other_lead = a_person(store, "lou", PersonRole.LEAD)
    adjudication.adjudicate(
        store,
        other_lead,
        adjudication.Settlement(
            frame_id=train[0], level=T, reasoning=f"{CANARY}-x", action=f"{CANARY}-x", reason=f"{CANARY}-x"
        ),
    )
    gold.make_gold(store, other_lead, train[0])
    gold.set_gold_share(store, other_lead, 0.3)
    return SimpleNamespace(store=store, ada=ada, gold=train[0])


def card_acts(store: Store, person: int, frame: str) -> Iterator[tuple[str, Any]]:
    """What every route of the card gives a person who asks about a frame."""
    body: dict[str, Any] = {"frame": frame, "outbox": [], "level": "SUPERVISION", "settings": {}, "number": 1}
    for name, act in routes._ACTS.items():
        if name in ("own-level", "tour-answer"):
            continue  # deciding is what uncovers
        try:
            yield name, act(store, person, body)
        except TeletriageError as refused:
            yield name, str(refused)


def test_nothing_of_others_and_nothing_hidden_reaches_an_annotator_by_any_route(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = a_store_full_of_secrets(tmp_path)
    store, ada = secrets.store, secrets.ada
    monkeypatch.setattr(routes, "store", lambda: store)
    monkeypatch.setattr(routes, "app_settings", lambda: AppSettings(blind=0.5, decide_first=0.5))
    served = lease_frames(store, ada, n=20, shares={Mode.BLIND: 0.5, Mode.DECIDE_FIRST: 0.5})
    assert {one.mode for one in served} == {Mode.BLIND, Mode.DECIDE_FIRST}
    assert secrets.gold in {one.frame.id for one in served}
    told = json.dumps([list(card_acts(store, ada, one.frame.id)) for one in served], default=str)
    assert CANARY not in told
    assert not any(word in told.lower() for word in ("gold", "priority", "audit", "term"))
    # What is gold looks like every other frame, before and after it was decided on.
    assert_alike(store, served, secrets.gold)
    for one in sorted(
        served, key=lambda one: one.mode is not Mode.BLIND
    ):  # the last ones are told again below
        reviews.submit_review(store, ada, a_decision(one, T, person=ada))
    after = json.dumps(recent_decisions(store, ada, lambda frame, width: frame), default=str)
    blind = {one.frame.id for one in served if one.mode is Mode.BLIND}
    kept = [one for one in json.loads(after) if one["id" if "id" in one else "frame"] in blind]
    assert CANARY not in json.dumps(kept)
    assert f"{CANARY}-ben" not in after
    assert f"{CANARY}-x" not in after
    assert f"{CANARY}-proposed" in after  # what was decided on with the proposal in sight


def assert_alike(store: Store, served: list[ServedFrame], gold_id: str) -> None:
    address = lambda frame, width: f"{frame}-{width}"  # noqa: E731
    shapes = {one.frame.id: sorted(served_frame(one, address)) for one in served if one.mode is Mode.BLIND}
    assert len({tuple(shape) for shape in shapes.values()}) == 1
    with store.read() as session:
        assert session.get(GoldFrame, gold_id) is not None


def test_the_levels_that_may_be_said_are_the_only_thing_a_level_can_be(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1})
    ada = a_person(store)
    (one,) = lease_frames(store, ada)
    entry = {**a_decision(one, S).model_dump(mode="json"), "kind": "decision"}
    for forged in ({"level": "ANYTHING"}, {"reviewed_at_us": 1}, {"mode": "blind"}, {"verdict": "accept"}):
        (answer,) = outbox.apply_outbox(store, ada, [{**entry, **forged}])
        assert not answer.saved
    assert [level.value for level in TriageLevel] == ["AUTONOMY", "SUPERVISION", "TELEOPERATION"]
