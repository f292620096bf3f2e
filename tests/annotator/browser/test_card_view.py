"""What a person sees around the frame, how it fits the screen, and what assistive tools are told."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from sqlmodel import col, select

from data.review.notes import Note, note_frame
from data.store.tables import Frame, FrameStatus, Lease, Review, TourAnswer
from data.vocabulary import Mode, NoteKind, PersonRole, Split, TriageLevel, VerificationState
from tests.annotator.browser.contrast import CONTRAST
from tests.annotator.browser.served import CARD, Desk, RunningApp
from tests.builders import a_person, reviewed

A, S, T = TriageLevel
MakeDesk = Callable[..., Desk]
OVERFLOW = "main => main.scrollHeight - main.clientHeight"
HIDDEN_PARTS = """card => [...card.querySelectorAll('button, textarea, .rc-side, .rc-strip')]
  .filter((one) => one.offsetParent && one.getBoundingClientRect().bottom
    > Math.min(innerHeight, one.closest('.rc-body')?.getBoundingClientRect().bottom ?? innerHeight) + 1)
  .map((one) => one.textContent)"""


def decided_days(desk: Desk, n: int) -> None:
    for _ in range(n):
        desk.press_and_move_on("Enter")
    desk.state("saved")


@pytest.mark.parametrize("size", [(1440, 900), (1280, 720)], ids=["1440x900", "1280x720"])
def test_it_fits_without_scrolling(desk: MakeDesk, size: tuple[int, int]) -> None:
    ada = desk(viewport={"width": size[0], "height": size[1]})
    decided_days(ada, 6)
    main = ada.page.locator("[data-testid=stMain]")
    assert main.evaluate(OVERFLOW) <= 0
    assert ada.card.evaluate(HIDDEN_PARTS) == []
    for key in ("3", "e"):
        ada.press(key)
        assert main.evaluate(OVERFLOW) <= 0
        assert ada.card.evaluate(HIDDEN_PARTS) == []


def test_a_tablet_held_upright_gets_one_column_and_large_targets(desk: MakeDesk) -> None:
    ada = desk(viewport={"width": 820, "height": 1180}, has_touch=True)
    stage = ada.page.locator(f"{CARD} .rc-stage").bounding_box()
    accept = ada.page.locator(f"{CARD} [data-act=accept]").bounding_box()
    assert stage
    assert accept
    assert stage["width"] > 700
    assert accept["y"] > stage["y"] + stage["height"]
    assert accept["height"] >= 44
    before = ada.frame()
    ada.page.tap(f"{CARD} [data-act=accept]")
    ada.moved_on(before)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_themes(desk: MakeDesk, scheme: str) -> None:
    ada = desk(color_scheme=scheme)
    decided_days(ada, 1)
    ada.page.wait_for_timeout(200)
    behind = ada.page.locator("[data-testid=stApp]").evaluate("one => getComputedStyle(one).backgroundColor")
    is_dark = all(int(part) < 80 for part in re.findall(r"\d+", behind)[:3])
    assert is_dark == (scheme == "dark")
    assert ada.card.evaluate(CONTRAST, ".rc-panel *, .rc-context *") == []
    ada.press("3", "e")
    assert ada.card.evaluate(CONTRAST, ".rc-panel *, .rc-context *") == []


def test_the_strip_shows_the_scene_and_arrows_look_at_it(desk: MakeDesk) -> None:
    ada = desk()
    frame = ada.frame()
    ada.page.wait_for_selector(f"{CARD} .rc-thumb")
    with ada.app.store.read() as session:
        position = session.get_one(Frame, frame).position
    offsets = [one for one in range(-3, 4) if 0 <= position + one < 24]
    assert ada.page.locator(f"{CARD} .rc-thumb").count() == len(offsets)
    ada.press("ArrowRight" if position < 23 else "ArrowLeft")
    ada.page.wait_for_selector(f"{CARD} .rc-away:not([hidden]) img")
    assert "Esc goes back" in ada.text("away")
    assert ada.frame() == frame
    ada.press("Escape")
    assert ada.page.locator(f"{CARD} .rc-away").is_hidden()


def test_zoom_brings_the_full_resolution_and_pans(desk: MakeDesk) -> None:
    ada = desk()
    ada.press("z")
    ada.page.wait_for_selector(f"{CARD} .rc-pictures img[data-full=shown]")
    assert "w=0" in str(ada.page.locator(f"{CARD} .rc-pictures img").get_attribute("src"))
    pictures = ada.page.locator(f"{CARD} .rc-pictures")
    before = pictures.evaluate("one => one.style.transform")
    ada.press("ArrowRight")
    assert pictures.evaluate("one => one.style.transform") != before
    ada.press("z")
    assert pictures.evaluate("one => one.style.transform") == ""


def test_zoom_goes_where_one_looked_last_in_all_directions_and_on_neighbours(desk: MakeDesk) -> None:
    ada = desk()
    ada.page.wait_for_selector(f"{CARD} .rc-thumb")
    shown = ada.page.locator(f"{CARD} [data-part=pictures]")
    ada.press("z", "ArrowDown", "ArrowDown", "ArrowRight")
    placed = str(shown.evaluate("one => one.style.transform"))
    x, y = (float(part) for part in re.findall(r"-?[0-9.]+(?=px)", placed))
    assert x < 0
    assert y < 0
    ada.press("z")
    assert shown.evaluate("one => one.style.transform") == ""
    ada.press("ArrowUp")  # not zoomed: the page's own key
    ada.press("z")
    assert str(shown.evaluate("one => one.style.transform")) == placed
    ada.press("+", "-")
    assert ada.text("factor") == "2.5×"
    ada.press("Escape")
    with ada.app.store.read() as session:
        position = session.get_one(Frame, ada.frame()).position
    ada.press("ArrowRight" if position < 23 else "ArrowLeft")
    away = ada.page.locator(f"{CARD} .rc-away .rc-pictures")
    away.wait_for()
    ada.press("z")
    assert str(away.evaluate("one => one.style.transform")) == placed
    ada.press("ArrowUp")
    assert str(away.evaluate("one => one.style.transform")) != placed
    assert ada.page.locator(f"{CARD} .rc-away").is_visible()


def test_notices_move_nothing_and_pass_by_themselves(desk: MakeDesk, app: RunningApp) -> None:
    settle(app, 5)
    ada = desk()
    ada.page.wait_for_selector(f"{CARD} [data-notice=tour]")
    ada.page.get_by_role("button", name="Not now").click()
    level = ada.page.locator(f"{CARD} [data-act=teleoperation]")
    before = level.bounding_box()
    ada.press("f", "1")
    passing = ada.page.locator(f"{CARD} [data-notice=passing]")
    passing.wait_for()
    assert level.bounding_box() == before
    passing.wait_for(state="detached", timeout=8000)
    ada.press("f", "2")
    passing.wait_for()
    ada.page.wait_for_timeout(700)  # before, Enter is taken for one that was meant for the dialog
    ada.press_and_move_on("Enter")
    assert passing.count() == 0
    assert level.bounding_box() == before


def test_the_levels_come_first_for_the_tab_key_and_the_strip_is_one_stop(desk: MakeDesk) -> None:
    ada = desk()
    ada.page.wait_for_selector(f"{CARD} .rc-thumb")
    stops = ada.card.evaluate("""card => [...card.querySelectorAll('button, a, summary, textarea')]
      .filter((one) => one.tabIndex >= 0 && !one.disabled && one.offsetParent)
      .map((one) => one.dataset.act || one.className)""")
    assert stops[:5] == ["autonomy", "supervision", "teleoperation", "accept", "unsure"]
    assert len([one for one in stops if "rc-thumb" in one]) == 1


@pytest.mark.parametrize("size", [(1024, 768), (390, 844)], ids=["1024x768", "390x844"])
@pytest.mark.parametrize("mode", [Mode.ASSISTED, Mode.DECIDE_FIRST])
def test_small_screens_cut_nothing_off(desk: MakeDesk, size: tuple[int, int], mode: Mode) -> None:
    ada = desk(mode, viewport={"width": size[0], "height": size[1]})
    ada.press("3")
    ada.page.wait_for_selector(f"{CARD} [data-reason]")
    for _ in range(2):
        cut = ada.card.evaluate("""card => [...card.querySelectorAll('button')].filter((one) => one.offsetParent)
          .filter((one) => one.getBoundingClientRect().right > innerWidth || one.scrollWidth > one.clientWidth + 1
            || one.scrollHeight > one.clientHeight + 2).map((one) => one.textContent)""")
        assert cut == []
        ada.press("Escape")


def test_at_the_end_of_what_is_loaded_offline_is_said_rightly(desk: MakeDesk) -> None:
    ada = desk()
    ada.page.wait_for_timeout(800)
    ada.context.set_offline(True)
    ada.state("offline")
    for _ in range(12):
        ada.press("2")
        ada.page.wait_for_timeout(120)
    kept = ada.page.get_by_text("kept on this computer. The next frame appears when you are back.")
    kept.first.wait_for()
    assert not ada.page.locator(f"{CARD} .rc-choice button:visible:enabled").count()
    ada.context.set_offline(False)
    ada.state("saved")
    ada.ready()
    assert ada.page.locator(f"{CARD} [data-act=accept]").is_enabled()
    ada.page.wait_for_selector(f"{CARD} .rc-thumb")


def test_keys_can_be_looked_up(desk: MakeDesk) -> None:
    ada = desk()
    ada.press("?")
    text = ada.page.locator("dialog[open]").inner_text()
    assert all(
        word in text for word in ("Autonomy", "Take back the last decision", "Zoom to where", "Frame before")
    )
    ada.press("Escape")
    assert not ada.page.locator("dialog[open]").count()


def test_assistive_tools_are_told(desk: MakeDesk) -> None:
    ada = desk()
    accept = ada.page.get_by_role("button", name="Accept Supervision")
    assert accept.get_attribute("aria-keyshortcuts") == "Enter"
    assert ada.page.get_by_role("region", name="Review a frame").count() == 1
    assert ada.page.locator(f"{CARD} .rc-pictures img").get_attribute("alt")
    ada.page.wait_for_function(
        f"document.querySelector('{CARD} [aria-live]').textContent.includes('Proposed: SUPERVISION')"
    )
    unnamed = "all => all.filter(one => !(one.innerText.trim() || one.ariaLabel)).length"
    assert ada.page.locator(f"{CARD} button:visible").evaluate_all(unnamed) == 0
    ada.press("3", "e")
    assert ada.page.get_by_label("Reasoning").is_editable()
    assert ada.page.get_by_label("Operator action").is_editable()
    assert ada.page.locator(f"{CARD} [data-level=TELEOPERATION][aria-pressed=true]").count() == 1


def test_the_keyboard_reaches_and_presses_every_button(desk: MakeDesk) -> None:
    ada = desk()
    before = ada.frame()
    ada.page.focus(f"{CARD} [data-act=accept]")
    ada.press_and_move_on("Space")
    ada.state("saved")
    assert [review.frame_id for review in ada.reviews()] == [before]


def test_progress_pace_and_target(desk: MakeDesk) -> None:
    ada = desk()
    decided_days(ada, 2)
    ada.until(lambda: "2 of 200 today" in ada.text("progress"))
    ada.until(lambda: "s a frame (median of 2)" in ada.text("progress"))
    ada.press("?")
    ada.page.fill("#rc-target", "40")
    ada.page.click("[data-act=save-settings]")
    ada.until(lambda: "2 of 40 today" in ada.text("progress"))


def test_a_break_is_suggested_after_45_minutes(desk: MakeDesk) -> None:
    ada = desk()
    now_ms = int(time.time() * 1000)
    ada.page.evaluate(
        "([person, work]) => localStorage.setItem(`teletriage:${person}:work:day`, JSON.stringify(work))",
        [ada.person_id, {"since": now_ms - 46 * 60_000, "last": now_ms - 60_000}],
    )
    ada.press_and_move_on("Enter")
    notice = ada.page.locator(f"{CARD} [data-notice=break]")
    notice.wait_for()
    notice.get_by_role("button").click()
    assert notice.count() == 0


def test_an_empty_queue_says_so(desk: MakeDesk, app: RunningApp) -> None:
    ada = desk(sit=False, n=0)
    with app.store.write() as session:
        open_frames = session.exec(select(FrameStatus).where(FrameStatus.reviews_needed > 0)).all()
        needed = {status.frame_id: status.reviews_needed for status in open_frames}
        for status in open_frames:
            status.reviews_needed = 0
    try:
        ada.sit_down("?")
        ada.page.get_by_text("Nothing to review right now").wait_for()
        assert ada.data("frame") is None
        ada.until(lambda: ada.text("progress") == "0 today")  # a target is out of reach
        assert not ada.page.locator(f"{CARD} .rc-stage, {CARD} progress").locator("visible=true").count()
        ada.press("1", "Enter", "s", "e")
        assert ada.reviews() == []
    finally:
        with app.store.write() as session:
            for status in session.exec(select(FrameStatus).where(col(FrameStatus.frame_id).in_(needed))):
                status.reviews_needed = needed[status.frame_id]


def top_of(one: Locator) -> float:
    box = one.bounding_box()
    assert box is not None
    return box["y"]


def test_the_tour_shows_five_settled_frames_with_feedback(desk: MakeDesk, app: RunningApp) -> None:
    settle(app, 5)
    ada = desk()
    offer = ada.page.locator(f"{CARD} [data-notice=tour]")
    offer.wait_for()
    ada.page.set_viewport_size({"width": 390, "height": 844})
    ada.until(lambda: top_of(offer) >= top_of(ada.card))  # below the page's title
    ada.page.set_viewport_size({"width": 1440, "height": 900})
    ada.page.click(f"{CARD} [data-act=tour]")
    for number in range(1, 6):
        ada.page.get_by_text(f"Tour, frame {number} of 5").wait_for()
        ada.ready()
        assert ada.data("proposed-level") is None
        ada.press("2")
        ada.page.wait_for_selector(f"{CARD} .rc-verdict")
        ada.press("Enter")
    ada.page.get_by_text("Tour finished").wait_for()
    with app.store.read() as session:
        answers = session.exec(select(TourAnswer).where(TourAnswer.person_id == ada.person_id)).all()
        assert len(answers) == 5
    assert ada.reviews() == []
    ada.page.reload()
    ada.ready()
    ada.page.wait_for_timeout(500)
    assert ada.page.locator(f"{CARD} [data-notice=tour]").count() == 0


def settle(app: RunningApp, n: int) -> None:
    """Make sure that at least n training frames are verified."""
    with app.store.read() as session:
        query = select(FrameStatus.frame_id).where(
            FrameStatus.split == Split.TRAIN,
            FrameStatus.state == VerificationState.AWAITING,
            FrameStatus.reviews_needed == 1,
            col(FrameStatus.frame_id).not_in(select(Review.frame_id)),
        )
        frames = list(session.exec(query.limit(n)))
    eve = a_person(app.store, f"settler-{time.monotonic_ns()}")
    for frame in frames:
        reviewed(app.store, eve, frame, S)


def test_the_lead_publishes_a_version_at_the_first_click_and_annotators_read_the_difference_once(
    desk: MakeDesk,
) -> None:
    ada, lena = desk(), desk(role=PersonRole.LEAD, sit=False, n=0)
    ada.press_and_move_on("Enter")
    ada.state("saved")
    lena.sit_down("guideline")
    page = lena.page
    text = page.get_by_label("Text (Markdown)")
    text.fill(f"{text.input_value()}\n\nLook **twice**, says {lena.name}.")
    page.get_by_label("What changed, and why?").fill("Two looks find more.")
    page.get_by_role("button", name="Publish version").click()
    page.get_by_text("is now in force").wait_for()
    page.get_by_text("have read what changed").wait_for()
    ada.press_and_move_on("Enter")
    ada.page.get_by_role("button", name="See what changed").click()
    change = ada.page.locator("[data-part=guideline-change]")
    change.get_by_text("Two looks find more.").wait_for()
    assert change.locator("ins").all_inner_texts() == [f"Look twice, says {lena.name}."]
    change.get_by_role("button", name="I have read it").click()
    ada.page.locator("dialog[open]").wait_for(state="detached")
    assert ada.page.locator("[data-notice=guideline]").count() == 0
    before = ada.frame()
    ada.until(lambda: _pressed_and_moved(ada, before))
    ada.state("saved")
    versions = [review.guideline_version for review in ada.reviews()]
    assert len(set(versions)) == 2
    assert versions[-1] != versions[0]
    ada.page.reload()
    ada.ready()
    assert ada.page.locator("[data-notice=guideline]").count() == 0


def _pressed_and_moved(ada: Desk, before: str) -> bool:
    """Enter, and whether another frame came; a text that seems to contradict its level takes a second Enter."""
    ada.press("Enter")
    ada.page.wait_for_timeout(700)
    return ada.frame() != before


def test_a_leads_answer_to_a_flag_reaches_its_author_once(desk: MakeDesk, app: RunningApp) -> None:
    ada, lena = desk(sit=False, n=2), desk(role=PersonRole.LEAD, sit=False, n=0)
    with app.store.read() as session:
        frame = session.exec(select(Lease.frame_id).where(Lease.person_id == ada.person_id)).first()
    question = f"Is a tram a vehicle, asks {ada.name}?"
    for number, words in enumerate((question, "And a rail car?")):  # one answer closes both
        token = f"flag-{ada.name}-{number}"
        note = Note(token=token, frame_id=str(frame), kind=NoteKind.FLAG, reason=words)
        note_frame(app.store, ada.person_id, note)
    lena.sit_down("adjudicate")
    lena.page.get_by_text(question).wait_for()
    lena.page.get_by_placeholder(f"Answer to {ada.name}").fill("It is, like a bus.")
    lena.page.keyboard.press("Enter")
    lena.page.get_by_text(question).wait_for(state="detached")
    ada.sit_down()
    notice = ada.page.locator("[data-notice=answer]")
    notice.wait_for()
    assert f"{question} / And a rail car?” The lead: “It is, like a bus.”" in notice.inner_text()
    notice.get_by_role("button").click()
    ada.page.reload()
    ada.ready()
    ada.state("ready")
    assert notice.count() == 0


def test_the_plain_page_stays_within_reach(desk: MakeDesk) -> None:
    ada = desk(Mode.ASSISTED, sit=False)
    ada.sit_down("review-plain")
    ada.page.get_by_role("button", name="Accept SUPERVISION").click()
    ada.until(lambda: len(ada.reviews()) == 1)


BROKEN = """() => {
  const { querySelector } = Element.prototype;
  Element.prototype.querySelector = function (asked) {
    if (asked.includes("data-testid=review-card")) throw new Error("broken");
    return querySelector.call(this, asked);
  };
}"""


def test_where_the_cards_script_does_not_run_a_link_leads_to_the_plain_review(desk: MakeDesk) -> None:
    ada = desk()
    page = ada.context.new_page()
    page.add_init_script(f"({BROKEN})()")
    page.goto(ada.app.url)
    link = page.get_by_role("link", name="Review without it")
    link.click()
    expect(page).to_have_url(f"{ada.app.url}review-plain")
    expect(page.get_by_role("heading", name="Plain review")).to_be_visible()
    page.close()
    expect(ada.page.get_by_text("Is the card missing?")).to_be_hidden()
