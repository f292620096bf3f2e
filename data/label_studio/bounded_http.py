"""HTTP as a Label Studio server is spoken to: no redirections, and answers bounded in bytes and in seconds.

A server's answer is read whole before anything of it is looked at, so its size is the memory that it takes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx

MOST_BYTES = 32 * 2**20
"""An export of 200 tasks with 20 annotations each has about 8 MB."""


class AnswerTooLong(httpx.ReadError):
    """An answer has more bytes than are read, or a size that is unknown until it is unpacked."""


class _Bounded(httpx.SyncByteStream):
    """An answer's bytes, up to a number and a moment (`time.monotonic`)."""

    def __init__(self, stream: httpx.SyncByteStream, most_bytes: int, until_s: float) -> None:
        self._stream, self._most_bytes, self._until_s = stream, most_bytes, until_s

    def __iter__(self) -> Iterator[bytes]:
        came = 0
        for piece in self._stream:
            came += len(piece)
            if came > self._most_bytes:
                raise AnswerTooLong(f"it is larger than {self._most_bytes:,} bytes")
            if time.monotonic() > self._until_s:
                raise httpx.ReadTimeout("the answer did not end in time")
            yield piece

    def close(self) -> None:
        self._stream.close()


def bounded_client(timeout_s: float, most_bytes: int = MOST_BYTES) -> httpx.Client:
    """A client that gives up `timeout_s` after the last sign of a silent server, and as long after the head of an
    answer that does not end. It follows no redirection: tasks would go to an address that nobody named."""

    def bound(response: httpx.Response) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise AnswerTooLong("it is compressed, though that was not asked for")
        if isinstance(response.stream, httpx.SyncByteStream):
            until_s = time.monotonic() + timeout_s
            response.stream = _Bounded(response.stream, most_bytes, until_s)

    return httpx.Client(
        timeout=timeout_s,
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
        event_hooks={"response": [bound]},
    )
