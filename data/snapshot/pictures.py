"""An entry's pictures: its own and the earlier ones that its question shows, each by its name in a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.pictures.shown import ShownPicture, ShownPictures
from data.proposals.earlier_frames import Neighbour
from data.snapshot.folder import IMAGES
from data.snapshot.pairs import EarlierPicture
from data.verification.verified_frames import VerifiedFrame
from data.vlm.moment import Earlier
from data.vocabulary import ImageStorage


@dataclass(frozen=True)
class EntryPictures:
    """`names`: paths in the folder, or absolute ones, oldest first, the frame's own last; `files`: where each is,
    `sha256`: of the frame's own."""

    names: list[str]
    files: list[Path]
    earlier: list[EarlierPicture]
    sha256: str

    @property
    def before_s(self) -> list[float]:
        return [one.before_s for one in self.earlier]


def entry_pictures(
    verified: VerifiedFrame,
    earlier: Sequence[Earlier[Neighbour]],
    pictures: ShownPictures,
    storage: ImageStorage,
) -> EntryPictures:
    """The pictures of a verified frame and of those before it."""
    before = [pictures.of(one.picture) for one in earlier]
    files = [*(one.path for one in before), verified.picture.path]
    ids = [*(one.picture.frame_id for one in earlier), verified.frame.id]
    names = [_name(frame_id, file, storage) for frame_id, file in zip(ids, files, strict=True)]
    return EntryPictures(
        names,
        files,
        [_earlier(*both) for both in zip(earlier, before, strict=True)],
        verified.picture.sha256 or "",
    )


def _earlier(one: Earlier[Neighbour], shown: ShownPicture) -> EarlierPicture:
    return EarlierPicture(
        frame_id=one.picture.frame_id,
        image_sha256=shown.sha256 or "",
        before_s=one.before_s,
    )


def _name(frame_id: str, file: Path, storage: ImageStorage) -> str:
    if storage is ImageStorage.REFERENCED:
        return str(file.absolute())
    return f"{IMAGES}/{frame_id}{file.suffix.lower()}"
