from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from data.review.serving import lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import Adjudication, AdjudicationWithdrawal, AuditLot, FrameStatus, GoldFrame
from data.vocabulary import Mode, PersonRole, Split, VerificationState
from tests.annotator.browser.conftest import served, signed_in
from tests.annotator.browser.served import Desk, RunningApp, hold
from tests.builders import A, S, T, a_person, a_store, reviewed

CARD = "[data-testid=settling-card]"


def a_store_with_a_conflict(tmp_path: Path) -> tuple[Store, str]:
    """Two people rated every held-out frame blind, and disagree on one training frame: T against A."""
    store = a_store(tmp_path, scenes={"scene-0001": 6, "scene-0002": 6, "scene-0003": 6}, teacher=A)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    a_person(store, "lena", PersonRole.LEAD)
    frames = lease_frames(store, ada, n=100)
    for number, one in enumerate(one for one in frames if one.scene.split is Split.HELD_OUT):
        reviewed(store, ada, one.frame.id, [A, S, T][number % 3])
        reviewed(store, ben, one.frame.id, [A, S, T][number % 3])
    contested = next(one.frame.id for one in frames if one.scene.split is Split.TRAIN)
    reviewed(store, ada, contested, T)
    reviewed(store, ben, contested, A)
    return store, contested


def test_a_lead_walks_from_overlap_to_the_certificate(tmp_path: Path, chromium: Browser) -> None:
    store, contested = a_store_with_a_conflict(tmp_path)
    with served(tmp_path / "workspace") as address:
        page = signed_in(chromium, address, "lena", "password-lena")
        page.goto(f"{address}agreement")
        expect(page.get_by_text("Frames rated twice or more")).to_be_visible()
        page.goto(f"{address}frame?id={contested}")
        expect(page.get_by_text("Address to send")).to_be_visible()
        expect(page.get_by_text(f"/frame?id={contested}")).to_be_visible()
        page.get_by_role("link", name="Settle it under Adjudicate").click()
        expect(page.get_by_text("1 of 1", exact=True)).to_be_visible()
        page.keyboard.press("g")
        page.keyboard.press("3")
        page.keyboard.type("A person stands behind the van.")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("No frame is contested")).to_be_visible()
        expect(page.get_by_text("and a hidden test now")).to_be_visible()
        expect(page.locator("[data-act=undo]")).to_have_count(0)  # which would be refused
        page.goto(f"{address}trust")
        page.get_by_role("button", name="Open an audit").click()
        expect(page.get_by_text("What it does not promise")).to_be_visible()
        page.goto(f"{address}adjudicate?frame={contested}")
        expect(page.get_by_text("is not contested (any more)")).to_be_visible()
        page.context.close()
        _sees_no_frame(signed_in(chromium, address, "ada", "password-ada"), f"{address}frame?id={contested}")
    with store.read() as session:
        assert session.exec(select(Adjudication)).one().level is T
        gold = session.exec(select(GoldFrame)).one()
        assert (gold.frame_id, gold.level, gold.proposed) == (contested, T, A)
        assert session.exec(select(AuditLot)).one().limit == 0.01


SIZES = ((1440, 900), (1280, 720))


def test_a_lead_settles_ten_frames_by_keyboard_alone(app: RunningApp, desk: Callable[..., Desk]) -> None:
    """Level, why, save: the next frame stands there; neighbours, zoom, skipping and undo are keys too."""
    frames = contested(app, 11)
    lena = desk(role=PersonRole.LEAD, sit=False, n=0)
    lena.sit_down("adjudicate")
    page = lena.page
    page.wait_for_selector(f"{CARD}[data-frame] .rc-pictures img")
    for size in SIZES:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert_on_one_screen(page)
    assert "null" not in page.locator("[data-part=context]").inner_text(), (
        "nothing is like it: there is no link"
    )
    first = page.locator(CARD).get_attribute("data-frame")
    for key, is_first in (("j", False), ("k", True)):
        lena.press(key)
        lena.until(lambda: (page.locator(CARD).get_attribute("data-frame") == first) is is_first)  # noqa: B023
    settled = []
    for number in range(10):
        lena.press("3" if number % 2 else "1")
        assert page.evaluate("document.activeElement.dataset.box") == "reason"
        if number == 0:
            lena.press("Control+Enter")
            expect(page.locator("[data-part=problem]")).to_have_text("The answer to “Why?” is missing.")
        page.keyboard.type(f"Reason {number}: the lane is closed.")
        expect(page.locator("[data-part=problem]")).to_be_empty()
        before = page.locator(CARD).get_attribute("data-frame")
        settled.append(before)
        lena.press("Control+Enter")
        page.wait_for_function(
            "([card, before]) => document.querySelector(card).dataset.frame !== before", arg=[CARD, before]
        )
        page.wait_for_selector(f"{CARD}[data-state=ready]")
    assert len(set(settled)) == 10
    eleventh = page.locator(CARD).get_attribute("data-frame")
    lena.press("u")
    page.wait_for_function(
        "([card, last]) => document.querySelector(card).dataset.frame === last", arg=[CARD, settled[-1]]
    )
    assert page.locator("[data-box=reason]").input_value() == "Reason 9: the lane is closed."
    lena.press("2", "Control+Enter")
    page.wait_for_function("card => document.querySelector(card).dataset.frame", arg=CARD)
    lena.until(lambda: page.locator(CARD).get_attribute("data-frame") == eleventh)
    lena.press("z")
    expect(page.locator("[data-act=zoom]")).to_have_attribute("aria-pressed", "true")
    lena.press("Escape", "ArrowLeft")
    expect(page.locator("[data-part=away]")).to_be_visible()
    lena.press("Escape", "Space")
    expect(page.locator("[data-act=play]")).to_have_attribute("aria-pressed", "true")
    lena.press("Escape")
    expect(page.locator("[data-part=away]")).to_be_hidden()
    with app.store.read() as session:
        rows = session.exec(select(Adjudication).where(Adjudication.person_id == lena.person_id)).all()
        taken_back = set(session.exec(select(AdjudicationWithdrawal.adjudication_id)))
        states = {one: session.get_one(FrameStatus, one).state for one in settled}
    assert (len(rows), len(taken_back & {row.id for row in rows})) == (11, 1)
    assert {row.frame_id for row in rows} == set(settled) <= set(frames)
    assert set(states.values()) == {VerificationState.VERIFIED}


def contested(app: RunningApp, n: int) -> list[str]:
    """Frames that two new people disagree about: one says TELEOPERATION, one AUTONOMY."""
    people = [a_person(app.store, f"{name}-{time.monotonic_ns()}") for name in ("ada", "ben")]
    frames = hold(app.store, people[0], Mode.ASSISTED, n=n)
    for person, level in zip(people, (T, A), strict=True):
        release_leases(app.store, people[0])
        for frame in frames:
            reviewed(app.store, person, frame, level)
    return frames


def assert_on_one_screen(page: Page) -> None:
    """What people said, the picture and the decision with its button are on screen together."""
    height = page.viewport_size["height"]  # type: ignore[index]
    page.keyboard.press("1")
    for part in ("[data-part=stage]", "[data-part=said] > div", "[data-box=reason]", "[data-act=settle]"):
        box = page.locator(f"{CARD} {part}").first.bounding_box()
        assert box is not None, part
        assert 0 <= box["y"] < box["y"] + box["height"] <= height, (part, box, height)
    page.keyboard.press("Escape")


def _sees_no_frame(page: Page, shared: str) -> None:
    """An annotator who is sent a lead's address learns nothing from it."""
    page.goto(shared)
    expect(page.get_by_role("heading", name="Frame is for leads and trainers")).to_be_visible()
    expect(page.get_by_text("Address to send")).to_have_count(0)
    page.context.close()
