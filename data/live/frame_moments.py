"""The seconds before a frame that came back from a feed: the pictures of the clip that it was taken in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session, col, select

from data.errors import ClipError
from data.images.clips import as_jpeg
from data.images.timed_clip import read_timed_clip
from data.live.clip_spool import Places
from data.live.clips import clips_folder
from data.store.tables import Alert, AlertClip, Frame, ReturnedFrame
from data.whole_files import written_whole

_MS_US = 1000


@dataclass(frozen=True)
class FeedMoment:
    """Pictures before a frame, oldest first: when each was taken (to the millisecond) and its file, relative to the
    dataset's dataroot, as a Frame's `filename` is. `note`: what is missing and why, None where nothing is."""

    pictures: list[tuple[int, str]] = field(default_factory=list)
    note: str | None = None


def feed_moment(session: Session, frame: Frame, *, reach_us: int) -> FeedMoment | None:
    """The pictures from `reach_us` before a frame of a live feed up to it, the frame itself left out; None for a frame
    that came back from no feed. The clip's pictures are laid out as files, once."""
    came = session.get(ReturnedFrame, frame.id)
    if came is None or not came.is_new:
        return None
    clip = _clip_around(session, came, frame.captured_at_us)
    if clip is None:
        return FeedMoment(note="There is no clip of this moment: none was kept, or it was removed.")
    places = clips_folder(session)
    try:
        laid_out = _laid_out(places, clip)
    except (ClipError, OSError) as error:
        return FeedMoment(note=str(error))
    until_us = frame.captured_at_us - _MS_US
    pictures = [
        (at_us, str(path.relative_to(places.pictures)))
        for at_us, path in laid_out
        if frame.captured_at_us - reach_us <= at_us < until_us
    ]
    return FeedMoment(pictures, clip.detail)


def _clip_around(session: Session, came: ReturnedFrame, at_us: int) -> AlertClip | None:
    """The clip in whose time the frame was taken; of several the one with most before it."""
    query = (
        select(AlertClip)
        .join(Alert, col(Alert.id) == AlertClip.alert_id)
        .where(
            Alert.watch_id == came.watch_id,
            Alert.feed_id == came.feed_id,
            col(AlertClip.sha256).is_not(None),
            col(AlertClip.removed_at_us).is_(None),
            col(AlertClip.first_at_us) <= at_us,
            col(AlertClip.last_at_us) >= at_us,
        )
    )
    return session.exec(query.order_by(col(AlertClip.first_at_us)).limit(1)).first()


def _laid_out(places: Places, clip: AlertClip) -> list[tuple[int, Path]]:
    """The clip's pictures as files of their time. Raises ClipError and OSError."""
    folder = places.moment(clip.alert_id)
    if not folder.is_dir():
        with written_whole(folder, survives_power_cut=False) as partial:
            partial.mkdir()
            for at_us, picture in read_timed_clip(places.clip(clip.alert_id), clip.first_at_us or 0):
                (partial / f"{at_us}.jpg").write_bytes(as_jpeg(picture))
    return sorted((int(path.stem), path) for path in folder.glob("*.jpg"))
