"""Data sets by the names that people give them: which are in the store, and when their ingest begins and ends."""

from __future__ import annotations

import re
from pathlib import Path

from sqlmodel import Session, select

from data.errors import SourceError
from data.frames.origins import DATA_SET as GENERATED
from data.sources.port import Source
from data.store.tables import NOT_INGESTED, Dataset

MADE_HERE = (GENERATED, "monitor")
"""The names of what no source holds: generated frames, and those that came back from live feeds."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def require_usable_name(name: str) -> None:
    """Raise SourceError for a name that cannot be a data set's: it is part of folders' names and of commands.

    >>> require_usable_name("night-drives.2")
    """
    if not _NAME.fullmatch(name):
        raise SourceError(
            f"{name[:80]!r} cannot be a data set's name: give a --name of letters, digits, dots, - and _."
        )
    if name in MADE_HERE:
        raise SourceError(f"The name {name} stands for what teletriage makes itself; give another --name.")


def begun(session: Session, source: Source, name: str, root: Path) -> int:
    """The id of the source's data set, made where there is none. Raises SourceError where the name belongs to another
    source."""
    dataset = session.exec(select(Dataset).where(Dataset.name == name)).one_or_none()
    if dataset is None:
        dataset = Dataset(name=name, kind=source.kind, dataroot=str(root), ingested_at_us=NOT_INGESTED)
    _refuse_another(dataset, source)
    dataset.dataroot, dataset.camera = str(root), source.camera or None
    dataset.version = getattr(source, "version", None)
    dataset.origin = None if source.in_files else str(source.root)
    dataset.lacks = sorted(lack.value for lack in source.lacks) or None
    session.add(dataset)
    session.flush()
    return int(dataset.id or 0)


def _refuse_another(dataset: Dataset, source: Source) -> None:
    there = dataset.origin or dataset.dataroot
    if dataset.kind != source.kind:
        what = f"a source of the kind {dataset.kind}"
    elif dataset.kind != "nuscenes" and there != str(source.root) and Path(there).exists():
        what = there
    else:
        return  # the same place, one that its files have moved to, or tables, whose tokens say what is the same
    raise SourceError(f"The data set {dataset.name} is {what}; give this one another --name.")
