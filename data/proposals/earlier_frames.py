"""The earlier frames that a question shows beside a frame's own: keyframes of its scene, chosen by their times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from data.store.tables import Frame
from data.vlm.moment import Earlier, Lookback

_SCENES_AT_ONCE = 500
_US_PER_S = 1_000_000


@dataclass(frozen=True)
class Neighbour:
    """What is needed of a frame to show it beside a later one."""

    frame_id: str
    scene_id: str
    captured_at_us: int
    filename: str
    image_sha256: str | None
    fingerprint: str | None


class Taken(Protocol):
    """A frame, or the columns of one that say where and when it was taken."""

    @property
    def id(self) -> str: ...

    @property
    def scene_id(self) -> str: ...

    @property
    def captured_at_us(self) -> int: ...


def earlier_frames(
    session: Session, frames: Sequence[Taken], lookback: Lookback
) -> dict[str, tuple[Earlier[Neighbour], ...]]:
    """For each frame, by its id, what its question shows before it, oldest first: nothing for a single picture.

    Frames that are set aside are shown to nobody, and none of another scene ever is.
    """
    if lookback.frames == 1:
        return {frame.id: () for frame in frames}
    scenes = _scenes(session, sorted({frame.scene_id for frame in frames}))
    return {frame.id: _before(frame, scenes[frame.scene_id], lookback) for frame in frames}


def _before(frame: Taken, scene: Sequence[Neighbour], lookback: Lookback) -> tuple[Earlier[Neighbour], ...]:
    past = [
        Earlier(one, (frame.captured_at_us - one.captured_at_us) / _US_PER_S)
        for one in scene
        if one.captured_at_us < frame.captured_at_us
    ]
    return tuple(past[place] for place in lookback.choose([one.before_s for one in past]))


def _scenes(session: Session, scene_ids: Sequence[str]) -> dict[str, list[Neighbour]]:
    """The usable frames of scenes, in the order in which they were taken."""
    found: dict[str, list[Neighbour]] = defaultdict(list)
    for start in range(0, len(scene_ids), _SCENES_AT_ONCE):
        some = scene_ids[start : start + _SCENES_AT_ONCE]
        query = (
            select_columns(
                col(Frame.scene_id),
                col(Frame.id),
                col(Frame.captured_at_us),
                col(Frame.filename),
                col(Frame.image_sha256),
                col(Frame.image_fingerprint),
            )
            .where(col(Frame.scene_id).in_(some), col(Frame.set_aside).is_(None))
            .order_by(col(Frame.scene_id), col(Frame.captured_at_us), col(Frame.id))
        )
        for scene_id, frame_id, captured_at_us, filename, sha256, look in session.connection().execute(query):
            found[scene_id].append(Neighbour(frame_id, scene_id, captured_at_us, filename, sha256, look))
    return found
