"""From an entry of the feeds file to the source that its pictures come from."""

from __future__ import annotations

from pathlib import Path

from annotator.monitor.sources.camera import Camera
from annotator.monitor.sources.feed_sheet import FeedEntry
from annotator.monitor.sources.recorded import Folder, Replay, Source, recorded_scene
from data.errors import FeedError
from data.store.opening import Store
from data.vocabulary import FeedKind


def source_of(store: Store, entry: FeedEntry, *, frame_rate: float) -> Source:
    """Where an entry's pictures come from, `frame_rate` per second at most from a camera. Raises FeedError for what
    can be seen to be wrong before it begins."""
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
        frame_rate=frame_rate,
        is_file=is_file,
        options=entry.options,
        begin_s=entry.begin_s,
    )
