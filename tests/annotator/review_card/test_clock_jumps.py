"""The machine's clock is set while people work: nothing is lost, nothing is written twice, and nobody sees a fault."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from annotator.review_card import routes
from annotator.runtime import COOKIE
from annotator.settings import AppSettings
from data.maintenance.check import check_store
from data.people.accounts import sign_in
from data.store.opening import Store
from data.store.tables import Review
from tests.annotator.review_card.test_outbox import an_entry
from tests.builders import a_person, a_store

HERE = "http://testserver"
DAY_S = 86_400


class Desk:
    """A browser with a card, on a machine whose clock can be set."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self._monkeypatch = store, monkeypatch
        self.person = a_person(store)
        self._really = (time.time_ns, time.time)
        app = Starlette(routes=routes.ROUTES)
        self.client = TestClient(app, base_url=HERE, headers={"origin": HERE}, raise_server_exceptions=False)
        self.sign_in()

    def sign_in(self) -> None:
        self.client.cookies.set(COOKIE, sign_in(self.store, "ada", "password-ada"))

    def set_clock(self, by_s: int) -> None:
        now_ns, now_s = self._really
        self._monkeypatch.setattr(time, "time_ns", lambda: now_ns() + by_s * 10**9)
        self._monkeypatch.setattr(time, "time", lambda: now_s() + by_s)

    def sync(self, *outbox: dict[str, Any]) -> tuple[int, Any]:
        answer = self.client.post("/card/sync", json={"person": self.person, "outbox": list(outbox)})
        return answer.status_code, answer.json()

    def reviews(self) -> list[str]:
        with self.store.read() as session:
            return [one.token for one in session.exec(select(Review))]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    store = a_store(tmp_path)
    monkeypatch.setattr(routes, "store", lambda: store)
    monkeypatch.setattr(routes, "app_settings", lambda: AppSettings(decide_first=0, blind=0))
    return Desk(store, monkeypatch)


def entry_of(told: Any) -> dict[str, Any]:
    return an_entry(next(one["frame"] for one in told["frames"] if "proposal" in one))


def test_an_answer_from_before_a_jump_forwards_is_saved_once_after_signing_in_again(desk: Desk) -> None:
    _, told = desk.sync()
    entry = entry_of(told)
    desk.set_clock(2 * DAY_S)
    assert desk.sync(entry)[0] == 401
    desk.sign_in()
    for _ in range(2):
        status, told = desk.sync(entry)
        assert (status, told["acknowledged"][0]["saved"]) == (200, True)
    assert desk.reviews() == [entry["token"]]
    assert check_store(desk.store).damages == []


@pytest.mark.parametrize("by_s", [-600, -2 * DAY_S, -30 * 365 * DAY_S])
def test_a_clock_that_was_set_back_keeps_nobody_from_working(desk: Desk, by_s: int) -> None:
    _, told = desk.sync()
    first = entry_of(told)
    desk.set_clock(by_s)
    assert desk.sync(first)[0] == 401  # a sign-in from the future may be anybody's
    desk.sign_in()
    status, told = desk.sync(first)
    assert (status, told["acknowledged"][0]["saved"]) == (200, True)
    second = entry_of(told)
    assert desk.sync(second)[1]["acknowledged"][0]["saved"]
    desk.set_clock(0)
    desk.sign_in()
    assert desk.sync(first, second)[0] == 200
    assert desk.reviews() == [first["token"], second["token"]]
    assert check_store(desk.store).damages == []
