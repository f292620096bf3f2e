"""How long a watch goes on: until a signal, the end of its time, or a part that fails."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any


@asynccontextmanager
async def running(parts: Sequence[Coroutine[Any, Any, None]]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Run the parts side by side until the block ends."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_told(told: asyncio.Event, tasks: Sequence[asyncio.Task[None]], for_s: float | None) -> None:
    """Until a signal, the end of the time, or a part that failed (which is a defect, and raised)."""
    loop = asyncio.get_running_loop()
    with suppress(ValueError, NotImplementedError, RuntimeError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, told.set)
    waiting = asyncio.create_task(_wait(told))
    done, _ = await asyncio.wait([waiting, *tasks], timeout=for_s, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done:
        task.result()


async def _wait(told: asyncio.Event) -> None:
    await told.wait()
