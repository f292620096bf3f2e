"""The monitor's console in a real browser, with a real monitor behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect
from sqlmodel import col, select

from data.live.alerts import AlertAnswer, answer_alert
from data.store.tables import Alert, OperatorAnswer, ReturnedFrame, SignIn
from data.vocabulary import AlertEnd, PersonRole, Response, ReturnedFor, TriageLevel
from tests.annotator.browser.accessible import faults_in_both_schemes
from tests.annotator.browser.monitored import CONSOLE, Monitored, Seat, a_monitor
from tests.annotator.browser.served import WAIT_MS, Desk, RunningApp

MakeDesk = Callable[..., Desk]
A, S, T = TriageLevel


@pytest.fixture(scope="module")
def monitored(app: RunningApp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitored]:
    with a_monitor(app, tmp_path_factory.mktemp("cameras"), "van-1", "van-2", "van-3") as running:
        yield running


@pytest.fixture(autouse=True)
def calm(monitored: Monitored) -> Iterator[None]:
    yield
    monitored.cameras.levels.clear()
    monitored.cameras.off.clear()


@pytest.fixture
def seat(desk: MakeDesk, monitored: Monitored) -> Callable[..., Seat]:
    def make(**options: object) -> Seat:
        made = desk(role=PersonRole.OPERATOR, n=0, sit=False, **options)
        made.sit_down("?operator")
        return Seat(made, monitored)

    return make


def test_calm_is_said_in_words_and_every_feed_is_on_the_wall(seat: Callable[..., Seat]) -> None:
    page = seat().page
    expect(page.locator(".mo-calm strong")).to_have_text("All quiet")
    expect(page.locator("[data-part=counts]")).to_have_text("3 feeds watched · 0 by eye · 0 alerts")
    expect(page.locator(".mo-tile[data-level=AUTONOMY]")).to_have_count(3)
    page.wait_for_selector(".mo-tile img[src^='data:image/jpeg']", timeout=WAIT_MS)


def test_an_alert_says_level_reason_and_action_and_a_key_takes_it_over(seat: Callable[..., Seat]) -> None:
    one = seat()
    alert = one.raised("van-2", reasoning="<img src=x onerror=\"document.title='owned'\"> A man. Two. Three.")
    card = one.page.locator(f".mo-alert[data-alert='{alert}']")
    assert card.locator(".mo-level").inner_text() == "■ TELEOPERATION"
    assert (
        card.locator(".mo-reason").inner_text()
        == "<img src=x onerror=\"document.title='owned'\"> A man. Two."
    )
    assert card.locator(".mo-action").inner_text() == "→ Take over and stop."
    assert "owned" not in one.page.title()
    full = f"img[src*='monitor/picture/{alert}']"
    one.page.wait_for_selector(full, timeout=WAIT_MS)
    plays_on_its_card(one, card)
    one.page.keyboard.press("t")
    one.desk.until(lambda: one.answers(alert))
    (answer,) = one.answers(alert)
    assert answer.response is Response.TAKEN_OVER
    assert answer.seconds_shown is not None
    assert answer.seconds_shown >= 0.5
    one.page.wait_for_selector(f".mo-alert[data-alert='{alert}']", state="detached", timeout=WAIT_MS)
    one.desk.until(
        lambda: "taken over by" in one.page.locator(".mo-tile[data-feed='van-2'] span").inner_text()
    )
    with one.desk.app.store.read() as session:
        row = session.get_one(Alert, alert)
    assert row.end is AlertEnd.TAKEN_OVER
    assert row.shown_at_us is not None
    assert row.captured_at_us < row.shown_at_us <= answer.answered_at_us


def plays_on_its_card(one: Seat, card: Locator) -> None:
    """Space plays and pauses the seconds before the alert, the arrows go through them, Escape is the still again."""
    expect(card.locator(".mo-play")).to_be_visible(timeout=3 * WAIT_MS)
    expect(card.locator("video")).to_be_hidden()
    video = "document.querySelector('.mo-alert[aria-current=true] video')"
    one.page.keyboard.press("Space")
    one.page.wait_for_function(
        f"{video}.currentTime > 0.2 && !{video}.paused && {video}.videoWidth > 0", timeout=3 * WAIT_MS
    )
    expect(card.locator(".mo-clip-time")).to_contain_text("the alert")
    one.page.keyboard.press("Space")
    one.page.wait_for_function(f"{video}.paused")
    one.page.keyboard.press("ArrowLeft")
    expect(card.locator("video")).to_be_visible()
    assert faults_in_both_schemes(one.page) == []
    one.page.keyboard.press("Escape")
    expect(card.locator("video")).to_be_hidden()


def test_not_needed_takes_a_one_key_reason_and_its_frame_comes_back_to_review(
    seat: Callable[..., Seat],
) -> None:
    one = seat()
    alert = one.raised("van-1", S)
    one.page.keyboard.press("n")
    assert not one.answers(alert)
    one.page.keyboard.press("2")
    one.desk.until(lambda: one.answers(alert))
    assert [(row.response, row.reason) for row in one.answers(alert)] == [
        (Response.NOT_NEEDED, "The vehicle copes")
    ]

    def came() -> list[ReturnedFrame]:
        with one.desk.app.store.read() as session:
            return list(session.exec(select(ReturnedFrame).where(ReturnedFrame.alert_id == alert)))

    one.desk.until(came)
    assert came()[0].why is ReturnedFor.DISAGREEMENT


def test_watching_stays_on_screen_with_the_name_and_another_may_take_over(seat: Callable[..., Seat]) -> None:
    one, other = seat(), seat()
    alert = one.raised("van-3")
    one.page.keyboard.press("w")
    other.page.wait_for_selector(f".mo-alert[data-alert='{alert}'] .mo-note", timeout=WAIT_MS)
    note = other.page.locator(f".mo-alert[data-alert='{alert}'] .mo-note").inner_text()
    assert note == f"{one.desk.name} is watching."
    other.page.keyboard.press("t")
    other.desk.until(lambda: len(one.answers(alert)) == 2)
    assert one.answers(alert)[-1].response is Response.TAKEN_OVER


def test_of_two_operators_the_second_is_told_who_was_first(seat: Callable[..., Seat]) -> None:
    one, other = seat(), seat()
    alert = one.raised("van-1")
    other.page.wait_for_selector(f".mo-alert[data-alert='{alert}']", timeout=WAIT_MS)
    other.page.wait_for_timeout(700)
    other.page.route("**/monitor/live", lambda route: route.abort())  # the second has not heard yet
    first = AlertAnswer(token="first-of-two", alert_id=alert, response=Response.TAKEN_OVER)
    answer_alert(one.desk.app.store, one.desk.person_id, first)
    other.page.keyboard.press("t")
    other.desk.until(lambda: f"{one.desk.name} has taken it over at" in other.told())
    assert len(one.answers(alert)) == 1


def test_sound_calls_for_teleoperation_and_a_key_mutes_it(seat: Callable[..., Seat]) -> None:
    one = seat()
    root = one.page.locator(CONSOLE)
    one.page.wait_for_selector(
        ".mo-calm", timeout=WAIT_MS
    )  # the test before may have left an alert that has yet to end
    assert root.get_attribute("data-sound") == "blocked"
    one.page.keyboard.press("m")
    one.desk.until(lambda: root.get_attribute("data-sound") == "on")
    one.page.wait_for_timeout(600)
    one.page.keyboard.press("m")
    assert root.get_attribute("data-sound") == "muted"
    one.raised("van-2")
    assert root.get_attribute("data-sounded") is None
    one.page.keyboard.press("m")
    one.desk.until(lambda: root.get_attribute("data-sounded") is not None)
    assert root.get_attribute("data-sound") != "muted"


def test_a_camera_that_goes_off_is_left_to_the_eye_and_comes_back(seat: Callable[..., Seat]) -> None:
    one = seat()
    one.monitored.cameras.off.add("van-3")
    one.is_state("partly")
    assert "van-3: no picture comes" in one.page.locator("[data-part=manual]").inner_text()
    tile = one.page.locator(".mo-tile[data-feed='van-3']")
    assert (tile.get_attribute("data-level"), tile.locator("b").inner_text()) == ("UNKNOWN", "◇ by eye")
    assert one.page.locator(".mo-tile[data-feed='van-1']").get_attribute("data-level") == "AUTONOMY"
    one.monitored.cameras.off.clear()
    one.is_state("watching")
    assert one.page.locator("[data-part=manual]").is_hidden()


def test_a_monitor_that_ends_leaves_nothing_to_trust_and_its_return_is_noticed(
    seat: Callable[..., Seat],
) -> None:
    one = seat()
    one.raised("van-1")
    one.monitored.stop()
    one.is_state("silent")
    banner = one.page.locator("[data-part=manual]").inner_text()
    assert "Manual monitoring: all feeds" in banner
    levels = one.page.eval_on_selector_all(".mo-tile", "tiles => tiles.map((tile) => tile.dataset.level)")
    assert levels == ["UNKNOWN"] * 3
    one.monitored.cameras.levels.clear()
    one.monitored.start()
    one.is_state("watching")


def test_an_answer_given_without_a_connection_is_kept_and_written_once(seat: Callable[..., Seat]) -> None:
    one = seat()
    alert = one.raised("van-2")
    one.page.route("**/monitor/answer", lambda route: route.abort())
    one.page.keyboard.press("t")
    one.desk.until(lambda: "is kept here until the server has it" in one.told())
    one.page.unroute("**/monitor/answer")
    one.page.reload()
    one.desk.until(lambda: one.answers(alert))
    one.page.wait_for_timeout(300)
    assert len(one.answers(alert)) == 1


def test_a_browser_left_open_overnight_says_that_it_is_signed_out_and_trusts_nothing(
    seat: Callable[..., Seat],
) -> None:
    one = seat()
    with one.desk.app.store.write() as session:
        for opened in session.exec(select(SignIn).where(SignIn.person_id == one.desk.person_id)):
            opened.expires_at_us = 1
    one.is_state("silent")
    banner = one.page.locator("[data-part=manual]")
    one.desk.until(lambda: "You are signed out." in banner.inner_text())
    assert banner.locator("a").inner_text() == "Sign in"


def test_on_a_telephone_everything_is_in_one_column_and_large_enough_to_touch(
    seat: Callable[..., Seat],
) -> None:
    one = seat(viewport={"width": 390, "height": 844}, has_touch=True)
    alert = one.raised("van-2")
    overflow = one.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0
    button = one.page.locator(f".mo-alert[data-alert='{alert}'] [data-response=taken_over]")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    button.tap()
    one.desk.until(lambda: one.answers(alert))


def test_those_who_may_not_watch_feeds_are_told_nothing(desk: MakeDesk, monitored: Monitored) -> None:
    annotator = desk(n=0, sit=False)
    annotator.sit_down("?annotator")
    asked = """async (person) => {
        const post = (path, body) => fetch(path, {method: "POST", headers: {"content-type": "application/json"},
          body: JSON.stringify({person, ...body})}).then((answer) => answer.status);
        return [await post("monitor/live", {}), await post("monitor/wall", {known: {}}),
          await post("monitor/hour", {}), (await fetch("monitor/picture/x.jpg")).status,
          (await fetch("monitor/clip/x.mp4")).status];
    }"""
    annotator.page.wait_for_selector(".tt-who", timeout=WAIT_MS)
    assert annotator.page.evaluate(asked, annotator.person_id) == [403, 403, 403, 403, 403]


def test_a_feed_is_taken_over_unasked_and_what_the_model_missed_comes_back(seat: Callable[..., Seat]) -> None:
    one = seat()
    one.page.click(".mo-tile[data-feed='van-3']")
    assert "The model says ● AUTONOMY." in one.page.locator("[data-part=large]").inner_text()
    one.page.keyboard.press("t")

    def missed() -> list[Alert]:
        with one.desk.app.store.read() as session:
            query = (
                select(Alert)
                .join(OperatorAnswer, col(OperatorAnswer.alert_id) == Alert.id)
                .join(ReturnedFrame, col(ReturnedFrame.alert_id) == Alert.id)
                .where(OperatorAnswer.person_id == one.desk.person_id)
            )
            return list(session.exec(query))

    one.desk.until(missed)
    (alert,) = missed()
    assert (alert.called, alert.level, alert.end) == (True, A, AlertEnd.TAKEN_OVER)
    assert one.page.locator("[data-part=large]").is_hidden()
    one.page.keyboard.press("h")
    expect(one.page.locator("[data-part=dialog]")).to_contain_text("Taken over: van-3 (")
