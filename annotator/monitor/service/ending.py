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


def on_signals(told: asyncio.Event) -> list[signal.Signals]:
    """Have Ctrl-C and a termination set the event; the signals that came are in the list."""
    came: list[signal.Signals] = []

    def tell(number: signal.Signals) -> None:
        came.append(number)
        told.set()

    # Outside the main thread, and on loops of other systems, no signal can be heard; the monitor then ends otherwise.
    with suppress(ValueError, NotImplementedError, RuntimeError):
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, tell, number)
    return came


async def until_told(told: asyncio.Event, tasks: Sequence[asyncio.Task[None]], for_s: float | None) -> bool:
    """Until a signal, the end of the time, or a part that failed (which is a defect, and raised). Whether it was
    Ctrl-C."""
    came = on_signals(told)
    waiting = asyncio.create_task(_wait(told))
    done, _ = await asyncio.wait([waiting, *tasks], timeout=for_s, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done:
        task.result()
    return signal.SIGINT in came


async def _wait(told: asyncio.Event) -> None:
    await told.wait()
