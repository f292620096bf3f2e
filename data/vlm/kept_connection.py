"""A kept-open HTTP/1.1 connection to a VLM endpoint, for asking at a fixed rate and timing the answers.

A general client costs about a millisecond of processor time per request, which at 200 requests per second would
be measured along with the server. This one writes prepared bytes and reads one reply at a time.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from data.errors import ProposalError

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.I)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.I)
_END_OF_HEAD = b"\r\n\r\n"
OK = 200
SEND_BUFFER = 1 << 20


@dataclass(frozen=True)
class Address:
    """Where an OpenAI-compatible endpoint (…/v1) takes chat completions."""

    host: str
    port: int
    path: str
    is_tls: bool

    @classmethod
    def of(cls, endpoint: str) -> Address:
        """The address of an endpoint's URL. Raises ProposalError for anything but http and https."""
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ProposalError(f"{endpoint!r} is not an endpoint; write http://HOST:PORT/v1.")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        path = f"{parts.path.rstrip('/')}/chat/completions"
        return cls(parts.hostname, port, path, parts.scheme == "https")

    def request(self, body: dict[str, object], *, api_key: str = "none") -> bytes:
        """The whole request for one JSON body, ready to be written."""
        content = json.dumps(body).encode()
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {api_key}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode("ascii") + content


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: status and body, or (status 0) why nothing did."""

    status: int
    body: bytes
    failure: str = ""


Done = Callable[[Answered], None]


class KeptConnection(asyncio.Protocol):
    """One connection, one request at a time. It opens when first asked and again after it was lost."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._transport: asyncio.Transport | None = None
        self._done: Done | None = None
        self._buffer = bytearray()
        self._opening: asyncio.Task[None] | None = None

    def ask(self, request: bytes, done: Done) -> None:
        """Send; `done` is called once, with the answer or the failure. Only when the one before is done."""
        self._done = done
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(request)
        else:
            self._opening = asyncio.get_running_loop().create_task(self._open_and_send(request))

    async def open(self) -> None:
        """Open the connection. Raises OSError."""
        context = ssl.create_default_context() if self._address.is_tls else None
        await asyncio.get_running_loop().create_connection(
            lambda: self, self._address.host, self._address.port, ssl=context
        )

    async def _open_and_send(self, request: bytes) -> None:
        try:
            await self.open()
        except OSError as error:
            self._finish(Answered(0, b"", f"no connection: {error.strerror or error}"))
            return
        if self._transport is not None:
            self._transport.write(request)

    def close(self, reason: str = "closed") -> None:
        """Give up; a request under way ends with the reason."""
        if self._opening is not None:
            self._opening.cancel()
        if self._transport is not None:
            self._transport.close()
        self._finish(Answered(0, b"", reason))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        # a whole request with its image in one call, instead of piece by piece as the socket drains
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._buffer.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._finish(Answered(0, b"", f"connection lost{f': {exc}' if exc else ''}"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_END_OF_HEAD)
        if end < 0:
            return
        head = bytes(self._buffer[: end + 2])
        body = _body(head, self._buffer, end + len(_END_OF_HEAD))
        if body is None:
            return
        self._buffer.clear()
        if _CLOSES.search(head) and self._transport is not None:
            self._transport.close()
        self._finish(Answered(int(head[9:12]), body))

    def _finish(self, answered: Answered) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(answered)


def _body(head: bytes, buffer: bytearray, start: int) -> bytes | None:
    """The reply's body once all of it is there."""
    length = _LENGTH.search(head)
    if length is not None:
        end = start + int(length[1])
        return bytes(buffer[start:end]) if len(buffer) >= end else None
    if _CHUNKED.search(head):
        return _unchunked(bytes(buffer[start:]))
    return b""


def _unchunked(data: bytes) -> bytes | None:
    """The content of a chunked body, None while its last chunk is missing (RFC 9112, section 7.1)."""
    content, place = bytearray(), 0
    while (line := data.find(b"\r\n", place)) >= 0:
        size = int(data[place:line].split(b";")[0] or b"0", 16)
        if size == 0:
            return bytes(content)
        content += data[line + 2 : line + 2 + size]
        place = line + 2 + size + 2
    return None
