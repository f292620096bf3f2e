"""Deciding with keys and mouse: one act, one row."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from data.store.tables import FrameStatus
from data.vocabulary import TriageLevel, Verdict, VerificationState
from tests.annotator.browser.served import CARD, Desk

A, S, T = TriageLevel
MakeDesk = Callable[..., Desk]


def test_enter_accepts_what_is_proposed(desk: MakeDesk) -> None:
    ada = desk()
    assert ada.data("proposed-level") == "SUPERVISION"
    decided = ada.press_and_move_on("Enter")
    ada.state("saved")
    (review,) = ada.reviews()
    assert (review.frame_id, review.verdict, review.level, review.reasoning) == (
        decided,
        Verdict.ACCEPT,
        S,
        None,
    )
    assert review.seconds_shown is not None


def test_the_proposed_levels_own_key_accepts_too(desk: MakeDesk) -> None:
    ada = desk()
    ada.press_and_move_on("2")
    ada.state("saved")
    assert [review.verdict for review in ada.reviews()] == [Verdict.ACCEPT]


def test_enter_on_a_button_that_tab_reached_is_that_button_for_one_frame_alone(desk: MakeDesk) -> None:
    ada = desk()
    hint = ada.card.locator("[data-act=accept] kbd")
    assert hint.is_visible()
    level = ada.card.locator(".rc-level[data-level=SUPERVISION]")
    ada.card.focus()
    while not level.evaluate("one => one === document.activeElement"):
        ada.press("Tab")
    assert not hint.is_visible()
    ada.press_and_move_on("Enter")
    assert ada.card.evaluate("card => card === document.activeElement")
    assert hint.is_visible()


def test_another_level_and_a_reasons_key_correct_and_save(desk: MakeDesk) -> None:
    ada = desk()
    ada.press("3")
    assert "Teleoperation: choose a reason" in ada.text("choice")
    ada.press_and_move_on("y")
    ada.state("saved")
    (review,) = ada.reviews()
    assert (review.verdict, review.level, review.reason_code) == (Verdict.CORRECT, T, "lane_blocked")
    assert review.reasoning == "The lane ahead is blocked and there is no clear way around it."
    assert str(review.action).startswith("Take control now")


def test_own_words_are_saved_by_enter_alone_and_r_does_not_draw_the_page_anew(desk: MakeDesk) -> None:
    ada = desk()
    ada.page.evaluate("""() => {
        const app = document.querySelector("[data-test-script-state]");
        window.states = [];
        const note = () => window.states.push(app.getAttribute("data-test-script-state"));
        new MutationObserver(note).observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] });
    }""")
    ada.press("r")
    ada.press("3", "e")
    ada.page.keyboard.type("A deer stands in the lane.")
    ada.press("Escape", "r")
    assert "⏎ saves your words" in ada.text("body")  # the reason's key did not
    ada.page.get_by_role("button", name="Sign out").click()
    ada.page.get_by_text("What you wrote for this frame is not saved").wait_for()
    ada.press("Escape")
    assert ada.page.evaluate("window.states") == []


def test_the_key_after_a_reasons_key_does_not_decide_the_next_frame(desk: MakeDesk) -> None:
    ada = desk()
    ada.press("3", "y", "Enter")
    ada.state("saved")
    ada.page.get_by_text("is saved already").wait_for()
    assert [review.level for review in ada.reviews()] == [T]


def test_what_where_and_how_far_fit_the_words_to_the_frame(desk: MakeDesk) -> None:
    ada = desk()
    ada.press("3", "4", "j", "n")
    assert ada.text("composed") == "A pedestrian on the right, within 10 m."
    ada.press_and_move_on("p")
    ada.state("saved")
    (review,) = ada.reviews()
    assert review.reasoning == (
        "A pedestrian or cyclist is in the path and what they will do is unclear. "
        "A pedestrian on the right, within 10 m."
    )


def test_e_while_correcting_writes_and_keeps_the_level(desk: MakeDesk) -> None:
    ada = desk()
    ada.press("3", "e")
    assert ada.page.evaluate("document.activeElement.id") == "rc-reasoning"
    ada.page.keyboard.type("A crane stands across the lane.")
    ada.page.fill("#rc-action", "Take control now.")
    before = ada.frame()
    ada.page.keyboard.press("Control+Enter")
    ada.moved_on(before)
    ada.state("saved")
    (review,) = ada.reviews()
    assert (review.level, review.verdict, review.reasoning) == (
        T,
        Verdict.CORRECT,
        "A crane stands across the lane.",
    )


def test_own_words_survive_another_level_and_another_reason(desk: MakeDesk) -> None:
    ada = desk()
    ada.press("3", "e")
    ada.page.keyboard.type("A crane stands across the lane.")
    ada.press("Escape", "1", "d", "3", "y")
    assert ada.page.input_value("#rc-reasoning") == "A crane stands across the lane."
    assert ada.page.input_value("#rc-action").startswith("Take control now")
    assert ada.reviews() == []
    ada.page.get_by_role("button", name="Use the reason's text instead").click()
    assert ada.page.input_value("#rc-reasoning").startswith("The lane ahead is blocked")
    ada.press_and_move_on("Enter")
    ada.state("saved")
    assert [(review.level, review.reason_code) for review in ada.reviews()] == [(T, "lane_blocked")]


def test_unsure_is_a_mark_beside_the_level_and_waits_for_somebody_else(desk: MakeDesk) -> None:
    ada = desk()
    ada.page.wait_for_timeout(1100)
    ada.press("q")
    decided = ada.press_and_move_on("Enter")
    ada.state("saved")
    (review,) = ada.reviews()
    assert (review.level, review.is_unsure, review.is_unconfirmed) == (S, True, None)
    with ada.app.store.read() as session:
        status = session.get_one(FrameStatus, decided)
    assert (status.state, status.reviews_needed) == (VerificationState.AWAITING, 1)
    assert ada.page.locator(f"{CARD} [data-act=unsure]").get_attribute("aria-pressed") == "false"


def test_answers_in_under_a_second_are_told_of_and_wait_to_be_confirmed(desk: MakeDesk) -> None:
    ada = desk()
    first = ada.press_and_move_on("Enter")
    second = ada.press_and_move_on("Enter")
    ada.page.get_by_text("2 answers in a row in under a second").wait_for()
    ada.state("saved")
    assert [review.is_unconfirmed for review in ada.reviews()] == [True, True]
    ada.press("u")
    assert ada.frame() == second
    assert "Confirm Supervision" in ada.text("choice")
    ada.page.wait_for_timeout(1100)
    ada.press("Enter")
    ada.state("saved")
    ada.until(lambda: len(ada.reviews()) == 3)
    *_, confirmed = ada.reviews()
    assert (confirmed.level, confirmed.verdict, confirmed.is_unconfirmed) == (S, Verdict.ACCEPT, None)
    with ada.app.store.read() as session:
        states = [session.get_one(FrameStatus, frame).state for frame in (first, second)]
    assert states == [VerificationState.AWAITING, VerificationState.VERIFIED]


def test_enter_on_an_own_answer_keeps_it_and_shows_its_words(desk: MakeDesk) -> None:
    ada = desk()
    ada.page.wait_for_timeout(1100)
    ada.press("3")
    decided = ada.press_and_move_on("y")
    ada.state("saved")
    ada.press("u")
    assert ada.frame() == decided
    assert "Keep Teleoperation" in ada.text("choice")
    assert ada.text("own-reasoning").startswith("The lane ahead is blocked")
    ada.page.wait_for_timeout(700)
    ada.press_and_move_on("Enter")
    assert [review.level for review in ada.reviews()] == [T]
    ada.press("u")
    ada.press_and_move_on("2")
    ada.state("saved")
    ada.until(lambda: [review.level for review in ada.reviews()] == [T, S])
    assert ada.reviews()[-1].verdict is Verdict.ACCEPT


@pytest.mark.parametrize(
    "cover",
    [
        "document.body.insertAdjacentHTML('beforeend', '<div role=dialog>Page not found</div>')",
        "document.querySelector('[data-testid=review-card]').parentElement.inert = true",
        "document.querySelector('[data-testid=stApp]').setAttribute('aria-hidden', 'true')",
    ],
    ids=["dialog", "inert", "aria-hidden"],
)
def test_keys_do_nothing_while_something_lies_over_the_card(desk: MakeDesk, cover: str) -> None:
    ada = desk()
    before = ada.frame()
    ada.page.evaluate(cover)
    ada.press("Enter", "1", "3", "y", "s", "x", "u", "e")
    ada.page.wait_for_timeout(300)
    assert ada.frame() == before
    assert "rc-wording" not in str(ada.card.get_attribute("class"))
    assert not ada.page.locator("dialog[open]").count()
    assert ada.reviews() == []


def test_e_edits_the_proposed_text_and_keeps_the_level(desk: MakeDesk) -> None:
    ada = desk()
    ada.press("e")
    assert ada.page.input_value("#rc-reasoning") == "Cones narrow the lane."
    ada.page.fill("#rc-reasoning", "Cones narrow the lane on the left.")
    ada.press("Escape")
    ada.press_and_move_on("Enter")
    ada.state("saved")
    (review,) = ada.reviews()
    assert (review.level, review.verdict, review.reasoning) == (
        S,
        Verdict.CORRECT,
        "Cones narrow the lane on the left.",
    )


def test_nothing_fires_while_typing(desk: MakeDesk) -> None:
    ada = desk()
    before = ada.frame()
    ada.press("3", "e")
    ada.page.keyboard.type("123 usfez b")
    ada.press("Enter")
    assert ada.frame() == before
    assert "123 usfez b" in ada.page.input_value("#rc-reasoning")
    assert ada.reviews() == []


def test_a_held_key_decides_once(desk: MakeDesk) -> None:
    ada = desk()
    before = ada.frame()
    for _ in range(8):
        ada.page.keyboard.down("Enter")
    ada.page.keyboard.up("Enter")
    ada.moved_on(before)
    ada.state("saved")
    assert [review.frame_id for review in ada.reviews()] == [before]


def test_a_double_click_decides_once(desk: MakeDesk) -> None:
    ada = desk()
    before = ada.frame()
    ada.page.locator(f"{CARD} [data-act=accept]").dblclick()
    ada.state("saved")
    ada.page.wait_for_timeout(300)
    assert [review.frame_id for review in ada.reviews()] == [before]


def test_fast_pressing_loses_doubles_and_reorders_nothing(desk: MakeDesk) -> None:
    ada = desk()
    shown: list[str] = []
    for _ in range(40):
        frame = ada.data("frame")
        if frame and frame not in shown[-1:]:
            shown.append(frame)
        ada.press("2")
        ada.page.wait_for_timeout(40)
    ada.press("Escape", "Escape")
    ada.state("saved")
    decided = [review.frame_id for review in ada.reviews()]
    assert len(decided) >= 8
    assert decided == shown[: len(decided)]
    assert len(set(decided)) == len(decided)


def test_everything_works_with_the_mouse(desk: MakeDesk) -> None:
    ada = desk()
    before = ada.frame()
    ada.page.click(f"{CARD} [data-act=teleoperation]")
    ada.page.click(f"{CARD} [data-reason=animal]")
    ada.moved_on(before)
    second = ada.frame()
    ada.page.click(f"{CARD} [data-act=accept]")
    ada.moved_on(second)
    ada.page.click(f"{CARD} [data-act=skip]")
    ada.page.click(f"{CARD} [data-note='1']")
    ada.until(lambda: len(ada.notes()) == 1)
    assert [review.level for review in ada.reviews()] == [T, S]


def test_undo_brings_the_frame_back_and_supersedes(desk: MakeDesk) -> None:
    ada = desk()
    first = ada.press_and_move_on("Enter")
    second = ada.frame()
    ada.press("u")
    ada.moved_on(second)
    assert ada.frame() == first
    ada.press("1")
    ada.press_and_move_on("r")
    assert ada.frame() == second
    ada.state("saved")
    before, after = ada.reviews()
    assert (before.level, after.level, after.supersedes_id) == (S, A, before.id)
    assert after.mode is before.mode


def test_undo_and_leaving_it_writes_nothing(desk: MakeDesk) -> None:
    ada = desk()
    first = ada.press_and_move_on("Enter")
    second = ada.frame()
    ada.press("u")
    ada.moved_on(second)
    ada.press("Escape")
    ada.moved_on(first)
    ada.state("saved")
    assert len(ada.reviews()) == 1


def test_the_last_five_decisions_can_be_changed(desk: MakeDesk) -> None:
    ada = desk()
    first = ada.press_and_move_on("Enter")
    for _ in range(5):
        ada.press_and_move_on("Enter")
    ada.state("saved")
    rows = ada.page.locator(f"{CARD} [data-recent]")
    assert rows.count() == 5
    oldest = str(rows.nth(4).get_attribute("data-recent"))
    assert oldest != first
    rows.nth(4).locator("button").click()
    assert ada.frame() == oldest


def test_skip_needs_a_reason_and_is_not_served_again(desk: MakeDesk) -> None:
    ada = desk()
    skipped = ada.frame()
    ada.press("s")
    assert ada.frame() == skipped
    ada.press("2")
    ada.moved_on(skipped)
    ada.state("saved")
    (note,) = ada.notes()
    assert (note.kind.value, note.reason) == ("skip", "I cannot decide between two levels")
    ada.page.reload()
    ada.ready()
    assert ada.frame() != skipped
    assert ada.reviews() == []


def test_a_flag_goes_to_the_lead_and_the_frame_stays(desk: MakeDesk) -> None:
    ada = desk()
    frame = ada.frame()
    ada.press("f")
    ada.page.keyboard.type("Is a tram a vehicle?")
    ada.press("Enter", "Enter", "1")  # what is pressed once too often is no answer
    ada.page.get_by_text("The flag is sent already").wait_for()
    ada.until(lambda: len(ada.notes()) == 1)
    assert ada.frame() == frame
    assert ada.reviews() == []
    assert ada.notes()[0].reason == "Is a tram a vehicle?"


def test_text_against_its_level_is_pointed_out_before_saving(desk: MakeDesk) -> None:
    ada = desk()
    before = ada.frame()
    ada.press("1", "e")
    ada.page.fill("#rc-reasoning", "The lane is blocked by a fallen tree.")
    ada.press("Escape", "o", "Enter")
    assert ada.frame() == before
    assert "argues for TELEOPERATION" in ada.page.locator(".rc-warning").inner_text()
    assert ada.reviews() == []
    ada.press_and_move_on("Enter")
    ada.state("saved")
    assert [review.level for review in ada.reviews()] == [A]


def test_keys_can_be_switched_off_and_chosen(desk: MakeDesk) -> None:
    ada = desk()
    ada.press("?")
    ada.page.focus("#rc-key-accept")
    ada.press("y")
    ada.page.click("[data-act=save-settings]")
    ada.page.wait_for_selector("dialog[open]", state="detached")
    before = ada.frame()
    ada.press("Enter")
    assert ada.frame() == before
    ada.press_and_move_on("y")
    ada.page.reload()
    ada.ready()
    ada.press_and_move_on("y")
    ada.press("?")
    ada.page.uncheck("#rc-keys-on")
    ada.page.click("[data-act=save-settings]")
    ada.page.wait_for_selector("dialog[open]", state="detached")
    last = ada.frame()
    ada.press("y", "1", "s", "?")
    assert ada.frame() == last
    assert not ada.page.locator("dialog[open]").count()
    assert ada.page.locator(f"{CARD} [aria-keyshortcuts]").count() == 0
    assert len(ada.reviews()) == 2


def test_one_key_cannot_do_two_things(desk: MakeDesk) -> None:
    ada = desk()
    ada.press("?")
    ada.page.focus("#rc-key-skip")
    ada.press("u")
    ada.page.click("[data-act=save-settings]")
    ada.page.get_by_text("'u' is assigned twice").wait_for()
