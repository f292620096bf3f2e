"""What was made of pictures before they were blurred: renditions and vectors go, all else is named."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, col, func, select

from data.alike.frames import pictured_frames
from data.alike.writing import forget_frames
from data.errors import BlurRefused
from data.pictures.blurred import FOLDER, blurred_copies
from data.pictures.sheets import pictures_on_sheet
from data.snapshot.folder import MANIFEST
from data.store.tables import BlurredPicture, Frame, Proposal

RENDITIONS, MODEL_PICTURES = "images", "model_pictures"
_NO_SHEETS = {RENDITIONS, MODEL_PICTURES, FOLDER}


@dataclass(frozen=True)
class Shown:
    """The hashes of blurred pictures and of everything that may be shown, the copies, and what vectors of pictures as
    they are shown are made from."""

    blurred: frozenset[str]
    shown: frozenset[str]
    copies: frozenset[Path]
    made_from: frozenset[str]


def shown_now(session: Session) -> Shown:
    """What is shown as of now."""
    copies = blurred_copies(session)
    frames = {one for one in session.exec(select(Frame.image_sha256)) if one}
    shown = (frames - copies.keys()) | {one.sha256 for one in copies.values()}
    pictured = pictured_frames(session) if copies else []
    made_from = {made for one in pictured for made in (one.made_from, one.image_sha256)}
    return Shown(
        frozenset(copies),
        frozenset(shown),
        frozenset(one.path for one in copies.values()),
        frozenset(made_from),
    )


def remove_traces(workspace: Path, folder: Path, now: Shown, frame_ids: Collection[str]) -> tuple[int, int]:
    """Remove what could still show a picture as it was: renditions, pictures scaled for models, contact sheets,
    vectors, and copies that another one has taken the place of. Returns how many files and vectors. Raises BlurRefused
    for a file that cannot be removed, VectorsError while somebody else writes vectors."""
    going = [one for one in _files(workspace / RENDITIONS) if _key(one) not in now.shown]
    going += [one for one in _files(workspace / MODEL_PICTURES) if _key(one) in now.blurred]
    going += [one for one in _files(folder) if _key(one) in now.blurred and one not in now.copies]
    going += [one for one in _sheets(workspace) if not now.blurred.isdisjoint(pictures_on_sheet(one))]
    for path in going:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise BlurRefused(
                f"{path} shows a picture as it was and cannot be deleted: {error.strerror}. Mend that and run the same "
                "command again."
            ) from error
    return len(going), forget_frames(workspace, set(frame_ids), but_from=now.made_from)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []


def _sheets(workspace: Path) -> Iterator[Path]:
    """Pictures that may be contact sheets: neither renditions nor a snapshot's own."""
    for place, folders, names in os.walk(workspace):
        if MANIFEST in names or Path(place).name in _NO_SHEETS:
            folders.clear()
            continue
        yield from (Path(place, one) for one in names if one.endswith(".jpg"))


def _key(path: Path) -> str:
    return path.name.partition(".")[0].partition("-")[0]


def proposals_before(session: Session) -> int:
    """How many proposals were answered before the picture of their frame was blurred first."""
    first = (
        select(BlurredPicture.image_sha256, func.min(BlurredPicture.blurred_at_us).label("at_us"))
        .group_by(BlurredPicture.image_sha256)
        .subquery()
    )
    query = (
        select(func.count(col(Proposal.id)))
        .join(Frame, col(Frame.id) == Proposal.frame_id)
        .join(first, first.c.image_sha256 == Frame.image_sha256)
        .where(col(Proposal.answered_at_us) < first.c.at_us)
    )
    return int(session.exec(query).one())
