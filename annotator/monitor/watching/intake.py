"""Pictures as they come from the sources: paced, put in line for the model, and looked at for signs of life."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from annotator.monitor.sources.picture import look_at
from annotator.monitor.sources.recorded import Picture
from annotator.monitor.watching.asking import Asking
from annotator.monitor.watching.feeds import Feeds
from annotator.monitor.watching.tasks import Tasks
from annotator.monitor.watching.trust import Trust
from annotator.monitor.watching.watched_feed import Captured, WatchedFeed
from data.images.inspection import ImageRefused

WALL_EVERY_S = 0.9
UNCARRIED_LOOK_S = 10.0
"""How often the picture of a feed that cannot be held is renewed on the wall."""
_EARLY = 0.8
"""A picture may come this share of its interval after the one before: cameras are not exactly in time."""
_log = logging.getLogger("teletriage.monitor")


class Intake:
    """What sources call with pictures and faults. Decoding has threads of its own."""

    def __init__(self, feeds: Feeds, asking: Asking, trust: Trust, tasks: Tasks) -> None:
        self._feeds, self._asking, self._trust, self._tasks = feeds, asking, trust, tasks
        self._lookers = ThreadPoolExecutor(2, thread_name_prefix="look")

    def show(self, name: str) -> Callable[[Picture], None]:
        """What a feed's source calls with each picture."""
        feed = self._feeds[name]
        return lambda picture: self._on_picture(feed, picture)

    def fail(self, name: str) -> Callable[[str], None]:
        """What a feed's source calls with what is wrong."""
        feed = self._feeds[name]

        def failed(reason: str) -> None:
            if feed.detail != reason:
                _log.warning("%s: %s", feed.name, reason)
            feed.detail = reason

        return failed

    def close(self) -> None:
        self._lookers.shutdown(wait=False)

    def _on_picture(self, feed: WatchedFeed, picture: Picture) -> None:
        clock, tally = self._feeds.clock, self._feeds.tally
        now_s = clock.now_s()
        feed.shows(picture, now_s)
        if now_s - feed.accepted_s < _EARLY / self._feeds.limits.frame_rate:
            return
        captured = feed.came(picture, now_s)
        if self._feeds.clips is not None:
            self._feeds.clips.add(feed.name, captured)
        if picture.stated_us is not None:
            feed.signs.clock_apart_s = (picture.stated_us - clock.wall_us(now_s)) / 1e6
        tally.add(frames=1)
        if feed.signs.is_carried:
            if feed.slot.put(captured) is not None:
                tally.add(dropped=1)
            self._asking.ask_next()
        rests = not feed.signs.is_carried and now_s - feed.signs.looked_s < UNCARRIED_LOOK_S
        if not feed.is_looking and not rests:
            feed.is_looking = True
            self._tasks.spawn(self._look(feed, captured))

    async def _look(self, feed: WatchedFeed, captured: Captured) -> None:
        wants_wall = captured.captured_s - feed.small_s >= WALL_EVERY_S
        name = f"The picture of {feed.name}"
        loop = asyncio.get_running_loop()
        try:
            look = await loop.run_in_executor(
                self._lookers, look_at, captured.picture.content, name, wants_wall
            )
        except ImageRefused as refused:
            feed.unreadable(captured, self._feeds.clock.now_s(), str(refused))
            return
        feed.looked(look, captured)
        if look.is_black:
            self._trust.judge(feed, self._feeds.clock.now_s())
