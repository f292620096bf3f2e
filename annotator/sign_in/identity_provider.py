"""Signing in through an OpenID Connect provider: the part between `st.login` and a sign-in of our own.

Streamlit talks to the provider and keeps what it said in a signed cookie, for thirty days and without a way to revoke
it. So that cookie serves once: the page makes a short-lived ticket out of it, the browser posts the ticket back, gets
the same revocable sign-in as with a password, and the provider's cookie goes. The ticket is good for that browser's
cookie only.
"""

from __future__ import annotations

import hashlib
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from annotator.runtime import store
from annotator.sign_in.routes import keep_secret
from annotator.web.same_origin import same_origin
from annotator.web.worker_threads import in_password_thread
from data.errors import SignInRefused, StoreError
from data.hashing import is_same, signature
from data.people.provider_sign_in import sign_in_identified

PROVIDER_COOKIE = "_streamlit_user"
TICKET_S = 120
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


def ticket(key: bytes, person_id: int, cookies: Mapping[str, str], *, now_s: float | None = None) -> str:
    """What the browser posts back, good for TICKET_S seconds and together with this provider's cookie."""
    until = int((now_s if now_s is not None else time.time()) + TICKET_S)
    return f"{person_id}.{until}.{_signature(key, person_id, until, cookies)}"


def person_of_ticket(
    key: bytes, given: str, cookies: Mapping[str, str], *, now_s: float | None = None
) -> int | None:
    """The person that a ticket was made for, None where it is not ours, has run out or came without its cookie."""
    try:
        person, until, signed = given.split(".")
        person_id, until_s = int(person), int(until)
    except ValueError:
        return None
    if until_s <= (now_s if now_s is not None else time.time()) or not cookies.get(PROVIDER_COOKIE):
        return None
    expected = _signature(key, person_id, until_s, cookies)
    return person_id if is_same(signed, expected) else None


def _signature(key: bytes, person_id: int, until: int, cookies: Mapping[str, str]) -> str:
    cookie = hashlib.sha256(cookies.get(PROVIDER_COOKIE, "").encode()).hexdigest()
    return signature(key, "ticket", person_id, until, cookie)


async def provider_sign_in_route(request: Request) -> Response:
    """POST a ticket; sets the session cookie, takes the provider's away and goes home."""
    if not same_origin(request):
        return PlainTextResponse("This form was sent from another site.", 403)
    form = await request.form(max_files=0, max_fields=8)
    secret = await in_password_thread(_signed_in, str(form.get("ticket", ""))[:256], dict(request.cookies))
    answer = RedirectResponse("./" if secret else "./?sign-in=provider", 303)
    if secret:
        keep_secret(answer, secret, is_https=request.url.scheme == "https")
    forget_provider(request, answer)
    return answer


def forget_provider(request: Request, answer: Response) -> None:
    """Take the provider's cookies away, in all the parts into which Streamlit splits them."""
    for name in request.cookies:
        if name.startswith(PROVIDER_COOKIE):
            answer.delete_cookie(name)


def _signed_in(given: str, cookies: Mapping[str, str]) -> str | None:
    person_id = person_of_ticket(store().secret("sign-in tickets"), given, cookies)
    if person_id is None:
        return None
    try:
        return sign_in_identified(store(), person_id)
    except SignInRefused:
        return None
