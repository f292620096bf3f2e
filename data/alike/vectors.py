"""The vectors of a workspace, as a memory-mapped float16 matrix beside an index.

`vectors/NAME/index.jsonl` holds what made the vectors and the matrix's file in its first line, then a frame and what
its vector was made from per row; a frame's last row counts. `vectors/current` names the folder that is searched.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.alike.maker import Maker
from data.alike.search import Floats, Halves, similarities
from data.errors import VectorsError

FOLDER, CURRENT, INDEX = "vectors", "current", "index.jsonl"
RESIDENT_BYTES = 1 << 29
STACKS = "stacks"
"""Beside `current`: says when stacks were last put into the store, and how many."""
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Index:
    """`rows`: (frame id, what its vector was made from) per row. `bytes`: how far the file's whole lines reach."""

    maker: Maker
    dims: int
    matrix: str
    rows: list[tuple[str, str]]
    bytes: int


@dataclass(frozen=True, eq=False)
class Vectors:
    """One vector per frame. `row`: of each frame in `matrix`, which may hold older vectors too."""

    maker: Maker
    frame_ids: Sequence[str]
    row: Ints
    matrix: Halves

    @cached_property
    def place(self) -> dict[str, int]:
        """A frame's place in `frame_ids`."""
        return {frame_id: place for place, frame_id in enumerate(self.frame_ids)}

    @cached_property
    def resident(self) -> Floats | None:
        """(frames, dims) the frames' vectors in memory, None where they would take more than RESIDENT_BYTES.

        One product with them answers a question. Blocks of the file wait for the interpreter a thousand times in each
        answer, behind whatever else the process does.
        """
        if 4 * len(self.row) * self.matrix.shape[1] > RESIDENT_BYTES:
            return None
        rows = self.matrix if len(self.matrix) == len(self.row) else self.matrix[self.row]
        return rows.astype(np.float32)

    def vector(self, frame_id: str) -> Floats:
        """Raises VectorsError for a frame without one."""
        if frame_id not in self.place:
            raise VectorsError(
                f"Frame {frame_id[:64]!r} has no vector yet. Run `teletriage embed` for new frames."
            )
        found: Floats = self.matrix[self.row[self.place[frame_id]]].astype(np.float32)
        return found

    def of(self, frame_ids: Sequence[str]) -> Floats:
        """(frames, dims); NaN for frames without a vector."""
        places = np.array([self.place.get(one, -1) for one in frame_ids], dtype=np.int64)
        found = np.full((len(places), self.matrix.shape[1]), np.nan, dtype=np.float32)
        found[places >= 0] = self.matrix[self.row[places[places >= 0]]]
        return found

    def similarities(self, frame_id: str) -> Floats:
        """How near every frame of `frame_ids` is to this one, -1 to 1. Raises VectorsError."""
        query = self.vector(frame_id)
        if self.resident is not None:
            found: Floats = self.resident @ query
            return found
        every = similarities(self.matrix, query)
        return every if len(every) == len(self.row) else every[self.row]


def current_vectors(workspace: Path) -> Vectors | None:
    """The vectors that are searched, None before the first `teletriage embed`. Read again only when they changed.

    Raises VectorsError where the files are damaged.
    """
    folder = workspace / FOLDER
    try:
        chosen = folder / (folder / CURRENT).read_text(encoding="utf-8").strip()
        found = (chosen / INDEX).stat()
    except OSError:
        return None
    return _opened(chosen, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=4)
def _opened(folder: Path, mtime_ns: int, size: int) -> Vectors:
    del mtime_ns, size  # tell apart states of one file
    for attempt in (1, 2):
        index = read_index(folder)
        try:
            return vectors_of(index, folder / index.matrix)
        except FileNotFoundError:  # rewritten between the two readings
            if attempt == 2:  # noqa: PLR2004
                raise VectorsError(f"{folder / index.matrix} is missing. {_AGAIN}") from None
    raise AssertionError("the second attempt returns or raises")


_AGAIN = "Delete the folder and run `teletriage embed` again."


def vectors_of(index: Index, path: Path) -> Vectors:
    """Raises FileNotFoundError, or VectorsError where the matrix holds fewer rows than the index names."""
    row = {frame_id: number for number, (frame_id, _) in enumerate(index.rows)}
    need, have = len(index.rows) * index.dims * 2, path.stat().st_size
    if have < need:
        raise VectorsError(f"{path} holds {have:,} bytes where its index names {need:,}. {_AGAIN}")
    shape = (len(index.rows), index.dims)
    matrix = np.memmap(path, np.float16, "r", shape=shape) if index.rows else np.zeros(shape, np.float16)
    return Vectors(index.maker, tuple(row), np.array(list(row.values()), dtype=np.int64), matrix)


def read_index(folder: Path) -> Index:
    """The whole lines of an index; a last one that was cut is left out. Raises VectorsError."""
    path = folder / INDEX
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    lines = whole.splitlines()
    try:
        head: dict[str, Any] = json.loads(lines[0])
        rows = [(str(frame_id), str(made_from)) for frame_id, made_from in map(json.loads, lines[1:])]
        return Index(Maker(**head["maker"]), int(head["dims"]), str(head["matrix"]), rows, len(whole))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise VectorsError(f"{path} is no index of vectors. {_AGAIN}") from error
