"""Every screen of every role, as axe-core sees it in light and dark, under its title."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from annotator.shell.addresses import SCREENS, Screen
from data.people.permissions import may
from data.vocabulary import PersonRole
from tests.annotator.browser.served import Desk, RunningApp
from tests.repository import ROOT

AXE = ROOT / "tests" / "javascript" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = """async () => {
  const found = await axe.run(document, { resultTypes: ['violations'], exclude: [['iframe']] });
  return found.violations.filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
}"""
MakeDesk = Callable[..., Desk]
WALKS = {
    PersonRole.LEAD: [screen for screen in SCREENS if may(PersonRole.LEAD, screen.act)],
    PersonRole.TRAINER: [screen for screen in SCREENS if screen.path == "snapshot"],
    PersonRole.ADMIN: [screen for screen in SCREENS if may(PersonRole.ADMIN, screen.act)],
}
"""Between them they see every screen; annotators and operators see none that leads do not."""


def faults(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return list(page.evaluate(SERIOUS))


def drawn(page: Page, screen: Screen) -> None:
    expect(page.locator(".tt-head h1")).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page).to_have_title(f"{screen.title} · teletriage")


def test_no_screen_has_a_serious_fault_in_light_or_dark(desk: MakeDesk, app: RunningApp) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: `npm ci` in tests/javascript")
    assert {screen for walk in WALKS.values() for screen in walk} == set(SCREENS)
    found: dict[str, list[str]] = {}
    for role, walk in WALKS.items():
        page = desk(role=role, sit=False, n=0).sit_down("nowhere").page
        found[f"{role} nowhere"] = faults(page)
        for screen in walk:
            page.goto(app.url + screen.path)
            drawn(page, screen)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.wait_for_timeout(200)
                found[f"{screen.path} {scheme}"] = faults(page)
        page.emulate_media(color_scheme="light")
    page.context.clear_cookies()
    page.goto(f"{app.url}sign-in")
    found["sign-in"] = faults(page)
    told = [f"{where}: {one}" for where, what in found.items() for one in what]
    assert not told, "\n".join(told)
