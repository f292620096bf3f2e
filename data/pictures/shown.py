"""The file of a frame's picture, as people and models are shown it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlmodel import Session, col, select

from data.images.inspection import leads_inside
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
    """The pictures of a store's frames. `dataroots`: the folder below which each scene's files lie."""

    dataroots: Mapping[str, Path]

    def of(self, frame: Pictured) -> ShownPicture:
        """The picture of a frame of one of the scenes."""
        root = self.dataroots[frame.scene_id]
        return ShownPicture(root / frame.filename, root, frame.image_sha256)


def shown_pictures(session: Session, scenes: Collection[str] | None = None) -> ShownPictures:
    """The pictures as they are now: of these scenes, else of all."""
    return ShownPictures(_dataroots(session, scenes))


def shown_picture(session: Session, frame: Pictured) -> ShownPicture:
    """One frame's picture."""
    return shown_pictures(session, [frame.scene_id]).of(frame)


def original_pictures(session: Session) -> ShownPictures:
    """The files that were ingested, whatever is shown in their place: for those who change or remove them."""
    return ShownPictures(_dataroots(session))


def _dataroots(session: Session, scenes: Collection[str] | None = None) -> dict[str, Path]:
    query = select(Scene.id, Dataset.dataroot).join(Dataset, col(Dataset.id) == Scene.dataset_id)
    query = query if scenes is None else query.where(col(Scene.id).in_(scenes))
    return {scene: Path(root) for scene, root in session.exec(query)}


def picture_beside(session: Session, frame: Pictured, filename: str) -> ShownPicture:
    """Another picture that a frame's data set lists, such as a camera's at the same moment. No ingest has hashed it."""
    folder = _dataroots(session, [frame.scene_id])[frame.scene_id]
    return ShownPicture(file_beside(folder, filename), folder, None)


def file_beside(dataroot: Path, filename: str) -> Path:
    """Another file that a data set lists, such as what a camera took between keyframes."""
    return dataroot / filename


def is_there(dataroot: Path, filename: str) -> bool:
    """Whether a file that a data set lists is below its dataroot, all links followed."""
    path = file_beside(dataroot, filename)
    return path.is_file() and leads_inside(path, dataroot)
