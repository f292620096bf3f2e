from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from data.snapshot.freeze import freeze
from data.vocabulary import PersonRole, Split
from tests.annotator.browser.conftest import served, signed_in
from tests.builders import T, a_person
from tests.data.review.test_reviews import frames_in
from tests.data.snapshot.test_snapshot import a_verified_store, student_says


def test_a_trainer_sees_what_goes_in_freezes_it_and_where_a_frame_comes_from(
    tmp_path: Path, chromium: Browser
) -> None:
    store = a_verified_store(tmp_path, level=T)
    frame = frames_in(store, Split.TRAIN)[0]
    student_says(store, frame, None)
    a_person(store, "theo", PersonRole.TRAINER)
    freeze(store, tmp_path / "workspace" / "snapshots" / "first")
    with served(tmp_path / "workspace") as address:
        page = signed_in(chromium, address, "theo", "password-theo")
        page.goto(f"{address}snapshot")
        expect(page.get_by_text("Pairs to train on")).to_be_visible()
        expect(page.get_by_text("What would be left out")).to_be_visible()
        page.get_by_role("button", name="Freeze a snapshot").click()
        expect(page.get_by_text("Snapshots of this workspace")).to_be_visible()
        page.wait_for_function("() => !document.querySelector('[data-testid=stSpinner]')")
        page.goto(f"{address}provenance?of={frame}")
        expect(page.get_by_text("ada (annotator)")).to_be_visible()
        expect(page.get_by_text("test-teacher").first).to_be_visible()
        expect(page.locator("img.tt-frame")).to_be_visible()
        field = page.get_by_label("A frame's id")
        field.fill("<b>nothing</b>")
        field.press("Enter")
        expect(page.get_by_text("'<b>nothing</b>' is neither a frame's id")).to_be_visible()
        page.context.close()
    assert len(list((tmp_path / "workspace" / "snapshots").iterdir())) == 2
