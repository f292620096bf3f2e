"""Use case: run the monitor until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvicorn

from annotator.monitor.rules.fail_safe import Signs
from annotator.monitor.rules.limits import Limits
from annotator.monitor.sources.camera import Camera
from annotator.monitor.sources.feed_sheet import FeedEntry, FeedSheet
from annotator.monitor.sources.recorded import (
    LONGEST_PAUSE_S,
    Fail,
    Folder,
    Replay,
    Show,
    Source,
    recorded_scene,
)
from annotator.monitor.watching.comeback import Comeback
from annotator.monitor.watching.listener import KEY_NAME, listener, listener_key
from annotator.monitor.watching.logbook import Logbook
from annotator.monitor.watching.loop import Monitor
from annotator.monitor.watching.watched_feed import WatchedFeed
from data.errors import FeedError
from data.live.alerts import answers_since
from data.live.record import Started, end_watch, start_watch
from data.snapshot.folder import load_snapshot
from data.store.opening import Store
from data.store.tables import OperatorAnswer, Person, WatchMinute
from data.vlm.live_client import LiveEndpoints, endpoint_problems
from data.vlm.request import STUDENT_SAMPLING
from data.vocabulary import FeedKind

PICTURES = "monitor"
_MINUTE_S = 60.0
_log = logging.getLogger("teletriage.monitor")


@dataclass(frozen=True)
class Asked:
    """What the monitor is to do: which model behind which endpoints, what it was trained on, and where to listen
    (port 0: any that is free)."""

    endpoints: tuple[str, ...]
    model: str
    revision: str | None = None
    snapshot: str | None = None
    api_key: str = "none"
    host: str = "127.0.0.1"
    port: int = 0
    for_s: float | None = None


@dataclass(frozen=True)
class Watched:
    """What a watch that is over has done."""

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


def source_of(store: Store, entry: FeedEntry, limits: Limits) -> Source:
    """Where an entry's pictures come from. Raises FeedError for what can be seen to be wrong before it begins."""
    if entry.kind is FeedKind.REPLAY:
        return Replay(recorded_scene(store, entry.source), begin_s=entry.begin_s)
    if entry.kind is FeedKind.FOLDER:
        if not Path(entry.source).is_dir():
            raise FeedError(f"The feed {entry.name!r} watches {entry.source}, which is not a folder.")
        return Folder(Path(entry.source))
    is_file = entry.kind is FeedKind.VIDEO
    if is_file and not Path(entry.source).is_file():
        raise FeedError(f"The feed {entry.name!r} plays {entry.source}, which is not a file.")
    return Camera(
        entry.source,
        frame_rate=limits.frame_rate,
        is_file=is_file,
        options=entry.options,
        begin_s=entry.begin_s,
    )


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
    ready: Callable[[Monitor, str], None] | None = None,
    sources: Sequence[Source] | None = None,
) -> Watched:
    """Watch every feed until cancelled, told to stop by a signal, or for `asked.for_s` seconds.

    ready: called with the monitor and the address that it listens on. sources: instead of those of the sheet, in
    its order. Raises FeedError and ProposalError for what is wrong before the first frame; afterwards nothing that
    a camera or an endpoint does ends it.
    """
    made = sources or [source_of(store, entry, limits) for entry in sheet.feeds]
    endpoints = LiveEndpoints(asked.endpoints, asked.model, STUDENT_SAMPLING, api_key=asked.api_key)
    with _listening(asked.host, asked.port) as channel:
        address = f"http://{asked.host}:{channel.getsockname()[1]}"
        started = start_watch(
            store,
            [entry.known() for entry in sheet.feeds],
            model=asked.model,
            endpoint=", ".join(asked.endpoints),
            revision=asked.revision,
            snapshot=asked.snapshot,
            parameters=STUDENT_SAMPLING.as_dict(),
            limits=limits.model_dump(),
            pictures=pictures,
            listens_at=address,
        )
        try:
            return await _watch(
                store, sheet, endpoints, asked, limits, pictures, started, made, channel, ready
            )
        finally:
            end_watch(store, started.watch_id)


def _listening(host: str, port: int) -> socket.socket:
    # The protocol is named, so that answers leave at once: see annotator/web/prompt_answers.py.
    channel = socket.socket(proto=socket.IPPROTO_TCP)
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        channel.bind((host, port))
    except OSError as error:
        channel.close()
        raise FeedError(
            f"The monitor cannot listen on {host}:{port}: {error.strerror}. Choose another --port."
        ) from error
    return channel


async def _watch(
    store: Store,
    sheet: FeedSheet,
    endpoints: LiveEndpoints,
    asked: Asked,
    limits: Limits,
    pictures: Path,
    started: Started,
    sources: Sequence[Source],
    channel: socket.socket,
    ready: Callable[[Monitor, str], None] | None,
) -> Watched:
    logbook = Logbook(store, started.watch_id, pictures)
    comeback = Comeback(store, started.watch_id, limits, pictures)
    async with AsyncExitStack() as stack:
        stack.callback(endpoints.close)
        now_s = asyncio.get_running_loop().time()
        feeds = [
            WatchedFeed(entry.name, entry.kind, started.feed_ids[entry.name], place, Signs(started_s=now_s))
            for place, entry in enumerate(sheet.feeds)
        ]
        monitor = Monitor(feeds, endpoints, limits, logbook, comeback)
        stack.push_async_callback(asyncio.to_thread, logbook.write)
        stack.push_async_callback(monitor.close)
        answers = _Answers(store, monitor, comeback)
        server = _server(monitor, store, answers)
        serving = asyncio.create_task(server.serve([channel]))
        stack.push_async_callback(_stop_serving, server, serving, monitor)
        parts = [
            monitor.tick(),
            logbook.keep(),
            comeback.keep(),
            answers.keep(),
            _minutes(monitor),
            *(
                _kept_running(source, monitor.show(entry.name), monitor.fail(entry.name))
                for entry, source in zip(sheet.feeds, sources, strict=True)
            ),
        ]
        running = [asyncio.create_task(part) for part in parts]
        checking = asyncio.create_task(_say_what_is_missing(asked))
        stack.push_async_callback(_stop, [*running, checking])
        if ready is not None:
            ready(monitor, f"http://{asked.host}:{channel.getsockname()[1]}")
        begun_s = monitor.now_s()
        await _until_told(monitor.stop, [serving, *running], asked.for_s)
        _close_minute(monitor)
        return _watched(monitor, started.watch_id, monitor.now_s() - begun_s)


async def _say_what_is_missing(asked: Asked) -> None:
    """A wrong name shows at once in the log, and not only as feeds that stay with people's eyes."""
    ask = partial(endpoint_problems, asked.endpoints, asked.model, api_key=asked.api_key)
    for problem in await asyncio.to_thread(ask):
        _log.warning("%s For as long as it does not answer, the feeds need a person's eyes.", problem)


async def _kept_running(source: Source, show: Show, fail: Fail) -> None:
    """A source that ends or breaks in a way nobody thought of is begun again; the other feeds never notice."""
    while True:
        try:
            await source.run(show, fail)
        except Exception as error:  # noqa: BLE001
            _log.exception("A feed broke")
            fail(f"The feed broke ({type(error).__name__}); it is begun again.")
        await asyncio.sleep(LONGEST_PAUSE_S)


def _server(monitor: Monitor, store: Store, answers: _Answers) -> uvicorn.Server:
    key = listener_key(store.secret(KEY_NAME))
    config = uvicorn.Config(
        listener(monitor, key, answers.look), log_level="warning", lifespan="off", access_log=False
    )
    server = uvicorn.Server(config)
    server.capture_signals = suppress  # type: ignore[assignment, method-assign]  # signals end the watch, not only this
    return server


async def _until_told(
    told: asyncio.Event, running: Sequence[asyncio.Task[None]], for_s: float | None
) -> None:
    """Until a signal, the end of the time, or a part that failed (which is a defect, and raised)."""
    loop = asyncio.get_running_loop()
    with suppress(ValueError, NotImplementedError, RuntimeError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, told.set)
    waiting = asyncio.create_task(_wait(told))
    done, _ = await asyncio.wait([waiting, *running], timeout=for_s, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for part in done:
        part.result()


async def _wait(told: asyncio.Event) -> None:
    await told.wait()


async def _stop_serving(server: uvicorn.Server, serving: asyncio.Task[None], monitor: Monitor) -> None:
    """Let those who listen go, then stop."""
    server.should_exit = True
    monitor.bump()
    await asyncio.wait([serving], timeout=2.0)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def _stop(running: Sequence[asyncio.Task[None]]) -> None:
    for part in running:
        part.cancel()
    await asyncio.gather(*running, return_exceptions=True)


class _Answers:
    """Takes in operators' answers: at once when the app says that there is one, and every second besides."""

    def __init__(self, store: Store, monitor: Monitor, comeback: Comeback) -> None:
        self._store, self._monitor, self._comeback = store, monitor, comeback
        self._last, self._something = 0, asyncio.Event()

    def look(self) -> None:
        """There may be an answer."""
        self._something.set()

    async def keep(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):  # wait_for can swallow a cancellation (Python 3.11)
                    await self._something.wait()
            self._something.clear()
            try:
                found = await asyncio.to_thread(self._read)
            except Exception as error:  # noqa: BLE001 - the store may be away; the feeds are watched on
                _log.error("Answers cannot be read yet: %s", error)
                continue
            for answer, person in found:
                self._last = int(answer.id or 0)
                self._monitor.answered_by(answer.alert_id, answer.response, person.display_name)
            if found:
                await asyncio.to_thread(self._comeback.disagreements)

    def _read(self) -> list[tuple[OperatorAnswer, Person]]:
        with self._store.read() as session:
            return answers_since(session, self._monitor.logbook.watch_id, self._last)


async def _minutes(monitor: Monitor) -> None:
    while True:
        await asyncio.sleep(_MINUTE_S)
        _close_minute(monitor)


def _close_minute(monitor: Monitor) -> None:
    over = monitor.tally.next_minute()
    monitor.logbook.minute(
        WatchMinute(
            watch_id=monitor.logbook.watch_id, minute_at_us=monitor.wall_us(monitor.now_s()), **vars(over)
        )
    )


def _watched(monitor: Monitor, watch_id: int, seconds: float) -> Watched:
    whole = monitor.tally.whole
    return Watched(
        watch=watch_id,
        seconds=round(seconds, 1),
        feeds=len(monitor.feeds),
        frames=whole.frames,
        answers=whole.answers,
        stale=whole.stale,
        failed=whole.failed,
        dropped=whole.dropped,
        alerts=monitor.tally.alerts,
        manual_share=round(whole.manual_s / whole.feed_s, 4) if whole.feed_s else 1.0,
    )
