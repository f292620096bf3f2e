"""The ranking as a file of the workspace, so that screens need not compute it: `suspicions.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from data.alike.vectors import Vectors, current_vectors
from data.errors import VectorsError
from data.store.opening import Store
from data.suspicion.evidence import training_levels
from data.suspicion.ranking import Suspicion, TrainingLevels, suspicious_levels, too_few
from data.whole_files import written_whole

FILE = "suspicions.json"


def write_suspicions(store: Store, workspace: Path) -> tuple[TrainingLevels, list[Suspicion]]:
    """Rank the levels as they stand now and keep the ranking. Raises VectorsError: too few frames are verified."""
    vectors: Vectors | None = current_vectors(workspace)
    with store.read() as session:
        found = training_levels(session, vectors)
    reason = too_few(found)
    if reason is not None:
        raise VectorsError(reason)
    ranked = suspicious_levels(found)
    keep_suspicions(workspace, ranked)
    return found, ranked


def keep_suspicions(workspace: Path, ranked: Sequence[Suspicion]) -> None:
    """Put a ranking in place of the one that was kept."""
    with written_whole(workspace / FILE) as partial:
        rows = [one.as_dict() for one in ranked]
        partial.write_text(json.dumps({"frames": rows}, indent=1) + "\n", encoding="utf-8")


def current_suspicions(workspace: Path) -> dict[str, Suspicion]:
    """The kept ranking by frame id, most suspicious first; empty before the first. One whose frame was verified as
    another level since is out of date: compare `level`. Raises VectorsError for a file that is none."""
    path = workspace / FILE
    try:
        found = path.stat()
    except OSError:
        return {}
    return _read(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, mtime_ns: int, size: int) -> dict[str, Suspicion]:
    del mtime_ns, size  # tell apart states of one file
    try:
        ranked = [Suspicion.of(row) for row in json.loads(path.read_text(encoding="utf-8"))["frames"]]
    except (ValueError, TypeError, KeyError) as error:
        raise VectorsError(
            f"{path} is no ranking of suspicious levels. Run `teletriage suspicions` again."
        ) from error
    return {one.frame_id: one for one in ranked}
