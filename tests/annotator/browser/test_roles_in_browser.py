"""Whoever signs in, there is a screen."""

from __future__ import annotations

import csv
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from annotator.shell.addresses import HOMES, screen_at
from data.people.accounts import add_person, person_signed_in, sign_in
from data.vocabulary import PersonRole
from tests.annotator.browser.conftest import served, signed_in
from tests.builders import a_person, a_store

REFUSED = """performance.getEntriesByType('resource').filter(one => one.responseStatus === 404)
  .map(one => one.name)"""
"""What a page has asked for where nothing is: red lines in the browser's console."""


def test_every_role_comes_home_to_a_screen_of_its_own(tmp_path: Path, chromium: Browser) -> None:
    store = a_store(tmp_path)
    for role in PersonRole:
        a_person(store, f"the-{role.value}", role)
    with served(tmp_path / "workspace") as address:
        for role in PersonRole:
            page = signed_in(chromium, address, f"the-{role.value}", f"password-the-{role.value}")
            home = screen_at(HOMES[role])
            assert home is not None
            expect(page.locator(".tt-head h1")).to_have_text(home.title)
            assert page.url == f"{address}{home.path}"
            expect(page).to_have_title(f"{home.title} · teletriage")
            assert page.get_by_test_id("stException").count() == 0
            assert page.evaluate(REFUSED) == []
            page.context.close()


def table(page: Page) -> list[dict[str, str]]:
    """What the page's table downloads as, once the page is drawn; a download that a page drawn anew has cancelled is
    asked for again."""
    for _ in range(5):
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download CSV").click()
        if download.value.failure() is None:
            return list(csv.DictReader(Path(download.value.path()).open()))
    raise AssertionError("five downloads were cancelled")


def chosen(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def chooses_her_own(chromium: Browser, address: str, name: str, password: str) -> None:
    """Whoever has a temporary password chooses another one on the way to the page that they wanted."""
    page = chromium.new_context().new_page()
    page.goto(address)
    page.fill("#user", name)
    page.fill("#password", password)
    expect(page.locator("#password")).to_have_attribute("type", "password")
    page.get_by_label("Show password").check()
    expect(page.locator("#password")).to_have_attribute("type", "text")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_title("Change your password · teletriage")
    page.get_by_label("Current password").fill(password)
    page.get_by_label("New password").fill(f"{name} chose this")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tt-who")
    assert page.url == address
    page.get_by_role("link", name="Change password").click()
    expect(page.get_by_text("Your sign-ins in other browsers end.")).to_be_visible()
    page.context.close()


def test_an_administrator_adds_changes_and_ends_accounts_and_finds_it_in_the_trail(
    tmp_path: Path, chromium: Browser
) -> None:
    store = a_store(tmp_path, sampled=False)
    a_person(store, "root", PersonRole.ADMIN)
    add_person(store, "eve@example.org", PersonRole.LEAD, password=None)
    a_person(store, "ben")
    told = sign_in(store, "ben", "password-ben")
    with served(tmp_path / "workspace") as address:
        page = signed_in(chromium, address, "root", "password-root")
        page.get_by_label("Name to sign in with").fill("Nina")
        chosen(page, "Role", "lead")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("status").filter(has_text="Added nina as lead.")).to_be_visible()
        password = page.get_by_test_id("stCode").inner_text().strip()
        chooses_her_own(chromium, f"{address}guideline", "nina", password)
        chosen(page, "New role", "trainer")
        expect(page.get_by_test_id("stCode")).to_have_count(0)  # shown once
        page.get_by_role("button", name="Change the role").click()
        expect(page.get_by_text("ben is now trainer.")).to_be_visible()
        page.get_by_role("button", name="Disable", exact=True).click()
        expect(page.get_by_text("ben can no longer sign in.")).to_be_visible()
        assert person_signed_in(store, told) is None
        expect(page.get_by_role("button", name="Enable", exact=True)).to_be_visible()
        assert [(one["name"], one["role"], one["access"], one["open sign-ins"]) for one in table(page)] == [
            ("ben", "trainer", "disabled", "0"),
            ("eve@example.org", "lead", "through the identity provider only", "0"),
            ("nina", "lead", "has a password", "1"),
            ("root", "admin", "has a password", "1"),
        ]
        page.goto(f"{address}audit-trail")
        chosen(page, "Who", "root")
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        page.wait_for_timeout(300)
        assert [(one["what"], one["on"]) for one in table(page)] == [
            ("disabled person", "person:ben"),
            ("changed role", "person:ben"),
            ("added person", "person:nina"),
            ("signed in", "person:root"),
        ]
        assert password not in (tmp_path / "workspace" / "server.log").read_text()
        page.context.close()
