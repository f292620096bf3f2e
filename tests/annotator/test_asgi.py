from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.testclient import TestClient

from annotator import runtime
from annotator.pictures import routes as pictures
from annotator.pictures.signed_addresses import SMALL_PX, ImageRequest, image_address
from annotator.sign_in import routes as sign_in_routes
from annotator.web.security_headers import SecurityHeaders
from data.erasure.erase import erase
from data.store.opening import Store
from data.vocabulary import PersonRole
from tests.builders import a_person, a_store, frames_of

HERE = "http://testserver"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    store = a_store(tmp_path)
    a_person(store, "ada")
    monkeypatch.setattr(sign_in_routes, "store", lambda: store)
    monkeypatch.setattr(pictures, "store", lambda: store)
    monkeypatch.setattr(pictures, "workspace", lambda: tmp_path / "workspace")
    return store


@pytest.fixture
def client(store: Store) -> TestClient:
    routes = [
        Route("/sign-in", sign_in_routes.sign_in_page_route, methods=["GET"]),
        Route("/sign-in", sign_in_routes.sign_in_route, methods=["POST"]),
        Route("/sign-out", sign_in_routes.sign_out_route, methods=["POST"]),
        Route("/frame/{frame_id:str}.jpg", pictures.frame_route),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(SecurityHeaders)])
    return TestClient(app, base_url=HERE, follow_redirects=False, headers={"origin": HERE})


def sign_in(client: TestClient) -> None:
    client.post("/sign-in", data={"user": "ada", "password": "password-ada"})


def test_signing_in_sets_a_cookie_that_scripts_cannot_read(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"user": "Ada ", "password": "password-ada"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{runtime.COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_a_refused_sign_in_sets_none(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"user": "ada", "password": "guess"})
    assert answer.status_code == 401
    assert "Name or password is wrong" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("origin", ["https://elsewhere.invalid", "null", ""])
def test_a_form_from_another_site_is_refused(client: TestClient, origin: str) -> None:
    answer = client.post(
        "/sign-in", data={"user": "ada", "password": "password-ada"}, headers={"origin": origin}
    )
    assert answer.status_code == 403
    assert client.post("/sign-out", headers={"origin": origin}).status_code == 403


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    headers = client.get("/frame/x.jpg").headers
    assert "img-src 'self' data: blob:" in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


def address_for(store: Store, person_id: int, frame_id: str, *, file: str = "") -> str:
    return image_address(store.secret("images"), ImageRequest(frame_id, person_id, SMALL_PX, file))


def test_a_frame_comes_back_as_a_fresh_jpeg_once_signed_in(client: TestClient, store: Store) -> None:
    address = address_for(store, 1, frames_of("scene-0001")[0])
    assert client.get(address).status_code == 403
    sign_in(client)
    for _ in range(2):
        answer = client.get(address)
        assert (answer.status_code, answer.content[:3]) == (200, b"\xff\xd8\xff")


@pytest.mark.parametrize("frame_id", ["..%2f..%2fstore.db", "%2e%2e", "nope"])
def test_nothing_else_is_served(client: TestClient, store: Store, frame_id: str) -> None:
    sign_in(client)
    assert client.get(f"/frame/{frame_id}.jpg?p=1&w=400&e=99999999999&s=0").status_code in (403, 404)


def test_a_picture_that_is_gone_is_404_with_a_sentence(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    sign_in(client)
    for picture in (tmp_path / "dataroot" / "samples" / "CAM_FRONT").iterdir():
        picture.unlink()
    answer = client.get(address_for(store, 1, frames_of("scene-0001")[1]))
    assert answer.status_code == 404
    assert "is not in the dataroot" in answer.text


def test_an_erased_picture_is_410_with_the_reason_also_where_a_rendition_is_kept(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    sign_in(client)
    frame_id = frames_of("scene-0001")[0]
    address, between = (address_for(store, 1, frame_id, file=file) for file in ("", "sweeps/other.jpg"))
    assert client.get(address).status_code == 200
    admin = a_person(store, "root", PersonRole.ADMIN)
    erase(store, tmp_path / "workspace", frame_id, why="A <b>neighbour</b> asked.", person_id=admin)
    for one in (address, between):
        answer = client.get(one)
        assert (answer.status_code, answer.text) == (410, "Erased: A <b>neighbour</b> asked.")
        assert answer.headers["content-type"].startswith("text/plain")
    assert client.get(address_for(store, 1, frames_of("scene-0001")[1])).status_code == 200


def test_the_sign_in_page_runs_its_own_script_loads_nothing_and_sends_its_form_here(
    client: TestClient,
) -> None:
    answer = client.get("/sign-in")
    assert answer.status_code == 200
    assert not re.search(r"https?://|url\(|@import|src=", answer.text)
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    of_it = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"default-src 'none'; script-src 'sha256-{of_it}';" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert 'autocomplete="username"' in answer.text
    assert 'autocomplete="current-password"' in answer.text


def test_the_page_that_was_wanted_is_shown_after_signing_in(client: TestClient) -> None:
    page = client.get("/sign-in", params={"next": "frame?id=abc"}).text
    assert 'value="frame?id=abc"' in page
    form = {"user": "ada", "password": "wrong", "next": "frame?id=abc"}
    assert 'value="frame?id=abc"' in client.post("/sign-in", data=form).text
    answer = client.post("/sign-in", data={**form, "password": "password-ada"})
    assert answer.headers["location"] == "/frame?id=abc"
    assert client.get("/sign-in", params={"next": "frame?id=abc"}).headers["location"] == "/frame?id=abc"


@pytest.mark.parametrize(
    "page", ["//evil.example", "https://evil.example", "/\\evil", "javascript:alert(1)", "a/b"]
)
def test_nobody_is_sent_to_another_site_after_signing_in(client: TestClient, page: str) -> None:
    form = {"user": "ada", "password": "password-ada", "next": page}
    assert client.post("/sign-in", data=form).headers["location"] == "/"


def test_a_name_stays_in_its_field_as_text_when_the_password_was_wrong(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"user": '"><b>ada', "password": "wrong"})
    assert "&#34;&gt;&lt;b&gt;ada" in answer.text
    assert "<b>" not in answer.text
