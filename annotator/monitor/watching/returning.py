"""Which frames come back into review without anybody having disagreed: boundary frames, and a random share."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from annotator.monitor.rules.limits import Limits
from annotator.monitor.watching.logbook import keep_picture
from annotator.monitor.watching.watched_feed import Captured, WatchedFeed, sha256
from data.blurring.live import LiveBlurring
from data.errors import TeletriageError
from data.hashing import seeded_chance
from data.live.returned_frames import Candidate, return_disagreements, return_frame
from data.store.opening import Store
from data.vlm.answer import Sample
from data.vocabulary import ReturnedFor

_log = logging.getLogger("teletriage.monitor")


def is_boundary(probabilities: list[float] | None, margin: float) -> bool:
    """Whether a model stood between SUPERVISION and TELEOPERATION: the two it held likeliest, closer than the
    margin. Without probabilities nothing is known of its doubt.

    >>> is_boundary([0.1, 0.5, 0.4], 0.2), is_boundary([0.8, 0.1, 0.1], 0.2), is_boundary(None, 0.2)
    (True, False, False)
    """
    if probabilities is None:
        return False
    calm, watch, take = probabilities
    return abs(watch - take) < margin and min(watch, take) >= calm


def is_drawn(watch_id: int, feed: str, captured_at_us: int, share: float) -> bool:
    """Whether chance picks a frame: a hash of where and when it was taken, so that nothing seen decides it."""
    return seeded_chance(watch_id, feed, captured_at_us) < share


class ReturningFrames:
    """Frames that come back into review, and a worker that brings them in behind what is shown. At most 200 wait."""

    def __init__(
        self,
        store: Store,
        watch_id: int,
        limits: Limits,
        pictures: Path,
        blurring: LiveBlurring | None = None,
    ) -> None:
        self._blurring = blurring
        self._store, self._watch_id, self._limits, self._pictures = store, watch_id, limits, pictures
        self._waiting: asyncio.Queue[tuple[Candidate, bytes]] = asyncio.Queue(200)

    def consider(
        self, feed: WatchedFeed, captured: Captured, sample: Sample, now_s: float, captured_at_us: int
    ) -> None:
        """Let a frame that was just answered come back, if chance or its doubt says so."""
        limits = self._limits
        probability: float | None = None
        if is_drawn(self._watch_id, feed.name, captured_at_us, limits.random_share):
            why, probability = ReturnedFor.RANDOM, limits.random_share
        elif now_s - feed.boundary_s >= limits.boundary_every_s and is_boundary(
            sample.probabilities, limits.boundary_margin
        ):
            feed.boundary_s = now_s
            why = ReturnedFor.BOUNDARY
        else:
            return
        content = captured.picture.content
        candidate = Candidate(
            watch_id=self._watch_id,
            feed_id=feed.feed_id,
            captured_at_us=captured_at_us,
            image_sha256=sha256(content),
            raw=sample.raw,
            level_probabilities=sample.probabilities,
            why=why,
            inclusion_probability=probability,
            source_frame_id=captured.picture.frame_id,
        )
        if not self._waiting.full():
            self._waiting.put_nowait((candidate, content))

    async def keep(self) -> None:
        """Bring frames in for as long as the monitor runs; what cannot be brought in is said and passed over."""
        while True:
            candidate, content = await self._waiting.get()
            await asyncio.to_thread(self._bring_in, candidate, content)

    def _bring_in(self, candidate: Candidate, content: bytes) -> None:
        try:
            if self._blurring is not None:
                content = self._blurring.blur(content)
                candidate = replace(candidate, image_sha256=sha256(content))
            keep_picture(self._pictures, candidate.image_sha256, content)
            outcome = return_frame(self._store, candidate)
            _log.info("A %s frame: %s", candidate.why.value, outcome.value)
        except (TeletriageError, SQLAlchemyError, OSError) as error:
            _log.error("A frame could not come back: %s", error)

    def disagreements(self) -> None:
        """Bring in the frames of alerts that operators answered otherwise."""
        try:
            return_disagreements(self._store)
        except (TeletriageError, SQLAlchemyError, OSError) as error:
            _log.error("A frame could not come back: %s", error)
