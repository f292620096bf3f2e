from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from annotator.monitor.console import door
from annotator.monitor.console import routes as console
from annotator.review_card import routes as card
from annotator.runtime import COOKIE
from annotator.web.metrics import REGISTRY
from annotator.web.structured_log import JsonLines, RequestLog
from data.errors import StoreUnavailable
from data.people.accounts import sign_in
from data.store.opening import Store
from data.vocabulary import PersonRole
from tests.builders import a_person, a_store

HERE = "http://testserver"
Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    store = a_store(tmp_path, scenes={"scene-0001": 2, "scene-0002": 2})
    for routes in (door, card):
        monkeypatch.setattr(routes, "store", lambda: store)
    door.link.cache_clear()
    return store


@pytest.fixture
def client() -> TestClient:
    app = Starlette(routes=[*console.ROUTES, *card.ROUTES], middleware=[Middleware(RequestLog)])
    return TestClient(app, base_url=HERE, headers={"origin": HERE}, raise_server_exceptions=False)


@pytest.fixture
def ask(client: TestClient, store: Store) -> Ask:
    """Send a body to an address as somebody; the status and the reason come back."""
    people = {
        "olga": a_person(store, "olga", PersonRole.OPERATOR),
        "ada": a_person(store, "ada"),
    }

    def asked(path: str, who: str | None = "olga", **body: object) -> tuple[int, str]:
        secret = sign_in(store, who, f"password-{who}") if who else ""
        told = {"person": people.get(who or "olga"), **body}
        answer = client.post(path, json=told, headers={"cookie": f"{COOKIE}={secret}"})
        return answer.status_code, answer.json().get("reason", "")

    return asked


def counted(route: str) -> float:
    return REGISTRY.get_sample_value("teletriage_request_seconds_count", {"route": route}) or 0.0


def test_a_request_of_the_console_is_logged_and_measured_by_its_route(
    ask: Ask, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    before = counted("monitor/hour"), counted("monitor/picture")
    with caplog.at_level(logging.INFO, logger="annotator.requests"):
        assert ask("/monitor/hour")[0] == 200
        assert client.get("/monitor/picture/0123456789abcdef.jpg").status_code == 403
    lines = [JsonLines().format(record) for record in caplog.records]
    told = [json.loads(line) for line in lines]
    assert [(one["route"], one["method"], one["status"]) for one in told] == [
        ("monitor/hour", "POST", 200),
        ("monitor/picture", "GET", 403),
    ]
    assert "0123456789abcdef" not in "".join(lines)
    assert (counted("monitor/hour"), counted("monitor/picture")) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize("path", ["/monitor/hour", "/card/guideline", "/card/sync"])
def test_every_address_lets_in_who_is_signed_in_from_this_site_and_nobody_else(
    ask: Ask, client: TestClient, path: str
) -> None:
    assert ask(path, None)[0] == 401
    assert ask(path, person=999)[0] == 409
    elsewhere = client.post(path, json={}, headers={"origin": "https://elsewhere.invalid"})
    assert (elsewhere.status_code, elsewhere.json()["reason"]) == (403, "This was sent from another site.")
    assert client.post(path, content=b"{").status_code == 400


def test_feeds_are_for_those_who_may_watch_them(ask: Ask) -> None:
    assert ask("/monitor/hour", "ada") == (403, "ada may not watch live feeds and answer alerts.")


def test_an_answer_that_the_store_cannot_take_now_is_to_be_sent_again(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> None:
        raise StoreUnavailable("The database is unavailable. Nothing was saved.")

    monkeypatch.setattr(console, "answer_alert", unavailable)
    given = {"token": "token-0001", "alert_id": "x", "response": "watching"}
    assert ask("/monitor/answer", **given)[0] == 503


def test_an_alert_that_is_not_written_yet_is_to_be_sent_again(ask: Ask) -> None:
    given = {"token": "token-0002", "alert_id": "not-yet", "response": "watching"}
    assert ask("/monitor/answer", **given)[0] == 503


def test_a_body_that_lacks_something_cannot_be_understood(ask: Ask) -> None:
    assert ask("/monitor/answer", token="short") == (400, "This cannot be understood: ValidationError.")
    assert ask("/card/strip", "ada") == (400, "This cannot be understood: KeyError.")
