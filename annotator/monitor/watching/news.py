"""What tells the consoles that there is something new to draw."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class News:
    """A number that grows with every change, and an event for those who wait for the next one."""

    def __init__(self) -> None:
        self.version = 0
        self._changed = asyncio.Event()

    def tell(self) -> None:
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, longest_s: float) -> None:
        """Until the next change, or for so long."""
        changed = self._changed
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await changed.wait()
