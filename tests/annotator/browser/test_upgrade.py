"""A newer build takes over while answers wait in a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from data.vocabulary import Mode
from tests.annotator.browser.served import CARD, Desk, RunningApp, hold
from tests.builders import a_person, a_store
from tests.repository import ROOT


def an_older_build(folder: Path) -> Path:
    """The same code in a folder of its own, whose card is another file than today's."""
    for package in ("annotator", "data", "eval", "training"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    script = folder / "annotator" / "review_card" / "js" / "card.js"
    text = script.read_text()
    assert "this.root = root;" in text
    script.write_text(text.replace("this.root = root;", 'this.root = root; root.dataset.build = "older";', 1))
    return folder


@pytest.fixture
def desk(chromium: Browser, tmp_path: Path) -> Iterator[Desk]:
    store = a_store(tmp_path, scenes={"scene-0001": 24, "scene-0002": 24})
    app = RunningApp(tmp_path / "workspace", store, build=an_older_build(tmp_path / "older"))
    app.start()
    ada = a_person(store)
    hold(store, ada, Mode.ASSISTED)
    made = Desk(app, chromium.new_context(viewport={"width": 1440, "height": 900}), ada, "ada")
    yield made.sit_down()
    made.leave()
    app.stop()
    store.close()


def test_answers_and_a_text_being_written_reach_the_newer_build(desk: Desk) -> None:
    assert desk.data("build") == "older"
    desk.page.wait_for_timeout(800)  # let the next pictures arrive
    desk.app.stop()
    decided = [desk.press_and_move_on("Enter") for _ in range(3)]
    desk.state("offline")
    writing = desk.frame()
    desk.press("3", "e")
    desk.page.fill("#rc-reasoning", "A crane stands across the")
    desk.app.build = ROOT
    desk.app.start()
    desk.page.wait_for_selector(f"{CARD}[data-state=saved]", timeout=40_000)
    assert [review.frame_id for review in desk.reviews()] == decided
    desk.page.reload()
    desk.ready()
    assert desk.data("build") is None
    assert desk.frame() == writing
    assert desk.page.input_value("#rc-reasoning") == "A crane stands across the"
