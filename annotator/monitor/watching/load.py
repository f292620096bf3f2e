"""How many feeds can be held, measured every two seconds, and which ones they are."""

from __future__ import annotations

import logging
import time
from dataclasses import replace

from annotator.monitor.rules.capacity import (
    GROW_EVERY_S,
    ROOM_FOR_S,
    Cost,
    carried,
    feeds_held,
    is_saturated,
    next_held,
)
from annotator.monitor.watching.feeds import Feeds
from annotator.monitor.watching.tally import Counts
from data.vocabulary import ManualReason

MEASURE_EVERY_S = 2.0
_log = logging.getLogger("teletriage.monitor")


class Load:
    """What frames cost this process and the endpoint since the last measurement. `held`: feeds held now."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds
        self.held = len(feeds)
        self._cpu_s, self._then, self._measured_s = time.process_time(), Counts(), feeds.clock.begun_s
        self._saturated_s = feeds.clock.begun_s - ROOM_FOR_S

    def measure(self) -> None:
        """Hold as many feeds as the last frames say can be held; at most once in MEASURE_EVERY_S."""
        now_s = self._feeds.clock.now_s()
        if now_s - self._measured_s < MEASURE_EVERY_S:
            return
        whole, cpu_s = self._feeds.tally.whole, time.process_time()
        if whole.answers > self._then.answers:
            self._adjust(now_s, cpu_s - self._cpu_s)
        self._cpu_s, self._then, self._measured_s = cpu_s, replace(whole), now_s

    def _adjust(self, now_s: float, cpu_s: float) -> None:
        tally = self._feeds.tally
        n = tally.whole.answers - self._then.answers
        recent = list(tally.service_s)[-n:]
        cost = Cost(sum(recent) / len(recent), cpu_s / n)
        lags = self._lags()
        if lags or is_saturated(cpu_s / (now_s - self._measured_s), self._dropped_share()):
            self._saturated_s = now_s
        before, possible = self.held, feeds_held(cost, self._feeds.limits)
        if lags:
            possible = min(possible, max(1, before * 9 // 10))
        self.carry(next_held(before, len(self._feeds), possible, now_s - self._saturated_s))
        if self.held > before:
            self._saturated_s = now_s - ROOM_FOR_S + GROW_EVERY_S

    def _lags(self) -> bool:
        """Whether pictures of more feeds than a tenth of those held are not even decoded in time."""
        unseen = sum(feed.manual is ManualReason.NOT_CARRIED for feed in self._feeds.values())
        return unseen > len(self._feeds) - self.held + self.held // 10

    def _dropped_share(self) -> float:
        whole, then = self._feeds.tally.whole, self._then
        return (whole.dropped - then.dropped) / max(1, whole.frames - then.frames)

    def carry(self, held: int) -> None:
        """Watch so many feeds, the raised and the first listed; of the others say that they must be watched by eye."""
        if held == self.held:
            return
        _log.warning(
            "The model keeps up with %d of %d feeds; the others need manual monitoring",
            held,
            len(self._feeds),
        )
        self.held = held
        chosen = carried([(feed.name, feed.level.shown) for feed in self._feeds.values()], held)
        for feed in self._feeds.values():
            if feed.name in chosen and not feed.signs.is_carried:
                feed.signs.started_s = self._feeds.clock.now_s()
            feed.signs.is_carried = feed.name in chosen
            if not feed.signs.is_carried:
                feed.slot.take()
        self._feeds.news.tell()
