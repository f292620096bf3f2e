"""Reloads, lost connections, restarts, two tabs and lost leases: nothing lost, doubled or reordered."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Route, expect
from sqlmodel import col, delete, select

from data.review.serving import release_leases
from data.store.tables import Lease
from data.vocabulary import Mode, TriageLevel
from tests.annotator.browser.served import CARD, Desk, RunningApp, hold
from tests.builders import a_person, reviewed

A, S, T = TriageLevel
MakeDesk = Callable[..., Desk]


def test_a_text_being_written_survives_a_reload(desk: MakeDesk) -> None:
    ada = desk()
    frame = ada.frame()
    ada.press("3", "e")
    ada.page.fill("#rc-reasoning", "A crane stands across the")
    ada.page.reload()
    ada.ready()
    assert ada.frame() == frame
    assert ada.page.input_value("#rc-reasoning") == "A crane stands across the"


def test_answers_given_offline_survive_a_reload_and_arrive_in_order(desk: MakeDesk) -> None:
    ada = desk()
    ada.page.wait_for_timeout(800)  # let the next pictures arrive
    ada.page.route("**/card/**", lambda route: route.abort())
    decided = [ada.press_and_move_on("Enter") for _ in range(4)]
    ada.state("offline")
    assert "4 answers kept here" in ada.text("state")
    assert ada.reviews() == []
    ada.page.reload()
    ada.page.wait_for_selector(f"{CARD}[data-state=offline]")
    assert "4 answers kept here" in ada.text("state")
    ada.page.unroute("**/card/**")
    ada.state("saved")
    assert [review.frame_id for review in ada.reviews()] == decided
    ada.ready()
    assert ada.frame() not in decided


def test_a_browser_that_goes_offline_says_so(desk: MakeDesk) -> None:
    ada = desk()
    ada.context.set_offline(True)
    ada.state("offline")
    ada.context.set_offline(False)
    ada.page.wait_for_selector(f"{CARD}:not([data-state=offline])")


def test_an_answer_whose_acknowledgement_got_lost_is_written_once(desk: MakeDesk) -> None:
    ada = desk()
    ada.page.wait_for_timeout(500)
    lost: list[int] = []

    def lose_the_answer(route) -> None:  # type: ignore[no-untyped-def]
        if len(lost) < 2:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    ada.page.route("**/card/sync", lose_the_answer)
    ada.press_and_move_on("Enter")
    ada.state("saved")
    assert lost == [200, 200]
    assert len(ada.reviews()) == 1


def test_a_server_restart_loses_nothing(desk: MakeDesk, app: RunningApp) -> None:
    ada = desk()
    ada.page.wait_for_timeout(800)
    app.stop()
    try:
        decided = [ada.press_and_move_on("Enter") for _ in range(3)]
        ada.state("offline")
    finally:
        app.start()
    ada.page.wait_for_selector(f"{CARD}[data-state=saved]", timeout=30_000)
    assert [review.frame_id for review in ada.reviews()] == decided


def pass_on(app: RunningApp, frame: str, person_id: int) -> None:
    """Give a frame that somebody holds to another person, as when its lease lapsed."""
    with app.store.write() as session:
        session.exec(delete(Lease).where(col(Lease.frame_id) == frame))
        now_us = app.store.now_us(session)
        session.add(
            Lease(
                frame_id=frame,
                person_id=person_id,
                mode=Mode.ASSISTED,
                leased_at_us=now_us,
                until_us=now_us + 10**9,
            )
        )


def test_a_frame_that_went_to_somebody_else_becomes_a_draft(desk: MakeDesk, app: RunningApp) -> None:
    ada = desk()
    frame = ada.frame()
    eve = a_person(app.store, f"taker-from-{ada.name}")
    pass_on(app, frame, eve)
    ada.press("3")
    ada.press_and_move_on("y")
    draft = ada.page.locator(f"{CARD} [data-draft='{frame}']")
    draft.wait_for()
    assert "Not saved" in draft.inner_text()
    assert "is with somebody else now" in draft.inner_text()
    assert "no clear way around" in draft.inner_text()
    assert ada.reviews() == []
    ada.page.reload()
    ada.ready()
    assert draft.count() == 1
    draft.get_by_text("Discard").click()
    assert draft.count() == 0
    release_leases(app.store, eve)


def test_a_flag_on_a_frame_that_went_to_somebody_else_keeps_its_words(
    desk: MakeDesk, app: RunningApp
) -> None:
    ada = desk()
    frame = ada.frame()
    eve = a_person(app.store, f"taker-from-{ada.name}")
    pass_on(app, frame, eve)
    ada.press("f")
    ada.page.fill("#rc-own-reason", "Is a tram a vehicle?")
    ada.page.keyboard.press("Enter")
    draft = ada.page.locator(f"{CARD} [data-draft='{frame}']")
    draft.wait_for()
    assert "no longer reserved for you" in draft.inner_text()
    assert "Is a tram a vehicle?" in draft.inner_text()
    assert "Flagged for the lead" not in ada.text("notices")
    pass_on(app, frame, ada.person_id)
    draft.get_by_text("Send again").click()
    ada.until(lambda: [note.reason for note in ada.notes()] == ["Is a tram a vehicle?"])
    assert draft.count() == 0


def test_the_cards_own_report_on_a_frame_that_went_to_somebody_else_bothers_nobody(
    desk: MakeDesk, app: RunningApp
) -> None:
    ada = desk(sit=False, listens=True)
    with app.store.read() as session:
        query = select(Lease.frame_id).where(Lease.person_id == ada.person_id)
        first, *_ = session.exec(query.order_by(col(Lease.leased_at_us)))
    eve = a_person(app.store, f"taker-from-{ada.name}")

    def broken(route: Route) -> None:
        pass_on(app, first, eve)
        route.fulfill(status=404)

    ada.context.route(f"**/frame/{first}.jpg*", broken)
    ada.sit_down()
    ada.until(lambda: any('"saved":false' in body for body in ada.bodies))
    assert ada.frame() != first
    assert ada.notes() == []
    assert ada.page.locator("[data-draft]").count() == 0
    release_leases(app.store, eve)


def test_two_tabs_write_each_frame_once(desk: MakeDesk) -> None:
    ada = desk()
    other = ada.context.new_page()
    other.goto(ada.app.url)
    ada.ready(other)
    assert other.locator(CARD).get_attribute("data-frame") == ada.frame()
    first = ada.press_and_move_on("Enter")
    other.wait_for_function(f"frame => document.querySelector('{CARD}').dataset.frame !== frame", arg=first)
    second = str(other.locator(CARD).get_attribute("data-frame"))
    other.keyboard.press("Enter")
    ada.moved_on(second)
    ada.press_and_move_on("Enter")
    ada.state("saved")
    ada.until(lambda: len(ada.reviews()) == 3)
    decided = [review.frame_id for review in ada.reviews()]
    assert decided[:2] == [first, second]
    assert len(set(decided)) == 3
    assert ada.page.locator("[data-draft]").count() == 0


def test_words_half_typed_in_one_tab_survive_the_answer_in_another(desk: MakeDesk) -> None:
    ada = desk()
    other = ada.context.new_page()
    other.goto(ada.app.url)
    ada.ready(other)
    frame = ada.frame()
    other.bring_to_front()
    other.keyboard.press("3")
    other.keyboard.press("e")
    other.keyboard.type("A crane stands across the")
    ada.page.bring_to_front()
    ada.press_and_move_on("Enter")
    left = other.locator(f"{CARD} [data-notice=left]")
    left.wait_for()
    assert "in another tab" in left.inner_text()
    assert "A crane stands across the" in left.inner_text()
    assert other.locator(CARD).get_attribute("data-frame") != frame
    other.reload()
    ada.ready(other)
    assert "A crane stands across the" in left.inner_text()
    left.get_by_text("Discard").click()
    assert left.count() == 0
    assert [review.frame_id for review in ada.reviews()] == [frame]


def test_a_draft_that_was_saved_in_one_tab_is_not_called_lost_in_another(desk: MakeDesk) -> None:
    ada = desk()
    ada.press("3", "e")
    ada.page.keyboard.type("A crane stands across the lane.")
    ada.press("Tab")
    ada.page.keyboard.type("Stop.")
    other = ada.context.new_page()
    other.goto(ada.app.url)
    ada.ready(other)
    expect(other.locator("#rc-reasoning")).to_have_value("A crane stands across the lane.")
    ada.page.bring_to_front()
    frame = ada.press_and_move_on("Control+Enter")
    other.wait_for_function(f"frame => document.querySelector('{CARD}').dataset.frame !== frame", arg=frame)
    assert other.locator(f"{CARD} [data-notice=left]").count() == 0


def test_signed_out_answers_wait_for_the_same_person(desk: MakeDesk) -> None:
    ada = desk()
    ada.context.clear_cookies()
    ada.press_and_move_on("Enter")
    ada.state("offline")
    assert "signed out" in ada.text("state")
    ada.sign_in()
    ada.state("saved")
    assert len(ada.reviews()) == 1


def test_nothing_of_what_others_said_is_sent(desk: MakeDesk, app: RunningApp) -> None:
    ada = desk(sit=False, n=0, listens=True)
    eve = a_person(app.store, f"eve-{ada.name}")
    frames = hold(app.store, ada.person_id, Mode.ASSISTED, n=1)
    release_leases(app.store, ada.person_id)
    reviewed(app.store, eve, frames[0], T, reasoning="Eve saw a landslide.")
    hold_again(app, ada.person_id, frames[0])
    ada.sit_down()
    assert ada.frame() == frames[0]
    ada.page.wait_for_selector(f"{CARD} .rc-thumb")
    assert not [body for body in ada.bodies if "landslide" in body or "eve-" in body]


def hold_again(app: RunningApp, person_id: int, frame: str) -> None:
    with app.store.write() as session:
        now_us = app.store.now_us(session)
        session.add(
            Lease(
                frame_id=frame,
                person_id=person_id,
                mode=Mode.BLIND,
                leased_at_us=now_us - 10**8,
                until_us=now_us + 10**9,
            )
        )
