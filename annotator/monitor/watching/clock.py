"""The steady clock that every rule goes by, and the time of day that the store keeps."""

from __future__ import annotations

import time


class Clock:
    """Seconds that never jump; `wall_us` turns them into microseconds since 1970."""

    def __init__(self) -> None:
        self.begun_s = time.monotonic()
        self._offset_us = time.time_ns() // 1000 - int(self.begun_s * 1e6)

    def now_s(self) -> float:
        return time.monotonic()

    def wall_us(self, at_s: float) -> int:
        return int(at_s * 1e6) + self._offset_us

    def now_us(self) -> int:
        return self.wall_us(self.now_s())
