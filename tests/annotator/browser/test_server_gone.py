"""The app's own words when its server is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from data.people.accounts import end_sign_ins
from data.vocabulary import PersonRole
from tests.annotator.browser.served import Desk, RunningApp
from tests.builders import a_person, a_store


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[RunningApp]:
    """An app that may be stopped."""
    running = RunningApp(tmp_path / "workspace", a_store(tmp_path))
    running.start()
    yield running
    running.stop()
    running.store.close()


def test_a_page_says_in_our_words_that_the_server_is_gone_and_goes_on_when_it_is_back(
    alone: RunningApp, chromium: Browser
) -> None:
    lena = Desk(alone, chromium.new_context(), a_person(alone.store, "lena", PersonRole.LEAD), "lena")
    lena.sit_down("progress")
    page = lena.page
    expect(page.locator(".tt-head h1")).to_have_text("Progress")
    gone = page.locator("#tt-gone")
    expect(gone).to_be_hidden()
    with page.expect_console_message(lambda one: "Streamlit server is not responding" in one.text):
        alone.stop()  # Streamlit opens its dialog after some attempts, and says so
    expect(gone).to_be_visible()
    expect(page.get_by_test_id("stDialog")).to_have_count(0)
    alone.start()
    expect(gone).to_be_hidden()
    alone.stop()
    end_sign_ins(alone.store, "lena")
    alone.start()
    page.wait_for_url("**/sign-in?*next=progress*")
    expect(page.get_by_text("Your sign-in has ended.")).to_be_visible()
    page.context.close()
