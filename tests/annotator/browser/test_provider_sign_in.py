"""Signing in through an identity provider, with a real one on this machine and a real browser."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, Page

from annotator.runtime import COOKIE
from data.store.opening import Store
from tests.annotator.browser.served import CARD, RunningApp
from tests.annotator.identity_provider import CLIENT, CLIENT_SECRET, IdentityProvider
from tests.builders import a_person, a_store

COOKIES_OF_STREAMLIT = "_streamlit_user"
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


def unsigned(claims: dict[str, Any]) -> str:
    return f"{_unsigned({'alg': 'none', 'typ': 'JWT'}, claims)}."


def signed_with_the_public_key(provider: IdentityProvider) -> Callable[[dict[str, Any]], str]:
    """Everybody has the public key: taken for a shared secret, it signs for everybody."""
    public = provider.key.as_pem(private=False)

    def signed(claims: dict[str, Any]) -> str:
        text = _unsigned({"alg": "HS256", "kid": "first"}, claims)
        return f"{text}.{_base64(hmac.digest(public, text.encode(), 'sha256'))}"

    return signed


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return ".".join(_base64(json.dumps(one).encode()) for one in (header, claims))


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


LATE_S, EARLY_S = -3_600, 3_600
HOSTILE: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "somebody-else"},
    "another issuer": {"iss": "https://evil.example"},
    "expired": {"exp": LATE_S, "iat": LATE_S - 300},
    "not valid yet": {"nbf": EARLY_S, "iat": EARLY_S, "exp": EARLY_S + 300},
    "never expires": {"exp": None},
    "nobody": {"sub": None},
}


def said(claims: dict[str, Any]) -> dict[str, Any]:
    """Claims with times counted from now."""
    times = {name: int(time.time()) + claims[name] for name in ("exp", "iat", "nbf") if claims.get(name)}
    return {**PASS, **claims, **times}


def gone_through(app: RunningApp, browser: httpx.Client) -> bool:
    """The whole round trip as a browser makes it; whether it ends in a sign-in."""
    browser.get(f"{app.url}provider-sign-in")
    browser.post(f"{app.url}provider-sign-in", headers={"origin": app.url.rstrip("/")})
    assert not [name for name in browser.cookies if name.startswith(COOKIES_OF_STREAMLIT)]
    return COOKIE in browser.cookies


@pytest.fixture
def trip(app: RunningApp, provider: IdentityProvider) -> Iterator[Callable[..., bool]]:
    def goes(says: dict[str, Any], makes: Callable[[dict[str, Any]], str | None] | None = None) -> bool:
        provider.says, provider.makes = says, makes
        with httpx.Client(follow_redirects=True, trust_env=False, timeout=30) as browser:
            return gone_through(app, browser)

    provider.signs_with, provider.audience = None, CLIENT
    yield goes
    provider.makes = None


def test_an_honest_provider_lets_its_people_in(trip: Callable[..., bool]) -> None:
    assert trip(dict(PASS))


@pytest.mark.parametrize("how", HOSTILE)
def test_a_token_that_was_not_made_for_this_sign_in_opens_nothing(
    trip: Callable[..., bool], how: str
) -> None:
    assert not trip(said(HOSTILE[how]))


def test_a_token_that_nobody_signed_opens_nothing(
    trip: Callable[..., bool], provider: IdentityProvider
) -> None:
    for makes in (
        unsigned,
        signed_with_the_public_key(provider),
        lambda claims: None,
        lambda claims: "x.y.z",
    ):
        assert not trip(dict(PASS), makes)


def test_an_answer_of_the_provider_serves_the_browser_that_asked_and_serves_it_once(
    app: RunningApp, provider: IdentityProvider, trip: Callable[..., bool]
) -> None:
    assert trip(dict(PASS))
    answers = {"used": provider.came}
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=30) as browser:
        asked = browser.get(f"{app.url}auth/login?provider=x", follow_redirects=False)
        assert asked.status_code < 500
        browser.get(f"{app.url}provider-sign-in")
        answers["of another browser"] = provider.came
        answers["state of another"] = f"{provider.came.partition('&state=')[0]}&state=made-up"
        assert gone_through(app, browser)
    for answer in answers.values():
        with httpx.Client(follow_redirects=True, trust_env=False, timeout=30) as other:
            other.get(answer)
            other.post(f"{app.url}provider-sign-in", headers={"origin": app.url.rstrip("/")})
            assert COOKIE not in other.cookies
