"""Every screen of every role in light and dark, under its title: what axe-core finds, captions, headings, and the look
that all share."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from annotator.shell.addresses import SCREENS, Screen, screens_of
from data.people.permissions import may
from data.vocabulary import PersonRole
from tests.annotator.browser.accessible import AXE, faults, in_scheme, settled
from tests.annotator.browser.contrast import CONTRAST
from tests.annotator.browser.served import Desk, RunningApp

OUTLINE = """main => [...main.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter((one) => one.offsetParent)
  .map((one) => Number(one.tagName[1]))"""
CAPTIONS = "[data-testid=stCaptionContainer] *, .tt-note, .tt-label"
LOOK = """() => {
  const block = getComputedStyle(document.querySelector("[data-testid=stMainBlockContainer]"));
  const marked = [...document.querySelectorAll("[data-testid=stTopNavSection][aria-current]")];
  return [block.paddingLeft, block.paddingTop, getComputedStyle(document.querySelector(".tt-head h1")).fontSize,
    ...marked.map((group) => group.firstElementChild.textContent.trim())];
}"""
GOING = "address => { history.pushState(null, '', address); dispatchEvent(new PopStateEvent('popstate')); }"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PADDING, TITLE_SIZE = ["20px", "65.6px"], "20px"
MakeDesk = Callable[..., Desk]
LEADS = [screen for screen in SCREENS if may(PersonRole.LEAD, screen.act)]
WALKS = {
    PersonRole.LEAD: LEADS,
    PersonRole.TRAINER: [screen for screen in SCREENS if screen.path == "snapshot"],
    PersonRole.ADMIN: [one for one in SCREENS if may(PersonRole.ADMIN, one.act) and one not in LEADS],
}
"""Between them they see every screen; annotators and operators see none that leads do not."""


def unread(page: Page) -> list[Any]:
    """Captions and notes of a screen that stand out too little, and a step of more than one between headings."""
    main = page.locator("[data-testid=stMain]")
    levels = main.evaluate(OUTLINE)
    gaps = [f"h{one} leads to h{two}" for one, two in itertools.pairwise([0, *levels]) if two - one > 1]
    return [*main.evaluate(CONTRAST, CAPTIONS), *gaps]


def at(page: Page, home: str, screen: Screen) -> None:
    """On a screen, by its address, as going back and forward opens it; loading it anew would take a second each."""
    assert page.request.get(home + screen.path).status == 200
    page.evaluate(GOING, f"/{screen.path}")
    expect(page).to_have_title(f"{screen.title} · teletriage")
    expect(page.locator(".tt-head h1")).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def odd_look(page: Page, screen: Screen, walk: list[Screen]) -> list[Any]:
    """How a screen differs from all others: in its padding, in its title's size, in the group that is marked open."""
    groups = [screen.group.value] if len({one.group for one in walk if one.is_listed}) > 1 else []
    wanted, look = [*PADDING, TITLE_SIZE, *groups], page.evaluate(LOOK)
    return [] if look == wanted else [f"looks like {look}, not {wanted}"]


def seen_by(desk: MakeDesk, role: PersonRole) -> Page:
    """At an address that does not exist; a lead has judged a frame, which stands among their own."""
    if role is not PersonRole.LEAD:
        return desk(role=role, sit=False, n=0).sit_down("nowhere").page
    lena = desk(role=role, sit=False, n=1).sit_down("review")
    lena.ready()
    lena.press_and_move_on("Enter")
    lena.state("saved")
    lena.page.goto(f"{lena.app.url}nowhere")
    return lena.page


def test_no_screen_has_a_serious_fault_in_light_or_dark(desk: MakeDesk, app: RunningApp) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: `npm ci` in tests/javascript")
    assert {screen for walk in WALKS.values() for screen in walk} == set(SCREENS)
    found: dict[str, list[str]] = {}
    for role, walk in WALKS.items():
        page = seen_by(desk, role)
        found[f"{role} nowhere"] = faults(page)
        page.goto(app.url + walk[0].path)
        expect(page.locator(".tt-head h1")).to_be_visible()
        for screen in walk:
            at(page, app.url, screen)
            for scheme in SCHEMES:
                in_scheme(page, scheme)
                read = settled(page, lambda: unread(page))  # noqa: B023 - called at once
                odd = settled(page, lambda: odd_look(page, screen, screens_of(role)))  # noqa: B023 - as above
                found[f"{screen.path} {scheme}"] = [*faults(page), *read, *odd]
        in_scheme(page, "light")
    page.context.clear_cookies()
    page.goto(f"{app.url}sign-in")
    found["sign-in"] = faults(page)
    told = [f"{where}: {one}" for where, what in found.items() for one in what]
    assert not told, "\n".join(told)
