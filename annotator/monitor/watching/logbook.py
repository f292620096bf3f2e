"""Writing down what happened, behind what is shown: entries gather, and a worker writes them in groups.

A store that cannot be reached loses nothing and stops nothing: entries wait and are written when it is back.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from data.blurring.live import LiveBlurring
from data.errors import DetectorFailed, StoreUnavailable
from data.hashing import sha256_hex
from data.live.record import AlertEnded, Entries, record
from data.live.returned_frames import kept_picture, withheld_note
from data.store.opening import Store
from data.store.tables import Alert, AlertClip, FeedChange, WatchMinute
from data.vocabulary import AlertEnd
from data.whole_files import written_whole

BEGUN_WITHIN_S = 1.0
"""So long the record of an alert waits for a disk that does not take its pictures."""
QUIET_S = 1.0
"""So often a sign of life is written when nothing happens."""
_log = logging.getLogger("teletriage.monitor")


class Logbook:
    """The record of one watch. `pictures`: the folder that frames of alerts are kept in, blurred where `blurring` is
    given."""

    def __init__(
        self, store: Store, watch_id: int, pictures: Path, blurring: LiveBlurring | None = None
    ) -> None:
        self.store, self.watch_id, self.pictures = store, watch_id, pictures
        self._blurring = blurring
        self._entries = Entries()
        self._pictures: dict[str, bytes] = {}
        self._begun: list[Future[None]] = []
        self._told: dict[str, Path] = {}
        self._something = asyncio.Event()
        self._gathering, self._writing = threading.Lock(), threading.Lock()

    def change(self, change: FeedChange) -> None:
        """A feed's level or trust changed."""
        with self._gathering:
            self._entries.changes.append(change)

    def alert(self, alert: Alert, picture: bytes, begun: Future[None] | None = None) -> None:
        """An alert was raised by a picture; it is written at once, but for a moment not before `begun` is done: what
        the store knows of has its pictures on disk."""
        with self._gathering:
            if begun is not None:
                self._begun.append(begun)
            self._entries.alerts.append(alert)
            self._pictures[alert.image_sha256] = picture
        self._something.set()

    def ended(self, alert_id: str, end: AlertEnd, at_us: int) -> None:
        """An alert is over; it is written at once, for from then on the store says that it waits for a person."""
        with self._gathering:
            self._entries.ended.append(AlertEnded(alert_id, end, at_us))
        self._something.set()

    def clip(self, clip: AlertClip, told: Path | None) -> None:
        """What became of an alert's pictures; `told` says so too and is deleted once the store has it. It goes with
        whatever is written next: alerts come first."""
        with self._gathering:
            self._entries.clips.append(clip)
            if told is not None:
                self._told[clip.alert_id] = told

    def minute(self, minute: WatchMinute) -> None:
        """A minute's counts."""
        with self._gathering:
            self._entries.minutes.append(minute)

    async def keep(self) -> None:
        """Write in groups for as long as the monitor runs."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(QUIET_S):
                    await self._something.wait()
            self._something.clear()
            await asyncio.to_thread(self.write)

    def write(self) -> None:
        """Write what has gathered, and come back when it is written; keep it for the next time if the store cannot be
        reached."""
        with self._writing:
            entries, pictures, begun = self._taken()
            wait(begun, timeout=BEGUN_WITHIN_S)
            try:
                self._keep(entries.alerts, pictures)
                record(self.store, self.watch_id, entries)
            except (SQLAlchemyError, StoreUnavailable, OSError) as error:
                _log.error("What happened cannot be written yet: %s", " ".join(str(error).split())[:200])
                self._put_back(entries, pictures)
                return
            for clip in entries.clips:
                with suppress(OSError, KeyError):  # else it is read again at the next start, and known then
                    self._told.pop(clip.alert_id).unlink()

    def _keep(self, alerts: Sequence[Alert], pictures: dict[str, bytes]) -> None:
        """Keep the alerts' pictures; a blurred one has a name of its own, which its alert is given. What is kept is
        taken out of `pictures`. Raises OSError."""
        for name in list(pictures):
            kept = name
            if self._blurring is None:
                keep_picture(self.pictures, name, pictures[name])
            else:
                kept = keep_blurred(self.pictures, name, pictures[name], self._blurring)
            for alert in alerts:
                alert.image_sha256 = kept if alert.image_sha256 == name else alert.image_sha256
            del pictures[name]

    def _taken(self) -> tuple[Entries, dict[str, bytes], list[Future[None]]]:
        with self._gathering:
            entries, self._entries = self._entries, Entries()
            pictures, self._pictures = self._pictures, {}
            begun, self._begun = self._begun, []
        return entries, pictures, begun

    def _put_back(self, entries: Entries, pictures: dict[str, bytes]) -> None:
        with self._gathering:
            self._entries = Entries(
                changes=entries.changes + self._entries.changes,
                alerts=entries.alerts + self._entries.alerts,
                ended=entries.ended + self._entries.ended,
                minutes=entries.minutes + self._entries.minutes,
                clips=entries.clips + self._entries.clips,
            )
            self._pictures = {**pictures, **self._pictures}


def keep_blurred(pictures: Path, image_sha256: str, content: bytes, blurring: LiveBlurring) -> str:
    """Keep a picture blurred, and return the hash of what is kept; of one that cannot be blurred only the reason is
    kept, under the picture's own. Raises OSError."""
    try:
        fresh = blurring.blur(content)
    except DetectorFailed as failed:
        _log.error("%s", failed)
        with written_whole(withheld_note(pictures, image_sha256)) as partial:
            partial.write_text(str(failed), encoding="utf-8")
        return image_sha256
    name = sha256_hex(fresh)
    keep_picture(pictures, name, fresh)
    return name


def keep_picture(pictures: Path, image_sha256: str, content: bytes) -> Path:
    """Keep a picture under its hash, whole or not at all."""
    path = kept_picture(pictures, image_sha256)
    if not path.exists():
        with written_whole(path) as partial:
            partial.write_bytes(content)
    return path
