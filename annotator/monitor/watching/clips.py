"""Clips around alerts: which pictures belong to which, and how far each clip is.

The event loop only decides; a thread of its own writes pictures to disk as they come, and a process of its own makes
the videos, so that no alert waits for either. Nothing here tells the consoles to draw at once: each hears within a
second how far its clips are, and drawing is what the next alert would wait for.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

from annotator.monitor.rules.limits import MB, Limits
from annotator.monitor.watching.clip_maker import ClipMaker
from annotator.monitor.watching.clock import Clock
from annotator.monitor.watching.ring import Ring
from annotator.monitor.watching.watched_feed import Captured
from data.blurring.live import LiveBlurring
from data.errors import DetectorFailed
from data.live.clip_spool import AFTER_S, BEFORE_S, Made, Places, Spool, reason_of

MOST_WAITING_BYTES = 256 * MB
"""Pictures that the disk has not taken yet; more are not waited for."""
MOST_STATES = 2000
EARLY_AFTER_S = 0.5
"""What came before an alert is made a clip once the alert itself is on its way to the operators."""
END_WITHIN_S = 3.0
_log = logging.getLogger("teletriage.monitor")


@dataclass
class ClipState:
    """How far an alert's clip is. state: writing (none to show yet), early (what there was of it a moment after the
    alert), whole, none. first_us: when its first picture was taken; why: what is missing."""

    state: str = "writing"
    first_us: int | None = None
    why: str | None = None


@dataclass
class OpenClip:
    """An alert whose window is not over. `spool`: touched by the writing thread alone, None once it failed; `withheld`:
    how many of its pictures could not be blurred."""

    alert_id: str
    until_s: float
    state: ClipState
    spool: Spool | None = None
    failed: str | None = None
    withheld: int = 0


@dataclass
class Counts:
    """Clips since the start of the watch, for Prometheus."""

    whole: int = 0
    lacking: int = 0
    none: int = 0
    spool_bytes: int = 0
    clip_bytes: int = 0


class Clips:
    """The clips of one watch."""

    def __init__(
        self,
        places: Places,
        watch_id: int,
        limits: Limits,
        clock: Clock,
        blurring: LiveBlurring | None = None,
    ) -> None:
        self.places, self._watch_id, self._limits, self._clock = places, watch_id, limits, clock
        self._blurring = blurring
        self.ring, self.counts = Ring(limits.ring_mb * MB), Counts()
        self.heard: Callable[[str, str, str], None] = lambda what, alert_id, reason: None
        self.maker = ClipMaker(places, watch_id, self._tell)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._open: dict[str, list[OpenClip]] = {}
        self._states: dict[str, ClipState] = {}
        self._waiting_bytes = 0
        self._failed: dict[str, str] = {}
        self.unmade: list[Made] = []
        """What became of alerts whose pictures never reached the disk, until somebody takes it from here."""

    def add(self, feed: str, captured: Captured) -> None:
        """Take in a picture of a feed."""
        self.ring.add(feed, captured)
        for clip in self._open.get(feed, ()):
            if captured.captured_s <= clip.until_s:
                self._append(clip, captured)

    def raised(self, feed: str, alert_id: str, captured_s: float) -> Future[None]:
        """Begin the clip of an alert that a picture of this time raised; done once what came before is on disk."""
        state = self._states[alert_id] = ClipState()
        while len(self._states) > MOST_STATES:
            del self._states[next(iter(self._states))]
        clip = OpenClip(alert_id, captured_s + AFTER_S, state)
        before = self.ring.since(feed, captured_s - BEFORE_S)
        state.first_us = self._clock.wall_us(before[0].captured_s) if before else None
        self._open.setdefault(feed, []).append(clip)
        asyncio.get_running_loop().call_later(EARLY_AFTER_S, self._on_disk, self._ask, clip, "early")
        return self._writer.submit(self._begin, clip, self._clock.wall_us(captured_s), before)

    def tick(self, now_s: float) -> None:
        """End the clips whose window is over."""
        for feed, clips in list(self._open.items()):
            self._open[feed] = [clip for clip in clips if clip.until_s >= now_s]
            for clip in clips:
                if clip.until_s < now_s:
                    self._writer.submit(self._end, clip, is_over=True)
            if not self._open[feed]:
                del self._open[feed]

    def state(self, alert_id: str) -> ClipState | None:
        """How far an alert's clip is; None for one that nothing is known of."""
        return self._states.get(alert_id)

    def learned(self, what: str, alert_id: str, reason: str) -> None:
        """Take in what the process said of an alert."""
        state = self._states.get(alert_id)
        if what == "early" and state is not None and state.state == "writing":
            state.state = "early"
        elif what == "failed":
            _log.error("The clip of %s cannot be made yet: %s", alert_id[:8], reason)
            if state is not None:
                state.why = reason

    def explained(self, made: Made) -> Made:
        """With the reason why pictures are missing, which only this process knows."""
        reason = self._failed.pop(made.alert_id, None)
        return made if reason is None else replace(made, detail=reason)

    def made(self, made: Made) -> None:
        """Take in what became of an alert's pictures."""
        self.counts.none += made.sha256 is None
        self.counts.whole += made.sha256 is not None and made.detail is None
        self.counts.lacking += made.sha256 is not None and made.detail is not None
        state = self._states.get(made.alert_id)
        if state is not None:
            state.state = "none" if made.sha256 is None else "whole"
            state.first_us, state.why = made.first_us, made.detail

    def close(self) -> None:
        """End every clip with the pictures that came; what is not made yet is made behind."""
        for clip in [clip for clips in self._open.values() for clip in clips]:
            self._writer.submit(self._end, clip, is_over=False)
        self._writer.shutdown(wait=True)
        self.maker.close(END_WITHIN_S)

    def _on_disk(self, work: Callable[..., None], *given: object) -> None:
        with suppress(RuntimeError):  # the watch is over
            self._writer.submit(work, *given)

    def _tell(self, what: str, alert_id: str, reason: str) -> None:
        self.heard(what, alert_id, reason)  # set once there is somebody to listen

    def _append(self, clip: OpenClip, captured: Captured) -> None:
        size = len(captured.picture.content)
        if self._waiting_bytes + size > MOST_WAITING_BYTES:
            clip.failed = clip.failed or "The disk is too slow."
            return
        self._waiting_bytes += size
        self._writer.submit(self._write, clip, captured)

    # ---- on the writing thread

    def _begin(self, clip: OpenClip, risen_us: int, before: list[Captured]) -> None:
        try:
            if (reason := self._no_room()) is None:
                clip.spool = Spool(self.places.spool(self._watch_id, clip.alert_id), risen_us)
                self._put(clip, clip.spool, before)
                return
        except OSError as error:
            reason = reason_of(error)
        self._fail(clip, reason)

    def _no_room(self) -> str | None:
        self.places.pictures.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.places.pictures).free
        if free < self._limits.clip_free_mb * MB:
            return f"The disk has only {free // MB:,} MB left; clips leave {self._limits.clip_free_mb:,} MB free."
        if self.counts.spool_bytes > self._limits.spool_mb * MB:
            return "More alerts came than clips can be made of."
        return None

    def _write(self, clip: OpenClip, captured: Captured) -> None:
        self._waiting_bytes -= len(captured.picture.content)
        if clip.spool is not None and clip.failed is None:
            self._put(clip, clip.spool, [captured])

    def _put(self, clip: OpenClip, spool: Spool, pictures: list[Captured]) -> None:
        try:
            kept = [
                (self._clock.wall_us(one.captured_s), content)
                for one in pictures
                if (content := self._to_keep(clip, one.picture.content)) is not None
            ]
            spool.append(kept)
            self.counts.spool_bytes += sum(len(content) for _, content in kept)
        except OSError as error:
            self._fail(clip, reason_of(error))

    def _to_keep(self, clip: OpenClip, content: bytes) -> bytes | None:
        """The picture as it goes to the disk; None for one that could not be blurred."""
        if self._blurring is None:
            return content
        try:
            return self._blurring.blur(content)
        except DetectorFailed as failed:
            clip.withheld += 1
            clip.state.why = f"{clip.withheld} of its pictures were withheld: they could not be blurred."
            _log.error("The clip of %s: %s", clip.alert_id[:8], failed)
            return None

    def _fail(self, clip: OpenClip, reason: str) -> None:
        """Go on without this clip's further pictures; those that are on disk become a clip."""
        clip.failed, clip.state.why = reason, reason
        if clip.spool is None:
            clip.state.state = "none"
        _log.error("The clip of %s is not whole: %s", clip.alert_id[:8], reason)

    def _ask(self, clip: OpenClip, what: str) -> None:
        if clip.spool is None:
            return
        try:
            self.maker.ask(what, clip.alert_id)
        except OSError as error:
            _log.error("No clip can be made: %s", reason_of(error))

    def _end(self, clip: OpenClip, *, is_over: bool) -> None:
        if clip.spool is None:
            self.unmade.append(Made(clip.alert_id, detail=clip.failed))
            self._tell("none", clip.alert_id, "")
            return
        try:
            clip.spool.close(is_over=is_over)
        except OSError as error:
            self._fail(clip, reason_of(error))
        if (reason := clip.failed or (clip.state.why if clip.withheld else None)) is not None:
            self._failed[clip.alert_id] = reason
        self._ask(clip, "whole")
