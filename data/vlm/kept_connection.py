"""A kept-open HTTP/1.1 connection to a VLM endpoint, for asking at a fixed rate and timing the answers.

A general client costs about a millisecond of processor time per request, which at 200 requests per second would
be measured along with the server. This one writes prepared bytes and reads one response at a time. Whatever is not
exactly one response ends the connection: bytes left over would be taken for the answer about another picture.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from data.errors import ProposalError

OK = 200
REPLY_BYTES = 64 * 1024
"""The largest response that is read, head included."""
SEND_BUFFER = 1 << 20
_CALL_FAILED = re.compile(r"\[Errno (\d+)\] Connect call failed")
_FIRST_FINAL_STATUS, _FIRST_ERROR_STATUS, _SWITCHING = 200, 400, 101


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
    """What came back: status and body, or (status 0) why nothing did. `is_odd`: something came that is not one
    response. `went_stale`: the connection had been kept and ended before a byte of the answer came, as when a server
    closes it for having been idle."""

    status: int
    body: bytes
    failure: str = ""
    is_odd: bool = False
    went_stale: bool = False


Done = Callable[[Answered], None]


class OneResponse:
    """Reads bytes into exactly one final response. `failure` says why they are none."""

    def __init__(self, most_bytes: int) -> None:
        self.status = 0
        self.body = bytearray()
        self.is_complete = False
        self.keeps_alive = False
        self.failure = ""
        self.received = 0
        self._most_bytes = most_bytes
        self._has_marked_end = False
        self._parser = HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        self.received += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._fail("it changes to another protocol")
        except HttpParserError as error:
            self._fail(f"it is not one HTTP response ({error})")
        if self.received > self._most_bytes:
            self._fail(self._too_large)

    @property
    def _too_large(self) -> str:
        return f"it is larger than {self._most_bytes:,} bytes"

    def _fail(self, reason: str) -> None:
        self.failure = self.failure or reason

    def on_message_begin(self) -> None:
        if self.is_complete:
            self._fail("more than one answer came")
        self._has_marked_end = False

    def on_header(self, name: bytes, value: bytes) -> None:
        name, value = name.lower(), value.strip().lower()
        if name == b"content-length":
            self._has_marked_end = True
            if value.isdigit() and int(value) > self._most_bytes:
                self._fail(self._too_large)
        elif name == b"transfer-encoding":
            self._has_marked_end = value.rpartition(b",")[2].strip() == b"chunked"

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= _FIRST_FINAL_STATUS and not self._has_marked_end:
            self._fail("its end is not marked")

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status == _SWITCHING:
            self._fail("it changes to another protocol")
        elif status >= _FIRST_FINAL_STATUS:
            self.status, self.is_complete = status, True
            self.keeps_alive = self._parser.should_keep_alive()


class _Wire(asyncio.Protocol):
    """One TCP connection of a `KeptConnection`: the next one is another object, so that what is left of a dropped
    one reaches nobody."""

    def __init__(self, owner: KeptConnection) -> None:
        self._owner: KeptConnection | None = owner
        self.transport: asyncio.Transport | None = None
        self.has_answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        # a whole request with its image in one call, instead of piece by piece as the socket drains
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def data_received(self, data: bytes) -> None:
        if self._owner is not None:
            self._owner.received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._owner is not None:
            self._owner.lost(exc)

    @property
    def is_open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    @property
    def unsent_bytes(self) -> int:
        return self.transport.get_write_buffer_size() if self.transport is not None else 0

    def write(self, request: bytes) -> None:
        if self.transport is not None:
            self.transport.write(request)

    def drop(self) -> None:
        """End at once; nothing of it is heard any more."""
        self._owner = None
        if self.transport is not None:
            self.transport.abort()


def in_words(error: Exception) -> str:
    """Why there is no connection, without the numbers and the names of calls that asyncio adds.

    >>> in_words(OSError(111, "Connect call failed ('127.0.0.1', 9)"))
    'Connection refused'
    >>> in_words(OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 113] Connect call failed"))
    'Connection refused, No route to host'
    """
    codes = dict.fromkeys(int(code) for code in _CALL_FAILED.findall(str(error)))
    return ", ".join(map(os.strerror, codes)) or getattr(error, "strerror", None) or str(error)


class KeptConnection:
    """One connection, one request at a time. It opens when first asked and again after it was lost."""

    def __init__(self, address: Address, *, most_bytes: int = REPLY_BYTES) -> None:
        self._address, self._most_bytes = address, most_bytes
        self._wire = _Wire(self)
        self._done: Done | None = None
        self._response = OneResponse(most_bytes)
        self._opening: asyncio.Task[None] | None = None

    def ask(self, request: bytes, done: Done) -> None:
        """Send; `done` is called once, with the answer or the failure. Only when the one before is done."""
        self._done, self._response = done, OneResponse(self._most_bytes)
        if self._wire.is_open:
            self._wire.write(request)
        else:
            self._opening = asyncio.get_running_loop().create_task(self._open_and_send(request))

    async def open(self) -> None:
        """Open the connection. Raises OSError."""
        self._wire.drop()
        self._wire = _Wire(self)
        wire, context = self._wire, ssl.create_default_context() if self._address.is_tls else None
        await asyncio.get_running_loop().create_connection(
            lambda: wire, self._address.host, self._address.port, ssl=context
        )

    async def _open_and_send(self, request: bytes) -> None:
        try:
            await self.open()
        except OSError as error:
            self._finish(Answered(0, b"", f"no connection ({in_words(error)})"))
            return
        self._wire.write(request)

    def close(self, reason: str = "closed") -> None:
        """Give up; a request under way ends with the reason."""
        if self._opening is not None:
            self._opening.cancel()
        self._wire.drop()
        self._finish(Answered(0, b"", reason))

    def lost(self, exc: Exception | None) -> None:
        """The connection ended by itself."""
        went_stale = self._wire.has_answered and not self._response.received
        reason = f"connection lost{f' ({in_words(exc)})' if exc else ''}"
        self._finish(Answered(0, b"", reason, went_stale=went_stale))

    def received(self, data: bytes) -> None:
        """Bytes came. While nothing is asked they end the connection."""
        if self._done is None:
            self._wire.drop()
            return
        response = self._response
        response.feed(data)
        if response.failure or (response.is_complete and self._is_too_early(response)):
            self._wire.drop()
            reason = response.failure or "it came before the request was sent"
            self._finish(Answered(0, b"", reason, is_odd=True))
        elif response.is_complete:
            self._wire.has_answered = True
            if not response.keeps_alive or self._wire.unsent_bytes:
                self._wire.drop()
            self._finish(Answered(response.status, bytes(response.body)))

    def _is_too_early(self, response: OneResponse) -> bool:
        """Whether an answer cannot be about this request. A refusal can come before all of it was sent."""
        return response.status < _FIRST_ERROR_STATUS and self._wire.unsent_bytes > 0

    def _finish(self, answered: Answered) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(answered)
