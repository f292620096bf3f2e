"""Signing in and out with a name and a password kept in the store."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from annotator.runtime import COOKIE, store
from annotator.settings import settings
from annotator.web.same_origin import same_origin
from annotator.web.worker_threads import act_on, in_password_thread
from data.errors import SignInRefused
from data.people.accounts import SIGN_IN_HOURS, person_signed_in, sign_in, sign_out
from data.review.serving import release_leases
from data.store.opening import Store


async def sign_in_route(request: Request) -> Response:
    """POST name and password; sets the session cookie and goes home, or back with the reason."""
    if not same_origin(request):
        return PlainTextResponse("This form was sent from another site.", 403)
    if not settings().passwords:
        return PlainTextResponse("Passwords are not taken here; sign in with your organisation.", 403)
    form = await request.form(max_files=0, max_fields=8)
    name, password = str(form.get("user", ""))[:64].strip().lower(), str(form.get("password", ""))[:256]
    try:
        secret = await in_password_thread(sign_in, store(), name, password)
    except SignInRefused as refused:
        reason = "wait" if "Too many" in str(refused) else "refused"
        return RedirectResponse(f"./?sign-in={reason}", 303)
    answer = RedirectResponse("./", 303)
    keep_secret(answer, secret, is_https=request.url.scheme == "https")
    return answer


def keep_secret(answer: Response, secret: str, *, is_https: bool) -> None:
    """Give the browser its secret: unreadable for scripts, not sent from other sites, over TLS only where there is."""
    answer.set_cookie(
        COOKIE, secret, max_age=SIGN_IN_HOURS * 3600, httponly=True, samesite="lax", secure=is_https
    )


async def sign_out_route(request: Request) -> Response:
    """POST; ends the sign-in, gives back held frames and goes home."""
    if not same_origin(request):
        return PlainTextResponse("This form was sent from another site.", 403)
    await act_on(store(), partial(_end, secret=request.cookies.get(COOKIE)))
    answer = RedirectResponse("./", 303)
    answer.delete_cookie(COOKIE)
    return answer


def _end(store: Store, *, secret: str | None) -> None:
    person = person_signed_in(store, secret)
    if person is not None:
        release_leases(store, int(person.id or 0))
    sign_out(store, secret)
