"""Bodies that no card sends: refused as malformed before anything else is asked, on either database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from annotator.review_card import routes
from annotator.runtime import COOKIE
from annotator.settings import AppSettings
from data.people.accounts import sign_in
from data.store import Store
from data.vocabulary import PersonRole
from tests.builders import a_person, a_store

HERE = "http://testserver"
pytestmark = pytest.mark.each_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path)


@pytest.fixture
def client(store: Store, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(routes, "store", lambda: store)
    monkeypatch.setattr(routes, "app_settings", AppSettings)
    a_person(store, "ada")
    a_person(store, "tom", PersonRole.TRAINER)
    app = Starlette(routes=routes.ROUTES)
    client = TestClient(app, base_url=HERE, headers={"origin": HERE}, raise_server_exceptions=False)
    client.cookies.set(COOKIE, sign_in(store, "ada", "password-ada"))
    return client


def test_brackets_without_end_are_refused_before_anybody_is_asked_who_they_are(client: TestClient) -> None:
    client.cookies.clear()
    assert client.post("/card/sync", content=b"[" * 100_000).status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("sync", {"outbox": [1]}),
        ("sync", {"outbox": ["text", None]}),
        ("sync", {"outbox": 5}),
        ("sync", {"offset_min": float("inf")}),
        ("sync", {"offset_min": "x"}),
        ("own-level", {"frame": "a", "level": "NONE"}),
        ("settings", {"settings": 5}),
        ("tour-answer", {}),
    ],
)
def test_what_cannot_be_understood_is_400(client: TestClient, path: str, body: dict[str, object]) -> None:
    sent = json.dumps({"person": 1, **body}).replace("Infinity", "1e400")
    assert client.post(f"/card/{path}", content=sent).status_code == 400


@pytest.mark.parametrize("path", ["strip", "thought", "own-level", "tour-answer"])
def test_nul_in_an_id_is_no_fault_of_the_server(client: TestClient, path: str) -> None:
    answer = client.post(f"/card/{path}", json={"person": 1, "frame": "a\0b", "level": "AUTONOMY"})
    assert 400 <= answer.status_code < 500


def test_the_card_is_for_those_who_review(client: TestClient, store: Store) -> None:
    client.cookies.set(COOKIE, sign_in(store, "tom", "password-tom"))
    for path in ("tour", "guideline"):
        assert client.post(f"/card/{path}", json={"person": 2}).status_code == 403
