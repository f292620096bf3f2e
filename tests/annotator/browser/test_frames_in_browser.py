"""A lead finds frames by address and by keys; an annotator finds nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from data.alike.embed import embed_locally
from data.find.question import from_address
from data.review.serving import lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import Frame
from data.vocabulary import PersonRole, Split
from tests.annotator.browser.accessible import faults_in_both_schemes
from tests.annotator.browser.conftest import served, signed_in
from tests.builders import A, S, T, a_person, a_store, reviewed

GRID = "[data-testid=frame-grid]"
HOSTILE = "<img src=x onerror=alert(1)> **cones** left \u202eabc"


def a_store_to_search(folder: Path) -> tuple[Store, dict[str, str]]:
    """Frames named after the question that finds each of them."""
    store = a_store(folder, scenes={f"scene-{n:04}": 30 for n in range(1, 5)}, teacher=A)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    a_person(store, "lena", PersonRole.LEAD)
    training = [one.frame.id for one in lease_frames(store, ada, n=100) if one.scene.split is Split.TRAIN]
    release_leases(store, ada)
    missed, night, changed = training[:3]
    reviewed(store, ada, missed, T, reasoning=HOSTILE)
    reviewed(store, ben, missed, T)
    reviewed(store, ada, night, T)
    reviewed(store, ben, night, A)
    reviewed(store, ben, changed, S)
    with store.write() as session:
        row = session.get_one(Frame, night)
        row.cues = {"night": "it is dark", "rain": "it rains"}
        session.add(row)
    return store, {"missed": missed, "night": night, "changed": changed}


def shown(page: Page) -> list[str]:
    page.wait_for_selector(f"{GRID}[data-state=shown]")
    found = page.locator(f"{GRID} .fg-cell").evaluate_all("cells => cells.map(cell => cell.dataset.frame)")
    return [str(one) for one in found]


def test_a_lead_finds_frames_by_address_and_keys(tmp_path: Path, chromium: Browser) -> None:
    store, frames = a_store_to_search(tmp_path)
    questions = {
        "proposed=AUTONOMY&said=TELEOPERATION&disagreement=agree": "missed",
        "state=contested&cue=night&cue=rain": "night",
        "person=ben&verdict=correct&said=SUPERVISION": "changed",
        f"like={frames['missed']}&state=contested": "night",
        "words=cones+left": "missed",
    }
    embed_locally(store, tmp_path / "workspace")
    with served(tmp_path / "workspace") as address:
        page = signed_in(chromium, address, "lena", "password-lena")
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        for question, name in questions.items():
            assert _found(page, address, question) == [frames[name]], question
        for question in ("state=contested&cue=night&cue=rain", "words=cones+left"):
            page.goto(f"{address}frames?{question}")
            assert shown(page) == [frames[questions[question]]]
        _words_are_plain_text(page)
        page.keyboard.press("Enter")
        expect(page.locator(".fg-card").first).to_contain_text("‹U+202E›")
        page.keyboard.press("Escape")
        assert dialogs == []
        _empty_and_unknown(page, address)
        _days_and_what_is_not_computed(page, address)
        _keys(page, address)
        _acts_on_many(page, address, frames)
        _has_one_reviewed_next(page, address)
        _the_card_leads_on(page, address)
        _annotators_find_nothing(chromium, address, frames["missed"])
    store.close()


def _words_are_plain_text(page: Page) -> None:
    hit = page.locator(f"{GRID} .fg-hit").first
    expect(hit).to_contain_text("x onerror=alert(1)> **cones** left")
    assert hit.locator("mark").all_inner_texts() == ["cones", "left"]
    assert page.locator(f"{GRID} .fg-hit img").count() == 0


def _empty_and_unknown(page: Page, address: str) -> None:
    page.goto(f"{address}frames?state=contested&said=SUPERVISION")
    expect(page.get_by_text("No frame passes all of these filters.")).to_be_visible()
    page.get_by_role("button", name="Drop said=SUPERVISION: 1 frame").click()
    page.wait_for_selector(f"{GRID}[data-state=shown]")
    assert from_address(page.url.partition("?")[2]).address == "state=contested"
    page.goto(f"{address}frames?cue=snow")
    expect(page.get_by_role("alert").filter(has_text="'snow' is no value of cue")).to_be_visible()
    page.get_by_role("button", name="Drop all filters").click()
    expect(page.locator(".fg-count")).to_contain_text("120 frames")


def _days_and_what_is_not_computed(page: Page, address: str) -> None:
    """A range of days goes into the address; a filter that nothing has been computed for names the command."""
    page.goto(f"{address}frames?person=ada")
    days = page.locator(f"{GRID} [data-group=date]")
    days.locator("summary").click()
    days.get_by_label("From").fill("2020-01-01")
    days.get_by_role("button", name="Show").click()
    expect(page.locator(".fg-count")).to_have_text("2 frames")
    assert from_address(page.url.partition("?")[2]).address == "person=ada&date=2020-01-01.."
    doubts = page.locator(f"{GRID} [data-group=suspicious]")
    doubts.locator("summary").click()
    expect(doubts).to_contain_text("No level has been ranked yet: `teletriage suspicions` does it.")
    page.goto(f"{address}frames?sort=suspicion")
    expect(page.get_by_role("alert").filter(has_text="teletriage suspicions")).to_be_visible()


def _keys(page: Page, address: str) -> None:
    """Arrows through all frames as fast as a key repeats; Enter, step, Escape; the address follows."""
    page.goto(f"{address}frames?sort=time&size=small")
    page.wait_for_selector(f"{GRID}[data-state=shown]")
    for _ in range(110):
        page.keyboard.press("ArrowRight")
    expect(page.locator(f"{GRID} [aria-selected=true]")).to_have_attribute("aria-posinset", "111")
    selected = page.locator(f"{GRID} [aria-selected=true][data-frame]:not([data-frame=''])")
    frame = str(selected.get_attribute("data-frame"))
    page.keyboard.press("Enter")
    expect(page.locator(".fg-place")).to_have_text("111 of 120")
    assert f"frame={frame}" in page.url
    page.keyboard.press("ArrowRight")
    expect(page.locator(".fg-place")).to_have_text("112 of 120")
    page.wait_for_function("document.querySelector('.fg-large').naturalWidth > 0")
    page.keyboard.press("Escape")
    expect(page.locator(f"{GRID} [aria-selected=true]")).to_have_attribute("aria-posinset", "112")
    assert "frame=" not in page.url
    page.keyboard.press("+")
    assert "size=" not in page.url
    page.goto(f"{address}frames?frame={frame}")
    expect(page.get_by_label("Address to send")).to_have_value(f"{address}frames?frame={frame}")


def _acts_on_many(page: Page, address: str, frames: dict[str, str]) -> None:
    """Two frames are picked and tagged by keys, found by the tag, and the question is kept as a view."""
    page.goto(f"{address}frames?state=verified&sort=time")
    found = set(shown(page))
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    expect(page.locator(".fg-picked strong")).to_have_text("2 picked")
    page.get_by_role("button", name="Tag", exact=True).click()
    page.keyboard.type("low sun")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Tag: done for 2 frames.")).to_be_visible()
    page.goto(f"{address}frames?tag=low+sun")
    assert set(shown(page)) <= found
    assert len(set(shown(page))) == 2
    page.get_by_role("button", name="Save view").click()
    page.keyboard.type("sun")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Saved as sun.")).to_be_visible()
    page.goto(f"{address}frames")
    page.wait_for_selector(f"{GRID} [data-part=views] option >> nth=1", state="attached")
    page.locator(f"{GRID} [data-part=views]").select_option(label="sun")
    expect(page.locator(".fg-count")).to_have_text("2 frames")
    assert faults_in_both_schemes(page) == []
    assert frames["missed"] in found


def _has_one_reviewed_next(page: Page, address: str) -> None:
    """The last frame in line is picked and asked of one person; it is found by its address and stands first."""
    page.goto(f"{address}frames?queue=waiting&sort=-queue")
    last = shown(page)[0]
    page.keyboard.press("x")
    page.get_by_role("button", name="Review next", exact=True).click()
    page.keyboard.type("ben")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Review next: done for 1 frame.")).to_be_visible()
    page.goto(f"{address}frames?next=by:ben")
    assert shown(page) == [last]
    expect(page.locator(f"{GRID} [data-group=next]")).to_contain_text("by:ben1")
    page.goto(f"{address}frames?queue=first_10")
    assert shown(page)[0] == last
    page.keyboard.press("Enter")
    expect(page.locator(".fg-opened")).to_contain_text("asked for next by lena, of ben")
    page.keyboard.press("Escape")


def _the_card_leads_on(page: Page, address: str) -> None:
    """From a lead's card to frames like the one on it, which tell no levels as long as the lead has not answered."""
    page.goto(f"{address}review")
    page.wait_for_selector("[data-testid=review-card][data-frame]")
    link = page.locator("[data-testid=review-card][data-mode=assisted] .rc-alike")
    for _ in range(12):
        page.wait_for_timeout(400)
        if link.count():
            break
        page.keyboard.press("s")
        page.keyboard.press("2")
    frame = page.locator("[data-testid=review-card]").get_attribute("data-frame")
    with page.context.expect_page() as opened:
        link.click()
    grid = opened.value
    assert shown(grid)
    assert grid.url == f"{address}frames?like={frame}"
    assert grid.locator(f"{GRID} .fg-cell .fg-chip").count() == 0
    grid.keyboard.press("l")
    expect(grid.get_by_role("alert").filter(has_text="You are reviewing this frame")).to_be_visible()
    grid.close()


def _annotators_find_nothing(chromium: Browser, address: str, frame: str) -> None:
    page = signed_in(chromium, address, "ada", "password-ada")
    for act, body in {"page": {"query": ""}, "counts": {"query": ""}, "open": {"frame": frame}}.items():
        answer = _asked(page, f"{address}grid/{act}", body)
        assert (answer["status"], list(answer["body"])) == (403, ["reason"])
    page.goto(f"{address}frames?frame={frame}")
    page.wait_for_timeout(500)
    assert page.locator(GRID).count() == 0
    page.context.close()


def _found(page: Page, address: str, question: str) -> list[str]:
    """The frames of an address, asked for as the grid does once it has loaded: with the address as it stands."""
    answer = _asked(page, f"{address}grid/page", {"query": question})
    return [str(one["frame"]) for one in answer["body"]["frames"]]


def _asked(page: Page, url: str, body: dict[str, Any]) -> dict[str, Any]:
    script = """async ([url, body]) => {
        const me = (await (await fetch('card/sync', {method: 'POST', body: '{}'})).json());
        for (let person = 1; person < 9; person += 1) {
            const answer = await fetch(url, {method: 'POST', body: JSON.stringify({person, ...body})});
            if (answer.status !== 409) return {status: answer.status, body: await answer.json(), me};
        }
    }"""
    return dict(json.loads(json.dumps(page.evaluate(script, [url, body]))))
