"""The gate before Streamlit: nobody reaches its pages, sockets or files without an open sign-in.

Our own routes pass and ask for themselves. Of Streamlit's, only those that our pages need are open; on a socket, every
message asks anew whether the sign-in is still open, so that callbacks and script runs of a page end with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from google.protobuf.message import DecodeError
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from annotator.runtime import COOKIE, store
from annotator.settings import settings
from annotator.shell.addresses import HOMES, screen_at
from annotator.shell.document import page_document
from annotator.shell.plain_page import not_for_role, not_found
from annotator.sign_in.cookie import wanted_page
from annotator.sign_in.page_sessions import PAGE_SESSIONS, made_for
from annotator.web.same_origin import same_origin
from data.people.accounts import person_signed_in
from data.people.permissions import may
from data.store.tables import Person

STREAM = "/_stcore/stream"
_FOR_PAGES = ("/_stcore/health", "/_stcore/host-config")
_FOR_NOBODY = ("/_stcore/", "/component/", "/app/static/", "/auth/", "/oauth2callback")
_OF_THE_PROVIDER = ("/auth/login", "/auth/logout", "/oauth2callback")
_POLICY_VIOLATION = 1008
_PROTOCOLS = b"sec-websocket-protocol"

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Gate:
    """ASGI middleware before Streamlit. own: our routes, which pass."""

    def __init__(self, app: Callable[..., Awaitable[None]], own: Sequence[BaseRoute]) -> None:
        self.app, self.own = app, own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "websocket":
                await self._socket(scope, receive, send)
            case "http" if not self._is_own(scope):
                refusal = await _refusal(HTTPConnection(scope))
                await (refusal(scope, receive, send) if refusal else self._page(scope, receive, send))
            case _:
                await self.app(scope, receive, send)

    def _is_own(self, scope: Scope) -> bool:
        """GET of an address that only takes POST is Streamlit's: the Monitor page lies above its own addresses."""
        return any(route.matches(scope)[0] is Match.FULL for route in self.own)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What was made for one person is kept by no cache on the way, nor by the next person's browser."""

        async def send_uncached(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["path"].startswith("/media/"):
                kept = [pair for pair in message["headers"] if pair[0].lower() != b"cache-control"]
                message["headers"] = [*kept, (b"cache-control", b"private, no-store")]
            await send(message)

        await self.app(scope, receive, send_uncached)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = HTTPConnection(scope)
        secret = asked.cookies.get(COOKIE, "")
        is_ours = scope["path"] == STREAM and same_origin(asked)
        person_id = await _holder(secret) if is_ours else None
        if person_id is None:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        socket = _Socket(secret, person_id, receive, send)
        await self.app(_without_others_session(scope, secret), socket.receive, socket.send)


class _Socket:
    """A page's socket, open for as long as its sign-in is."""

    def __init__(self, secret: str, person_id: int, receive: Receive, send: Send) -> None:
        self._secret, self._person_id = secret, person_id
        self._receive, self._send = receive, send
        self._is_ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] != "websocket.receive" or await _holder(self._secret) == self._person_id:
            return message
        await self._end(_shown_page(message.get("bytes") or b""))
        return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}

    async def send(self, message: Message) -> None:
        if not self._is_ended:
            await self._send(message)

    async def _end(self, page: str) -> None:
        """Streamlit's own message for "go and sign in" takes the browser there."""
        self._is_ended = True
        away = ForwardMsg()
        away.auth_redirect.url = "/sign-in?" + urlencode(
            {"sign-in": "ended", **({"next": page} if page else {})}
        )
        await self._send({"type": "websocket.send", "bytes": away.SerializeToString()})
        await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION})


def _shown_page(sent: bytes) -> str:
    """Which of our pages a browser has open, as far as its message says so."""
    try:
        url = urlsplit(BackMsg.FromString(sent).rerun_script.context_info.url)
    except (DecodeError, ValueError):
        return ""
    return wanted_page(url.path.lstrip("/") + (f"?{url.query}" if url.query else ""))


async def _refusal(asked: HTTPConnection) -> Response | None:
    """The answer to somebody whom one of Streamlit's addresses is not for; None for whom it is."""
    path, method = asked.scope["path"], asked.scope["method"]
    if path in _OF_THE_PROVIDER and settings().oidc:
        return None if method == "GET" else _nothing_here()
    if method not in {"GET", "HEAD"} or (path not in _FOR_PAGES and path.startswith(_FOR_NOBODY)):
        return _nothing_here()
    return None if path.startswith("/static/") else await _closed(asked)


async def _closed(asked: HTTPConnection) -> Response | None:
    path, secret = asked.scope["path"], asked.cookies.get(COOKIE, "")
    person = await _person(secret)
    if path.startswith("/media/"):
        return None if person and made_for(PurePosixPath(path).stem, secret) else _nothing_here()
    if path in _FOR_PAGES:
        return None if person else PlainTextResponse("You are signed out.", 401)
    if person is not None:
        return _screen(person, path)
    page = _page(asked)
    return RedirectResponse(f"/sign-in?next={quote(page)}" if page else "/sign-in", 303)


def _screen(person: Person, path: str) -> Response | None:
    """The way home, the document of a screen, or a page that says why this person does not see what they ask for; None
    leaves it to Streamlit."""
    if path == "/":
        return RedirectResponse(f"/{HOMES[person.role]}", 303)
    if (screen := screen_at(path)) is None:
        return not_found(person, path)
    if not may(person.role, screen.act):
        return not_for_role(person, screen)
    return None if path.endswith("/") else page_document(screen)


def _page(asked: HTTPConnection) -> str:
    query = asked.url.query
    return str(asked.scope["path"]).lstrip("/") + (f"?{query}" if query else "")


def _nothing_here() -> Response:
    return PlainTextResponse("There is nothing at this address.", 404)


async def _holder(secret: str) -> int | None:
    """The id of whoever holds this secret now."""
    person = await _person(secret)
    return person.id if person is not None else None


async def _person(secret: str) -> Person | None:
    """Whoever holds this secret now; without one the store is not asked."""
    return await asyncio.to_thread(person_signed_in, store(), secret) if secret else None


def _without_others_session(scope: Scope, secret: str) -> Scope:
    """A browser that reconnects names its old session in a third protocol. It gets it back only with the cookie that
    the session ran with; else it begins a new one, as whoever the cookie says."""
    headers = [
        (name, _own_protocols(value, secret) if name == _PROTOCOLS else value)
        for name, value in scope["headers"]
    ]
    return {**scope, "headers": headers}


def _own_protocols(value: bytes, secret: str) -> bytes:
    named = [part.strip() for part in value.decode("latin-1").split(",")]
    kept = [*named[:2], *(one for one in named[2:3] if PAGE_SESSIONS.belongs(one, secret))]
    return ", ".join(kept).encode("latin-1")
