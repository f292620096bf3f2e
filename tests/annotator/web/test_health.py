from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from annotator import health
from annotator.settings import settings
from annotator.web.structured_log import JsonLines, RequestLog
from data.maintenance.health import workload
from data.review.serving import lease_frames
from data.store.opening import Store
from data.vocabulary import TriageLevel
from tests.builders import a_person, a_store, frames_of, reviewed


async def broken(_request: Request) -> Response:
    raise ValueError("Ada wrote: a crane stands across the lane")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    store = a_store(tmp_path)
    monkeypatch.setattr(health, "store", lambda: store)
    monkeypatch.delenv("TELETRIAGE_METRICS_TOKEN", raising=False)
    return store


@pytest.fixture
def client(store: Store) -> TestClient:
    routes = [
        Route("/healthz", health.health_route),
        Route("/metrics", health.metrics_route),
        Route("/card/strip", broken),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(RequestLog)])
    return TestClient(app, client=("127.0.0.1", 5000), raise_server_exceptions=False)


def test_a_store_that_answers_and_is_current_is_healthy(client: TestClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_store_of_another_release_is_not(client: TestClient, store: Store) -> None:
    with store.write() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "migrations missing"})


def test_a_store_that_is_gone_is_not(client: TestClient, store: Store, tmp_path: Path) -> None:
    store.close()
    (tmp_path / "workspace" / "store.db").unlink()
    (tmp_path / "workspace" / "store.db").mkdir()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "store unreachable"})


def test_metrics_say_how_much_is_done_waits_and_is_held(client: TestClient, store: Store) -> None:
    ada = a_person(store)
    open_frames = workload(store).waiting
    reviewed(store, ada, frames_of("scene-0001")[0], TriageLevel.SUPERVISION)
    lease_frames(store, ada, n=3)
    shown = client.get("/metrics")
    assert shown.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "teletriage_decisions_total 1.0" in shown.text
    assert f"teletriage_queue_frames {float(workload(store).waiting)}" in shown.text
    assert workload(store).waiting <= open_frames
    assert "teletriage_leases 3.0" in shown.text
    assert "teletriage_oldest_lease_seconds" in shown.text


def test_an_error_is_counted_by_route(client: TestClient) -> None:
    assert client.get("/card/strip").status_code == 500
    assert 'teletriage_errors_total{route="card/strip"}' in client.get("/metrics").text


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
def test_metrics_are_not_for_what_comes_through_a_proxy(client: TestClient, header: str) -> None:
    assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 403


def test_metrics_are_not_for_other_machines(client: TestClient, store: Store) -> None:
    far = TestClient(client.app, client=("10.0.0.7", 5000))
    assert far.get("/metrics").status_code == 403


def test_a_token_opens_metrics_from_anywhere_and_nothing_else_does(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELETRIAGE_METRICS_TOKEN", "let-me-in")
    settings.cache_clear()
    far = TestClient(client.app, client=("10.0.0.7", 5000))
    assert far.get("/metrics", headers={"authorization": "Bearer let-me-in"}).status_code == 200
    assert far.get("/metrics", headers={"authorization": "Bearer let-me-out"}).status_code == 403
    assert client.get("/metrics").status_code == 403


def test_a_request_is_logged_by_its_route_and_never_with_what_it_asked_for(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="annotator.requests"):
        client.get("/healthz?s=signature", headers={"cookie": "teletriage=secret"})
    line = JsonLines().format(caplog.records[-1])
    told = json.loads(line)
    assert (told["route"], told["method"], told["status"]) == ("healthz", "GET", 200)
    assert "signature" not in line
    assert "secret" not in line


def test_an_error_is_logged_by_its_kind_and_place_and_never_with_its_words() -> None:
    try:
        raise ValueError("Ada wrote: a crane stands across the lane")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
        record = logging.LogRecord("annotator", logging.ERROR, __file__, 1, "It broke.", (), info)
    line = JsonLines().format(record)
    assert json.loads(line)["error"] == "ValueError"
    assert json.loads(line)["raised_at"][-1].startswith("test_an_error_is_logged")
    assert "crane" not in line
