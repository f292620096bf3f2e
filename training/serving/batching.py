"""Requests that wait while the model writes become its next batch. One batch at a time, in a thread of its own."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from training.serving.engine import Asked, Engine, Written

MOST_AT_ONCE = 32
MOST_WAITING = 512


class Overloaded(Exception):
    """More waits than will be answered in time."""


@dataclass
class Batching:
    """Hands questions to an engine, all that wait at once (at most `MOST_AT_ONCE`)."""

    engine: Engine
    _waiting: list[tuple[Asked, asyncio.Future[Written]]] = field(default_factory=list)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "model"))
    _writing: asyncio.Task[None] | None = None

    async def write(self, asked: list[Asked]) -> list[Written]:
        """A reply to each question. Raises Overloaded."""
        if len(self._waiting) + len(asked) > MOST_WAITING:
            raise Overloaded
        loop = asyncio.get_running_loop()
        replies = [loop.create_future() for _ in asked]
        self._waiting += zip(asked, replies, strict=True)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return list(await asyncio.gather(*replies))

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                written = await loop.run_in_executor(
                    self._thread, self.engine.write, [asked for asked, _ in batch]
                )
            except Exception as error:  # noqa: BLE001 - each who waits is told, and the next batch goes on
                for _, reply in batch:
                    _settle(reply, error)
                continue
            for (_, reply), one in zip(batch, written, strict=True):
                _settle(reply, one)


def _settle(reply: asyncio.Future[Written], outcome: Written | Exception) -> None:
    """Unless whoever asked has gone."""
    if reply.done():
        return
    if isinstance(outcome, Exception):
        reply.set_exception(outcome)
    else:
        reply.set_result(outcome)
