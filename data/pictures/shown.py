"""The file of a frame's picture, as people and models are shown it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sqlmodel import Session, col, select

from data.images.inspection import leads_inside
from data.pictures.blurred import BlurredCopy, blurred_copies, blurred_copy, scenes_with_blurred
from data.store.tables import Dataset, Scene


class Pictured(Protocol):
    """A frame, or the columns of one that say which its picture is."""

    @property
    def scene_id(self) -> str: ...

    @property
    def filename(self) -> str: ...

    @property
    def image_sha256(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture's file, the folder that it may not lead out of, and its hash: None where no ingest could read it."""

    path: Path
    folder: Path
    sha256: str | None


@dataclass(frozen=True)
class ShownPictures:
    """The pictures of a store's frames. `dataroots`: the folder below which each scene's files lie; `copies`: what is
    shown in place of blurred pictures, by the original's hash."""

    dataroots: Mapping[str, Path]
    copies: Mapping[str, BlurredCopy] = field(default_factory=dict)

    def of(self, frame: Pictured) -> ShownPicture:
        """The picture of a frame of one of the scenes. A copy that is lost is missing; the original is not shown."""
        if (copy := self.copies.get(frame.image_sha256 or "")) is not None:
            return ShownPicture(copy.path, copy.folder, copy.sha256)
        root = self.dataroots[frame.scene_id]
        return ShownPicture(root / frame.filename, root, frame.image_sha256)


def shown_pictures(session: Session, scenes: Collection[str] | None = None) -> ShownPictures:
    """The pictures as they are now: of these scenes, else of all."""
    return ShownPictures(_dataroots(session, scenes), blurred_copies(session, scenes))


def shown_picture(session: Session, frame: Pictured) -> ShownPicture:
    """One frame's picture."""
    copy = blurred_copy(session, frame.image_sha256)
    copies = {frame.image_sha256 or "": copy} if copy else {}
    return ShownPictures(_dataroots(session, [frame.scene_id]), copies).of(frame)


def original_pictures(session: Session, scenes: Collection[str] | None = None) -> ShownPictures:
    """The files that were ingested, whatever is shown in their place: for those who blur or remove them."""
    return ShownPictures(_dataroots(session, scenes))


def _dataroots(session: Session, scenes: Collection[str] | None = None) -> dict[str, Path]:
    query = select(Scene.id, Dataset.dataroot).join(Dataset, col(Dataset.id) == Scene.dataset_id)
    query = query if scenes is None else query.where(col(Scene.id).in_(scenes))
    return {scene: Path(root) for scene, root in session.exec(query)}


def picture_beside(session: Session, frame: Pictured, filename: str) -> ShownPicture | None:
    """Another picture that a frame's data set lists, such as a camera's at the same moment; no ingest has hashed it.
    None in a scene with blurred pictures: of this one there is no blurred copy."""
    if scenes_with_blurred(session, [frame.scene_id]):
        return None
    folder = _dataroots(session, [frame.scene_id])[frame.scene_id]
    return ShownPicture(file_beside(folder, filename), folder, None)


def file_beside(dataroot: Path, filename: str) -> Path:
    """Another file that a data set lists, such as what a camera took between keyframes."""
    return dataroot / filename


def is_there(dataroot: Path, filename: str) -> bool:
    """Whether a file that a data set lists is below its dataroot, all links followed."""
    path = file_beside(dataroot, filename)
    return path.is_file() and leads_inside(path, dataroot)
