"""Signing in through an OpenID Connect provider: between Streamlit's exchange with it and a sign-in of our own.

Streamlit talks to the provider and keeps what it said in a signed cookie, for thirty days and without a way to revoke
it. Here that cookie is good for ten minutes: one press exchanges it, once, for the same revocable sign-in as with a
password, and it goes. Without a provider none of these addresses exists.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from streamlit.auth_util import encode_provider_token, get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

from annotator.runtime import store
from annotator.sign_in.cookie import keep_secret, to_page, wanted_page
from annotator.sign_in.page import REASONS, sign_in_page
from annotator.web.same_origin import same_origin
from annotator.web.worker_threads import PasswordsBusy, in_password_thread
from data.errors import SignInRefused, StoreError
from data.people.provider_sign_in import person_of_claims, sign_in_identified
from data.store.opening import Store
from data.text.visible import visible

PROVIDER_COOKIE = "_streamlit_user"
PAGE_COOKIE = "teletriage_next"
ANSWER_S = 600
"""How long what the provider said can be exchanged."""
MIN_COOKIE_SECRET_CHARS = 32
REQUIRED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")


def require_provider_file(path: Path) -> None:
    """Check a provider's settings before the app starts. Raises StoreError with what is wrong and what to do."""
    try:
        mode = path.stat().st_mode
        settings = tomllib.loads(path.read_text(encoding="utf-8")).get("auth", {})
    except OSError as error:
        raise StoreError(f"The provider's settings {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StoreError(f"The provider's settings {path} are not TOML: {error}.") from error
    if mode & 0o077:
        raise StoreError(f"{path} holds secrets and others can read it: chmod 600 {path}")
    missing = [name for name in REQUIRED if not settings.get(name)]
    if missing:
        raise StoreError(f"{path} lacks {missing[0]} in its [auth] table.")
    if len(str(settings["cookie_secret"])) < MIN_COOKIE_SECRET_CHARS:
        raise StoreError(
            f"The cookie_secret in {path} is shorter than {MIN_COOKIE_SECRET_CHARS} characters: openssl rand -hex 32"
        )


def provider_claims(cookies: Mapping[str, str], key: str, origin: str) -> dict[str, Any] | None:
    """What the provider said to the browser with these cookies; None where nothing is signed with the key, it is older
    than ANSWER_S or was said to another site."""

    def part(name: str) -> bytes | None:
        value = cookies.get(name)
        if value is None:
            return None
        return decode_signed_value(key, name, value.encode("latin-1", "replace"), ANSWER_S / 86_400)

    try:
        claims = json.loads(get_cookie_with_chunks(part, PROVIDER_COOKIE) or b"null")
    except ValueError:
        return None
    is_said = (
        isinstance(claims, dict) and claims.get("is_logged_in") is True and claims.get("origin") == origin
    )
    return claims if is_said else None


def _claims(request: Request) -> dict[str, Any] | None:
    return provider_claims(
        request.cookies, get_cookie_secret(), f"{request.url.scheme}://{request.url.netloc}"
    )


async def provider_page(request: Request) -> Response | None:
    """The sign-in page once the provider has said who this is: one press to go on, or why not. Else None."""
    claims = _claims(request)
    if claims is None:
        return None
    try:
        person = await in_password_thread("", person_of_claims, store(), claims)
    except PasswordsBusy:
        return sign_in_page(status=429, alert=REASONS["busy"])
    except SignInRefused as refused:
        return sign_in_page(alert=visible(str(refused)), is_refused=True)
    return sign_in_page(name_known=visible(person.display_name))


async def provider_start_route(request: Request) -> Response:
    """GET: on to the provider; the page that was wanted waits in a cookie."""
    answer = RedirectResponse(f"/auth/login?provider={quote(encode_provider_token('default'))}", 303)
    page = wanted_page(request.query_params.get("next"))
    answer.set_cookie(PAGE_COOKIE, quote(page), max_age=ANSWER_S, httponly=True, samesite="lax")
    return answer


async def provider_sign_in_route(request: Request) -> Response:
    """POST, with the provider's cookie; sets the session cookie, takes the provider's away and goes on."""
    if not same_origin(request):
        return PlainTextResponse("This form was sent from another site.", 403)
    claims = _claims(request)
    said = request.cookies.get(PROVIDER_COOKIE, "")
    secret = await in_password_thread("", _signed_in, store(), claims, said) if claims else None
    page = wanted_page(unquote(request.cookies.get(PAGE_COOKIE, "")))
    answer = to_page(page) if secret else RedirectResponse("/sign-in?sign-in=provider", 303)
    if secret:
        keep_secret(answer, secret, is_https=request.url.scheme == "https")
    answer.delete_cookie(PAGE_COOKIE)
    forget_provider(request, answer)
    return answer


def forget_provider(request: Request, answer: Response) -> None:
    """Take the provider's cookies away, in all the parts into which Streamlit splits them."""
    for name in request.cookies:
        if name.startswith(PROVIDER_COOKIE):
            answer.delete_cookie(name)


def _signed_in(store: Store, claims: Mapping[str, Any], said: str) -> str | None:
    try:
        return sign_in_identified(store, claims, answer_sha256=hashlib.sha256(said.encode()).hexdigest())
    except SignInRefused:
        return None
