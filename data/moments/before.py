"""The seconds before a frame, as the pictures that there are of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sqlmodel import Session, col, select

from data.errors import DatarootError, MomentUnknown
from data.live.frame_moments import FeedMoment, feed_moment
from data.moments.files import MomentFiles
from data.nuscenes.moment_files import sweeps_of
from data.nuscenes.scenes import CameraFrame
from data.pictures.blurred import WITHHELD, scenes_with_blurred
from data.pictures.shown import is_there
from data.store.tables import Dataset, Frame, Scene
from data.vocabulary import SetAside

MOMENT_US = 3_000_000
_SHOWS_THE_SAME_US = 500_000
_SCENES_KEPT = 64


@dataclass(frozen=True)
class MomentPicture:
    """One picture of a moment, `before_us` before its frame. `frame_id` names a keyframe of the store; a picture
    between keyframes has only its file, `filename` relative to the dataroot."""

    before_us: int
    frame_id: str | None
    filename: str


@dataclass(frozen=True)
class Moment:
    """The pictures by time, the frame itself last. `sweeps`: how many lie between keyframes; `note`: why there are no
    more of them, None where nothing is missing."""

    pictures: list[MomentPicture]
    sweeps: int
    note: str | None


@dataclass(frozen=True)
class FramePlace:
    """A frame with the dataroot that its files lie in, and the keyframes of the seconds before it by time."""

    frame: Frame
    dataroot: Path
    version: str | None
    earlier: list[Frame]
    feed: FeedMoment | None = None
    """What a live feed's clip has of the seconds before, for a frame that came back from one."""
    erased_us: tuple[int, ...] = ()
    """When the keyframes of the scene were taken whose pictures were erased."""
    is_blurred: bool = False
    """Pictures of the scene were blurred: what has no blurred copy is withheld."""


def place_of(session: Session, frame_id: str, *, reach_us: int = MOMENT_US) -> FramePlace | None:
    """Where a frame's files lie; None for no such frame. reach_us: how far back its moment goes."""
    query = (
        select(Frame, Dataset)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(Dataset, col(Dataset.id) == Scene.dataset_id)
        .where(Frame.id == frame_id)
    )
    row = session.exec(query).first()
    if row is None:
        return None
    frame, dataset = row
    return FramePlace(
        frame,
        Path(dataset.dataroot),
        dataset.version,
        _earlier(session, frame, reach_us),
        feed_moment(session, frame, reach_us=reach_us),
        _erased(session, frame),
        bool(scenes_with_blurred(session, [frame.scene_id])),
    )


def moment_before(files: MomentFiles, place: FramePlace, *, reach_us: int = MOMENT_US) -> Moment:
    """The pictures from `reach_us` before a frame up to it. What cannot be found is a note, never an error."""
    frame = place.frame
    keyframes = [
        MomentPicture(frame.captured_at_us - one.captured_at_us, one.id, one.filename)
        for one in (*place.earlier, frame)
    ]
    if place.is_blurred:
        return Moment(keyframes, 0, WITHHELD)
    if place.feed is not None:
        clip = [
            MomentPicture(frame.captured_at_us - at_us, None, name) for at_us, name in place.feed.pictures
        ]
        return Moment(
            sorted([*clip, keyframes[-1]], key=lambda one: -one.before_us), len(clip), place.feed.note
        )
    if frame.generated_clip_id is not None:
        return Moment(keyframes, 0, "A generated clip has no pictures in between.")
    try:
        listed = _sweeps(files.of(place.dataroot, place.version), frame.scene_id)
    except (DatarootError, MomentUnknown) as error:
        return Moment(keyframes, 0, str(error))
    within = [
        MomentPicture(frame.captured_at_us - one.captured_at_us, None, one.filename)
        for one in listed
        if 0 < frame.captured_at_us - one.captured_at_us <= reach_us
        and not shows_erased(one.captured_at_us, place.erased_us)
    ]
    there = [one for one in within if is_there(place.dataroot, one.filename)]
    pictures = sorted([*keyframes, *there], key=lambda one: -one.before_us)
    return Moment(pictures, len(there), _missing(len(within), len(there)))


def shows_erased(at_us: int, erased_us: Sequence[int]) -> bool:
    """Whether a picture that was taken then shows what an erased keyframe of its scene shows: one within half a second.

    >>> [shows_erased(at, (2_000_000,)) for at in (1_400_000, 1_600_000, 2_400_000, 2_600_000)]
    [False, True, True, False]
    """
    return any(abs(at_us - one) < _SHOWS_THE_SAME_US for one in erased_us)


def _erased(session: Session, frame: Frame) -> tuple[int, ...]:
    erased = Frame.set_aside == SetAside.ERASED
    query = select(Frame.captured_at_us).where(Frame.scene_id == frame.scene_id, erased)
    return tuple(session.exec(query))


def _earlier(session: Session, frame: Frame, reach_us: int) -> list[Frame]:
    query = select(Frame).where(
        Frame.scene_id == frame.scene_id,
        col(Frame.captured_at_us).between(frame.captured_at_us - reach_us, frame.captured_at_us - 1),
        col(Frame.set_aside).is_(None),
    )
    return list(session.exec(query.order_by(col(Frame.captured_at_us))))


@lru_cache(maxsize=_SCENES_KEPT)
def _sweeps(folder: Path, scene: str) -> list[CameraFrame]:
    return sweeps_of(folder, scene)


def _missing(listed: int, there: int) -> str | None:
    if not listed:
        return "The data set lists no pictures between keyframes here."
    if not there:
        return f"The {listed} pictures between keyframes that the data set lists are not in the dataroot."
    return (
        f"{listed - there} of {listed} pictures between keyframes are not in the dataroot."
        if there < listed
        else None
    )
