"""Over TLS the sign-in's cookie has the prefix `__Host-`: browsers take it from this host alone, for the whole site and
with Secure, so that a neighbour below the same domain cannot plant a sign-in of its own here.

Everything behind this middleware knows the cookie by its bare name; without TLS it has no other, since browsers refuse
the prefix there. `Secure` is added by the security headers' middleware. Source: RFC 6265bis, section 4.1.3.2.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from annotator.runtime import COOKIE

PREFIXED = f"__Host-{COOKIE}"
_BARE_SET, _PREFIXED_SET = f"{COOKIE}=".encode(), f"{PREFIXED}=".encode()

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Headers = Iterable[tuple[bytes, bytes]]


class HostCookie:
    """ASGI middleware before everything that asks who is signed in."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope.get("scheme") not in {"https", "wss"}:
            await self.app(scope, receive, send)
            return

        async def send_prefixed(message: Message) -> None:
            if "headers" in message:
                message["headers"] = [(name, _given(name, value)) for name, value in message["headers"]]
            await send(message)

        await self.app({**scope, "headers": list(_asked(scope["headers"]))}, receive, send_prefixed)


def _asked(headers: Headers) -> Headers:
    """The request's headers, in which a bare cookie of that name does not exist."""
    for name, value in headers:
        yield (name, _renamed(value) if name == b"cookie" else value)


def _renamed(value: bytes) -> bytes:
    cookies = [part.strip() for part in value.split(b";")]
    kept = [part for part in cookies if not part.startswith(_BARE_SET)]
    return b"; ".join(
        _BARE_SET + part.removeprefix(_PREFIXED_SET) if part.startswith(_PREFIXED_SET) else part
        for part in kept
    )


def _given(name: bytes, value: bytes) -> bytes:
    if name.lower() != b"set-cookie" or not value.startswith(_BARE_SET):
        return value
    return _PREFIXED_SET + value.removeprefix(_BARE_SET)
