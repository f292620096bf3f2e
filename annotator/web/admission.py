"""What is turned away before any route sees it: host names that are not ours, and bodies larger than any of ours.

A name check keeps other sites from reaching an app on somebody's own machine through a name of theirs (DNS
rebinding); a size check keeps anybody from filling the memory before anything else has been asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import PlainTextResponse

from annotator.settings import settings

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
MAX_BODY_BYTES = 1_000_000
"""An outbox of 100 answers with the longest texts has about 150 kB."""
BODY_S = 30.0
"""How long a body may take: an outbox over a line of 5 kB/s."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
App = Callable[..., Awaitable[None]]


def allowed_hosts() -> list[str]:
    """The names under which the app answers: what `teletriage review` was told, and always this machine's own."""
    return [*LOOPBACK, *settings().allowed_hosts]


class _TooLarge(Exception):
    """More bytes have arrived than any body of ours has."""


class _TooSlow(Exception):
    """A body has not ended in time."""


class BodyLimit:
    """ASGI middleware that answers 413 to a larger body, at once where it is announced, else as soon as it grows, and
    408 to one that does not end in time."""

    def __init__(self, app: App, limit: int = MAX_BODY_BYTES, body_s: float = BODY_S) -> None:
        self.app, self.limit, self.body_s = app, limit, body_s

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _announced_bytes(scope) > self.limit:
            await _refused(self.limit)(scope, receive, send)
            return
        received = 0
        is_answered = is_whole = False
        until_s = asyncio.get_running_loop().time() + self.body_s

        async def counted() -> Message:
            nonlocal received, is_whole
            try:
                async with asyncio.timeout_at(None if is_whole else until_s):
                    message: Message = await receive()
            except TimeoutError as error:
                raise _TooSlow from error
            is_whole = not message.get("more_body", False)
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
        except _TooSlow:
            if not is_answered:
                await _late(self.body_s)(scope, receive, send)


def _announced_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _refused(limit: int) -> PlainTextResponse:
    return PlainTextResponse(f"This is larger than {limit:,} bytes.", 413)


def _late(body_s: float) -> PlainTextResponse:
    return PlainTextResponse(
        f"This did not arrive within {body_s:g} seconds.", 408, headers={"connection": "close"}
    )
