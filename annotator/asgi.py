"""The web application: Streamlit's own routes, and beside them sign-in, sign-out and the signed frame images.

`teletriage review` starts it. Every answer carries headers that keep the page from loading or sending anything
elsewhere.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from annotator.monitor.routes import ROUTES as MONITOR_ROUTES
from annotator.review_card.routes import ROUTES as CARD_ROUTES
from annotator.review_card.routes import same_origin
from annotator.runtime import COOKIE, store, workspace
from annotator.signed_images import ImageRequest, checked_request
from data.errors import SignInRefused
from data.images import ImageRefused, rendition
from data.leases import release_leases
from data.people import SIGN_IN_HOURS, person_signed_in, sign_in, sign_out
from data.tables import Dataset, Frame, Scene

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data:; worker-src 'self' blob:; object-src 'none'; frame-ancestors 'none'; "
    "base-uri 'self'; form-action 'self'"
)
_HEADERS = {
    "content-security-policy": _CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}


class SecurityHeaders:
    """ASGI middleware that adds the security headers to every HTTP answer."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                names = {name for name, _ in added}
                kept = [pair for pair in message["headers"] if pair[0].lower() not in names]
                message["headers"] = [*kept, *added]
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def sign_in_route(request: Request) -> Response:
    """POST name and password; sets the session cookie and goes home, or back with the reason."""
    if not same_origin(request):
        return PlainTextResponse("This form was sent from another site.", 403)
    form = await request.form()
    name, password = str(form.get("user", ""))[:64].strip().lower(), str(form.get("password", ""))[:256]
    try:
        secret = await asyncio.to_thread(sign_in, store(), name, password)
    except SignInRefused as refused:
        reason = "wait" if "Too many" in str(refused) else "refused"
        return RedirectResponse(f"./?sign-in={reason}", 303)
    answer = RedirectResponse("./", 303)
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=SIGN_IN_HOURS * 3600,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


async def sign_out_route(request: Request) -> Response:
    """POST; ends the sign-in, gives back held frames and goes home."""
    if not same_origin(request):
        return PlainTextResponse("This form was sent from another site.", 403)
    secret = request.cookies.get(COOKIE)
    person = await asyncio.to_thread(person_signed_in, store(), secret)
    if person is not None:
        await asyncio.to_thread(release_leases, store(), int(person.id or 0))
    await asyncio.to_thread(sign_out, store(), secret)
    answer = RedirectResponse("./", 303)
    answer.delete_cookie(COOKIE)
    return answer


async def frame_route(request: Request) -> Response:
    """GET a frame's image at one of the served widths: a fresh JPEG without the original's metadata."""
    asked = checked_request(
        store().secret("images"), request.path_params["frame_id"], dict(request.query_params)
    )
    if asked is None:
        return PlainTextResponse("This picture's address is not valid, or has run out.", 403)
    person = await asyncio.to_thread(person_signed_in, store(), request.cookies.get(COOKIE))
    if person is None or person.id != asked.person_id:
        return PlainTextResponse("This picture's address was made for somebody else.", 403)
    try:
        content = await asyncio.to_thread(_image, asked)
    except ImageRefused as refused:
        return PlainTextResponse(str(refused), 404)
    headers = {
        "cache-control": "private, max-age=3600, immutable",
        "cross-origin-resource-policy": "same-origin",
    }
    return Response(content, media_type="image/jpeg", headers=headers)


def _image(asked: ImageRequest) -> bytes:
    """The rendition, from the workspace's cache of derived images where it is there already."""
    with store().read() as session:
        frame = session.get_one(Frame, asked.frame_id)
        scene = session.get_one(Scene, frame.scene_id)
        source = Path(session.get_one(Dataset, scene.dataset_id).dataroot) / frame.filename
    kept = workspace() / "images" / f"{frame.image_sha256}-{asked.width_px}.jpg"
    if kept.is_file():
        return kept.read_bytes()
    content = rendition(source, width_px=asked.width_px or None)
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}-{id(asked)}.part")
    partial.write_bytes(content)
    partial.replace(kept)
    return content


app = st.App(
    Path(__file__).with_name("app.py"),
    routes=[
        Route("/sign-in", sign_in_route, methods=["POST"]),
        Route("/sign-out", sign_out_route, methods=["POST"]),
        Route("/frame/{frame_id:str}.jpg", frame_route, methods=["GET"]),
        *CARD_ROUTES,
        *MONITOR_ROUTES,
    ],
    middleware=[Middleware(SecurityHeaders)],
)
