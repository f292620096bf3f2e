"""Changing one's own password: the page, and the form that it sends. With a temporary password it is the only page."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from annotator.runtime import COOKIE, store
from annotator.settings import settings
from annotator.shell.plain_page import no_password, plain_page
from annotator.sign_in.cookie import to_page, wanted_page
from annotator.sign_in.page import REASONS
from annotator.web.same_origin import same_origin
from annotator.web.worker_threads import PasswordsBusy, in_password_thread
from data.errors import SignInRefused, StoreError
from data.people.accounts import held_sign_in
from data.people.own_password import change_own_password
from data.people.passwords import MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS
from data.store.tables import Person


async def password_page_route(request: Request) -> Response:
    """GET the page; somebody who is not signed in does that first."""
    held = await _held(request)
    if held is None:
        return RedirectResponse("/sign-in?next=password", 303)
    return _page(*held, wanted_page(request.query_params.get("next")))


async def password_route(request: Request) -> Response:
    """POST the current and the new password; goes on, or shows the page again with the reason."""
    if not same_origin(request):
        return PlainTextResponse("This form was sent from another site.", 403)
    held = await _held(request)
    if held is None:
        return RedirectResponse("/sign-in?sign-in=ended&next=password", 303)
    form = await request.form(max_files=0, max_fields=4)
    old, new = (str(form.get(name, ""))[: MAX_PASSWORD_CHARS + 1] for name in ("password", "new"))
    page = wanted_page(str(form.get("next", "")))
    again = partial(_page, *held, page)
    address = request.client.host if request.client else ""
    secret = request.cookies.get(COOKIE)
    try:
        await in_password_thread(address, change_own_password, store(), secret, old, new)
    except PasswordsBusy:
        return again(status=429, alert=REASONS["busy"])
    except (SignInRefused, StoreError) as refused:
        return again(status=422, alert=str(refused))
    return to_page(page) if held[1] else _page(*held, page, is_changed=True)


async def _held(request: Request) -> tuple[Person, bool] | None:
    """Who asks, and whether their sign-in is for this alone."""
    held = await asyncio.to_thread(held_sign_in, store(), request.cookies.get(COOKIE))
    return (held[0], bool(held[1].is_for_password_change)) if held else None


def _page(
    person: Person,
    is_temporary: bool,
    page: str,
    *,
    status: int = 200,
    alert: str | None = None,
    is_changed: bool = False,
) -> HTMLResponse:
    if person.password_hash is None or not settings().passwords:
        return no_password(person)
    return plain_page(
        Path(__file__).with_name("password.html.jinja"),
        status=status,
        alert=alert,
        is_changed=is_changed,
        is_temporary=is_temporary,
        name=person.name,
        next=page,
        shortest=MIN_PASSWORD_CHARS,
        longest=MAX_PASSWORD_CHARS,
    )
