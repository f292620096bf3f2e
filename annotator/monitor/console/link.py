"""The app's line to the running monitor: where it listens is in the store, what opens it is the store's own key."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

import httpx

from annotator.monitor.service.listener import KEY_NAME, listener_key
from annotator.monitor.service.proof import AGE_HEADER, NUMBER_HEADER, MonitorAway, Proven
from data.errors import FeedError
from data.live.record import current_watch
from data.store.opening import Store

LOOK_EVERY_S = 1.0
TIMEOUT_S = 1.4
"""Shorter than the console waits: it should hear the reason, not silence."""


@dataclass(frozen=True)
class LivePicture:
    """A picture of a feed as it came from its source, its number, and how old it was when the monitor sent it."""

    content: bytes
    number: int
    age_ms: float


class MonitorNeverStarted(FeedError):
    """No monitor has ever run on this store: nobody relies on one yet."""


class Link:
    """A kept-open line; the address is looked up again every second."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._client: httpx.AsyncClient | None = None
        self._proven: Proven | None = None
        self._address, self._watch_id, self._looked_s = "", 0, float("-inf")

    async def ask(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        """The monitor's answer. Raises MonitorAway with the reason."""
        try:
            told: dict[str, Any] = json.loads(await self.fetch(what, body))
        except ValueError as error:
            raise MonitorAway("The monitor does not answer.") from error
        return told

    async def fetch(self, what: str, body: dict[str, Any]) -> bytes:
        """The monitor's answer as it came, JSON, for passing on. Raises MonitorAway with the reason."""
        answer = await self._post(what, body)
        if answer.headers.get("content-type") != "application/json":
            raise MonitorAway("The monitor does not answer; something else listens at its address.")
        return answer.content

    async def picture(self, feed: str, after: int) -> LivePicture | None:
        """The newest picture of a feed, None if it is still the one of this number. Raises MonitorAway, and
        FeedError for an unknown feed."""
        answer = await self._post("large", {"feed": feed, "after": after})
        if answer.status_code == httpx.codes.NO_CONTENT or NUMBER_HEADER not in answer.headers:
            return None
        return LivePicture(
            answer.content, int(answer.headers[NUMBER_HEADER]), float(answer.headers[AGE_HEADER])
        )

    async def _post(self, what: str, body: dict[str, Any]) -> httpx.Response:
        address = await self._where()
        if self._client is None or self._proven is None:
            self._proven = Proven(listener_key(await asyncio.to_thread(self._store.secret, KEY_NAME)))
            self._client = httpx.AsyncClient(
                auth=self._proven,
                timeout=TIMEOUT_S,
                limits=httpx.Limits(max_connections=200),
                trust_env=False,
            )
        self._proven.watch_id = self._watch_id
        try:
            answer = await self._client.post(f"{address}/{what}", json=body)
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise FeedError("There is no such feed.")
            return answer.raise_for_status()
        except httpx.HTTPError as error:
            self._looked_s = float("-inf")
            raise MonitorAway("The monitor does not answer.") from error

    async def _where(self) -> str:
        now_s = time.monotonic()
        if now_s - self._looked_s >= LOOK_EVERY_S:
            self._address, self._watch_id = await asyncio.to_thread(self._look)
            self._looked_s = now_s
        if not self._address:
            raise MonitorAway("The monitor is not running.")
        return self._address

    def _look(self) -> tuple[str, int]:
        """Where the monitor listens ("" for nowhere), and its watch."""
        with self._store.read() as session:
            watch = current_watch(session)
            if watch is None:
                raise MonitorNeverStarted("No monitor has been started.")
            return watch.listens_at if watch.ended_at_us is None else "", int(watch.id or 0)
