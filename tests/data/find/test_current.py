from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from data.find import current
from data.find.current import Current
from data.find.question import About, Filter
from tests.builders import A, reviewed
from tests.data.find.test_pages import Asked


def verified(held: Current, asked: Asked) -> int:
    facets = held.columns(asked.store).facets
    return int(facets.passing([Filter(About.STATE, "verified")]).sum())


def reviews(held: Current, asked: Asked) -> int:
    return len(held.columns(asked.store).said.rows.id)


def test_what_takes_long_is_read_beside_the_questions_and_the_frame_s_state_shows_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(tmp_path)
    monkeypatch.setattr(current, "LONG_S", 0.0)  # everything takes long
    monkeypatch.setattr(current, "REST", 0.0)
    held, may_go_on = Current(), threading.Event()
    assert (verified(held, asked), reviews(held, asked)) == (0, 0)
    reading = held._read

    def read_slowly(*given: Any) -> Any:
        if given[3]:  # the parts that are due
            may_go_on.wait(20)
        return reading(*given)

    monkeypatch.setattr(held, "_read", read_slowly)
    reviewed(asked.store, asked.ada, asked.training[0], A)
    assert (verified(held, asked), reviews(held, asked)) == (1, 0)
    reviewed(asked.store, asked.ada, asked.training[1], A)
    assert verified(held, asked) == 2
    may_go_on.set()
    deadline = time.monotonic() + 20
    while reviews(held, asked) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert verified(held, asked) == 2
