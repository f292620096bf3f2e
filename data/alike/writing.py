"""Writing vectors so that a kill at any moment loses at most the batch under way.

A batch reaches the disk as rows of the matrix first and as lines of the index then: rows without a line are cut off
when the next writer comes. What no frame needs any more goes when the files are written anew beside the old ones.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.alike.maker import Maker
from data.alike.search import Halves, stored
from data.alike.vectors import CURRENT, FOLDER, INDEX, Index, read_index, vectors_of
from data.errors import VectorsError
from data.whole_files import locked, written_whole


class VectorWriter:
    """The vectors of one maker, open for writing. `made_from`: of each frame that has a vector."""

    def __init__(self, workspace: Path, maker: Maker) -> None:
        self._all = workspace / FOLDER
        self.folder, self.maker = self._all / maker.name, maker
        self._index: Index | None = None
        if (self.folder / INDEX).is_file():
            self._index = _cut_to_whole(self.folder)
        self.made_from: dict[str, str] = dict(self._index.rows) if self._index else {}

    @property
    def dims(self) -> int:
        """Numbers in a vector; 0 before the first."""
        return self._index.dims if self._index else 0

    def append(self, rows: Sequence[tuple[str, str]], vectors: npt.NDArray[np.floating[Any]]) -> None:
        """Keep the vectors of (frame id, what it is made from). Raises VectorsError: not one finite vector other than
        zero per row, or of another length than those that are there; then nothing is written."""
        _refuse_unusable(vectors, len(rows))
        index = self._index or self._begun(vectors.shape[1])
        if vectors.shape[1] != index.dims:
            raise VectorsError(
                f"A vector has {vectors.shape[1]:,} numbers where the others of {self.maker.model!r} have "
                f"{index.dims:,}: the model behind that name has changed. Delete {self.folder} or give the model "
                "another --revision."
            )
        _append(self.folder / index.matrix, stored(vectors).tobytes())
        lines = "".join(json.dumps(list(row)) + "\n" for row in rows)
        _append(self.folder / INDEX, lines.encode())
        index.rows.extend(rows)
        self._index = index
        self.made_from.update(rows)

    def _begun(self, dims: int) -> Index:
        self.folder.mkdir(parents=True, exist_ok=True)
        index = Index(self.maker, dims, "1.f16", [], 0)
        (self.folder / index.matrix).write_bytes(b"")
        _write_index(self.folder, index)
        return index

    def keep_only(self, wanted: Mapping[str, str]) -> int:
        """Drop the vectors of frames that are not wanted or were made from something else; returns how many."""
        if self._index is None:
            return 0
        found = vectors_of(self._index, self.folder / self._index.matrix)
        kept = [place for place, one in enumerate(found.frame_ids) if wanted.get(one) == self.made_from[one]]
        dropped = len(found.frame_ids) - len(kept)
        if len(kept) < len(self._index.rows):
            self._rewrite(found.matrix, found.row[kept], [found.frame_ids[place] for place in kept])
        return dropped

    def _rewrite(self, matrix: Halves, rows: npt.NDArray[np.int64], frame_ids: Sequence[str]) -> None:
        assert self._index is not None  # noqa: S101 - for the type checker
        before = self.folder / self._index.matrix
        name = f"{int(before.stem) + 1}.f16"
        listed = [(frame_id, self.made_from[frame_id]) for frame_id in frame_ids]
        with written_whole(self.folder / name) as partial:
            matrix[rows].tofile(partial)
        self._index = Index(self.maker, self._index.dims, name, listed, 0)
        _write_index(self.folder, self._index)
        self.made_from = dict(listed)
        before.unlink(missing_ok=True)

    def make_current(self) -> None:
        """Let these vectors be searched from now on."""
        if self._index is not None:
            with written_whole(self._all / CURRENT) as partial:
                partial.write_text(f"{self.folder.name}\n", encoding="utf-8")


@contextmanager
def vector_writer(workspace: Path, maker: Maker) -> Iterator[VectorWriter]:
    """The only writer of a workspace's vectors at a time. Raises VectorsError while there is another."""
    turn = locked(workspace / FOLDER)
    if turn is None:
        raise VectorsError(
            f"Another `teletriage embed` is writing into {workspace / FOLDER}; wait until it is done."
        )
    with turn:
        yield VectorWriter(workspace, maker)


def forget_frames(workspace: Path, frame_ids: Set[str], *, but_from: Set[str] = frozenset()) -> int:
    """Take the frames' vectors out of every set; how many there were. A picture can be guessed from some. but_from:
    what vectors that stay were made from. Raises VectorsError while there is another writer."""
    dropped = 0
    for index in sorted((workspace / FOLDER).glob(f"*/{INDEX}")):
        with vector_writer(workspace, read_index(index.parent).maker) as writer:
            kept = {
                one: made
                for one, made in writer.made_from.items()
                if one not in frame_ids or made in but_from
            }
            if len(kept) < len(writer.made_from):
                dropped += writer.keep_only(kept)
    return dropped


def _cut_to_whole(folder: Path) -> Index:
    """The index, both files cut back to the batches that reached the disk whole."""
    index = read_index(folder)
    path = folder / index.matrix
    rows = path.stat().st_size // (2 * index.dims) if path.is_file() else 0
    if rows < len(index.rows):  # a power cut can keep lines and lose rows
        index = Index(index.maker, index.dims, index.matrix, index.rows[:rows], 0)
        path.touch()
        _write_index(folder, index)
    elif (folder / INDEX).stat().st_size > index.bytes:
        os.truncate(folder / INDEX, index.bytes)
    os.truncate(path, len(index.rows) * 2 * index.dims)
    for other in folder.glob("*.f16"):
        if other.name != index.matrix:
            other.unlink()
    return index


def _write_index(folder: Path, index: Index) -> None:
    head = {"maker": asdict(index.maker), "dims": index.dims, "matrix": index.matrix}
    with written_whole(folder / INDEX) as partial, partial.open("w", encoding="utf-8") as out:
        out.write(json.dumps(head) + "\n")
        out.writelines(json.dumps(list(row)) + "\n" for row in index.rows)


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def _refuse_unusable(vectors: npt.NDArray[np.floating[Any]], rows: int) -> None:
    if vectors.ndim != 2 or len(vectors) != rows or vectors.shape[1] == 0:  # noqa: PLR2004
        raise VectorsError(f"{len(vectors):,} vectors came for {rows:,} pictures; nothing of them was kept.")
    if not np.isfinite(vectors).all():
        raise VectorsError(
            "A vector holds a number that is not finite (NaN or infinity); nothing of it was kept."
        )
    if not np.abs(vectors).max(axis=1).all():
        raise VectorsError("A vector holds nothing but zeros; nothing of it was kept.")
