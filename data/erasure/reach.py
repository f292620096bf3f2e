"""Which frames, alerts and clips lose their pictures with a subject: its own, and whatever shows the same pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, or_, select

from data.erasure.subject import Subject
from data.live.clip_spool import AFTER_S, BEFORE_S
from data.pictures.shown import original_pictures
from data.store.tables import Alert, Dataset, Feed, Frame, GeneratedFrame, ReturnedFrame, Scene
from data.vocabulary import ErasureKind

_WINDOW_US = round((max(BEFORE_S, AFTER_S) + 3) * 1e6)
"""A clip's first and last picture may be a little beyond its window."""
_AT_ONCE = 10_000


@dataclass(frozen=True)
class Reach:
    """`frames` and `alerts` lose their own picture; `clips`: ids of the alerts whose clip shows one of them."""

    frames: list[Frame]
    alerts: list[Alert]
    clips: frozenset[str]

    @property
    def hashes(self) -> frozenset[str]:
        """The SHA-256 of every picture that goes."""
        of_frames = {one.image_sha256 for one in self.frames if one.image_sha256}
        return frozenset(of_frames | {one.image_sha256 for one in self.alerts})


def reach_of(session: Session, subject: Subject) -> Reach:
    """What goes with a subject, whether or not it was erased before."""
    frames = _with_twins(session, _own_frames(session, subject))
    alerts = _alerts(session, subject, frames)
    clips = {one.id for one in alerts} | _clips(session, subject, frames)
    return Reach(frames, alerts, frozenset(clips))


def originals(session: Session, frames: Iterable[Frame]) -> dict[str, Path]:
    """Where the picture of each frame was ingested from, by frame id."""
    pictures = original_pictures(session)
    return {one.id: pictures.of(one).path for one in frames}


def origins(session: Session, frames: Iterable[Frame]) -> set[Path]:
    """The files and folders that the frames' pictures were taken out of, where those are no pictures themselves."""
    scenes = {one.scene_id for one in frames}
    query = select(Dataset.origin).join(Scene, col(Scene.dataset_id) == Dataset.id)
    found = _in_blocks(
        session, query.where(col(Dataset.origin).is_not(None)).distinct(), Scene.id, sorted(scenes)
    )
    return {Path(one) for one in found}


def _own_frames(session: Session, subject: Subject) -> list[Frame]:
    if subject.kind is ErasureKind.FRAME:
        query = select(Frame).where(Frame.id == subject.key)
    elif subject.kind is ErasureKind.SCENE:
        query = select(Frame).where(Frame.scene_id == subject.key)
    else:
        query = (
            select(Frame)
            .join(ReturnedFrame, col(ReturnedFrame.frame_id) == Frame.id)
            .join(Feed, col(Feed.id) == ReturnedFrame.feed_id)
            .where(Feed.name == subject.key, col(ReturnedFrame.is_new))
        )
    return list(session.exec(query))


def _with_twins(session: Session, frames: Sequence[Frame]) -> list[Frame]:
    """The frames, those of the very same picture, and those that were generated of any of them."""
    found = {one.id: one for one in frames}
    hashes = [one.image_sha256 for one in frames if one.image_sha256]
    for one in _in_blocks(session, select(Frame), Frame.image_sha256, hashes):
        found[one.id] = one
    made = select(Frame).join(GeneratedFrame, col(GeneratedFrame.frame_id) == Frame.id)
    for one in _in_blocks(session, made, GeneratedFrame.source_frame_id, list(found)):
        found[one.id] = one
    return sorted(found.values(), key=lambda one: (one.scene_id, one.position, one.id))


def _in_blocks(session: Session, query: Any, column: Any, values: Sequence[str]) -> list[Any]:
    """Databases take only so many values in one statement."""
    return [
        row
        for first in range(0, len(values), _AT_ONCE)
        for row in session.exec(query.where(col(column).in_(values[first : first + _AT_ONCE]))).all()
    ]


def _alerts(session: Session, subject: Subject, frames: Sequence[Frame]) -> list[Alert]:
    found: dict[str, Alert] = {}
    if subject.kind is ErasureKind.FEED:
        query = select(Alert).join(Feed, col(Feed.id) == Alert.feed_id).where(Feed.name == subject.key)
        found = {one.id: one for one in session.exec(query)}
    hashes = [one.image_sha256 for one in frames if one.image_sha256]
    hashes += [one.image_sha256 for one in found.values()]
    shown = [
        *_in_blocks(session, select(Alert), Alert.image_sha256, hashes),
        *_in_blocks(session, select(Alert), Alert.source_frame_id, [one.id for one in frames]),
    ]
    return list({**found, **{one.id: one for one in shown}}.values())


def _clips(session: Session, subject: Subject, frames: Sequence[Frame]) -> set[str]:
    """Alerts around which a clip may show one of the frames: of replays of its scene, and of its feed at its time."""
    scenes = sorted({one.scene_id for one in frames})
    replays = select(Alert.id).join(Frame, col(Frame.id) == Alert.source_frame_id)
    found = set(_in_blocks(session, replays, Frame.scene_id, scenes))
    if subject.kind is not ErasureKind.FEED:
        for one in frames:
            came = session.get(ReturnedFrame, one.id)
            if came is not None and came.is_new:
                found |= _around(session, came, one.captured_at_us)
    return found


def _around(session: Session, came: ReturnedFrame, at_us: int) -> set[str]:
    query = select(Alert.id).where(
        Alert.watch_id == came.watch_id,
        Alert.feed_id == came.feed_id,
        or_(
            col(Alert.captured_at_us).between(at_us - _WINDOW_US, at_us + _WINDOW_US),
            col(Alert.id) == came.alert_id,
        ),
    )
    return set(session.exec(query))
