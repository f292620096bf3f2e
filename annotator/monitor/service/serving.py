"""The monitor's own small server: its socket, its start and its end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from starlette.applications import Starlette

from annotator.monitor.watching.monitor import Monitor
from data.errors import FeedError

END_WITHIN_S = 2.0


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A bound socket (port 0: any that is free). Raises FeedError if the address cannot be had."""
    # The protocol is named, so that answers leave at once: see annotator/web/low_latency.py.
    with socket.socket(proto=socket.IPPROTO_TCP) as channel:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            channel.bind((host, port))
        except OSError as error:
            raise FeedError(
                f"The monitor cannot listen on {host}:{port}: {error.strerror}. Choose another --port."
            ) from error
        yield channel


@asynccontextmanager
async def served(
    app: Starlette, channel: socket.socket, monitor: Monitor
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve on the socket until the block ends; then let those who listen go, and stop."""
    config = uvicorn.Config(app, log_level="warning", lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    server.capture_signals = suppress  # type: ignore[assignment, method-assign]  # signals end the watch, not only this
    serving = asyncio.create_task(server.serve([channel]))
    try:
        yield serving
    finally:
        server.should_exit = True
        monitor.feeds.news.tell()
        await asyncio.wait([serving], timeout=END_WITHIN_S)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
