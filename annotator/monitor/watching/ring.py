"""The last seconds of every feed, in memory, as the pictures came."""

from __future__ import annotations

from collections import defaultdict, deque

from annotator.monitor.watching.watched_feed import Captured

HELD_S = 10.0


class Ring:
    """Pictures of the last HELD_S seconds, `most_bytes` of all feeds together: beyond that the oldest of all go first,
    so that every feed keeps the same stretch of time."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self._by_feed: defaultdict[str, deque[Captured]] = defaultdict(deque)
        self._in_order: deque[tuple[float, str]] = deque()

    def add(self, feed: str, captured: Captured) -> None:
        """Hold a picture, and let go what is too old or too much."""
        self._by_feed[feed].append(captured)
        self._in_order.append((captured.captured_s, feed))
        self.bytes += len(captured.picture.content)
        while self._in_order[0][0] < captured.captured_s - HELD_S or self.bytes > self.most_bytes:
            _, oldest = self._in_order.popleft()
            self.bytes -= len(self._by_feed[oldest].popleft().picture.content)
            if not self._in_order:
                return

    def since(self, feed: str, from_s: float) -> list[Captured]:
        """A feed's pictures from a time on the steady clock, oldest first."""
        return [one for one in self._by_feed.get(feed, ()) if one.captured_s >= from_s]

    @property
    def pictures(self) -> int:
        """How many are held."""
        return len(self._in_order)
