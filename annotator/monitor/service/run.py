"""Use case: run the monitor until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from annotator.monitor.rules.fail_safe import Signs
from annotator.monitor.rules.limits import Limits
from annotator.monitor.service.clip_keeping import ClipKeeping
from annotator.monitor.service.ending import running, until_told
from annotator.monitor.service.listener import KEY_NAME, listener, listener_key
from annotator.monitor.service.operator_answers import OperatorAnswers
from annotator.monitor.service.serving import listening, served
from annotator.monitor.sources.feed_sheet import FeedSheet
from annotator.monitor.sources.opened import source_of
from annotator.monitor.sources.past import Past
from annotator.monitor.sources.recorded import LONGEST_PAUSE_S, Fail, Show, ShowsClosely, Source
from annotator.monitor.watching.clips import Clips
from annotator.monitor.watching.feeds import Feeds
from annotator.monitor.watching.logbook import Logbook
from annotator.monitor.watching.monitor import Monitor
from annotator.monitor.watching.returning import ReturningFrames
from annotator.monitor.watching.watched_feed import WatchedFeed
from data.blurring.detector import Detector
from data.blurring.live import LiveBlurring
from data.decisions.decision import ModelDecision
from data.errors import TeletriageError
from data.live.clip_spool import Places
from data.live.record import Started, end_watch, start_watch
from data.snapshot.folder import load_snapshot
from data.store.opening import Store
from data.store.tables import WatchMinute
from data.vlm.conversation import conversation_hash
from data.vlm.live_client import LiveEndpoints, endpoint_problems
from data.vlm.moment import STILL, Lookback
from data.vlm.request import STUDENT_SAMPLING, SamplingParameters
from data.vocabulary import ReplyForm
from eval.guarantee.decide import Decision
from eval.guarantee.follow import follow_guarantee

PICTURES = "monitor"
_MINUTE_S = 60.0
GUARANTEE_EVERY_S = 30.0
_log = logging.getLogger("teletriage.monitor")
Ready = Callable[[Monitor, str], None]


@dataclass(frozen=True)
class Asked:
    """What the monitor is to do: which model behind which endpoints, what it was trained on, how far its questions look
    back, where to listen (port 0: any that is free), for how many days clips around alerts are kept (0: none are made),
    and what finds the faces and plates that are blurred in every picture that is kept (None: nothing is blurred)."""

    endpoints: tuple[str, ...]
    model: str
    revision: str | None = None
    form: ReplyForm = STUDENT_SAMPLING.form
    image_width_px: int = STUDENT_SAMPLING.image_width_px
    lookback: Lookback = STILL
    snapshot: str | None = None
    api_key: str = "none"
    host: str = "127.0.0.1"
    port: int = 0
    for_s: float | None = None
    decision: Decision | ModelDecision | None = None
    keep_clips_days: float = 0.0
    detector: Detector | None = None

    @property
    def sampling(self) -> SamplingParameters:
        """How the model is asked."""
        return replace(
            STUDENT_SAMPLING, form=self.form, image_width_px=self.image_width_px, lookback=self.lookback
        )

    def address(self, channel: socket.socket) -> str:
        """Where the monitor is reached once the socket is bound."""
        return f"http://{self.host}:{channel.getsockname()[1]}"


@dataclass(frozen=True)
class Watched:
    """What a watch that is over has done. `interrupted`: Ctrl-C ended it."""

    watch: int
    seconds: float
    feeds: int
    frames: int
    answers: int
    stale: int
    failed: int
    dropped: int
    alerts: int
    manual_share: float
    interrupted: bool = False


def snapshot_hash(named: str | None) -> str | None:
    """The hash of a snapshot that is named by its hash or by its folder. Raises SnapshotError for a broken folder."""
    if named is None or not Path(named).is_dir():
        return named
    return load_snapshot(Path(named), check_images=False).manifest.snapshot_hash


async def run_monitor(
    store: Store,
    sheet: FeedSheet,
    asked: Asked,
    limits: Limits,
    pictures: Path,
    *,
    ready: Ready | None = None,
    sources: Sequence[Source] | None = None,
) -> Watched:
    """Watch every feed until cancelled, told to stop by a signal, or for `asked.for_s` seconds.

    ready: called with the monitor and the address that it listens on. sources: instead of those of the sheet, in
    its order. Raises FeedError and ProposalError for what is wrong before the first frame; afterwards nothing that
    a camera or an endpoint does ends it.
    """
    made = sources or [source_of(store, entry, frame_rate=limits.frame_rate) for entry in sheet.feeds]
    with listening(asked.host, asked.port) as channel:
        watch = _Watch(store, asked, channel)
        started = watch.start(sheet, limits, pictures)
        try:
            blurring = LiveBlurring(asked.detector) if asked.detector else None
            logbook = Logbook(store, started.watch_id, pictures, blurring)
            feeds = Feeds(_watched_feeds(sheet, started, made, asked.lookback), limits, logbook)
            feeds.blurring = blurring
            if asked.keep_clips_days:
                feeds.clips = Clips(Places(pictures), started.watch_id, limits, feeds.clock, blurring)
            returning = ReturningFrames(store, started.watch_id, limits, pictures, blurring)
            return await watch.run(feeds, returning, made, ready)
        finally:
            end_watch(store, started.watch_id)


def _watched_feeds(
    sheet: FeedSheet, started: Started, sources: Sequence[Source], lookback: Lookback
) -> list[WatchedFeed]:
    now_s = asyncio.get_running_loop().time()
    feeds = []
    for place, (entry, source) in enumerate(zip(sheet.feeds, sources, strict=True)):
        feed_id = started.feed_ids[entry.name]
        feed = WatchedFeed(
            entry.name, entry.kind, feed_id, place, Signs(started_s=now_s), past=Past(lookback)
        )
        if isinstance(source, ShowsClosely):
            feed.look_closely = source.look_closely
        feeds.append(feed)
    return feeds


class _Watch:
    """One watch of the monitor on an open socket."""

    def __init__(self, store: Store, asked: Asked, channel: socket.socket) -> None:
        self._store, self._asked, self._channel = store, asked, channel

    def start(self, sheet: FeedSheet, limits: Limits, pictures: Path) -> Started:
        asked = self._asked
        return start_watch(
            self._store,
            [entry.known() for entry in sheet.feeds],
            model=asked.model,
            endpoint=", ".join(asked.endpoints),
            revision=asked.revision,
            snapshot=asked.snapshot,
            question=conversation_hash(asked.form, asked.lookback),
            parameters={
                **asked.sampling.as_dict(),
                **({"decision": asked.decision.hash} if asked.decision else {}),
                **({"blurred_by": asked.detector.sha256} if asked.detector else {}),
            },
            limits=limits.model_dump(),
            pictures=pictures,
            listens_at=asked.address(self._channel),
        )

    async def run(
        self, feeds: Feeds, returning: ReturningFrames, sources: Sequence[Source], ready: Ready | None
    ) -> Watched:
        asked, logbook = self._asked, feeds.logbook
        feeds.decision = asked.decision
        endpoints = LiveEndpoints(asked.endpoints, asked.model, asked.sampling, api_key=asked.api_key)
        async with AsyncExitStack() as stack:
            stack.callback(endpoints.close)
            monitor = Monitor(feeds, endpoints, returning)
            stack.push_async_callback(asyncio.to_thread, logbook.write)
            keeping = ClipKeeping(self._store, feeds, asked.keep_clips_days) if feeds.clips else None
            if keeping is not None:
                stack.push_async_callback(asyncio.to_thread, keeping.close)
            stack.push_async_callback(monitor.close)
            answers = OperatorAnswers(self._store, monitor, returning)
            key = listener_key(self._store.secret(KEY_NAME))
            app = listener(monitor, key, answers.look)
            serving = await stack.enter_async_context(served(app, self._channel, monitor))
            parts = [monitor.tick(), logbook.keep(), returning.keep(), answers.keep(), _minutes(feeds)]
            parts += _kept_running(monitor, sources)
            if keeping is not None:
                parts.append(keeping.keep())
            if isinstance(asked.decision, Decision):
                parts.append(_follow(self._store, feeds, asked.decision))
            tasks = await stack.enter_async_context(running(parts))
            await stack.enter_async_context(running([_say_what_is_missing(asked)]))
            if ready is not None:
                ready(monitor, asked.address(self._channel))
            begun_s = feeds.clock.now_s()
            interrupted = await until_told(monitor.stop, [serving, *tasks], asked.for_s)
            _close_minute(feeds)
            watched = _watched(feeds, feeds.clock.now_s() - begun_s)
            return replace(watched, interrupted=interrupted)


async def _say_what_is_missing(asked: Asked) -> None:
    """A wrong name shows at once in the log, and not only as feeds that stay with people's eyes."""
    ask = partial(endpoint_problems, asked.endpoints, asked.model, api_key=asked.api_key)
    for problem in await asyncio.to_thread(ask):
        _log.warning("%s For as long as it does not answer, the feeds need a person's eyes.", problem)


def _kept_running(monitor: Monitor, sources: Sequence[Source]) -> list[Coroutine[Any, Any, None]]:
    return [
        _keep_running(source, monitor.intake.show(name), monitor.intake.fail(name))
        for name, source in zip(monitor.feeds, sources, strict=True)
    ]


async def _keep_running(source: Source, show: Show, fail: Fail) -> None:
    """A source that ends or breaks in a way nobody thought of is begun again; the other feeds never notice."""
    while True:
        try:
            await source.run(show, fail)
        except Exception as error:  # noqa: BLE001
            _log.exception("A feed broke")
            fail(f"The feed broke ({type(error).__name__}); it is begun again.")
        await asyncio.sleep(LONGEST_PAUSE_S)


async def _follow(store: Store, feeds: Feeds, decision: Decision) -> None:
    """Look at what people verified of frames that came back at random, and say so once the guarantee does not hold."""
    while True:
        try:
            before, feeds.guarantee = (
                feeds.guarantee,
                await asyncio.to_thread(follow_guarantee, store, decision),
            )
        except (TeletriageError, SQLAlchemyError) as error:
            _log.error("The guarantee could not be looked at: %s", error)
        else:
            if before != feeds.guarantee:
                feeds.news.tell()
            if feeds.guarantee.is_withdrawn and not (before and before.is_withdrawn):
                _log.error("%s", feeds.guarantee.in_words())
        await asyncio.sleep(GUARANTEE_EVERY_S)


async def _minutes(feeds: Feeds) -> None:
    while True:
        await asyncio.sleep(_MINUTE_S)
        _close_minute(feeds)


def _close_minute(feeds: Feeds) -> None:
    counts = vars(feeds.tally.next_minute())
    logbook, now_us = feeds.logbook, feeds.clock.now_us()
    logbook.minute(WatchMinute(watch_id=logbook.watch_id, minute_at_us=now_us, **counts))


def _watched(feeds: Feeds, seconds: float) -> Watched:
    whole = feeds.tally.whole
    return Watched(
        watch=feeds.logbook.watch_id,
        seconds=round(seconds, 1),
        feeds=len(feeds),
        frames=whole.frames,
        answers=whole.answers,
        stale=whole.stale,
        failed=whole.failed,
        dropped=whole.dropped,
        alerts=feeds.tally.alerts,
        manual_share=round(whole.manual_s / whole.feed_s, 4) if whole.feed_s else 1.0,
    )
