"""The running monitor: its parts put together, and the clock that drives them.

Everything happens on one event loop, so that no two things change a feed at once; decoding and the store have
threads of their own.
"""

from __future__ import annotations

import asyncio

from annotator.monitor.watching.alerting import Alerting
from annotator.monitor.watching.asking import Asking
from annotator.monitor.watching.feeds import Feeds
from annotator.monitor.watching.intake import Intake
from annotator.monitor.watching.load import Load
from annotator.monitor.watching.returning import ReturningFrames
from annotator.monitor.watching.tasks import Tasks
from annotator.monitor.watching.trust import Trust
from data.vlm.live_client import LiveEndpoints

TICK_S = 0.1


class Monitor:
    """Feeds, a model, alerts. `stop`: set by whoever wants it to end."""

    def __init__(self, feeds: Feeds, endpoints: LiveEndpoints, returning: ReturningFrames) -> None:
        self._tasks = Tasks()
        self.feeds, self.trust, self.load = feeds, Trust(feeds), Load(feeds)
        self.alerting = Alerting(feeds, self.trust, returning)
        self.asking = Asking(feeds, endpoints, self.alerting, self._tasks)
        self.intake = Intake(feeds, self.asking, self.trust, self._tasks)
        self.stop = asyncio.Event()

    async def tick(self) -> None:
        """Look at the clock ten times a second, for as long as the monitor runs."""
        before_s = self.feeds.clock.begun_s
        while True:
            await asyncio.sleep(TICK_S)
            now_s = self.feeds.clock.now_s()
            self.trust.judge_all()
            by_eye = sum(feed.manual is not None for feed in self.feeds.values())
            passed_s, before_s = now_s - before_s, now_s
            self.feeds.tally.add(feed_s=passed_s * len(self.feeds), manual_s=passed_s * by_eye)
            self.load.measure()
            if self.feeds.clips is not None:
                self.feeds.clips.tick(now_s)

    async def close(self) -> None:
        """Let go of what is under way."""
        await self._tasks.cancel()
        self.intake.close()
