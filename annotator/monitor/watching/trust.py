"""Which feeds need a person's eyes, said and written down whenever that changes."""

from __future__ import annotations

import logging

from annotator.monitor.rules.fail_safe import manual_reason
from annotator.monitor.rules.levels import lost
from annotator.monitor.watching.feeds import Feeds
from annotator.monitor.watching.watched_feed import Captured, WatchedFeed
from data.live.shift import MANUAL_WORDS
from data.store.tables import FeedChange

_log = logging.getLogger("teletriage.monitor")


class Trust:
    """Holds each feed's signs against the rule of manual monitoring."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds

    def judge_all(self) -> None:
        """Hold every feed against the clock."""
        now_s = self._feeds.clock.now_s()
        for feed in self._feeds.values():
            self.judge(feed, now_s)

    def judge(self, feed: WatchedFeed, now_s: float) -> None:
        """Say whether the feed must be watched by eye, and write it down when that changes."""
        reason = manual_reason(feed.signs, now_s, self._feeds.limits)
        if reason is feed.manual:
            return
        was_trusted = feed.manual is None
        feed.manual = reason
        if reason is not None and was_trusted:
            feed.level = lost(feed.level)
        if reason is None:
            feed.detail = None
        self.note_change(feed, None)
        words = f"manual monitoring ({MANUAL_WORDS[reason]})" if reason else "watched again"
        _log.info("%s: %s", feed.name, words)

    def note_change(self, feed: WatchedFeed, captured: Captured | None) -> None:
        """Write down what is shown of a feed from now on, and by which picture, where one changed it."""
        clock, logbook = self._feeds.clock, self._feeds.logbook
        feed.since_us = clock.now_us()
        self._feeds.news.tell()
        logbook.change(
            FeedChange(
                watch_id=logbook.watch_id,
                feed_id=feed.feed_id,
                level=feed.shown,
                manual=feed.manual,
                detail=feed.detail if feed.manual else None,
                captured_at_us=clock.wall_us(captured.captured_s) if captured else None,
                changed_at_us=feed.since_us,
            )
        )
