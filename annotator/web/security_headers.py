"""The headers that keep a page from loading, sending or being put anywhere else: on every HTTP answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data:; worker-src 'self' blob:; object-src 'none'; frame-ancestors 'none'; "
    "base-uri 'self'; form-action 'self'"
)
"""Streamlit's own pages need inline and evaluated scripts (component modules, Vega). That makes escaping the first
line of defence; this one keeps whatever got through from loading or sending anything elsewhere."""
_UNUSED = (
    "accelerometer", "autoplay", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer",
    "microphone", "midi", "payment", "publickey-credentials-get", "screen-wake-lock", "serial", "usb",
)  # fmt: skip
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": ", ".join(f"{name}=()" for name in _UNUSED),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-permitted-cross-domain-policies": "none",
}
HSTS = ("strict-transport-security", "max-age=31536000")
"""Over TLS only. Subdomains are not ours to speak for."""
_TAKEN_AWAY = {"access-control-allow-origin", "server"}
"""Streamlit answers some addresses for every site; nothing here is for another site."""
_OWN_IF_STRICTER = {b"content-security-policy", b"x-frame-options"}
"""Streamlit sends none; a page of ours that needs less than Streamlit's pages, or stands in one, sends its own."""


class SecurityHeaders:
    """ASGI middleware that adds the security headers to every HTTP answer."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        named = dict([*HEADERS.items(), *([HSTS] if scope.get("scheme") == "https" else [])])
        added = [(name.encode(), value.encode()) for name, value in named.items()]
        replaced = {name.encode() for name in {*named, *_TAKEN_AWAY}}

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]} & _OWN_IF_STRICTER
                kept = [pair for pair in message["headers"] if pair[0].lower() not in replaced - own]
                if scope.get("scheme") == "https":
                    kept = [_over_tls_only(pair) for pair in kept]
                message["headers"] = [*kept, *(pair for pair in added if pair[0] not in own)]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _over_tls_only(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Streamlit sets its cookies without `Secure` whatever a page came over."""
    name, value = header
    attributes = [part.strip().lower() for part in value.split(b";")[1:]]
    return (
        (name, value + b"; Secure")
        if name.lower() == b"set-cookie" and b"secure" not in attributes
        else header
    )
