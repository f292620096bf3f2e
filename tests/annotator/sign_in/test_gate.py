"""What stands before Streamlit, on an app that is served as people serve it."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from itertools import count
from urllib.parse import urlencode

import pytest
from sqlalchemy import text
from sqlmodel import select
from websockets.exceptions import ConnectionClosed, InvalidStatus

from annotator import asgi
from annotator.shell.addresses import HOMES, SCREENS
from data.errors import SignInRefused
from data.maintenance.copying import table_states
from data.people.accounts import (
    add_person,
    change_role,
    disable_person,
    end_sign_ins,
    set_password,
    sign_in,
    sign_out,
)
from data.people.permissions import may
from data.people.provider_sign_in import sign_in_identified
from data.store import Store
from data.store.tables import GuidelineText
from data.vocabulary import PersonRole
from tests.annotator.browser.served import RunningApp
from tests.annotator.page_socket import PageSocket, fetched, socket_to
from tests.builders import a_person, a_store

_numbers = count(1)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("gate")
    running = RunningApp(folder / "workspace", a_store(folder), options=["--json-logs"])
    running.start()
    yield running
    running.stop()
    running.store.close()


def somebody(app: RunningApp, role: PersonRole = PersonRole.LEAD) -> tuple[str, str]:
    """The name of a new person and the secret of an open sign-in."""
    name = f"{role.value}-{next(_numbers)}"
    a_person(app.store, name, role)
    return name, sign_in(app.store, name, f"password-{name}")


def test_logs_stay_json_and_hold_no_words_when_the_server_itself_fails(app: RunningApp) -> None:
    """An error below every route of ours is uvicorn's to log."""
    name, secret = somebody(app)
    log = app.workspace / app.log
    before = log.stat().st_size
    garble = text("UPDATE person SET role = 'WORDS-OF-SOMEBODY' WHERE name = :name")
    mended = text("UPDATE person SET role = 'lead' WHERE name = :name")
    with app.store.engine.begin() as connection:
        connection.execute(garble, {"name": name})
    try:
        assert fetched(app.url, "/adjudicate", cookie=secret)[0] == 500
    finally:
        with app.store.engine.begin() as connection:
            connection.execute(mended, {"name": name})
    told, until = "", time.monotonic() + 10
    while "ValueError" not in told and time.monotonic() < until:  # the answer comes before the line
        time.sleep(0.05)
        told = log.read_text()[before:]
    assert "WORDS-OF-SOMEBODY" not in told
    errors = [json.loads(line) for line in told.splitlines()]
    assert "ValueError" in {one.get("error") for one in errors}


def test_the_server_names_itself_to_nobody(app: RunningApp) -> None:
    for path in ("/healthz", "/sign-in", "/nowhere"):
        assert "server" not in fetched(app.url, path)[2]


CLOSED = [
    ("PUT", "/_stcore/upload_file/session/file"),
    ("POST", "/_stcore/upload_file/session/file"),
    ("GET", "/_stcore/metrics"),
    ("GET", "/_stcore/script-health-check"),
    ("POST", "/_stcore/agent/interact"),
    ("GET", "/_stcore/agent/openapi.json"),
    ("POST", "/_stcore/agent/mcp"),
    ("GET", "/component/any.thing/index.html"),
    ("GET", "/_stcore/bidi-components/any/thing.js"),
    ("GET", "/app/static/store.db"),
    ("GET", "/auth/login?provider=x"),
    ("GET", "/oauth2callback"),
    ("POST", "/provider-sign-in"),
    ("DELETE", "/media/abc.csv"),
]


@pytest.mark.parametrize(("method", "path"), CLOSED, ids=[f"{method} {path}" for method, path in CLOSED])
def test_streamlits_own_addresses_take_nothing_from_anybody(app: RunningApp, method: str, path: str) -> None:
    body = b"x" * 1_000 if method == "PUT" else None
    for cookie in (None, "made-up", *(somebody(app, role)[1] for role in PersonRole)):
        origin = {"Origin": app.url.rstrip("/")}
        assert fetched(app.url, path, cookie=cookie, method=method, body=body, **origin)[0] == 404


@pytest.mark.parametrize(
    "path", ["/", "/adjudicate", "/frame?id=abc", "/_stcore/health", "/_stcore/host-config"]
)
def test_nobody_unknown_reaches_a_page_of_streamlit(app: RunningApp, path: str) -> None:
    for cookie in (None, "made-up"):
        status, body, headers = fetched(app.url, path, cookie=cookie)
        assert status == (401 if path.startswith("/_stcore") else 303)
        assert b"streamlit" not in body.lower()
        assert "_streamlit" not in headers.get("set-cookie", "")
    assert fetched(app.url, path, cookie=somebody(app)[1])[0] == (303 if path == "/" else 200)


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:8000", "http://localhost:{port}", "https://evil.example", None]
)
def test_a_socket_from_another_origin_is_refused_before_streamlit_asks_the_internet_about_it(
    app: RunningApp, origin: str | None
) -> None:
    told = origin.format(port=app.port) if origin else None
    begun = time.monotonic()
    with pytest.raises(InvalidStatus) as refused:
        socket_to(app.url, cookie=somebody(app)[1], origin=told)
    assert refused.value.response.status_code == 403
    assert time.monotonic() - begun < 2


def test_a_socket_without_an_open_sign_in_is_refused(app: RunningApp) -> None:
    _, secret = somebody(app)
    sign_out(app.store, secret)
    for cookie in (None, "made-up", secret):
        with pytest.raises(InvalidStatus):
            socket_to(app.url, cookie=cookie)


def test_a_message_larger_than_any_of_ours_ends_its_socket(app: RunningApp) -> None:
    with PageSocket(app.url, somebody(app)[1], "guideline") as page:
        page.socket.send(b"\0" * 1_100_000)
        with pytest.raises(ConnectionClosed) as closed:
            all_told(page)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


def all_told(page: PageSocket) -> None:
    while True:
        page.socket.recv(timeout=20)


def written(store: Store) -> list[str]:
    with store.read() as session:
        return [one.text.strip() for one in session.exec(select(GuidelineText))]


ENDINGS: dict[str, Callable[[Store, str, str], object]] = {
    "signed out": lambda store, name, secret: sign_out(store, secret),
    "signed out by an administrator": lambda store, name, secret: end_sign_ins(store, name),
    "given a new password": lambda store, name, secret: set_password(store, name, "another-password"),
    "disabled": lambda store, name, secret: disable_person(store, name),
    "demoted": lambda store, name, secret: change_role(store, name, PersonRole.ANNOTATOR),
}


TEXT, NOTE = "Text (Markdown)", "What changed, and why? (annotators read it)"


def publish(page: PageSocket) -> str:
    """The button of the guideline screen, whichever number the next version has."""
    return next(label for label in page.buttons if label.startswith("Publish version"))


@pytest.mark.parametrize("how", ENDINGS)
def test_an_open_page_of_somebody_who_is_out_does_nothing_more(app: RunningApp, how: str) -> None:
    name, secret = somebody(app)
    said = f"Written by {name} afterwards"
    with PageSocket(app.url, secret, "guideline") as page:
        page.act({TEXT: said})
        button = publish(page)
        ENDINGS[how](app.store, name, secret)
        page.act({TEXT: said, NOTE: "Why not.", button: True})
        if how != "demoted":
            assert page.told[-1].auth_redirect.url == "/sign-in?sign-in=ended&next=guideline"
            with pytest.raises(ConnectionClosed):
                page.socket.recv(timeout=5)
    assert said not in written(app.store)


def test_an_open_page_of_a_lead_who_is_in_does_write(app: RunningApp) -> None:
    name, secret = somebody(app)
    with PageSocket(app.url, secret, "guideline") as page:
        page.act({TEXT: f"Written by {name}"})
        page.act({TEXT: f"Written by {name}", NOTE: "Why not.", publish(page): True})
    assert f"Written by {name}" in written(app.store)


def test_a_session_is_given_back_only_to_the_cookie_that_it_ran_with(app: RunningApp) -> None:
    lena, ada = somebody(app)[1], somebody(app, PersonRole.ANNOTATOR)[1]
    with PageSocket(app.url, lena, "guideline") as page:
        session = page.session
    with PageSocket(app.url, ada, "guideline", session) as other:
        assert other.session != session
        assert TEXT not in other.widgets
    with PageSocket(app.url, lena, "guideline", session) as again:
        assert again.session == session
        assert TEXT in again.widgets


def test_a_download_is_for_whom_it_was_made_and_is_kept_by_no_cache(app: RunningApp) -> None:
    lena, other = somebody(app)[1], somebody(app)[1]
    with PageSocket(app.url, lena, "frame") as page:
        found = re.search(r"/media/[0-9a-f]+\.\w+", page.text())
        assert found is not None, page.widgets
        status, _, headers = fetched(app.url, found[0], cookie=lena)
        assert (status, headers["cache-control"]) == (200, "private, no-store")
        for cookie in (None, "made-up", other):
            assert fetched(app.url, found[0], cookie=cookie)[0] == 404
        sign_out(app.store, lena)
        assert fetched(app.url, found[0], cookie=lena)[0] == 404


@pytest.mark.parametrize("role", PersonRole)
def test_every_role_has_an_address_for_each_of_its_screens_and_a_reason_at_each_other(
    app: RunningApp, role: PersonRole
) -> None:
    _, secret = somebody(app, role)
    for screen in SCREENS:
        status, body, _ = fetched(app.url, f"/{screen.path}?id=1", cookie=secret)
        assert status == (200 if may(role, screen.act) else 403)
        assert may(role, screen.act) or f"{screen.title} is for " in body.decode()
    status, _, headers = fetched(app.url, "/", cookie=secret)
    assert (status, headers["location"]) == (303, f"/{HOMES[role]}")
    status, body, _ = fetched(app.url, "/nowhere/%3Cscript%3E", cookie=secret)
    assert (status, b"<script>" in body, f'href="/{HOMES[role]}"'.encode() in body) == (404, False, True)


GIVEN, CHOSEN = "given-by-root", "chosen by myself"
OPEN = {"/password", "/sign-in", "/sign-out", "/metrics"}
"""What somebody with a temporary password reaches: how to change it, and how to leave. The metrics, which everybody
on this machine may read, change from look to look."""
ADDRESSES = sorted(
    {(method, route.path) for route in asgi.ROUTES for method in route.methods or () if method != "HEAD"}
    | {("GET", f"/{screen.path}") for screen in SCREENS}
    | {("GET", path) for path in ("/", "/nowhere", "/_stcore/health", "/_stcore/host-config", "/media/a.csv")}
)


def with_a_temporary_password(app: RunningApp, role: PersonRole) -> tuple[str, str]:
    name = f"new-{role.value}-{next(_numbers)}"
    add_person(app.store, name, role, password=GIVEN, is_temporary=True)
    return name, sign_in(app.store, name, GIVEN)


def asked_as(app: RunningApp, cookie: str, method: str, path: str) -> tuple[int, bytes, str]:
    """Status, body and where it leads."""
    body = json.dumps({"person": 1}).encode() if method == "POST" else None
    address = path.replace("{frame_id:str}", "abc").replace("{name:str}", "one")
    sent = {"Origin": app.url.rstrip("/"), "Content-Type": "application/json"}
    status, told, headers = fetched(app.url, address, cookie=cookie, method=method, body=body, **sent)
    return status, told, headers.get("location", "")


def test_with_a_temporary_password_every_address_answers_as_it_does_to_nobody(app: RunningApp) -> None:
    asked = [one for one in ADDRESSES if one[1] not in OPEN]
    to_nobody = {one: asked_as(app, "made-up", *one) for one in asked}
    _, secret = with_a_temporary_password(app, PersonRole.ADMIN)
    before = table_counts(app.store)
    assert {one: asked_as(app, secret, *one) for one in asked} == to_nobody
    with pytest.raises(InvalidStatus):
        socket_to(app.url, cookie=secret)
    after = table_counts(app.store)
    assert {name for name in after if after[name] != before[name]} <= {"ranking", "frame_status"}


def table_counts(store: Store) -> dict[str, int]:
    with store.read() as session:
        return {name: state.rows for name, state in table_states(session.connection()).items()}


def test_a_temporary_password_leads_to_one_page_and_from_there_to_the_page_that_was_wanted(
    app: RunningApp,
) -> None:
    name, secret = with_a_temporary_password(app, PersonRole.LEAD)
    assert asked_as(app, secret, "GET", "/frame?id=abc")[2] == "/sign-in?next=frame%3Fid%3Dabc"
    assert (
        asked_as(app, secret, "GET", "/sign-in?next=frame%3Fid%3Dabc")[2] == "/password?next=frame%3Fid%3Dabc"
    )
    assert b"Somebody else set your password" in asked_as(app, secret, "GET", "/password")[1]
    for told, form in {
        b"not your current password": {"password": "a guess of mine", "new": CHOSEN},
        b"at least 10 characters": {"password": GIVEN, "new": "short"},
        b"the same as the current": {"password": GIVEN, "new": GIVEN},
    }.items():
        status, page, _ = changed(app, secret, **form)
        assert (status, told in page, b'value="frame?id=abc"' in page) == (422, True, True)
    assert changed(app, secret, password=GIVEN, new=CHOSEN)[2]["location"] == "/frame?id=abc"
    assert asked_as(app, secret, "GET", "/adjudicate")[0] == 200
    with pytest.raises(SignInRefused):
        sign_in(app.store, name, GIVEN)


def changed(app: RunningApp, secret: str, **form: str) -> tuple[int, bytes, dict[str, str]]:
    body = urlencode({"next": "frame?id=abc", **form}).encode()
    sent = {"Origin": app.url.rstrip("/"), "Content-Type": "application/x-www-form-urlencoded"}
    return fetched(app.url, "/password", cookie=secret, method="POST", body=body, **sent)


def test_whoever_changes_a_password_of_their_own_is_told_so(app: RunningApp) -> None:
    name, secret = somebody(app)
    elsewhere = sign_in(app.store, name, f"password-{name}")
    status, page, _ = changed(app, secret, password=f"password-{name}", new=CHOSEN)
    assert (status, b"Your password is changed" in page) == (200, True)
    assert [asked_as(app, one, "GET", "/adjudicate")[0] for one in (secret, elsewhere)] == [200, 303]
    assert changed(app, elsewhere, password=CHOSEN, new=GIVEN)[2]["location"].startswith("/sign-in")


def test_there_is_no_password_to_change_where_the_provider_signs_in(app: RunningApp) -> None:
    name = f"eve-{next(_numbers)}@example.org"
    add_person(app.store, name, PersonRole.LEAD, password=None)
    claims = {"email": name, "email_verified": True, "iss": "https://id.example", "sub": name}
    secret = sign_in_identified(app.store, claims, answer_sha256=hashlib.sha256(name.encode()).hexdigest())
    status, page, _ = asked_as(app, secret, "GET", "/password")
    assert (status, b"There is no password to change" in page) == (404, True)
    assert changed(app, secret, password="", new=CHOSEN)[0] == 404
