"""Use cases: one vector per frame, computed here or by a model behind an endpoint, a batch on disk at a time."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from data.alike.descriptor import VERSION, Floats, descriptor, reduced_picture
from data.alike.frames import PicturedFrame, pictured_frames
from data.alike.kept_stacks import keep_stacks
from data.alike.maker import Maker
from data.alike.vectors import FOLDER, STACKS, current_vectors
from data.alike.writing import VectorWriter, vector_writer
from data.errors import VectorsError
from data.images.inspection import ImageRefused, read_image
from data.store.opening import Store
from data.vlm.client import Asking
from data.vlm.embedding import Embedded, embed_frames
from data.whole_files import written_whole

BATCH = 256
GIVE_UP_AFTER = 32
"""So many pictures in a row without a vector end the call."""
LOCAL_MODEL = "local-descriptor"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class EmbeddedFrames:
    """What was done. `dropped`: frames whose vectors went, since they changed or are no more; `failed`: frames
    without a vector, by reason; `stacks`: of look-alikes of a standing vehicle."""

    made_by: str
    folder: str
    dims: int
    frames: int
    added: int
    dropped: int
    failed: dict[str, int]
    stacks: int = 0

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def embed_locally(store: Store, workspace: Path, *, progress: Progress | None = None) -> EmbeddedFrames:
    """Describe the pictures of every frame without a current vector. Raises VectorsError."""
    frames = _frames(store)
    wanted = {one.frame_id: one.made_from for one in frames}
    with vector_writer(workspace, Maker("local", LOCAL_MODEL, str(VERSION))) as writer:
        done = _Call(writer, frames, wanted, progress).locally()
    return _with_stacks(store, workspace, done)


def embed_at_endpoint(
    store: Store,
    workspace: Path,
    asking: Asking,
    *,
    revision: str | None = None,
    instruction: str,
    progress: Progress | None = None,
) -> EmbeddedFrames:
    """Ask a model for the vector of every frame without a current one.

    Raises VectorsError: the endpoint gives something else than one vector of one length per picture, or none at all;
    ProposalError as `data.vlm.client.Endpoints.problems` says. What is on disk by then is kept and continued from.
    """
    frames = _frames(store)
    wanted = {one.frame_id: one.image_sha256 for one in frames}
    maker = Maker("endpoint", asking.model, revision or "", instruction, asking.sampling.image_width_px)
    with vector_writer(workspace, maker) as writer:
        done = _Call(writer, frames, wanted, progress).at_endpoint(asking, instruction)
    return _with_stacks(store, workspace, done)


def _with_stacks(store: Store, workspace: Path, done: EmbeddedFrames) -> EmbeddedFrames:
    vectors = current_vectors(workspace)
    if vectors is None:
        return done
    stacks = keep_stacks(store, vectors)
    with written_whole(workspace / FOLDER / STACKS) as partial:
        partial.write_text(f"{stacks}\n", encoding="utf-8")
    return replace(done, stacks=stacks)


def _frames(store: Store) -> list[PicturedFrame]:
    with store.read() as session:
        frames = pictured_frames(session)
    if not frames:
        raise VectorsError("The store holds no frame with a picture. Run `teletriage ingest` first.")
    return frames


class _Call:
    """One call: what is due, what has failed, and the writer."""

    def __init__(
        self,
        writer: VectorWriter,
        frames: Sequence[PicturedFrame],
        wanted: dict[str, str],
        progress: Progress | None,
    ) -> None:
        self._writer, self._frames, self._wanted = writer, frames, wanted
        self._progress = progress or (lambda done, total: None)
        self._due = [one for one in frames if writer.made_from.get(one.frame_id) != wanted[one.frame_id]]
        self._failed: Counter[str] = Counter()
        self._added = self._in_a_row_failed = 0

    def locally(self) -> EmbeddedFrames:
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
            for batch in _batches(self._due):
                self._keep([*zip(batch, threads.map(_described, batch), strict=True)])
        return self._finished()

    def at_endpoint(self, asking: Asking, instruction: str) -> EmbeddedFrames:
        frames = {one.frame_id: one for one in self._due}

        def keep(answers: Sequence[Embedded]) -> None:
            self._keep([(frames[one.frame_id], one.vector) for one in answers])

        def keep_going() -> bool:
            return self._in_a_row_failed < GIVE_UP_AFTER

        if self._due:
            asked = [(one.frame_id, one.image) for one in self._due]
            asyncio.run(embed_frames(asked, asking, instruction, keep, keep_going=keep_going))
        return self._finished()

    def _keep(self, answers: Sequence[tuple[PicturedFrame, Floats | str]]) -> None:
        """Write the vectors and count the rest by reason."""
        made = [(frame, vector) for frame, vector in answers if not isinstance(vector, str)]
        for _, vector in answers:
            self._in_a_row_failed = self._in_a_row_failed + 1 if isinstance(vector, str) else 0
        self._failed.update(vector for _, vector in answers if isinstance(vector, str))
        if made:
            rows = [(frame.frame_id, self._wanted[frame.frame_id]) for frame, _ in made]
            self._writer.append(rows, _stacked([vector for _, vector in made]))
        self._added += len(made)
        self._progress(self._added + self._failed.total(), len(self._due))

    def _finished(self) -> EmbeddedFrames:
        if self._due and not self._writer.made_from:
            reasons = "; ".join(one.rstrip(".") for one in list(self._failed)[:3])
            raise VectorsError(f"None of {self._failed.total():,} pictures got a vector ({reasons}).")
        dropped = self._writer.keep_only(self._wanted)
        self._writer.make_current()
        return EmbeddedFrames(
            made_by=self._writer.maker.in_words,
            folder=str(self._writer.folder),
            dims=self._writer.dims,
            frames=len(self._writer.made_from),
            added=self._added,
            dropped=dropped,
            failed=dict(self._failed.most_common()),
        )


def _stacked(vectors: Sequence[Floats]) -> Floats:
    """Raises VectorsError for vectors of different lengths."""
    lengths = sorted({len(one) for one in vectors})
    if len(lengths) > 1:
        raise VectorsError(
            f"The endpoint gives vectors of {' and of '.join(f'{one:,}' for one in lengths)} numbers; nothing of this "
            "batch was kept. Ask one model."
        )
    return np.stack(vectors)


def _batches(frames: Sequence[PicturedFrame]) -> Iterator[Sequence[PicturedFrame]]:
    return (frames[first : first + BATCH] for first in range(0, len(frames), BATCH))


def _described(frame: PicturedFrame) -> Floats | str:
    """The descriptor of a frame, or why there is none; the file is read once."""
    try:
        content = read_image(frame.image)
        if hashlib.sha256(content).hexdigest() != frame.image_sha256:
            return "picture is another one than was ingested (run `teletriage ingest --recheck`)"
        return descriptor(reduced_picture(content, frame.image.name), frame.cues, frame.pose)
    except ImageRefused as error:
        return error.reason.value.replace("_", " ")
