"""What must not stand in train and held-out at once: a scene, a picture, or two pictures of one view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import update
from sqlmodel import col, select

from data.errors import LeakError
from data.image_fingerprint import near_pairs
from data.images import ImageRefused, inspect_image
from data.store import Store
from data.tables import Dataset, Frame, FrameStatus, Scene
from data.vocabulary import VerificationState

_READERS = 4
_NAMED = 3


def complete_fingerprints(store: Store) -> int:
    """Look once at every verified frame's picture that no ingest has looked at in this way; returns how many.

    Pictures that cannot be read any more are left: freezing says so itself.
    """
    query = (
        select(Frame.id, Frame.filename, Dataset.dataroot)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(Dataset, col(Dataset.id) == Scene.dataset_id)
        .where(FrameStatus.state == VerificationState.VERIFIED, col(Frame.image_fingerprint).is_(None))
    )
    with store.read() as session:
        rows = session.exec(query).all()
    with ThreadPoolExecutor(_READERS) as pool:
        seen = list(pool.map(lambda row: _look(Path(row[2]) / row[1]), rows))
    found = {row[0]: one for row, one in zip(rows, seen, strict=True) if one is not None}
    if found:
        with store.write() as session:
            for frame_id, one in found.items():
                session.exec(update(Frame).where(col(Frame.id) == frame_id).values(image_fingerprint=one))
    return len(found)


def _look(path: Path) -> str | None:
    try:
        return inspect_image(path).fingerprint
    except ImageRefused:
        return None


def refuse_leaks(train: Sequence[Frame], held_out: Sequence[Frame]) -> None:
    """Raises LeakError that names what stands on both sides."""
    shared = {frame.scene_id for frame in train} & {frame.scene_id for frame in held_out}
    if shared:
        raise LeakError(f"The scenes {', '.join(sorted(shared))} stand in train and held-out at once.")
    _refuse_same_files(train, held_out)
    _refuse_near(train, held_out)


def _refuse_same_files(train: Sequence[Frame], held_out: Sequence[Frame]) -> None:
    by_hash: Mapping[str | None, str] = {frame.image_sha256: frame.filename for frame in held_out}
    same = [
        (frame.filename, by_hash[frame.image_sha256]) for frame in train if frame.image_sha256 in by_hash
    ]
    if same:
        raise LeakError(
            f"{len(same)} images stand in train and held-out at once, under different scenes: {_named(same)}."
        )


def _refuse_near(train: Sequence[Frame], held_out: Sequence[Frame]) -> None:
    sides = [[frame.image_fingerprint or "" for frame in side] for side in (train, held_out)]
    near = [(train[one].filename, held_out[other].filename) for one, other in near_pairs(*sides)]
    if near:
        raise LeakError(
            f"{len(near)} pairs of pictures show one view in train and in held-out: {_named(near)}. Sample with "
            "`split_by: log` in another workspace, so that one drive's scenes stay on one side."
        )


def _named(pairs: Sequence[tuple[str, str]]) -> str:
    shown = "; ".join(f"{one} and {other}" for one, other in pairs[:_NAMED])
    return shown if len(pairs) <= _NAMED else f"{shown}; and {len(pairs) - _NAMED:,} more"
