"""What must not stand in train and held-out at once: a scene, a picture, or two pictures of one view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import and_, not_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from data.errors import LeakError
from data.frames.origins import source_scenes
from data.frames.shared_views import has_several_data_sets, scenes_of_one_drive
from data.images.fingerprint import near_pairs
from data.images.inspection import ImageRefused, inspect_image
from data.pictures.shown import shown_pictures
from data.proposals.earlier_frames import Neighbour, earlier_frames
from data.store.opening import Store
from data.store.tables import Dataset, Frame, FrameStatus, Scene
from data.text.phrases import counted
from data.vlm.moment import STILL, Lookback
from data.vocabulary import Split, VerificationState

_READERS = 4
_NAMED = 3
_IDS_AT_ONCE = 500


def complete_fingerprints(store: Store, lookback: Lookback = STILL) -> int:
    """Look once at every verified frame's picture that no ingest has looked at in this way, and at those that its
    question shows before it; returns how many.

    Pictures that cannot be read any more are left: freezing says so itself.
    """
    with store.read() as session:
        rows = [*_unseen(session, _is_verified()), *_unseen_earlier(session, lookback)]
    with ThreadPoolExecutor(_READERS) as pool:
        seen = list(pool.map(lambda row: _look(row[1]), rows))
    found = {row[0]: one for row, one in zip(rows, seen, strict=True) if one is not None}
    if found:
        with store.write() as session:
            for frame_id, one in found.items():
                session.get_one(Frame, frame_id).image_fingerprint = one
    return len(found)


def _is_verified() -> Any:
    verified = select(FrameStatus.frame_id).where(FrameStatus.state == VerificationState.VERIFIED)
    return col(Frame.id).in_(verified)


def _unseen_earlier(session: Session, lookback: Lookback) -> list[tuple[str, Path]]:
    earlier = (one for split in Split for one, _ in _earlier(session, split, lookback))
    ids = sorted({one.frame_id for one in earlier if not one.fingerprint})
    found = []
    for start in range(0, len(ids), _IDS_AT_ONCE):
        some = col(Frame.id).in_(ids[start : start + _IDS_AT_ONCE])
        found += _unseen(session, and_(some, not_(_is_verified())))
    return found


def _unseen(session: Session, which: Any) -> list[tuple[str, Path]]:
    """(id, file) of frames without a fingerprint."""
    columns = (col(Frame.id), col(Frame.scene_id), col(Frame.filename), col(Frame.image_sha256))
    query = select_columns(*columns).where(which, col(Frame.image_fingerprint).is_(None))
    rows: Sequence[Any] = session.connection().execute(query).all()
    pictures = shown_pictures(session) if rows else None
    return [(row.id, pictures.of(row).path) for row in rows] if pictures else []


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


def with_earlier(
    session: Session, split: Split, frames: Sequence[GuardedFrame], lookback: Lookback
) -> list[GuardedFrame]:
    """The verified frames of a side, and those that their questions show before them: no picture may stand on both."""
    there, scenes = {frame.frame_id: frame for frame in frames}, source_scenes(session)
    for one, scene_id in _earlier(session, split, lookback):
        of_scene = scenes.get(scene_id, scene_id)
        beside = GuardedFrame(one.frame_id, of_scene, one.filename, one.image_sha256, one.fingerprint or "")
        there.setdefault(one.frame_id, beside)
    return list(there.values())


def _earlier(session: Session, split: Split, lookback: Lookback) -> Iterator[tuple[Neighbour, str]]:
    """(a frame that a verified frame's question shows before it, the id of their scene)."""
    if lookback.frames == 1:
        return
    query = (
        select_columns(col(Frame.id), col(Frame.scene_id), col(Frame.captured_at_us))
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .where(col(FrameStatus.state) == VerificationState.VERIFIED, col(FrameStatus.split) == split)
    )
    frames: list[Any] = list(session.connection().execute(query))
    shown = earlier_frames(session, frames, lookback)
    for frame in frames:
        yield from ((one.picture, frame.scene_id) for one in shown[frame.id])


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


def refuse_one_drive(session: Session) -> None:
    """Raises LeakError where a drive that two data sets have stands in train under one name and in held-out under the
    other, both with verified frames."""
    query = (
        select(Scene.id, Dataset.name, Scene.name, FrameStatus.split)
        .join(Frame, col(Frame.scene_id) == Scene.id)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .join(Dataset, col(Dataset.id) == Scene.dataset_id)
        .where(FrameStatus.state == VerificationState.VERIFIED)
        .distinct()
    )
    if not has_several_data_sets(session):
        return
    places = {
        scene_id: (f"{data_set}/{name}", side) for scene_id, data_set, name, side in session.exec(query)
    }
    parted = []
    for one, other in scenes_of_one_drive(session):
        if one in places and other in places and places[one][1] is not places[other][1]:
            train, held_out = sorted(
                (places[one], places[other]), key=lambda place: place[1] is Split.HELD_OUT
            )
            parted.append((train[0], held_out[0]))
    if parted:
        raise LeakError(
            f"{counted(len(parted), 'drive')} that two data sets have {'stands' if len(parted) == 1 else 'stand'} in "
            f"train under one name and in held-out under the other: {_named(parted)}. Draw both data sets at once in "
            "another workspace, so that they stand on one side."
        )


def _named(pairs: Sequence[tuple[str, str]]) -> str:
    shown = "; ".join(f"{one} and {other}" for one, other in pairs[:_NAMED])
    return shown if len(pairs) <= _NAMED else f"{shown}; and {len(pairs) - _NAMED:,} more"
