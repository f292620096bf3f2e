"""Reading the frames that get a vector: their pictures, cues and poses."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from data.alike.descriptor import Pose
from data.hashing import canonical_json
from data.pictures.shown import ShownPictures, shown_pictures
from data.store.tables import Frame, Scene

FEWEST_M = 0.01
_US = 1e6


@dataclass(frozen=True)
class PicturedFrame:
    """A frame with a picture that can be read. `pose`: None where nobody recorded one for its scene."""

    frame_id: str
    scene_id: str
    position: int
    image: Path
    image_sha256: str
    cues: dict[str, str]
    pose: Pose | None

    @property
    def made_from(self) -> str:
        """The hash of everything that the local descriptor is computed from."""
        pose = None if self.pose is None else [self.pose.location, *_rounded(self.pose)]
        said = canonical_json([self.image_sha256, sorted(self.cues), pose])
        return hashlib.sha256(said.encode()).hexdigest()


def _rounded(pose: Pose) -> list[float]:
    return [round(one, 3) for one in (pose.x_m, pose.y_m, *pose.velocity_m_s)]


def pictured_frames(session: Session) -> list[PicturedFrame]:
    """Every frame that is not set aside, by scene and time."""
    query = (
        select(
            Frame.id,
            Frame.scene_id,
            Frame.position,
            Frame.captured_at_us,
            Frame.filename,
            Frame.image_sha256,
            Frame.cues,
            Frame.ego_x_m,
            Frame.ego_y_m,
            Scene.location,
        )  # type: ignore[call-overload]  # SQLModel types up to four columns
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .where(col(Frame.set_aside).is_(None), col(Frame.image_sha256).is_not(None))
        .order_by(Frame.scene_id, col(Frame.position), Frame.id)
    )
    rows: Iterable[Any] = session.exec(query)
    scenes = itertools.groupby(rows, lambda row: row[1])
    pictures = shown_pictures(session)
    return [frame for _, scene in scenes for frame in _of_scene(list(scene), pictures)]


def _of_scene(rows: list[Any], pictures: ShownPictures) -> Iterator[PicturedFrame]:
    is_recorded = any(math.hypot(row.ego_x_m, row.ego_y_m) >= FEWEST_M for row in rows)
    for at, row in enumerate(rows):
        pose = Pose(row.location, row.ego_x_m, row.ego_y_m, _velocity(rows, at)) if is_recorded else None
        shown = pictures.of(row)
        sha256 = shown.sha256 or ""
        yield PicturedFrame(row.id, row.scene_id, row.position, shown.path, sha256, row.cues, pose)


def _velocity(rows: list[Any], at: int) -> tuple[float, float]:
    """Between the frames before and after, metres per second."""
    before, after = rows[max(at - 1, 0)], rows[min(at + 1, len(rows) - 1)]
    seconds = (after.captured_at_us - before.captured_at_us) / _US
    if seconds <= 0:
        return (0.0, 0.0)
    return ((after.ego_x_m - before.ego_x_m) / seconds, (after.ego_y_m - before.ego_y_m) / seconds)
