"""Which pictures are to be blurred, and what is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlmodel import Session, col, select

from data.erasure.monitor import monitor_folder
from data.erasure.reach import Reach, reach_of
from data.erasure.subject import subject_of
from data.frames.named_lists import named_list
from data.images.inspection import leads_inside
from data.live.returned_frames import kept_picture
from data.nuscenes.tables import CAMERA
from data.pictures.blurred import BlurredCopy, blurred_copies
from data.pictures.shown import original_pictures
from data.store.tables import Alert, BlurredPicture, Blurring, Dataset, Frame, Scene
from data.vocabulary import SetAside


@dataclass(frozen=True, slots=True)
class Boxes:
    """Where the boxes of a frame are looked up. `at_least`: how many the ingest counted."""

    frame_id: str
    dataroot: Path
    version: str
    at_least: int


@dataclass(frozen=True, slots=True)
class OldCopy:
    """The copy that a picture is shown as; `detector_sha256`: what looked at it, None where nothing but boxes did."""

    copy: BlurredCopy
    detector: str | None
    detector_sha256: str | None


@dataclass(frozen=True, slots=True)
class DuePicture:
    """A picture as it was ingested. `boxes`: None where the data set has none of it; `old`: what is shown in its place
    now, None where the picture itself is."""

    sha256: str
    original: Path
    boxes: Boxes | None = None
    old: OldCopy | None = None

    @property
    def name(self) -> str:
        return self.original.name


@dataclass(frozen=True)
class Selection:
    """What was named. `lost`: frames that an ingest could not read, which have nothing to blur."""

    pictures: list[DuePicture]
    reach: Reach
    lost: int

    def left(self, detector_sha256: str | None) -> list[DuePicture]:
        """The pictures without a copy that this detector has looked at; without one, those without any copy."""
        return [one for one in self.pictures if not _is_done(one.old, detector_sha256)]


def _is_done(old: OldCopy | None, detector_sha256: str | None) -> bool:
    has_looked = old is not None and detector_sha256 in (None, old.detector_sha256)
    return has_looked and old is not None and old.copy.path.is_file()


def selection(session: Session, subjects: Sequence[str], lists: Sequence[str] = ()) -> Selection:
    """The pictures of frames, scenes, feeds and lists, each with all frames of the very same picture; without any, of
    everything. Raises EraseRefused for what nothing is called, FindRefused for a list."""
    reach = _reach(session, subjects, lists)
    usable = [one for one in reach.frames if one.set_aside is None and one.image_sha256]
    aside = [one for one in reach.frames if one.set_aside is not SetAside.ERASED and one.image_sha256 is None]
    pictures = {one.sha256: one for one in _of_alerts(session, reach.alerts)}
    pictures |= {one.sha256: one for one in _of_frames(session, usable)}
    old = _old_copies(session)
    found = [replace(one, old=old.get(one.sha256)) for one in pictures.values()]
    return Selection(found, replace(reach, frames=usable), len(aside))


def _reach(session: Session, subjects: Sequence[str], lists: Sequence[str]) -> Reach:
    if not subjects and not lists:
        query = select(Frame).order_by(Frame.scene_id, col(Frame.position))
        shown = select(Alert).where(col(Alert.erasure_id).is_(None))
        return Reach(list(session.exec(query)), list(session.exec(shown)), frozenset())
    reaches = [reach_of(session, subject_of(session, one)) for one in subjects]
    listed = {frame_id for name in lists for frame_id in named_list(session, name).frame_ids}
    frames = {one.id: one for reach in reaches for one in reach.frames}
    frames |= {one.id: one for one in session.exec(select(Frame).where(col(Frame.id).in_(listed)))}
    alerts = {one.id: one for reach in reaches for one in reach.alerts if one.erasure_id is None}
    return Reach(list(frames.values()), list(alerts.values()), frozenset())


def _of_frames(session: Session, frames: Sequence[Frame]) -> Iterator[DuePicture]:
    """One of each picture; of several frames of one, the last that has boxes tells them."""
    scenes, known = _sets(session), _annotated(session)
    pictures = original_pictures(session)
    boxed: dict[str, DuePicture] = {}
    for frame in frames:
        dataset = scenes[frame.scene_id]
        there = pictures.of(frame)
        boxes = None
        is_real = frame.generated_clip_id is None and dataset.camera in (None, CAMERA)
        if dataset.version and is_real and frame.scene_id in known:
            boxes = Boxes(frame.id, Path(dataset.dataroot), dataset.version, sum(frame.boxes.values()))
        one = DuePicture(str(frame.image_sha256), there.path, boxes)
        if one.sha256 not in boxed or boxes is not None:
            boxed[one.sha256] = one
    yield from boxed.values()


def _sets(session: Session) -> dict[str, Dataset]:
    query = select(Scene.id, Dataset).join(Dataset, col(Dataset.id) == Scene.dataset_id)
    return dict(session.exec(query).all())


def _annotated(session: Session) -> set[str]:
    """The scenes in which any frame has a box: elsewhere none may mean that nobody drew them."""
    return {scene for scene, boxes in session.exec(select(Frame.scene_id, Frame.boxes)) if boxes}


def _of_alerts(session: Session, alerts: Iterable[Alert]) -> Iterator[DuePicture]:
    """The pictures that the monitor kept. Those of replays are frames of the store, and found as such."""
    folder = monitor_folder(session)
    for alert in alerts if folder else ():
        path = kept_picture(folder, alert.image_sha256) if folder else None
        if path is not None and path.is_file() and leads_inside(path, path.parent):
            yield DuePicture(alert.image_sha256, path)


def _old_copies(session: Session) -> dict[str, OldCopy]:
    query = select(BlurredPicture.image_sha256, Blurring.detector, Blurring.detector_sha256)
    query = query.join(Blurring, col(Blurring.id) == BlurredPicture.blurring_id)
    copies = blurred_copies(session)
    rows = session.exec(query.order_by(col(BlurredPicture.id)))
    return {sha256: OldCopy(copies[sha256], name, digest) for sha256, name, digest in rows}
