"""One click signs in to a demo, and to nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from annotator.settings import AppSettings
from annotator.sign_in import page, routes
from annotator.sign_in.demo_accounts import PASSWORDS, make_accounts
from data.people.accounts import person_signed_in, set_password
from data.store import Store
from tests.builders import a_person, an_empty_store

HERE = "http://testserver"
Ask = Callable[..., TestClient]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return an_empty_store(tmp_path)


@pytest.fixture
def client(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    def make(*, demo: bool) -> TestClient:
        monkeypatch.setattr(routes, "store", lambda: store)
        monkeypatch.setattr(routes, "settings", lambda: AppSettings(workspace=tmp_path, demo=demo))
        app = Starlette(routes=[Route("/demo-sign-in", routes.demo_sign_in_route, methods=["POST"])])
        return TestClient(app, base_url=HERE, follow_redirects=False, headers={"origin": HERE})

    return make


def test_one_click_signs_in_to_the_demo(store: Store, client: Ask, tmp_path: Path) -> None:
    make_accounts(store, tmp_path)
    answer = client(demo=True).post("/demo-sign-in", data={"user": "olga", "next": "monitor?feed=van-2"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/monitor?feed=van-2")
    person = person_signed_in(store, answer.cookies["teletriage"])
    assert person is not None
    assert person.name == "olga"


def test_where_no_demo_was_started_there_is_no_such_address(
    store: Store, client: Ask, tmp_path: Path
) -> None:
    make_accounts(store, tmp_path)  # even on the demo's own workspace
    answer = client(demo=False).post("/demo-sign-in", data={"user": "olga"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (404, False)


@pytest.mark.parametrize("name", ["ada", "grace", "", "../ada", "nobody"])
def test_a_real_workspace_lets_nobody_in_by_a_click_even_if_it_is_taken_for_a_demo(
    store: Store, client: Ask, name: str
) -> None:
    a_person(store, "ada")
    a_person(store, "grace")
    answer = client(demo=True).post("/demo-sign-in", data={"user": name})
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


def test_a_demo_account_with_another_password_is_not_let_in_by_a_click(
    store: Store, client: Ask, tmp_path: Path
) -> None:
    make_accounts(store, tmp_path)
    set_password(store, "adam", "a password of my own")
    answer = client(demo=True).post("/demo-sign-in", data={"user": "adam"})
    assert "set-cookie" not in answer.headers
    assert "a password of my own" not in (tmp_path / PASSWORDS).read_text()


def test_a_click_from_another_site_is_refused(store: Store, client: Ask, tmp_path: Path) -> None:
    make_accounts(store, tmp_path)
    away = {"origin": "https://elsewhere.invalid"}
    assert client(demo=True).post("/demo-sign-in", data={"user": "ada"}, headers=away).status_code == 403


@pytest.mark.parametrize("demo", [True, False])
def test_only_a_demo_names_its_people_on_the_sign_in_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, demo: bool
) -> None:
    monkeypatch.setattr(page, "settings", lambda: AppSettings(workspace=tmp_path, demo=demo))
    html = bytes(page.sign_in_page().body).decode()
    assert ("demo-sign-in" in html, "Olga" in html, "Nothing in it was trained" in html) == (demo,) * 3
    assert 'id="password"' in html


def test_after_a_wrong_password_the_demo_s_form_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "settings", lambda: AppSettings(workspace=tmp_path, demo=True))
    first, again = (bytes(page.sign_in_page(name=name).body).decode() for name in ("", "lena"))
    assert ("<details open>" in first, "<details open>" in again) == (False, True)
