"""What is turned away before any route sees it: host names that are not ours, and bodies larger than any of ours.

A name check keeps other sites from reaching an app on somebody's own machine through a name of theirs (DNS
rebinding); a size check keeps anybody from filling the memory before anything else has been asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import PlainTextResponse

from annotator.settings import settings

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
MAX_BODY_BYTES = 1_000_000
"""An outbox of 100 answers with the longest texts has about 150 kB."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
App = Callable[..., Awaitable[None]]


def allowed_hosts() -> list[str]:
    """The names under which the app answers: what `teletriage review` was told, and always this machine's own."""
    return [*LOOPBACK, *settings().allowed_hosts]


class _TooLarge(Exception):
    """More bytes have arrived than any body of ours has."""


class BodyLimit:
    """ASGI middleware that answers 413 to a larger body: at once where it is announced, else as soon as it grows."""

    def __init__(self, app: App, limit: int = MAX_BODY_BYTES) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _announced_bytes(scope) > self.limit:
            await _refused(self.limit)(scope, receive, send)
            return
        received = 0
        is_answered = False

        async def counted() -> Message:
            nonlocal received
            message: Message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        try:
            await self.app(scope, counted, noted)
        except _TooLarge:
            if not is_answered:
                await _refused(self.limit)(scope, receive, send)


def _announced_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _refused(limit: int) -> PlainTextResponse:
    return PlainTextResponse(f"This is larger than {limit:,} bytes.", 413)
