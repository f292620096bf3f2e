from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from uvicorn.server import ServerState

from annotator.serve import Exposure, require_exposure, require_private
from annotator.settings import AppSettings, settings
from annotator.web.admission import MAX_BODY_BYTES, BodyLimit, allowed_hosts
from annotator.web.security_headers import SecurityHeaders
from annotator.web.start_streamlit import PromptProtocol
from data.errors import StoreError

HERE = Exposure("127.0.0.1", 8501)


async def length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(
        str(len(await request.body())), headers={"access-control-allow-origin": "*", "server": "x"}
    )


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("TELETRIAGE_ALLOWED_HOSTS", "triage.example.org,*.lab.example.org")
    settings.cache_clear()
    middleware = [
        Middleware(SecurityHeaders),
        Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(), www_redirect=False),
        Middleware(BodyLimit),
    ]
    app = Starlette(routes=[Route("/", length, methods=["POST"])], middleware=middleware)
    return TestClient(app, base_url="http://triage.example.org")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("triage.example.org", 200),
        ("triage.example.org:8501", 200),
        ("a.lab.example.org", 200),
        ("127.0.0.1:8501", 200),
        ("evil.example.org", 400),
        ("triage.example.org.evil.org", 400),
        ("lab.example.org.evil", 400),
        ("", 400),
    ],
)
def test_only_names_of_ours_are_answered(client: TestClient, host: str, status: int) -> None:
    assert client.post("/", headers={"host": host}).status_code == status


def test_a_body_is_taken_up_to_the_limit_and_refused_above_it(client: TestClient) -> None:
    assert client.post("/", content=b"x" * MAX_BODY_BYTES).text == str(MAX_BODY_BYTES)
    refused = client.post("/", content=b"x" * (MAX_BODY_BYTES + 1))
    assert (refused.status_code, refused.text) == (413, "This is larger than 1,000,000 bytes.")


def test_a_body_that_hides_its_length_is_cut_off_while_it_arrives(client: TestClient) -> None:
    sent: list[int] = []

    def endless() -> Iterator[bytes]:
        for number in range(40):
            sent.append(number)
            yield b"x" * 100_000

    assert client.post("/", content=endless()).status_code == 413


def test_a_body_that_drips_in_is_given_up_on() -> None:
    """A slow sender holds a connection and a task for every byte that it still has (slowloris)."""
    sent: list[MutableMapping[str, Any]] = []

    async def drip() -> MutableMapping[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def keep(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def asked() -> None:
        slow = [Middleware(BodyLimit, body_s=0.1)]
        app = Starlette(routes=[Route("/", length, methods=["POST"])], middleware=slow)
        scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
        await asyncio.wait_for(app(scope, drip, keep), 5)

    asyncio.run(asked())
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


def test_a_whole_body_may_be_worked_on_for_longer_than_it_took() -> None:
    messages = [{"type": "http.request", "body": b"x", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await asyncio.sleep(0.2)
        return {"type": "http.disconnect"}

    async def works(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        assert (await receive())["type"] == "http.disconnect"

    asyncio.run(BodyLimit(works, body_s=0.05)({"type": "http", "headers": []}, receive, None))


class Impatient(PromptProtocol):
    head_s = 0.2


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX: "])
def test_a_head_that_never_ends_loses_its_connection(begun: bytes) -> None:
    async def said(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("here")(scope, receive, send)

    async def asked() -> bytes:
        config, state = uvicorn.Config(said, log_level="error"), ServerState()
        config.load()
        server = await asyncio.get_running_loop().create_server(
            lambda: Impatient(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" if begun else b"")
        answer = await reader.readuntil(b"here") if begun else b""
        writer.write(begun)
        async with asyncio.timeout(4):
            assert await reader.read() == b""
        server.close()
        return answer

    assert asyncio.run(asked()).startswith(b"HTTP/1.1 200" if begun else b"")


def test_cookies_go_over_tls_alone_where_the_page_did(client: TestClient) -> None:
    async def sets(request: Request) -> PlainTextResponse:
        answer = PlainTextResponse("")
        answer.set_cookie("_streamlit_xsrf", "x")
        answer.set_cookie("own", "x", secure=True)
        return answer

    app = Starlette(routes=[Route("/", sets)], middleware=[Middleware(SecurityHeaders)])
    told = TestClient(app, base_url="https://triage.example.org").get("/").headers.get_list("set-cookie")
    assert [one.lower().count("secure") for one in told] == [1, 1]
    told = TestClient(app, base_url="http://127.0.0.1").get("/").headers.get_list("set-cookie")
    assert [one.lower().count("secure") for one in told] == [0, 1]


def test_nothing_is_answered_for_other_sites_and_the_server_names_itself_to_nobody(
    client: TestClient,
) -> None:
    headers = client.post("/").headers
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers


def test_over_tls_the_browser_is_told_to_stay_with_it(client: TestClient) -> None:
    client.base_url = "https://triage.example.org"
    assert client.post("/").headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("told", "exposure", "sentence"),
    [
        ({}, Exposure("192.0.2.1", 8501), "say under which name with --allowed-host"),
        ({"allowed_hosts": ("https://x.org",)}, HERE, "is not a host name"),
        ({"allowed_hosts": ("*",)}, HERE, "is not a host name"),
        ({"passwords": False}, HERE, "nobody could sign in"),
        ({}, Exposure("127.0.0.1", 8501, oidc=Path("nowhere.toml")), "cannot be read"),
    ],
)
def test_what_would_let_in_more_than_was_meant_does_not_start(
    told: dict[str, Any], exposure: Exposure, sentence: str
) -> None:
    with pytest.raises(StoreError, match=sentence):
        require_exposure(AppSettings(**told), exposure)


def test_one_machine_alone_needs_no_options() -> None:
    require_exposure(AppSettings(), HERE)
    require_exposure(AppSettings(allowed_hosts=("triage.example.org",)), Exposure("192.0.2.1", 8501))


def test_a_workspace_that_others_can_enter_is_not_served(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(StoreError, match=f"chmod 700 {tmp_path}"):
        require_private(tmp_path)
    tmp_path.chmod(0o700)
    require_private(tmp_path)
