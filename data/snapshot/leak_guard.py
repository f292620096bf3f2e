"""What must not stand in train and held-out at once: a scene, a picture, or two pictures of one view."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from data.errors import LeakError
from data.frames.origins import source_scenes
from data.images.fingerprint import near_pairs
from data.images.inspection import ImageRefused, inspect_image
from data.store.opening import Store
from data.store.tables import Dataset, Frame, FrameStatus, Scene
from data.vocabulary import Split, VerificationState

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
                session.get_one(Frame, frame_id).image_fingerprint = one
    return len(found)


def _look(path: Path) -> str | None:
    try:
        return inspect_image(path).fingerprint
    except ImageRefused:
        return None


@dataclass(frozen=True)
class GuardedFrame:
    """What the guard compares of a verified frame. `scene_id`: of a generated frame, the scene it was made of."""

    frame_id: str
    scene_id: str
    filename: str
    image_sha256: str | None
    fingerprint: str


def guarded_frames(session: Session, split: Split) -> list[GuardedFrame]:
    """The verified frames of one side of the split, generated ones too."""
    query = (
        select_columns(
            col(Frame.id),
            col(Frame.scene_id),
            col(Frame.filename),
            col(Frame.image_sha256),
            col(Frame.image_fingerprint),
        )
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .where(col(FrameStatus.state) == VerificationState.VERIFIED, col(FrameStatus.split) == split)
        .order_by(col(Frame.scene_id), col(Frame.position))
    )
    scenes = source_scenes(session)
    return [
        GuardedFrame(frame_id, scenes.get(scene_id, scene_id), filename, sha256, fingerprint or "")
        for frame_id, scene_id, filename, sha256, fingerprint in session.connection().execute(query)
    ]


def refuse_leaks(train: Sequence[GuardedFrame], held_out: Sequence[GuardedFrame]) -> None:
    """Raises LeakError that names what stands on both sides."""
    shared = {frame.scene_id for frame in train} & {frame.scene_id for frame in held_out}
    if shared:
        raise LeakError(f"The scenes {', '.join(sorted(shared))} stand in train and held-out at once.")
    by_hash = {frame.image_sha256: frame.filename for frame in held_out if frame.image_sha256}
    same = [(frame.filename, by_hash[frame.image_sha256]) for frame in train if frame.image_sha256 in by_hash]
    if same:
        raise LeakError(
            f"{len(same)} images stand in train and held-out at once, under different scenes: {_named(same)}."
        )
    sides = [[frame.fingerprint for frame in side] for side in (train, held_out)]
    near = [(train[one].filename, held_out[other].filename) for one, other in near_pairs(*sides)]
    if near:
        raise LeakError(
            f"{len(near)} pairs of pictures show one view in train and in held-out: {_named(near)}. Sample with "
            "`split_by: log` in another workspace, so that one drive's scenes stay on one side."
        )


def _named(pairs: Sequence[tuple[str, str]]) -> str:
    shown = "; ".join(f"{one} and {other}" for one, other in pairs[:_NAMED])
    return shown if len(pairs) <= _NAMED else f"{shown}; and {len(pairs) - _NAMED:,} more"
