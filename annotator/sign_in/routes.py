"""Signing in and out: the page, and the forms that it sends."""

from __future__ import annotations

import asyncio
from functools import partial

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from annotator.runtime import COOKIE, store
from annotator.settings import settings
from annotator.sign_in.cookie import keep_secret, to_page, to_password_page, wanted_page
from annotator.sign_in.demo_accounts import passwords
from annotator.sign_in.identity_provider import provider_page
from annotator.sign_in.page import REASONS, sign_in_page
from annotator.web.same_origin import same_origin
from annotator.web.worker_threads import PasswordsBusy, act_on, in_password_thread
from data.errors import SignInRefused
from data.people.accounts import held_sign_in, person_signed_in, sign_in, sign_out
from data.review.serving import release_leases
from data.store.opening import Store


async def sign_in_page_route(request: Request) -> Response:
    """GET the page; somebody who is signed in goes on at once."""
    page = wanted_page(request.query_params.get("next"))
    secret = request.cookies.get(COOKIE)
    if secret and (held := await asyncio.to_thread(held_sign_in, store(), secret)) is not None:
        return (to_password_page if held[1].is_for_password_change else to_page)(page)
    if settings().oidc and (named := await provider_page(request)):
        return named
    alert = REASONS.get(request.query_params.get("sign-in", ""))
    return sign_in_page(next=page, alert=alert)


async def sign_in_route(request: Request) -> Response:
    """POST name and password; sets the session cookie and goes on, or shows the page again with the reason."""
    if not same_origin(request):
        return PlainTextResponse("This form was sent from another site.", 403)
    if not settings().passwords:
        return PlainTextResponse("Passwords are not taken here; sign in with your organisation.", 403)
    form = await request.form(max_files=0, max_fields=8)
    name, password = str(form.get("user", ""))[:64].strip().lower(), str(form.get("password", ""))[:256]
    return await _signed_in(request, wanted_page(str(form.get("next", ""))), name, password)


async def demo_sign_in_route(request: Request) -> Response:
    """POST the name of one of the demo's people; signs in with the password that the demo's workspace keeps. There is
    no such address where `teletriage demo` did not start the app."""
    if not same_origin(request):
        return PlainTextResponse("This form was sent from another site.", 403)
    if not settings().demo:
        return PlainTextResponse("Not Found", 404)
    form = await request.form(max_files=0, max_fields=3)
    name, page = str(form.get("user", ""))[:64], wanted_page(str(form.get("next", "")))
    return await _signed_in(request, page, name, passwords(settings().workspace).get(name, ""))


async def _signed_in(request: Request, page: str, name: str, password: str) -> Response:
    again = partial(sign_in_page, next=page, name=name)
    try:
        secret = await in_password_thread(_address(request), sign_in, store(), name, password)
    except PasswordsBusy:
        return again(status=429, alert=REASONS["busy"])
    except SignInRefused as refused:
        is_early = "Too many" in str(refused)
        return again(status=429 if is_early else 401, alert=REASONS["wait" if is_early else "refused"])
    answer = to_page(page)
    keep_secret(answer, secret, is_https=request.url.scheme == "https")
    return answer


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


async def sign_out_route(request: Request) -> Response:
    """POST; ends the sign-in, gives back held frames and goes to the sign-in page."""
    if not same_origin(request):
        return PlainTextResponse("This form was sent from another site.", 403)
    await act_on(store(), partial(_end, secret=request.cookies.get(COOKIE)))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return answer


def _end(store: Store, *, secret: str | None) -> None:
    person = person_signed_in(store, secret)
    if person is not None:
        release_leases(store, int(person.id or 0))
    sign_out(store, secret)
