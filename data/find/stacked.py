"""Look-alikes of a standing vehicle as one frame: which stack each frame is in, as `embed` left it in the store."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from sqlmodel import select

from data.alike.vectors import FOLDER, STACKS
from data.find.facets import Ints
from data.find.frame_facts import FrameFacts
from data.store.opening import Store
from data.store.tables import FrameStack


def stack_places(store: Store, frames: FrameFacts, workspace: Path | None) -> Ints:
    """(n,) the place of the first frame of each frame's stack; its own where it looks like no other."""
    marker = None if workspace is None else workspace / FOLDER / STACKS
    made_at_ns = marker.stat().st_mtime_ns if marker is not None and marker.is_file() else 0
    return _read(store, frames, made_at_ns)


@lru_cache(maxsize=2)
def _read(store: Store, frames: FrameFacts, made_at_ns: int) -> Ints:
    places = np.arange(len(frames.ids))
    if not made_at_ns:
        return places
    with store.read() as session:
        rows = session.exec(select(FrameStack.frame_id, FrameStack.first_id)).all()
    known = [
        (frames.place[one], frames.place[first]) for one, first in rows if {one, first} <= frames.place.keys()
    ]
    for place, first in known:
        places[place] = first
    return places


def first_of_each(places: Ints, stack: Ints) -> Ints:
    """Those of the places that no other of their stack stands before.

    >>> first_of_each(np.array([4, 2, 3, 0]), np.array([0, 1, 2, 2, 2])).tolist()
    [4, 0]
    """
    _, first = np.unique(stack[places], return_index=True)
    kept: Ints = places[np.sort(first)]
    return kept
