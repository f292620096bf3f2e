"""The role matrix of Streamlit's own addresses: which answer whom, and that there are none beside these."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from websockets.exceptions import InvalidStatus

from data.people.accounts import disable_person, sign_in, sign_out
from data.vocabulary import PersonRole
from tests.annotator.browser.served import RunningApp
from tests.annotator.page_socket import fetched, socket_to
from tests.builders import a_person, a_store
from tests.repository import ROOT

LIST = """
import json
from pathlib import Path
import streamlit as st
from streamlit.web.server.starlette.starlette_app import create_streamlit_routes
routes = create_streamlit_routes(st.App(Path("annotator/app.py"))._create_runtime())
print(json.dumps(sorted({route.path for route in routes})))
"""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NOBODY, ASSETS, PAGES, PROBES, SOCKET = "nobody", "assets", "pages", "probes", "socket"
FOR = {
    "/_stcore/health": PROBES,
    "/_stcore/host-config": PROBES,
    "/_stcore/metrics": NOBODY,
    "/_stcore/stream": SOCKET,
    "/_stcore/upload_file/{session_id}/{file_id}": NOBODY,
    "/_stcore/bidi-components/{path:path}": NOBODY,
    "/_stcore/agent/interact": NOBODY,
    "/_stcore/agent/openapi.json": NOBODY,
    "/_stcore/agent/mcp": NOBODY,
    "/component/{path:path}": NOBODY,
    "/auth/login": NOBODY,
    "/auth/logout": NOBODY,
    "/oauth2callback": NOBODY,
    "/media/{file_id:path}": NOBODY,
    "": PAGES,
}
"""Whom each address is for. Pages and assets share the last one; a download is for whom it was made
(`test_a_download_is_for_whom_it_was_made_and_is_kept_by_no_cache`), and nobody knows the name that is tried here."""
OUT = ("nobody", "made up", "signed out", "disabled")


@dataclass(frozen=True)
class Served:
    """An app and the cookies of everybody, by who they are."""

    app: RunningApp
    cookies: dict[str, str | None]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("routes")
    is_sqlite = request.param == "sqlite"
    url = None if is_sqlite else request.getfixturevalue("postgresql").new_database()
    app = RunningApp(folder / "workspace", a_store(folder, url=url), store_url=url)
    app.workspace.mkdir(mode=0o700, exist_ok=True)
    app.start()
    yield Served(app, everybody(app))
    app.stop()
    app.store.close()


def everybody(app: RunningApp) -> dict[str, str | None]:
    cookies: dict[str, str | None] = {"nobody": None, "made up": "made-up"}
    for name in ("signed-out", "disabled", *(role.value for role in PersonRole)):
        a_person(app.store, name, PersonRole(name) if name in set(PersonRole) else PersonRole.LEAD)
        cookies[name.replace("-", " ")] = sign_in(app.store, name, f"password-{name}")
    sign_out(app.store, cookies["signed out"])
    disable_person(app.store, "disabled")
    return cookies


def expected(kind: str, method: str, who: str) -> int:
    is_read = method in {"GET", "HEAD"}
    if kind in (NOBODY, SOCKET) or not is_read:
        return 404
    if kind == PROBES:
        return 401 if who in OUT else 200
    return 303 if who in OUT else 200 if who == "lead" else 403


def as_asked(path: str) -> str:
    for part in ("{session_id}", "{file_id}", "{file_id:path}", "{path:path}"):
        path = path.replace(part, "x")
    return path or "/adjudicate"


@pytest.mark.parametrize("path", FOR)
def test_an_address_of_streamlit_answers_whom_it_is_for(served: Served, path: str) -> None:
    origin = served.app.url.rstrip("/")
    for who, cookie in served.cookies.items():
        for method in METHODS if who in ("nobody", "annotator", "admin") else ("GET", "PUT"):
            status = fetched(served.app.url, as_asked(path), cookie=cookie, method=method, Origin=origin)[0]
            assert status == expected(FOR[path], method, who), (who, method)


def test_a_socket_opens_for_whoever_is_signed_in_and_for_nobody_else(served: Served) -> None:
    for who, cookie in served.cookies.items():
        if who in OUT:
            with pytest.raises(InvalidStatus):
                socket_to(served.app.url, cookie=cookie)
        else:
            socket_to(served.app.url, cookie=cookie).close()


def test_assets_that_hold_nothing_of_ours_are_for_everybody(served: Served) -> None:
    page = fetched(served.app.url, "/adjudicate", cookie=served.cookies["lead"])[1].decode()
    asset = next(part for part in page.split('"') if part.endswith(".js"))
    path = "/" + asset.removeprefix(".").lstrip("/")
    assert {fetched(served.app.url, path, cookie=one)[0] for one in served.cookies.values()} == {200}


def test_streamlit_has_no_address_that_the_matrix_does_not_know() -> None:
    done = subprocess.run([sys.executable, "-c", LIST], cwd=ROOT, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout.splitlines()[-1]) == sorted(FOR)
