"""Signing in through an identity provider, with a real one on this machine and a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, Page

from annotator.runtime import COOKIE
from data.store.opening import Store
from tests.annotator.browser.served import CARD, RunningApp
from tests.annotator.identity_provider import CLIENT, CLIENT_SECRET, IdentityProvider
from tests.builders import a_person, a_store

PASS = {"email": "Ada@Example.org", "email_verified": True}


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    made = IdentityProvider()
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    folder: Path = tmp_path_factory.mktemp("provider")
    store: Store = a_store(folder)
    a_person(store, "ada@example.org")
    settings = folder / "oidc.toml"
    running = RunningApp(folder / "workspace", store, options=["--oidc", str(settings), "--no-passwords"])
    provider.redirects.append(f"{running.url}oauth2callback")
    auth = {
        "redirect_uri": provider.redirects[0],
        "cookie_secret": "c" * 40,
        "client_id": CLIENT,
        "client_secret": CLIENT_SECRET,
        "server_metadata_url": f"{provider.url}/.well-known/openid-configuration",
    }
    settings.write_text("[auth]\n" + "".join(f"{name} = {json.dumps(text)}\n" for name, text in auth.items()))
    settings.chmod(0o600)
    running.start()
    yield running
    running.stop()
    store.close()


@pytest.fixture
def page(app: RunningApp, provider: IdentityProvider, chromium: Browser) -> Iterator[Page]:
    provider.says, provider.signs_with, provider.audience = dict(PASS), None, CLIENT
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(40_000)
    page.goto(app.url)
    yield page
    context.close()


def press_sign_in(page: Page) -> None:
    page.get_by_role("link", name="Sign in with your organisation").click()


def cookies(page: Page) -> dict[str, object]:
    return {str(one.get("name")): one for one in page.context.cookies()}


def test_a_verified_address_opens_the_account_of_that_name_and_signing_out_ends_it(
    page: Page, app: RunningApp
) -> None:
    assert page.locator("#password").count() == 0
    press_sign_in(page)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_selector(f"{CARD}[data-frame]")
    kept = cookies(page)
    assert kept[COOKIE]["httpOnly"] is True  # type: ignore[index]
    assert not [name for name in kept if name.startswith("_streamlit_user")]
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in with your organisation").wait_for()
    assert COOKIE not in cookies(page)


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ({"email": "ada@example.org", "email_verified": False}, "has not verified that ada@example.org"),
        ({"email": "eve<b>@example.org", "email_verified": True}, "no open account named eve<b>@example.org"),
    ],
    ids=["not-verified", "unknown"],
)
def test_anybody_else_is_told_why_not_in_plain_text(
    page: Page, provider: IdentityProvider, says: dict[str, object], sentence: str
) -> None:
    provider.says = says
    press_sign_in(page)
    alert = page.locator("[role=alert]", has_text="account" if "eve" in str(says) else "verified")
    alert.wait_for()
    assert sentence in alert.inner_text()
    assert COOKIE not in cookies(page)
    page.get_by_role("link", name="Sign in as somebody else").click()
    page.get_by_role("link", name="Sign in with your organisation").wait_for()


def test_a_token_signed_with_another_key_or_for_another_client_opens_nothing(
    page: Page, provider: IdentityProvider
) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "first"})
    press_sign_in(page)
    page.wait_for_url("**/*")
    page.get_by_role("link", name="Sign in with your organisation").wait_for()
    provider.signs_with, provider.audience = None, "somebody-else"
    press_sign_in(page)
    page.wait_for_timeout(1000)
    page.get_by_role("link", name="Sign in with your organisation").wait_for()
    assert page.get_by_role("button", name="Go on").count() == 0
    assert not [name for name in cookies(page) if name == COOKIE or name.startswith("_streamlit_user")]


def test_no_password_is_taken_where_the_provider_is_the_only_way_in(page: Page, app: RunningApp) -> None:
    form: dict[str, str | float | bool] = {"user": "ada@example.org", "password": "password-ada@example.org"}
    origin = app.url.rstrip("/")
    answer = page.request.post(f"{app.url}sign-in", form=form, headers={"origin": origin}, max_redirects=0)
    assert answer.status == 403
