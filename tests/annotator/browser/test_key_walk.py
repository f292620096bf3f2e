"""Thousands of random keys on the card, each saved row held against what the screen said at its key press."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from data.vocabulary import Mode
from tests.annotator.browser.conftest import VIEWPORT
from tests.annotator.browser.key_walker import RECORDER, held_against, walk
from tests.annotator.browser.served import Desk

KEYS = 200


@pytest.mark.parametrize(("mode", "seed"), [(Mode.ASSISTED, 1), (Mode.DECIDE_FIRST, 2), (Mode.BLIND, 3)])
def test_nothing_is_saved_that_the_screen_did_not_say(
    desk: Callable[..., Desk], mode: Mode, seed: int
) -> None:
    ada = desk(mode, sit=False, n=16, viewport=VIEWPORT)
    ada.page.add_init_script(RECORDER)
    ada.sit_down()
    presses, entries = walk(ada.page, seed, KEYS)
    walked = held_against(ada.app.store, ada.person_id, presses, entries)
    assert walked.mismatches == []
    assert sum(walked.saved.values()) > 5
