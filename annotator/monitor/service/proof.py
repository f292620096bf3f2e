"""How the app and the monitor prove to each other that they have the store's key, without ever sending it.

A request names what it asks and a number that serves once; both sides sign with the key. What somebody else hears at
the address of a monitor that is gone opens no other monitor: the signature holds for one watch.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Mapping

import httpx

from data.errors import NotNow
from data.hashing import is_same, sha256_hex, signature

ASKED, PROVEN = "x-monitor-asked", "x-monitor-proof"
NUMBER_HEADER, AGE_HEADER = "x-picture-number", "x-picture-age-ms"


class MonitorAway(NotNow):
    """No monitor runs, or it does not answer."""


def asking(key: str, watch_id: int, path: str, number: str, body: bytes) -> str:
    """The header of a request: its number, and the signature."""
    return f"{number}:{signature(key.encode(), 'asked', watch_id, path, number, sha256_hex(body))}"


def is_asked(key: str, watch_id: int, path: str, header: str, body: bytes) -> bool:
    """Whether a request comes from somebody who has the key, for this watch."""
    return is_same(header, asking(key, watch_id, path, header.partition(":")[0], body))


def answering(key: str, header: str, status: int, headers: Mapping[str, str], body: bytes) -> str:
    """The proof that goes with the answer to a request with this header."""
    told = (headers.get(NUMBER_HEADER, ""), headers.get(AGE_HEADER, ""))
    return signature(key.encode(), "answered", header, status, *told, sha256_hex(body))


class Proven(httpx.Auth):
    """The asking side. `watch_id`: the watch that is thought to run. Raises MonitorAway for an answer without proof."""

    requires_request_body = requires_response_body = True

    def __init__(self, key: str, watch_id: int = 0) -> None:
        self._key, self.watch_id = key, watch_id

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        header = asking(self._key, self.watch_id, request.url.path, secrets.token_hex(16), request.content)
        request.headers[ASKED] = header
        answer = yield request
        proof = answering(self._key, header, answer.status_code, answer.headers, answer.content)
        if not is_same(answer.headers.get(PROVEN, ""), proof):
            raise MonitorAway("The monitor does not answer; something else listens at its address.")
