"""The read-only door for notebooks: five functions that give pandas DataFrames and plain values, and write nothing.

    from data import notebook
    notebook.frames("workspace").query("state == 'verified'").level.value_counts()

A workspace is a folder, or the address of a database (`postgresql://…`). Levels, modes and other enums are their
values as text, times microseconds since 1970 UTC. Nothing here opens a store for writing, not even to migrate it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import select as select_columns
from sqlmodel import col

from data.maintenance.table_files import rows_of, table_names
from data.proposals.runs import proposals_for_review
from data.snapshot.folder import load_snapshot
from data.snapshot.trace import trace as trace_in
from data.store.opening import Store, open_read_only
from data.store.tables import Frame, FrameStatus, SampledFrame, Scene

__all__ = ["frames", "pairs", "table", "table_names", "trace"]


def table(workspace: str | Path, name: str) -> pd.DataFrame:
    """A table of the store as it is, one row per row; `table_names()` lists them. Raises StoreError."""
    with _open(workspace) as store, store.read() as session:
        return pd.DataFrame([row for part in rows_of(session, name) for row in part])


def frames(workspace: str | Path) -> pd.DataFrame:
    """One row per sampled frame: scene, split, inclusion probability, state, verified level (None where there is
    none) and the level that people are or were shown. Raises StoreError."""
    columns = (
        SampledFrame.frame_id,
        Scene.name.label("scene"),  # type: ignore[attr-defined]
        Frame.position,
        Frame.filename,
        SampledFrame.split,
        SampledFrame.inclusion_probability,
        FrameStatus.state,
        FrameStatus.level,
        FrameStatus.reviews_needed,
    )
    query = (
        select_columns(*columns)  # type: ignore[call-overload]
        .join(Frame, col(Frame.id) == SampledFrame.frame_id)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(FrameStatus, col(FrameStatus.frame_id) == SampledFrame.frame_id, isouter=True)
        .order_by(Scene.name, Frame.position)
    )
    with _open(workspace) as store, store.read() as session:
        proposed = {frame_id: one.level for frame_id, one in proposals_for_review(session).items()}
        rows = [row._asdict() for row in session.connection().execute(query)]
    given = [{**row, "proposed_level": proposed.get(row["frame_id"])} for row in rows]
    return pd.DataFrame(
        [{name: getattr(value, "value", value) for name, value in row.items()} for row in given]
    )


def pairs(snapshot: str | Path) -> pd.DataFrame:
    """A snapshot's preference pairs, its hashes checked (pictures left out): texts as strings, levels, weight and
    ids. Raises SnapshotError."""
    found = load_snapshot(Path(snapshot), check_images=False).pairs
    turns = ("prompt", "chosen", "rejected")
    return pd.DataFrame(
        [
            {**pair.model_dump(mode="json"), **{side: getattr(pair, side)[0].content for side in turns}}
            for pair in found
        ]
    )


def trace(workspace: str | Path, address: str) -> dict[str, Any]:
    """Where a frame (id or file name) or a pair (id, in a workspace folder's snapshots) comes from, as
    `teletriage trace` has it. Raises TraceError."""
    snapshots = None if "://" in str(workspace) else Path(workspace) / "snapshots"
    with _open(workspace) as store:
        return trace_in(store, address, snapshots=snapshots)


@contextmanager
def _open(workspace: str | Path) -> Iterator[Store]:
    given = str(workspace)
    store = open_read_only(url=given) if "://" in given else open_read_only(Path(given))
    try:
        yield store
    finally:
        store.close()
