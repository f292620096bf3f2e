"""The running monitor: pictures come in, the newest of each feed is asked about, levels change, alerts open and end.

Everything happens on one event loop, so that no two things change a feed at once; decoding and the store have
threads of their own. Nothing waits for the store: what happened is written behind what is shown.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from annotator.monitor.rules.alerts import Change, change_of
from annotator.monitor.rules.attention import next_feed
from annotator.monitor.rules.brief import brief_action, brief_reason
from annotator.monitor.rules.capacity import (
    GROW_EVERY_S,
    ROOM_FOR_S,
    Cost,
    carried,
    feeds_held,
    is_saturated,
    next_held,
)
from annotator.monitor.rules.fail_safe import manual_reason
from annotator.monitor.rules.levels import answered, lost
from annotator.monitor.rules.limits import Limits
from annotator.monitor.sources.picture import look_at
from annotator.monitor.sources.recorded import Picture
from annotator.monitor.watching.comeback import Comeback
from annotator.monitor.watching.logbook import Logbook
from annotator.monitor.watching.tally import Counts, Tally
from annotator.monitor.watching.watched_feed import Captured, OpenAlert, Said, WatchedFeed, sha256
from data.errors import FeedError
from data.images.inspection import ImageRefused, picture_for_model
from data.store.tables import Alert, FeedChange
from data.vlm.live_client import LiveAnswer, LiveEndpoints
from data.vlm.reply import parse_reply
from data.vocabulary import AlertEnd, ManualReason, Response, TriageLevel

TICK_S = 0.1
WALL_EVERY_S = 0.9
UNCARRIED_LOOK_S = 10.0
"""How often the picture of a feed that cannot be held is renewed on the wall."""
_CAPACITY_EVERY_S = 2.0
_log = logging.getLogger("teletriage.monitor")


class Monitor:
    """Feeds in order of importance, a model, alerts; what happened goes to the logbook, some frames come back."""

    def __init__(
        self,
        feeds: Iterable[WatchedFeed],
        endpoints: LiveEndpoints,
        limits: Limits,
        logbook: Logbook,
        comeback: Comeback,
    ) -> None:
        self.feeds = {feed.name: feed for feed in feeds}
        self.limits, self.tally, self.logbook = limits, Tally(), logbook
        self.held = len(self.feeds)
        self.version = 0
        self.changed = asyncio.Event()
        self.stop = asyncio.Event()
        self.begun_s = time.monotonic()
        self._wall_offset_us = time.time_ns() // 1000 - int(self.begun_s * 1e6)
        self.endpoints, self._comeback = endpoints, comeback
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._lookers = ThreadPoolExecutor(2, thread_name_prefix="look")
        self._cpu_s, self._capacity_s, self._then = time.process_time(), self.begun_s, Counts()
        self._saturated_s = self.begun_s - ROOM_FOR_S
        self._ticked_s = self.begun_s

    # ---- time

    def now_s(self) -> float:
        """The steady clock that every rule goes by."""
        return time.monotonic()

    def wall_us(self, at_s: float) -> int:
        """A moment of the steady clock as microseconds since 1970."""
        return int(at_s * 1e6) + self._wall_offset_us

    # ---- pictures

    def show(self, name: str) -> Callable[[Picture], None]:
        """What a feed's source calls with each picture."""
        feed = self.feeds[name]
        return lambda picture: self._on_picture(feed, picture)

    def fail(self, name: str) -> Callable[[str], None]:
        """What a feed's source calls with what is wrong."""
        feed = self.feeds[name]

        def failed(reason: str) -> None:
            if feed.detail != reason:
                _log.warning("%s: %s", feed.name, reason)
            feed.detail = reason

        return failed

    def _on_picture(self, feed: WatchedFeed, picture: Picture) -> None:
        now_s = self.now_s()
        if now_s - feed.accepted_s < 0.8 / self.limits.frame_rate:
            return
        feed.accepted_s = feed.signs.picture_s = now_s
        feed.pictures += 1
        captured = Captured(picture, now_s, feed.pictures)
        if picture.stated_us is not None:
            feed.signs.clock_apart_s = (picture.stated_us - self.wall_us(now_s)) / 1e6
        self.tally.add(frames=1)
        if feed.signs.is_carried:
            if feed.slot.put(captured) is not None:
                self.tally.add(dropped=1)
            self._ask_next()
        rests = not feed.signs.is_carried and now_s - feed.signs.looked_s < UNCARRIED_LOOK_S
        if not feed.is_looking and not rests:
            feed.is_looking = True
            self._spawn(self._look(feed, captured))

    async def _look(self, feed: WatchedFeed, captured: Captured) -> None:
        loop = asyncio.get_running_loop()
        try:
            wants_wall = captured.captured_s - feed.small_s >= WALL_EVERY_S
            look = await loop.run_in_executor(
                self._lookers, look_at, captured.picture.content, f"The picture of {feed.name}", wants_wall
            )
        except ImageRefused as refused:
            feed.is_looking = False
            feed.broken = captured.number
            self._unreadable(feed, str(refused))
            return
        feed.looked(look, captured)
        feed.signs.looked_s = max(feed.signs.looked_s, captured.captured_s)
        if look.is_black:
            self._trust(feed, self.now_s())

    def _unreadable(self, feed: WatchedFeed, reason: str) -> None:
        feed.signs.unreadable_s = self.now_s()
        feed.detail = reason

    # ---- asking

    def _ask_next(self) -> None:
        while self._under_way < self.limits.at_once:
            candidates = (feed.candidate() for feed in self.feeds.values())
            name = next_feed(candidates, self.now_s(), per_feed=self.limits.per_feed)
            if name is None:
                return
            feed = self.feeds[name]
            captured = feed.slot.take()
            assert captured is not None  # noqa: S101 - next_feed only names feeds with a frame waiting
            now_s = self.now_s()
            feed.last_asked_s = now_s
            feed.under_way[captured.number] = now_s
            feed.signs.asked_s = min(feed.under_way.values())
            self._under_way += 1
            self._spawn(self._ask(feed, captured))

    async def _ask(self, feed: WatchedFeed, captured: Captured) -> None:
        asked_s = self.now_s()
        try:
            answer = await self._answer(captured, asked_s)
        finally:
            self._under_way -= 1
            del feed.under_way[captured.number]
            feed.signs.asked_s = min(feed.under_way.values(), default=None)
        self._on_answer(feed, captured, answer, asked_s)
        self._ask_next()

    async def _answer(self, captured: Captured, asked_s: float) -> LiveAnswer:
        width_px = self.endpoints.sampling.image_width_px
        try:
            content, media_type = picture_for_model(
                captured.picture.content, "The picture", width_px=width_px
            )
        except ImageRefused as refused:
            return LiveAnswer(None, ManualReason.UNREADABLE, str(refused))
        deadline_s = captured.captured_s + self.limits.stale_s - asked_s
        return await self.endpoints.ask(content, media_type, deadline_s=max(deadline_s, 0.05))

    def _on_answer(self, feed: WatchedFeed, captured: Captured, answer: LiveAnswer, asked_s: float) -> None:
        now_s, signs = self.now_s(), feed.signs
        if answer.sample is None:
            self._no_answer(feed, answer, now_s, asked_s)
            return
        self.tally.add(answers=1)
        self.tally.service_s.append(now_s - asked_s)
        said = parse_reply(answer.sample.raw, finish_reason=answer.sample.finish_reason)
        if said.assessment is None:
            self.tally.add(failed=1)
            signs.wrong_s, feed.detail = now_s, said.detail
            return
        if now_s - captured.captured_s > self.limits.stale_s:
            self.tally.add(stale=1)
            signs.late_s = now_s
            return
        if captured.number < feed.applied or captured.number == feed.broken:
            return  # a newer frame has been answered since, or this one cannot even be decoded
        feed.applied = captured.number
        signs.answer_s = now_s
        feed.said = Said(captured, answer.sample, said.assessment, asked_s)
        self._learn(feed, feed.said)

    def _no_answer(self, feed: WatchedFeed, answer: LiveAnswer, now_s: float, asked_s: float) -> None:
        feed.detail = answer.detail
        if answer.failure is ManualReason.ENDPOINT_SLOW:
            self.tally.add(answers=1, stale=1)
            self.tally.service_s.append(now_s - asked_s)  # it took this long at least
            feed.signs.late_s = now_s
            return
        self.tally.add(failed=1)
        if answer.failure is ManualReason.ENDPOINT_GONE:
            feed.signs.gone_s = now_s
        elif answer.failure is ManualReason.UNREADABLE:
            feed.signs.unreadable_s = now_s
        else:
            feed.signs.wrong_s = now_s

    # ---- levels and alerts

    def _learn(self, feed: WatchedFeed, said: Said) -> None:
        before, now_s, captured = feed.level.shown, self.now_s(), said.captured
        feed.level = answered(
            feed.level,
            said.assessment.level,
            captured.captured_s,
            agreeing=self.limits.agreeing,
            calm_s=self.limits.calm_s,
        )
        self._trust(feed, now_s)
        if feed.level.shown is not before and feed.manual is None:
            self._note_change(feed, captured)
        alerted = feed.alert.level if feed.alert else None
        change = change_of(before, feed.level.shown, alerted)
        if change is Change.CALM:
            self._end(feed, AlertEnd.CALMED)
        elif change in (Change.OPEN, Change.RISE):
            if feed.alert is not None:
                self._end(feed, AlertEnd.ROSE)
            self._raise(feed, said)
        elif feed.alert is not None and before is not feed.level.shown:
            feed.alert.changed_s = now_s
        self._comeback.consider(feed, captured, said.sample, now_s, self.wall_us(captured.captured_s))

    def call(self, name: str) -> str:
        """The alert by which an operator takes over a feed that did not ask for it: the open one, or one about what
        the model said last. Raises FeedError if there is nothing to hold it against, or somebody has it already."""
        feed = self.feeds.get(name)
        if feed is None or feed.said is None:
            raise FeedError("Nothing has been answered about this feed yet, so there is nothing to keep.")
        if (
            feed.alert is not None
            and not feed.alert.is_open
            and feed.alert.level is TriageLevel.TELEOPERATION
        ):
            raise FeedError(f"{feed.alert.handled} has it already.")
        if feed.alert is None or not feed.alert.is_open:
            self._raise(feed, feed.said, called=True)
        assert feed.alert is not None  # noqa: S101 - just raised
        return feed.alert.id

    def _raise(self, feed: WatchedFeed, answer: Said, *, called: bool = False) -> None:
        now_s, content = self.now_s(), answer.captured.picture.content
        captured, said, asked_s = answer.captured, answer.assessment, answer.asked_s
        alert = OpenAlert(
            id=uuid.uuid4().hex,
            level=said.level,
            reason=brief_reason(said.reasoning),
            action=brief_action(said.action),
            image_sha256=sha256(content),
            small=feed.small,
            captured_s=captured.captured_s,
            raised_s=now_s,
            changed_s=now_s,
            raised_at_us=self.wall_us(now_s),
        )
        feed.alert = alert
        self.bump()
        if not called:
            self.tally.alerts += 1
            self.tally.alert_behind_service_s.append((now_s - captured.captured_s) - (now_s - asked_s))
        row = Alert(
            id=alert.id,
            watch_id=self.logbook.watch_id,
            feed_id=feed.feed_id,
            level=said.level,
            raw=answer.sample.raw,
            reasoning=said.reasoning,
            action=said.action,
            level_probabilities=answer.sample.probabilities,
            image_sha256=alert.image_sha256,
            source_frame_id=captured.picture.frame_id,
            called=called,
            captured_at_us=self.wall_us(captured.captured_s),
            asked_at_us=self.wall_us(asked_s),
            raised_at_us=alert.raised_at_us,
        )
        self.logbook.alert(row, content)
        _log.info("%s: %s (%s)", feed.name, said.level.value, alert.id[:8])

    def _end(self, feed: WatchedFeed, end: AlertEnd) -> None:
        alert, feed.alert = feed.alert, None
        if alert is not None and alert.is_open:
            self.logbook.ended(alert.id, end, self.wall_us(self.now_s()))
        self.bump()

    def answered_by(self, alert_id: str, response: Response, who: str) -> None:
        """Take in what an operator did."""
        for feed in self.feeds.values():
            alert = feed.alert
            if alert is None or alert.id != alert_id:
                continue
            if response is Response.WATCHING:
                alert.watchers = [*dict.fromkeys([*alert.watchers, who])]
            else:
                alert.handled = who
                if response is Response.TAKEN_OVER:  # whatever comes now, somebody is there
                    alert.level = TriageLevel.TELEOPERATION
            self.bump()

    # ---- trust

    def _trust(self, feed: WatchedFeed, now_s: float) -> None:
        """Say whether the feed must be watched by eye, and write it down when that changes."""
        reason = manual_reason(feed.signs, now_s, self.limits)
        if reason is feed.manual:
            return
        was_trusted = feed.manual is None
        feed.manual = reason
        if reason is not None and was_trusted:
            feed.level = lost(feed.level)
        if reason is None:
            feed.detail = None
        self._note_change(feed, None)
        _log.info("%s: %s", feed.name, f"manual monitoring, {reason.value}" if reason else "watched again")

    def _note_change(self, feed: WatchedFeed, captured: Captured | None) -> None:
        now_us = self.wall_us(self.now_s())
        feed.since_us = now_us
        self.bump()
        self.logbook.change(
            FeedChange(
                watch_id=self.logbook.watch_id,
                feed_id=feed.feed_id,
                level=feed.shown,
                manual=feed.manual,
                detail=feed.detail if feed.manual else None,
                captured_at_us=self.wall_us(captured.captured_s) if captured else None,
                changed_at_us=now_us,
            )
        )

    def bump(self) -> None:
        """Something on the console changed."""
        self.version += 1
        self.changed.set()
        self.changed = asyncio.Event()

    async def tick(self) -> None:
        """Look at the clock ten times a second, for as long as the monitor runs."""
        while True:
            await asyncio.sleep(TICK_S)
            now_s = self.now_s()
            for feed in self.feeds.values():
                self._trust(feed, now_s)
            self._count_time(now_s)
            if now_s - self._capacity_s >= _CAPACITY_EVERY_S:
                self._measure(now_s)

    def _count_time(self, now_s: float) -> None:
        passed_s, self._ticked_s = now_s - self._ticked_s, now_s
        by_eye = sum(feed.manual is not None for feed in self.feeds.values())
        self.tally.add(feed_s=passed_s * len(self.feeds), manual_s=passed_s * by_eye)

    def _measure(self, now_s: float) -> None:
        """How many feeds can be held, from what the last frames cost; and which are."""
        whole, then = self.tally.whole, self._then
        cpu_s, n = time.process_time(), whole.answers - then.answers
        recent = list(self.tally.service_s)[-n:] if n else []
        if recent:
            cost = Cost(sum(recent) / len(recent), (cpu_s - self._cpu_s) / n)
            busy = (cpu_s - self._cpu_s) / (now_s - self._capacity_s)
            frames = max(1, whole.frames - then.frames)
            unseen = sum(feed.manual is ManualReason.NOT_CARRIED for feed in self.feeds.values())
            lags = unseen > len(self.feeds) - self.held + self.held // 10
            if lags or is_saturated(busy, (whole.dropped - then.dropped) / frames):
                self._saturated_s = now_s
            room_for_s = now_s - self._saturated_s
            before = self.held
            possible = feeds_held(cost, self.limits)
            possible = min(possible, max(1, before * 9 // 10)) if lags else possible
            self.carry(next_held(before, len(self.feeds), possible, room_for_s))
            if self.held > before:
                self._saturated_s = now_s - ROOM_FOR_S + GROW_EVERY_S
        self._cpu_s, self._then, self._capacity_s = cpu_s, replace(whole), now_s

    def carry(self, held: int) -> None:
        """Watch so many feeds, the raised and the first listed; of the others say that they must be watched by eye."""
        if held == self.held:
            return
        _log.warning("%d of %d feeds can be held", held, len(self.feeds))
        self.held = held
        chosen = carried([(feed.name, feed.level.shown) for feed in self.feeds.values()], held)
        for feed in self.feeds.values():
            if feed.name in chosen and not feed.signs.is_carried:
                feed.signs.started_s = self.now_s()
            feed.signs.is_carried = feed.name in chosen
            if not feed.signs.is_carried:
                feed.slot.take()
        self.bump()

    # ---- housekeeping

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("A frame was lost to an error", exc_info=task.exception())

    async def close(self) -> None:
        """Let go of what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._lookers.shutdown(wait=False)
