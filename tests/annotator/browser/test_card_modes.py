"""What each mode lets a person see, looked at in everything that reaches the browser."""

from __future__ import annotations

from collections.abc import Callable

from data.vocabulary import Mode, Split, TriageLevel, Verdict
from tests.annotator.browser.served import CARD, Desk, dataset

A, S, T = TriageLevel
MakeDesk = Callable[..., Desk]
SECRETS = ("Cones narrow the lane", "Watch the feed.", "proposal", "SUPERVISION")


def test_assisted_shows_everything_at_once(desk: MakeDesk) -> None:
    ada = desk(Mode.ASSISTED)
    assert (ada.data("mode"), ada.data("proposed-level")) == ("assisted", "SUPERVISION")
    assert "Cones narrow the lane." in ada.text("body")


def test_blind_frames_bring_no_trace_of_a_proposal(desk: MakeDesk) -> None:
    ada = desk(Mode.BLIND, listens=True)
    assert set(dataset(ada)) == {"testid", "state", "frame", "mode"}
    assert ada.data("mode") == "blind"
    told = [body for body in ada.bodies if "/card/sync" in body]
    assert told
    assert not [secret for secret in SECRETS for body in told if secret in body]
    assert "Cones narrow" not in ada.page.content()
    assert not ada.page.locator(f"{CARD} [data-act=accept]").is_visible()
    before = ada.frame()
    ada.press("Enter")
    assert ada.frame() == before


def test_a_blind_answer_is_stored_without_verdict_and_proposal(desk: MakeDesk) -> None:
    ada = desk(Mode.BLIND)
    ada.press("1")
    ada.press_and_move_on("r")
    ada.state("saved")
    (review,) = ada.reviews()
    assert (review.mode, review.level, review.verdict, review.proposal_id) == (Mode.BLIND, A, None, None)


def test_held_out_frames_are_blind(desk: MakeDesk) -> None:
    ada = desk(Mode.BLIND, split=Split.HELD_OUT)
    assert ada.data("mode") == "blind"


def test_decide_first_hides_the_proposal_until_the_own_level_is_in(desk: MakeDesk) -> None:
    ada = desk(Mode.DECIDE_FIRST, listens=True)
    assert (ada.data("mode"), ada.data("proposed-level")) == ("decide-first", None)
    assert not [secret for secret in SECRETS for body in ada.bodies if secret in body]
    ada.press("3")
    ada.page.wait_for_selector(f"{CARD}[data-proposed-level=SUPERVISION]")
    assert "Cones narrow the lane." in ada.text("body")
    ada.press_and_move_on("t")
    ada.state("saved")
    (review,) = ada.reviews()
    assert (review.first_level, review.level, review.verdict) == (T, S, Verdict.ACCEPT)


def test_keeping_ones_own_level_takes_one_key_like_taking_the_models(desk: MakeDesk) -> None:
    ada = desk(Mode.DECIDE_FIRST)
    ada.press("3")
    ada.page.wait_for_selector(f"{CARD}[data-proposed-level=SUPERVISION]")
    mine = ada.page.get_by_role("button", name="Keep mine: Teleoperation")
    models = ada.page.get_by_role("button", name="Take the model's: Supervision")
    assert (mine.get_attribute("aria-keyshortcuts"), models.get_attribute("aria-keyshortcuts")) == (
        "Enter",
        "T",
    )
    left, right = mine.bounding_box(), models.bounding_box()
    assert left
    assert right
    assert abs(left["width"] - right["width"]) < 1
    assert (left["height"], left["y"]) == (right["height"], right["y"])
    words = ada.text("composed")
    ada.press_and_move_on("Enter")
    ada.state("saved")
    (review,) = ada.reviews()
    assert (review.first_level, review.level, review.verdict) == (T, T, Verdict.CORRECT)
    assert f"{review.reasoning} {review.action}" == words
    ada.press("1")
    ada.page.wait_for_selector(f"{CARD}[data-proposed-level=SUPERVISION]")
    ada.press_and_move_on("y")
    ada.state("saved")
    assert [(one.level, one.reason_code) for one in ada.reviews()][1:] == [(A, "lane_blocked")]


def test_the_own_level_cannot_be_chosen_again_after_a_reload(desk: MakeDesk) -> None:
    ada = desk(Mode.DECIDE_FIRST)
    ada.press("3")
    ada.page.wait_for_selector(f"{CARD}[data-proposed-level]")
    ada.page.reload()
    ada.ready()
    assert ada.data("proposed-level") == "SUPERVISION"
    ada.press_and_move_on("2")
    ada.state("saved")
    assert [review.first_level for review in ada.reviews()] == [T]


def test_the_strip_tells_nothing_but_time(desk: MakeDesk) -> None:
    ada = desk(Mode.BLIND, listens=True)
    ada.page.wait_for_selector(f"{CARD} .rc-thumb")
    (told,) = [body for body in ada.bodies if "/card/strip" in body]
    assert not [secret for secret in (*SECRETS, "level", "review") if secret in told.split(" ", 1)[1]]
    labels = ada.page.locator(f"{CARD} .rc-thumb").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert "this frame, the one you judge" in labels
    assert all("frame" in label for label in labels)
