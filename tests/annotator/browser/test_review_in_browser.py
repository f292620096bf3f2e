from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from annotator.review_card.reason_codes import REASON_TITLES, ReasonCode
from annotator.review_order.ranking import rank_frames
from data.store.opening import Store
from data.store.tables import Review
from data.vocabulary import Mode, PersonRole, Verdict
from tests.annotator.browser.conftest import served, signed_in
from tests.builders import S, T, a_filename, a_person, a_raw_reply, a_store

SCENES = {"scene-0001": 30, "scene-0002": 2}
ATTACK = '<script>document.title="stolen"</script><img src="https://tracker.invalid/x.png">![](https://tracker.invalid/y)'


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("browser")
    names = [a_filename(scene, position) for scene, frames in SCENES.items() for position in range(frames)]
    store = a_store(folder, scenes=SCENES, teacher={name: a_raw_reply(S, reasoning=ATTACK) for name in names})
    rank_frames(store)
    a_person(store, "ada")
    a_person(store, "theo", PersonRole.TRAINER)
    return store


@pytest.fixture(scope="module")
def address(store: Store) -> Iterator[str]:
    workspace = Path(str(store.engine.url.database)).parent
    with served(workspace) as address:
        yield address


def reviews(store: Store) -> list[Review]:
    with store.read() as session:
        return list(session.exec(select(Review).order_by(Review.id)))  # type: ignore[arg-type]


def next_frame(page: Page, before: str) -> None:
    expect(page.get_by_test_id("frame-caption")).not_to_have_text(before)


def test_a_wrong_password_is_said_on_the_form(chromium: Browser, address: str) -> None:
    page = chromium.new_page()
    page.goto(address)
    page.fill("#user", "ada")
    page.fill("#password", "wrong")
    page.click("button[type=submit]")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")


def test_one_frame_is_accepted_and_another_corrected_and_both_are_in_the_store(
    chromium: Browser, address: str, store: Store
) -> None:
    page = signed_in(chromium, address, "ada", "password-ada")
    page.goto(f"{address}review-plain")
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url) if address not in request.url else None)
    for _ in range(25):
        page.wait_for_timeout(700)  # the panel follows the picture
        accepted, corrected = _accepted(store), _corrected(store)
        if accepted and corrected:
            break
        if not accepted and _assisted(page):
            caption = page.get_by_test_id("frame-caption").inner_text()
            page.get_by_role("button", name="Accept SUPERVISION").click()
            next_frame(page, caption)
        else:
            _judge(page, "3")
    assert [(one.level, one.reasoning) for one in accepted] == [(S, None)]
    assert {(one.level, one.reason_code) for one in corrected} == {(T, "routine")}
    assert (
        corrected[0].reasoning
        == "The scene looks routine at first sight, but the vehicle cannot go on by itself."
    )
    assert page.title() == "Plain review · teletriage"
    assert [url for url in outside if "tracker" in url] == []


def _accepted(store: Store) -> list[Review]:
    return [one for one in reviews(store) if one.verdict is Verdict.ACCEPT]


def _corrected(store: Store) -> list[Review]:
    return [one for one in reviews(store) if one.mode is Mode.ASSISTED and one.verdict is Verdict.CORRECT]


def _assisted(page: Page) -> bool:
    expect(page.get_by_role("button", name="Teleoperation")).to_have_count(1)  # not the last frame's as well
    return page.get_by_role("button", name="Accept SUPERVISION").is_visible()


def _judge(page: Page, key: str) -> None:
    """Choose a level by key (twice where the own level comes first), then what decides it, and save its words."""
    caption = page.get_by_test_id("frame-caption").inner_text()
    save = page.get_by_role("button", name="Save")
    for _ in range(2):
        page.keyboard.press(key)
        try:
            save.wait_for(timeout=4000)
            break
        except Exception:  # noqa: BLE001, S112 - decide-first: the first press was the own level
            continue
    page.get_by_label("What decides it?").click()
    page.get_by_role("option", name=REASON_TITLES[ReasonCode.ROUTINE]).click()
    expect(page.get_by_label("Operator action")).not_to_have_value("")
    save.click()
    next_frame(page, caption)


def test_a_trainer_has_no_review_screen(chromium: Browser, address: str) -> None:
    page = signed_in(chromium, address, "theo", "password-theo")
    groups = page.get_by_role("navigation", name="App pages").get_by_role("button")
    expect(groups).to_have_text(["Quality", "Data"])
    page.goto(f"{address}review")
    expect(page.get_by_role("heading", name="Review is for annotators and leads")).to_be_visible()


def test_signing_out_leads_back_to_the_form_and_so_does_going_back(chromium: Browser, address: str) -> None:
    page = signed_in(chromium, address, "theo", "password-theo")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector("#user")
    page.go_back()
    page.wait_for_selector("#user")
    assert page.url == f"{address}sign-in?next=progress"


def test_a_frame_image_opens_for_the_one_it_was_made_for_only(chromium: Browser, address: str) -> None:
    page = signed_in(chromium, address, "ada", "password-ada")
    page.goto(f"{address}review-plain")
    source = page.locator("img.tt-frame").get_attribute("src")
    assert source is not None
    mine = page.request.get(address + source)
    assert (mine.status, mine.headers["content-type"]) == (200, "image/jpeg")
    assert "private" in mine.headers["cache-control"]
    other = signed_in(chromium, address, "theo", "password-theo")
    assert other.request.get(address + source).status == 403
    assert page.request.get(address + source.replace("&s=", "&s=0")).status == 403
    assert "frame-ancestors 'none'" in mine.headers["content-security-policy"]
