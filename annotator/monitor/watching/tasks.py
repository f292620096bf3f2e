"""Work under way on the event loop that nobody waits for; an error in it is logged and ends nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger("teletriage.monitor")


class Tasks:
    """Tasks are held here until they are done; the event loop alone keeps only weak references."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("A frame was lost to an error", exc_info=task.exception())

    async def cancel(self) -> None:
        """Cancel what is under way and wait until it is."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
