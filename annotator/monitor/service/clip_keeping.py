"""What became of alerts' pictures, on its way from files to the store and the console; and old clips let go."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from annotator.monitor.rules.limits import MB
from annotator.monitor.watching.feeds import Feeds
from data.errors import TeletriageError
from data.live.clip_spool import Made, read_made
from data.live.clips import clip_row, remove_clips, strays
from data.store.opening import Store

LOOK_EVERY_S, GATHER_S = 5.0, 0.5
REMOVE_EVERY_S = 600.0
AGAIN_AFTER_S = 60.0
_log = logging.getLogger("teletriage.monitor")


class ClipKeeping:
    """Reads what the process has made, also for watches that are over, and removes what is older than `keep_days`."""

    def __init__(self, store: Store, feeds: Feeds, keep_days: float) -> None:
        assert feeds.clips is not None  # noqa: S101 - it is made where clips are kept
        self._store, self._feeds, self._keep_days = store, feeds, keep_days
        self._clips = feeds.clips
        self._something = asyncio.Event()
        self._seen: set[Path] = set()
        self._failed: dict[str, float] = {}
        self._removed_s = float("-inf")

    async def keep(self) -> None:
        """For as long as the monitor runs; what fails is said and tried again."""
        loop = asyncio.get_running_loop()

        def heard(what: str, alert_id: str, reason: str) -> None:
            with suppress(RuntimeError):  # the loop is over
                loop.call_soon_threadsafe(self._hear, what, alert_id, reason)

        self._clips.heard = heard
        await asyncio.to_thread(self._finish_left_behind)
        while True:
            for made in await asyncio.to_thread(self._collected):
                self._clips.made(made)
            await asyncio.to_thread(self._tidy)
            await asyncio.sleep(GATHER_S)  # one look at the disk for all that is made meanwhile
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._something.wait()
            self._something.clear()

    def close(self) -> None:
        """End the clips under way, and hand what is made to the logbook."""
        self._clips.close()
        self._collected()

    def _hear(self, what: str, alert_id: str, reason: str) -> None:
        self._clips.learned(what, alert_id, reason)
        if what == "failed":
            self._failed[alert_id] = time.monotonic()
        self._something.set()

    def _finish_left_behind(self) -> None:
        if any(self._clips.places.spools.glob("*/*.pictures")):
            with suppress(OSError):
                self._clips.maker.start()

    def _collected(self) -> list[Made]:
        """What was made since the last call, handed to the logbook."""
        clips, found = self._clips, []
        unmade, clips.unmade = clips.unmade, []
        now_us = self._feeds.clock.now_us()
        for made in unmade:
            self._feeds.logbook.clip(clip_row(made, now_us), None)
            found.append(made)
        for path in sorted(set(clips.places.spools.glob("*/*.json")) - self._seen):
            self._seen.add(path)
            try:
                made = clips.explained(read_made(path))
            except (OSError, ValueError, TypeError) as error:
                _log.error("%s cannot be read: %s", path.name, error)
                continue
            self._feeds.logbook.clip(clip_row(made, now_us), path)
            found.append(made)
        return found

    def _tidy(self) -> None:
        """Measure what lies there, try failed clips again, and now and then let old ones go."""
        now_s, places = time.monotonic(), self._clips.places
        spooled = list(places.spools.glob("*/*.pictures"))
        self._clips.counts.spool_bytes = sum(_size(path) for path in spooled)
        for alert_id in [one for one, at_s in self._failed.items() if now_s - at_s > AGAIN_AFTER_S]:
            del self._failed[alert_id]
            with suppress(OSError):
                self._clips.maker.ask("whole", alert_id)
        if now_s - self._removed_s < REMOVE_EVERY_S:
            return
        self._removed_s = now_s
        try:
            self._remove()
        except (TeletriageError, SQLAlchemyError, OSError) as error:
            _log.error("Old clips cannot be removed now: %s", " ".join(str(error).split())[:200])

    def _remove(self) -> None:
        """By the earlier of two clocks, so that one that jumps ahead while the monitor runs costs no clip."""
        places = self._clips.places
        with self._store.read() as session:
            now_us = min(self._store.now_us(session), self._feeds.clock.now_us())
            stray = strays(session, places, now_us)
        for path in stray:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        most_bytes = self._feeds.limits.clips_mb * MB
        n = remove_clips(self._store, places, keep_days=self._keep_days, most_bytes=most_bytes, now_us=now_us)
        if n:
            _log.info("%d old clips were removed", n)
        self._clips.counts.clip_bytes = sum(_size(path) for path in places.clips.glob("*.mp4"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it has gone meanwhile
        return 0
