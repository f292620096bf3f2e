"""Captions and headings of the screens that are read: contrast, and an outline without gaps."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from data.vocabulary import PersonRole
from tests.annotator.browser.contrast import CONTRAST
from tests.annotator.browser.served import Desk

OUTLINE = """main => [...main.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter((one) => one.offsetParent)
  .map((one) => Number(one.tagName[1]))"""


def settled_faults(page: Page, what: str) -> list[Any]:
    """Texts that stand out too little once the page has drawn: while a screen is drawn anew, Streamlit fades it."""
    main = page.locator("[data-testid=stMain]")
    for _ in range(50):
        faults: list[Any] = main.evaluate(CONTRAST, what)
        if not faults:
            break
        page.wait_for_timeout(200)
    return faults


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", ["progress", "frame", "agreement", "annotators", "my-frames"])
def test_captions_stand_out_and_headings_step_by_one(
    desk: Callable[..., Desk], screen: str, scheme: str
) -> None:
    lena = desk(role=PersonRole.LEAD, sit=False, n=1, color_scheme=scheme)
    if screen == "my-frames":
        lena.sit_down("review")
        lena.ready()
        lena.press_and_move_on("Enter")
        lena.state("saved")
        lena.page.goto(lena.app.url + screen)
    else:
        lena.sit_down(screen)
    main = lena.page.locator("[data-testid=stMain]")
    lena.page.wait_for_selector("[data-testid=stCaptionContainer], .tt-empty", timeout=60_000)
    assert settled_faults(lena.page, "[data-testid=stCaptionContainer] *, .tt-note, .tt-label") == []
    main.locator("h1").first.wait_for()
    levels = main.evaluate(OUTLINE)
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
