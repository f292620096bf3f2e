"""Use cases: the frames that look like one, and the stacks of near-duplicates."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from sqlmodel import Session, col, select

from data.alike.frames import PicturedFrame, pictured_frames
from data.alike.search import largest
from data.alike.stacks import Neighbours, cue_numbers, duplicate_distance, stack_numbers
from data.alike.vectors import Vectors
from data.errors import VectorsError
from data.store.tables import Frame

MOST = 1_000


@dataclass(frozen=True)
class AlikeFrame:
    """A frame and how near it is, from -1 to 1."""

    frame_id: str
    similarity: float


def alike_frames(
    session: Session, vectors: Vectors, frame_id: str, *, n: int = 10, among: Collection[str] | None = None
) -> list[AlikeFrame]:
    """The n frames nearest to one, without it, nearest first; frames that were set aside or are no more are not found.

    among: only these. Raises VectorsError: no such vector, or n is not 1 to 1,000.
    """
    if not 0 < n <= MOST:
        raise VectorsError(f"Ask for 1 to {MOST:,} frames, not {n:,}.")
    similar = vectors.similarities(frame_id)
    similar[vectors.place[frame_id]] = -np.inf
    if among is not None:
        similar[[place for place, one in enumerate(vectors.frame_ids) if one not in among]] = -np.inf
    found: list[AlikeFrame] = []
    seen, wanted = 0, 2 * n
    while len(found) < n and seen < len(similar):
        places = largest(similar, wanted)
        places = places[np.isfinite(similar[places])]
        new = places[seen:]
        if not len(new):
            break
        there = _there(session, [vectors.frame_ids[place] for place in new])
        found += [
            AlikeFrame(vectors.frame_ids[place], round(float(similar[place]), 4))
            for place in new
            if vectors.frame_ids[place] in there
        ]
        seen, wanted = len(places), 4 * wanted
    return found[:n]


def _there(session: Session, frame_ids: list[str]) -> set[str]:
    found: set[str] = set()
    for first in range(0, len(frame_ids), MOST):
        query = select(Frame.id).where(
            col(Frame.id).in_(frame_ids[first : first + MOST]), col(Frame.set_aside).is_(None)
        )
        found.update(session.exec(query))
    return found


def stack_of_each(session: Session, vectors: Vectors) -> dict[str, str]:
    """For every frame in a stack of several, the first frame of the stack (itself included)."""
    frames = pictured_frames(session)
    found = neighbours(frames, vectors)
    numbers = stack_numbers(found, duplicate_distance(found))
    several = np.bincount(numbers, minlength=len(frames)) > 1
    return {
        frame.frame_id: frames[first].frame_id
        for frame, first in zip(frames, numbers, strict=True)
        if several[first]
    }


def neighbours(frames: list[PicturedFrame], vectors: Vectors) -> Neighbours:
    """Frames by scene and time as stacks are made from."""
    scenes: dict[str, int] = {}
    nowhere = (np.nan, np.nan)
    return Neighbours(
        scene=np.array([scenes.setdefault(one.scene_id, len(scenes)) for one in frames], dtype=np.int64),
        vectors=vectors.of([one.frame_id for one in frames]),
        cues=cue_numbers([one.cues for one in frames]),
        place_m=np.array(
            [nowhere if one.pose is None else (one.pose.x_m, one.pose.y_m) for one in frames],
            dtype=np.float64,
        ).reshape(-1, 2),
    )
