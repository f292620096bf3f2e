"""An operator's shift in a real browser: what nobody answered, many alerts, looking for oneself, handing over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlmodel import select

from data.store.opening import open_store
from data.store.tables import AlertAcknowledgement, HandoverConfirmation, ShiftHandover
from data.vocabulary import PersonRole, Response, TriageLevel
from tests.annotator.browser.conftest import VIEWPORT, a_seat, left
from tests.annotator.browser.monitored import CONSOLE, Monitored, Seat, a_monitor
from tests.annotator.browser.served import WAIT_MS, Desk, RunningApp
from tests.builders import a_person

A, S, T = TriageLevel
OFFICER, BLOCKED = "An officer directs the traffic.", "The lane is blocked by a stopped vehicle."
MakeSeat = Callable[..., Seat]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("shift") / "workspace"
    store = open_store(folder, create=True)
    running = RunningApp(folder, store)
    running.start()
    yield running
    running.stop()
    store.close()


def a_desk(served: RunningApp, context: BrowserContext, name: str) -> Desk:
    made = Desk(served, context, a_person(served.store, name, PersonRole.OPERATOR), name)
    made.sit_down("?operator")
    return made


def test_before_any_monitor_ran_the_screen_is_calm_and_says_how_to_start_one(
    served: RunningApp, chromium: Browser, seats: list[BrowserContext]
) -> None:
    desk = a_desk(served, a_seat(seats, chromium), "early")
    page = desk.page
    page.wait_for_selector(f"{CONSOLE}[data-state=idle]", timeout=WAIT_MS)
    assert page.locator(".mo-calm strong").inner_text() == "No monitor has been started"
    assert "teletriage monitor --feeds" in page.locator(".mo-calm span").inner_text()
    page.wait_for_timeout(2500)  # longer than a monitor that runs may be silent
    assert page.locator("[data-part=manual]").is_hidden()
    nothing = page.locator(".mo-nothing").bounding_box()
    assert nothing is not None
    assert nothing["height"] < 30  # one line, not one word a line
    left(desk, seats)


@pytest.fixture(scope="module")
def monitored(served: RunningApp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitored]:
    with a_monitor(served, tmp_path_factory.mktemp("cameras"), "van-1", "van-2", "van-3", "van-4") as running:
        running.cameras.sizes["van-4"] = (1280, 720)
        yield running


@pytest.fixture
def seat(
    served: RunningApp, monitored: Monitored, chromium: Browser, seats: list[BrowserContext]
) -> Iterator[MakeSeat]:
    desks: list[Desk] = []
    own: list[Desk] = []

    def make(name: str, **context: Any) -> Seat:
        made_for_it = chromium.new_context(**{"viewport": VIEWPORT, **context}) if context else None
        (own if context else desks).append(
            made := a_desk(served, made_for_it or a_seat(seats, chromium), name)
        )
        return Seat(made, monitored)

    yield make
    monitored.cameras.levels.clear()
    monitored.cameras.off.clear()
    for one in desks:
        left(one, seats)
    for one in own:
        one.leave()


def calmed(one: Seat, *names: str) -> None:
    for name in names:
        one.monitored.say(name, A)
    one.page.wait_for_selector(".mo-calm", timeout=WAIT_MS)


def rows(page: Page, css: str) -> list[str]:
    found: list[str] = page.eval_on_selector_all(css, "nodes => nodes.map((node) => node.innerText)")
    return found


def test_an_alert_that_ends_unanswered_stays_until_somebody_acknowledges_it(seat: MakeSeat) -> None:
    one, other = seat("olga"), seat("otto")
    alert = one.raised("van-2", reasoning=OFFICER)
    calmed(one, "van-2")
    row = one.page.wait_for_selector(f"[data-ended='{alert}']", timeout=WAIT_MS)
    assert row is not None
    assert "■ TELEOPERATION van-2" in row.inner_text()
    assert OFFICER in row.inner_text()
    assert "null" not in one.page.locator("[data-part=ended]").inner_text()
    count = one.page.locator("[data-part=missed-count]")
    assert count.inner_text() == "1 unanswered (1 TELEOPERATION)"
    width = "(css) => document.querySelector(css).naturalWidth"
    one.desk.until(lambda: one.page.evaluate(width, f"[data-ended='{alert}'] img"))
    other.page.wait_for_selector(f"[data-ended='{alert}']", timeout=WAIT_MS)
    one.page.wait_for_timeout(700)
    one.page.keyboard.press("a")
    for page in (one.page, other.page):
        page.wait_for_selector(f"[data-ended='{alert}']", state="detached", timeout=WAIT_MS)
    assert count.is_hidden()
    with one.desk.app.store.read() as session:
        (seen,) = session.exec(select(AlertAcknowledgement))
    assert (seen.alert_id, seen.person_id) == (alert, one.desk.person_id)


def test_an_acknowledgement_without_a_connection_is_kept_and_written_once(seat: MakeSeat) -> None:
    one = seat("ida")
    alert = one.raised("van-3", S)
    calmed(one, "van-3")
    one.page.wait_for_selector(f"[data-ended='{alert}']", timeout=WAIT_MS)
    one.page.route("**/monitor/acknowledge", lambda route: route.abort())
    one.page.click(f"[data-seen='{alert}']")
    one.desk.until(lambda: "is kept here until the server has it" in one.told())
    one.page.unroute("**/monitor/acknowledge")

    def written() -> list[AlertAcknowledgement]:
        with one.desk.app.store.read() as session:
            query = select(AlertAcknowledgement).where(AlertAcknowledgement.alert_id == alert)
            return list(session.exec(query))

    one.desk.until(written)
    assert len(written()) == 1


def test_many_alerts_are_lines_by_cause_with_numbers_and_the_wall_has_their_order(seat: MakeSeat) -> None:
    one = seat("mia")
    one.raised("van-3", reasoning=OFFICER)
    one.raised("van-1", reasoning=BLOCKED)
    one.monitored.cameras.model.reasoning = OFFICER
    one.raised("van-2", reasoning=OFFICER)
    page = one.page

    def feeds(css: str) -> list[str]:
        found: list[str] = page.eval_on_selector_all(css, "nodes => nodes.map((node) => node.dataset.feed)")
        return found

    one.desk.until(lambda: len(feeds(".mo-alert")) == 3)
    order = feeds(".mo-alert")
    assert (
        order.index("van-2") == order.index("van-3") + 1 or order.index("van-3") == order.index("van-2") + 1
    )
    assert feeds(".mo-tile")[:3] == order
    numbers = rows(page, ".mo-alert .mo-number")
    assert numbers == ["1", "2", "3"]
    assert rows(page, ".mo-tile .mo-number")[:4] == ["1", "2", "3", ""]
    heights = page.eval_on_selector_all(".mo-alert", "nodes => nodes.map((node) => node.offsetHeight)")
    assert sum(height < 48 for height in heights) == 2
    assert page.locator(".mo-alert[data-same]").count() == 1
    page.keyboard.press("3")
    third = page.locator(".mo-alert[aria-current=true]")
    assert third.get_attribute("data-feed") == order[2]
    alert = str(third.get_attribute("data-alert"))
    page.keyboard.press("w")
    one.desk.until(lambda: one.answers(alert))
    assert one.answers(alert)[0].response is Response.WATCHING
    calmed(one, "van-1", "van-2", "van-3")
    page.click("[data-act=all-seen]")
    page.wait_for_selector("[data-part=ended]", state="hidden", timeout=WAIT_MS)


def test_a_feed_looked_at_is_shown_in_its_own_size_at_its_rate_and_an_old_picture_is_red(
    seat: MakeSeat,
) -> None:
    one = seat("lars")
    page = one.page
    page.click(".mo-tile[data-feed='van-4']")
    image = "document.querySelector('.mo-large-picture img')"
    one.desk.until(lambda: page.evaluate(f"{image}.naturalWidth") == 1280)
    shown = page.evaluate(
        f"""async () => {{ const seen = new Set();
            for (let turn = 0; turn < 100; turn += 1) {{
                seen.add({image}.src); await new Promise((go) => setTimeout(go, 40)); }}
            return seen.size; }}"""
    )
    assert shown >= 5  # a picture every 0.4 s for 4 s, on a machine that may be slow
    age = page.locator("[data-part=picture-age]")
    one.desk.until(lambda: re.fullmatch(r"[01]\.\d s old", age.inner_text()))
    assert age.get_attribute("data-old") is None
    one.monitored.cameras.off.add("van-4")
    page.wait_for_selector("[data-part=picture-age][data-old]", timeout=WAIT_MS)
    assert float(age.inner_text().split()[0]) >= 2.0
    assert page.evaluate(
        "getComputedStyle(document.querySelector('[data-part=picture-age]')).backgroundColor"
    ) == ("rgb(208, 0, 0)")
    page.keyboard.press("Escape")


def test_a_note_goes_with_the_answer_and_its_picture_stays_in_the_last_hour(seat: MakeSeat) -> None:
    one = seat("nora")
    alert = one.raised("van-1", reasoning=OFFICER)
    page = one.page
    page.keyboard.press("e")
    page.keyboard.type("two of them, with a dog")
    page.keyboard.press("Enter")
    page.keyboard.press("n")
    page.keyboard.press("1")
    one.desk.until(lambda: one.answers(alert))
    assert one.answers(alert)[0].reason == "Nothing is there: two of them, with a dog"
    page.wait_for_selector(f"[data-past='{alert}'] img", timeout=WAIT_MS)
    page.locator(f"[data-past='{alert}']").first.click()
    one.desk.until(lambda: page.evaluate("document.querySelector('.mo-whole').naturalWidth"))
    page.keyboard.press("Escape")
    tile = page.locator(".mo-tile[data-feed='van-1'] span")
    one.desk.until(lambda: re.fullmatch(r"van-1 · not needed \d+ s ago", tile.inner_text()))
    one.monitored.say("van-1", T, BLOCKED)
    page.wait_for_selector(f".mo-alert[data-feed='van-1']:not([data-alert='{alert}'])", timeout=WAIT_MS)


def test_a_shift_is_handed_over_and_the_next_operator_confirms_it(seat: MakeSeat) -> None:
    one = seat("hanna")
    one.page.keyboard.press("h")
    one.page.wait_for_selector("[data-act=send-handover]", timeout=WAIT_MS)
    one.desk.until(lambda: "No feed is watched by eye" in one.page.locator("[data-part=dialog]").inner_text())
    one.page.fill("[data-part=dialog] textarea", "The camera of van-3 <b>hangs</b>.")
    one.page.keyboard.press("Escape")  # what was written stands there again
    expect(one.page.locator("[data-part=dialog]")).to_be_hidden()
    one.page.keyboard.press("h")
    expect(one.page.locator("[data-part=dialog]")).to_be_visible()
    expect(one.page.locator("[data-part=dialog] textarea")).to_have_value("The camera of van-3 <b>hangs</b>.")
    one.page.press("[data-part=dialog] textarea", "Control+Enter")
    banner = one.page.locator("[data-part=handover]")
    one.desk.until(lambda: "The next operator confirms it." in banner.inner_text())
    other = seat("hugo")
    told = other.page.locator("[data-part=handover]")
    other.desk.until(lambda: "The camera of van-3 <b>hangs</b>." in told.inner_text())
    assert "hanna handed over at" in told.inner_text()
    other.page.click("[data-act=read]")
    assert "No alert is open" in other.page.locator("[data-part=dialog]").inner_text()
    other.page.click("[data-act=confirm]")
    for page in (one.page, other.page):
        page.wait_for_selector("[data-part=handover]", state="hidden", timeout=WAIT_MS)
    with one.desk.app.store.read() as session:
        handed, confirmed = (
            session.exec(select(ShiftHandover)).one(),
            session.exec(select(HandoverConfirmation)).one(),
        )
    assert (handed.person_id, confirmed.person_id) == (one.desk.person_id, other.desk.person_id)


def test_the_sound_can_be_tried_and_put_off_for_one_alert(seat: MakeSeat) -> None:
    one = seat("sven")
    root = one.page.locator(CONSOLE)
    one.page.click("[data-act=test]")
    assert root.get_attribute("data-tested") == "1"
    assert "This is how a TELEOPERATION sounds." in one.told()
    alert = one.raised("van-2", reasoning=OFFICER)
    one.page.keyboard.press("s")
    note = one.page.locator(f".mo-alert[data-alert='{alert}'] .mo-note")
    one.desk.until(lambda: "Its sound is off." in note.first.inner_text())
    one.page.get_by_role("button", name="Sign out").click()
    expect(one.page.locator("[data-part=dialog]")).to_contain_text("1 alert is open")
    one.page.keyboard.press("Escape")
    sounded = root.get_attribute("data-sounded")
    one.page.wait_for_timeout(5500)  # it would have sounded again
    assert root.get_attribute("data-sounded") == sounded


def test_a_lead_sees_on_progress_how_many_alerts_nobody_acknowledged(
    seat: MakeSeat, served: RunningApp, chromium: Browser
) -> None:
    one = seat("ole")
    alert = one.raised("van-4", reasoning=OFFICER)
    calmed(one, "van-4")
    one.page.wait_for_selector(f"[data-ended='{alert}']", timeout=WAIT_MS)
    lead = a_person(served.store, "lena", PersonRole.LEAD)
    desk = Desk(served, chromium.new_context(), lead, "lena")
    desk.sit_down("progress")
    told = desk.page.locator("[data-testid=stAlert]")
    told.wait_for(timeout=WAIT_MS)
    assert "ended without an answer (" in told.inner_text()
    assert "TELEOPERATION) and nobody has acknowledged" in told.inner_text()
    desk.page.get_by_role("link", name="Acknowledge them on Monitor").click()
    desk.page.wait_for_selector(f"[data-ended='{alert}']", timeout=WAIT_MS)
    desk.leave()
