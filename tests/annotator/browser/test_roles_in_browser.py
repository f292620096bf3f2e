"""Whoever signs in, there is a screen."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from annotator.shell.addresses import HOMES, screen_at
from data.people.accounts import add_person, disable_person
from data.vocabulary import PersonRole
from tests.annotator.browser.conftest import served, signed_in
from tests.builders import a_person, a_store


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
            page.context.close()


def test_an_administrator_sees_who_comes_in_how(tmp_path: Path, chromium: Browser) -> None:
    store = a_store(tmp_path, sampled=False)
    a_person(store, "root", PersonRole.ADMIN)
    add_person(store, "eve@example.org", PersonRole.LEAD, password=None)
    a_person(store, "ben")
    disable_person(store, "ben")
    with served(tmp_path / "workspace") as address:
        page = signed_in(chromium, address, "root", "password-root")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download CSV").click()
        assert Path(download.value.path()).read_text().splitlines()[1:] == [
            "ben,ben,annotator,ended",
            "eve@example.org,eve@example.org,lead,through the identity provider only",
            "root,root,admin,has a password",
        ]
        page.context.close()
