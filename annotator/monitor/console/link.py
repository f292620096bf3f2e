"""The app's line to the running monitor: where it listens is in the store, what opens it is the store's own key."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx

from annotator.monitor.service.listener import KEY_NAME, listener_key
from data.errors import NotNow
from data.live.record import current_watch
from data.store.opening import Store

LOOK_EVERY_S = 1.0
TIMEOUT_S = 1.4
"""Shorter than the console waits: it should hear the reason, not silence."""


class MonitorAway(NotNow):
    """No monitor runs, or it does not answer."""


class Link:
    """A kept-open line; the address is looked up again every second."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._client: httpx.AsyncClient | None = None
        self._address, self._looked_s = "", float("-inf")

    async def ask(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        """The monitor's answer. Raises MonitorAway with the reason."""
        try:
            told: dict[str, Any] = json.loads(await self.fetch(what, body))
        except ValueError as error:
            raise MonitorAway("The monitor does not answer.") from error
        return told

    async def fetch(self, what: str, body: dict[str, Any]) -> bytes:
        """The monitor's answer as it came, JSON, for passing on. Raises MonitorAway with the reason."""
        address = await self._where()
        if self._client is None:
            key = listener_key(await asyncio.to_thread(self._store.secret, KEY_NAME))
            self._client = httpx.AsyncClient(
                headers={"authorization": f"Bearer {key}"},
                timeout=TIMEOUT_S,
                limits=httpx.Limits(max_connections=200),
                trust_env=False,
            )
        try:
            answer = await self._client.post(f"{address}/{what}", json=body)
            answer.raise_for_status()
            if answer.headers.get("content-type") != "application/json":
                raise httpx.DecodingError("something else listens there")
            return answer.content
        except httpx.HTTPError as error:
            self._looked_s = float("-inf")
            raise MonitorAway("The monitor does not answer.") from error

    async def _where(self) -> str:
        now_s = time.monotonic()
        if now_s - self._looked_s >= LOOK_EVERY_S:
            self._address, self._looked_s = await asyncio.to_thread(self._look), now_s
        if not self._address:
            raise MonitorAway("The monitor is not running.")
        return self._address

    def _look(self) -> str:
        with self._store.read() as session:
            watch = current_watch(session)
            return watch.listens_at if watch is not None and watch.ended_at_us is None else ""
