"""What an answer does to a feed's level, when an alert opens, rises and ends, and what operators do about it."""

from __future__ import annotations

import logging
import uuid

from annotator.monitor.rules.alerts import Change, change_of
from annotator.monitor.rules.brief import brief_action, brief_reason
from annotator.monitor.rules.levels import FeedLevel, answered
from annotator.monitor.rules.situation import cause_of, still_not_needed
from annotator.monitor.watching.feeds import Feeds
from annotator.monitor.watching.returning import ReturningFrames
from annotator.monitor.watching.trust import Trust
from annotator.monitor.watching.watched_feed import Answered, OpenAlert, Said, WatchedFeed, sha256
from data.errors import FeedError
from data.store.tables import Alert
from data.vocabulary import AlertEnd, Response

_log = logging.getLogger("teletriage.monitor")


class Alerting:
    """Levels and alerts of all feeds; some of the frames answered about come back into review."""

    def __init__(self, feeds: Feeds, trust: Trust, returning: ReturningFrames) -> None:
        self._feeds, self._trust, self._returning = feeds, trust, returning

    def learn(self, feed: WatchedFeed, said: Said) -> None:
        """Take in what the model says of a frame newer than all before."""
        before, now_s, limits = feed.level, self._feeds.clock.now_s(), self._feeds.limits
        captured = said.captured
        feed.said = said
        feed.level = answered(
            feed.level,
            said.assessment.level,
            captured.captured_s,
            agreeing=limits.agreeing,
            calm_s=limits.calm_s,
        )
        self._trust.judge(feed, now_s)
        if feed.level.shown is not before.shown and feed.manual is None:
            self._trust.note_change(feed, captured)
        self._follow(feed, before, said)
        captured_at_us = self._feeds.clock.wall_us(captured.captured_s)
        self._returning.consider(feed, captured, said.sample, now_s, captured_at_us)

    def _follow(self, feed: WatchedFeed, level: FeedLevel, said: Said) -> None:
        """Open, raise or end the feed's alert as its level asks for. level: before what was said."""
        before = level.shown
        if self._is_armed_again(feed, said):
            feed.alert, before = None, None
        alerted = feed.alert.level if feed.alert else None
        change = change_of(before, feed.level.shown, alerted, level.held)
        if change is Change.CALM:
            self._end(feed, AlertEnd.CALMED)
        elif change in (Change.OPEN, Change.RISE):
            if feed.alert is not None:
                self._end(feed, AlertEnd.ROSE)
            self._raise(feed, said)
        elif feed.alert is not None and before is not feed.level.shown:
            feed.alert.changed_s = self._feeds.clock.now_s()

    def _is_armed_again(self, feed: WatchedFeed, said: Said) -> bool:
        """Whether *not needed* no longer covers what the model says; what a fall leaves covered is kept."""
        alert, shown = feed.alert, feed.level.shown
        if alert is None or alert.not_needed is None or shown is None:
            return False
        alert.not_needed = still_not_needed(
            alert.not_needed,
            shown,
            said.assessment.level,
            said.assessment.reasoning,
            self._feeds.clock.now_s(),
            rearm_s=self._feeds.limits.rearm_s,
        )
        if alert.not_needed is not None:
            alert.level = alert.not_needed.level
        return alert.not_needed is None

    def call(self, name: str) -> str:
        """The alert by which an operator takes over a feed that did not ask for it: the open one, or one about what
        the model said last. Raises FeedError if there is nothing to hold it against, or somebody has it already."""
        feed = self._feeds.get(name)
        if feed is None or feed.said is None:
            raise FeedError("Nothing has been answered about this feed yet, so there is nothing to keep.")
        alert = feed.alert
        if alert is not None and not alert.is_open and alert.not_needed is None:
            raise FeedError(f"{alert.handled} has it already.")
        if alert is None or not alert.is_open:
            alert = self._raise(feed, feed.said, called=True)
        return alert.id

    def _raise(self, feed: WatchedFeed, said: Said, *, called: bool = False) -> OpenAlert:
        now_s = self._feeds.clock.now_s()
        feed.alert = OpenAlert(
            id=uuid.uuid4().hex,
            level=said.assessment.level,
            reasoning=said.assessment.reasoning,
            reason=brief_reason(said.assessment.reasoning),
            action=brief_action(said.assessment.action),
            cause=cause_of(said.assessment),
            image_sha256=sha256(said.captured.picture.content),
            small=feed.small,
            captured_s=said.captured.captured_s,
            raised_s=now_s,
            changed_s=now_s,
            raised_at_us=self._feeds.clock.wall_us(now_s),
        )
        self._feeds.news.tell()
        if not called:
            self._feeds.tally.alert_raised(behind_service_s=said.asked_s - said.captured.captured_s)
        clips = self._feeds.clips
        begun = clips.raised(feed.name, feed.alert.id, said.captured.captured_s) if clips else None
        row = self._row(feed, feed.alert, said, called=called)
        self._feeds.logbook.alert(row, said.captured.picture.content, begun)
        _log.info("%s: %s (%s)", feed.name, said.assessment.level.value, feed.alert.id[:8])
        return feed.alert

    def _row(self, feed: WatchedFeed, alert: OpenAlert, said: Said, *, called: bool) -> Alert:
        return Alert(
            id=alert.id,
            watch_id=self._feeds.logbook.watch_id,
            feed_id=feed.feed_id,
            level=said.assessment.level,
            raw=said.sample.raw,
            reasoning=said.assessment.reasoning,
            action=said.assessment.action,
            level_probabilities=said.sample.probabilities,
            image_sha256=alert.image_sha256,
            source_frame_id=said.captured.picture.frame_id,
            called=called,
            captured_at_us=self._feeds.clock.wall_us(said.captured.captured_s),
            asked_at_us=self._feeds.clock.wall_us(said.asked_s),
            raised_at_us=alert.raised_at_us,
        )

    def _end(self, feed: WatchedFeed, end: AlertEnd) -> None:
        alert, feed.alert = feed.alert, None
        if alert is not None and alert.is_open:
            self._feeds.logbook.ended(alert.id, end, self._feeds.clock.now_us())
        self._feeds.news.tell()

    def answered_by(self, alert_id: str, response: Response, who: str) -> None:
        """Take in what an operator did."""
        for feed in self._feeds.values():
            if feed.alert is not None and feed.alert.id == alert_id:
                self._answered(feed, feed.alert, response, who)
                self._feeds.news.tell()

    def _answered(self, feed: WatchedFeed, alert: OpenAlert, response: Response, who: str) -> None:
        now_s = self._feeds.clock.now_s()
        alert.answer(response, who, now_s, feed.said.assessment.reasoning if feed.said else "")
        if response.end is not None:
            feed.answered = Answered(response, who, now_s)
