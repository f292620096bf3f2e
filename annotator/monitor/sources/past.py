"""The last pictures of a feed, for questions that look back."""

from __future__ import annotations

from collections import deque

from annotator.monitor.sources.recorded import Picture
from data.vlm.moment import STILL, TOLERANCE_S, Earlier, Lookback


class Past:
    """What a feed showed within the time that a question looks back. Pictures come in the order of their times."""

    def __init__(self, lookback: Lookback = STILL) -> None:
        self._lookback = lookback
        self._held: deque[tuple[float, Picture]] = deque()

    def add(self, picture: Picture, captured_s: float) -> None:
        """Hold a picture, and let go of those that no question shows any more."""
        if self._lookback.frames == 1:
            return
        self._held.append((captured_s, picture))
        while captured_s - self._held[0][0] > self._lookback.due_s[0] + 2 * TOLERANCE_S:
            self._held.popleft()

    def before(self, captured_s: float) -> list[Earlier[Picture]]:
        """The earlier pictures of a question about the picture of that time, oldest first: fewer at the start."""
        past = [Earlier(one, captured_s - taken_s) for taken_s, one in self._held if taken_s < captured_s]
        return [past[place] for place in self._lookback.choose([one.before_s for one in past])]
