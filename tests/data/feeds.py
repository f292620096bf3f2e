"""Builders for what a monitor leaves in the store."""

from __future__ import annotations

import hashlib
from itertools import count
from pathlib import Path

from data.live.record import Entries, KnownFeed, Started, record, start_watch
from data.live.returned_frames import kept_picture
from data.store.opening import Store
from data.store.tables import Alert
from data.vocabulary import AlertEnd, FeedKind, TriageLevel
from tests.builders import a_picture, a_raw_reply

_numbers = count(1)
START_US = 1_700_000_000_000_000


def a_watch(store: Store, folder: Path, *feeds: str) -> Started:
    """A watch that has begun, its pictures below the folder."""
    return start_watch(
        store,
        [
            KnownFeed(name, FeedKind.CAMERA, f"rtsp://ops:secret@10.0.0.7/{name}")
            for name in feeds or ("van",)
        ],
        model="tiny-vl",
        endpoint="http://key:secret@127.0.0.1:8000/v1",
        revision="r1",
        snapshot="snap-1",
        question="q",
        parameters={},
        limits={},
        pictures=folder / "monitor",
        listens_at="http://127.0.0.1:1",
    )


def an_alert(
    store: Store,
    watch: Started,
    level: TriageLevel = TriageLevel.TELEOPERATION,
    *,
    feed: str = "van",
    picture: bytes | None = None,
    folder: Path | None = None,
    source_frame_id: str | None = None,
    end: AlertEnd | None = None,
) -> str:
    """The id of a stored alert; its picture is kept below the folder where one is given."""
    number = next(_numbers)
    content = picture or a_picture(colour=(number % 200, 90, 90)) + number.to_bytes(4, "big")
    name = hashlib.sha256(content).hexdigest()
    if folder is not None:
        path = kept_picture(folder / "monitor", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    at_us = START_US + number * 1_000_000
    row = Alert(
        id=f"{number:032x}",
        watch_id=watch.watch_id,
        feed_id=watch.feed_ids[feed],
        level=level,
        raw=a_raw_reply(level),
        reasoning="Cones narrow the lane.",
        action="Watch the feed.",
        level_probabilities=[0.1, 0.5, 0.4],
        image_sha256=name,
        source_frame_id=source_frame_id,
        captured_at_us=at_us,
        asked_at_us=at_us + 10_000,
        raised_at_us=at_us + 300_000,
        ended_at_us=at_us + 900_000 if end else None,
        end=end,
    )
    record(store, watch.watch_id, Entries(alerts=[row]))
    return row.id
