"""A generated frame on the card: marked, and thrown out with its whole clip by one key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from sqlmodel import col, select

from data.proposals.recorded_replies import propose_from_replies
from data.scenarios.ingest import take_in
from data.store.opening import Store
from data.store.tables import ClipJudgement, Frame, Lease, Proposal
from data.verification.status import refresh_statuses
from data.vocabulary import Mode, ModelRole, SetAside
from tests.annotator.browser.served import CARD, Desk, RunningApp
from tests.builders import S, a_person, a_raw_reply, frames_of, replies_file
from tests.data.scenarios.builders import a_plan, a_scenario_store, generate


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("generated-app")
    store = a_scenario_store(folder)
    a_plan(store, folder / "plan")
    take_in(store, generate(folder / "plan"), folder / "workspace")
    names = {frame.filename: a_raw_reply(S) for frame in generated(store)}
    replies = replies_file(folder / "more.jsonl", names, role=ModelRole.TEACHER)
    propose_from_replies(store, replies, role=ModelRole.TEACHER)
    refresh_statuses(store)
    app = RunningApp(folder / "workspace", store)
    app.start()
    yield app
    app.stop()
    store.close()


def generated(store: Store) -> list[Frame]:
    with store.read() as session:
        query = select(Frame).where(col(Frame.generated_clip_id).is_not(None))
        return list(session.exec(query.order_by(col(Frame.position))))


def seat(app: RunningApp, chromium: Browser, name: str, frames: list[str]) -> Desk:
    """A desk at which these frames are served first, in this order."""
    person_id = a_person(app.store, name)
    with app.store.write() as session:
        now_us = app.store.now_us(session)
        for place, frame_id in enumerate(frames):
            proposal = session.exec(select(Proposal).where(Proposal.frame_id == frame_id)).first()
            session.add(
                Lease(
                    frame_id=frame_id,
                    person_id=person_id,
                    mode=Mode.ASSISTED,
                    proposal_id=proposal.id if proposal else None,
                    leased_at_us=now_us - 60_000_000 + place,
                    until_us=now_us + 900_000_000,
                )
            )
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    return Desk(app, context, person_id, name).sit_down()


def asides(store: Store) -> set[SetAside | None]:
    return {frame.set_aside for frame in generated(store)}


def test_a_generated_frame_is_marked_and_one_key_throws_its_clip_out(
    running: RunningApp, chromium: Browser
) -> None:
    made = [frame.id for frame in generated(running.store)]
    real = frames_of("scene-0001", 8)[0]
    ada = seat(running, chromium, "ada", [made[0], made[1], real])
    assert ada.text("made") == "generated"
    assert "Generated picture: judge what you see." in ada.text("body")
    ada.page.wait_for_function(
        f"document.querySelector('{CARD} .rc-context').textContent.includes('original at')"
    )
    ada.press_and_move_on("x")
    assert ada.frame() == real  # the second frame of the clip is gone from the queue too
    assert not ada.page.locator(f"{CARD} .rc-made").is_visible()
    ada.state("saved")
    assert asides(running.store) == {SetAside.IMPLAUSIBLE}
    ada.page.get_by_role("button", name="Take it back").click()
    ada.until(lambda: asides(running.store) == {None})
    with running.store.read() as session:
        acts = [
            row.is_rejected for row in session.exec(select(ClipJudgement).order_by(col(ClipJudgement.id)))
        ]
    assert acts == [True, False]
    ada.leave()


def test_the_key_does_nothing_to_a_real_frame(running: RunningApp, chromium: Browser) -> None:
    real = frames_of("scene-0003", 8)[:2]
    ben = seat(running, chromium, "ben", real)
    ben.press("x")
    ben.page.wait_for_timeout(200)
    assert ben.frame() == real[0]
    assert ben.page.locator(f"{CARD} [data-act=implausible]").count() == 0
    ben.leave()
