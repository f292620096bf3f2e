"""N camera feeds at a fixed frame rate into an endpoint: open loop, newest frame wins.

A feed makes a frame whenever its clock says so, whatever the server does. While all its requests are under way one
frame waits; a newer one takes its place, and the older is dropped. Feeds are spread evenly over one frame's time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from data.errors import EvaluationError
from data.vlm.kept_connection import REPLY_BYTES, Address, Answered, KeptConnection, in_words

DRAIN_S = 30.0


@dataclass(frozen=True)
class Load:
    """What is sent: `feeds` times `frame_rate` frames per second for `seconds`, after `warm_up_s` that do not count.

    `in_flight`: requests of one feed that may be under way at once.
    """

    feeds: int
    frame_rate: float
    seconds: float
    warm_up_s: float = 2.0
    in_flight: int = 4


@dataclass(slots=True)
class Asked:
    """One frame that was sent. Times in seconds of the harness's clock; `answered_s` is None while it is under way."""

    captured_s: float
    sent_s: float
    answered_s: float | None = None
    answer: Answered | None = None


@dataclass
class FeedLog:
    """What happened to one feed's frames, warm-up included. `dropped_s`: capture times of frames never sent."""

    captured: int = 0
    asked: list[Asked] = field(default_factory=list)
    dropped_s: list[float] = field(default_factory=list)
    waiting_s: float | None = None
    latest_tick_s: float = 0.0


@dataclass(frozen=True)
class FeedLogs:
    """All feeds of one load. `start_s`: when frames began to count. `cpu_s`: processor time of this process.

    `latest_tick_s`: the most that a frame was made late by the harness itself.
    """

    load: Load
    start_s: float
    feeds: list[FeedLog]
    cpu_s: float
    wall_s: float


NextRequest = Callable[[], bytes]
"""Gives the next request to send, whole."""


def run_feeds(
    address: Address, next_request: NextRequest, load: Load, *, most_bytes: int = REPLY_BYTES
) -> FeedLogs:
    """Send the load and wait for what is under way at its end, at most 30 s.

    most_bytes: the largest reply that is read. Raises EvaluationError if nothing listens at the address.
    """
    return asyncio.run(_run(address, next_request, load, most_bytes))


async def _run(address: Address, next_request: NextRequest, load: Load, most_bytes: int) -> FeedLogs:
    connections = [
        [KeptConnection(address, most_bytes=most_bytes) for _ in range(load.in_flight)]
        for _ in range(load.feeds)
    ]
    try:
        await asyncio.gather(*(one.open() for some in connections for one in some))
    except OSError as error:
        raise EvaluationError(
            f"Nothing listens at {address.host}:{address.port} ({in_words(error)}); start the server first."
        ) from error
    loop = asyncio.get_running_loop()
    cpu, wall = time.process_time(), time.perf_counter()
    begin = loop.time() + 0.05
    end = begin + load.warm_up_s + load.seconds
    feeds = [
        _Feed(
            loop,
            some,
            next_request,
            begin + place / load.feeds / load.frame_rate,
            1 / load.frame_rate,
            end,
        )
        for place, some in enumerate(connections)
    ]
    await asyncio.sleep(end - loop.time())
    await _drain(feeds, loop.time() + DRAIN_S)
    used, took = time.process_time() - cpu, time.perf_counter() - wall
    for some in connections:
        for one in some:
            one.close("no answer before the end")
    return FeedLogs(load, begin + load.warm_up_s, [feed.log for feed in feeds], used, took)


async def _drain(feeds: Sequence[_Feed], until_s: float) -> None:
    loop = asyncio.get_running_loop()
    while any(feed.under_way for feed in feeds) and loop.time() < until_s:  # noqa: ASYNC110 - a few times, at the end
        await asyncio.sleep(0.01)


class _Feed:
    """One camera: ticks, sends, and keeps the newest waiting frame."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connections: Sequence[KeptConnection],
        next_request: NextRequest,
        first_s: float,
        period_s: float,
        end_s: float,
    ) -> None:
        self._loop, self._idle, self._next_request = loop, list(connections), next_request
        self._first_s, self._period_s, self._end_s = first_s, period_s, end_s
        self._all = len(connections)
        self.log = FeedLog()
        loop.call_at(first_s, self._tick)

    @property
    def under_way(self) -> int:
        return self._all - len(self._idle)

    def _tick(self) -> None:
        due_s = self._first_s + self.log.captured * self._period_s
        if due_s >= self._end_s - 1e-9:
            return
        log = self.log
        log.captured += 1
        log.latest_tick_s = max(log.latest_tick_s, self._loop.time() - due_s)
        self._loop.call_at(due_s + self._period_s, self._tick)
        if self._idle:
            self._send(self._idle.pop(), due_s)
            return
        if log.waiting_s is not None:
            log.dropped_s.append(log.waiting_s)
        log.waiting_s = due_s

    def _send(self, connection: KeptConnection, captured_s: float) -> None:
        asked = Asked(captured_s, self._loop.time())
        self.log.asked.append(asked)
        connection.ask(self._next_request(), self._when_done(connection, asked))

    def _when_done(self, connection: KeptConnection, asked: Asked) -> Callable[[Answered], None]:
        def done(answer: Answered) -> None:
            asked.answered_s, asked.answer = self._loop.time(), answer
            waiting, self.log.waiting_s = self.log.waiting_s, None
            if waiting is not None and self._loop.time() < self._end_s:
                self._send(connection, waiting)
            else:
                self.log.waiting_s = waiting
                self._idle.append(connection)

        return done
