"""What still holds an erased picture and is never edited: snapshots, reports, and backups that do not know of the
act."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from data.snapshot.folder import DEVELOPMENT, EVALUATION, MANIFEST, PAIRS
from data.store.tables import TrailEntry
from data.vocabulary import TrailAct

_PICTURED = re.compile(r'data-frame="([^"]+)"')


def snapshots_holding(
    workspace: Path, *, hashes: Set[str], frame_ids: Set[str] = frozenset()
) -> dict[str, int]:
    """The snapshots below a workspace with one of the pictures, or a picture of one of the frames: how many entries
    show one, by the folder's path."""
    found = {}
    for folder in sorted(_snapshots(workspace)):
        entries = sum(_shows(line, frame_ids, hashes) for line in _lines(folder))
        if entries:
            found[str(folder)] = entries
    return found


def _snapshots(workspace: Path) -> Iterator[Path]:
    for place, _, names in os.walk(workspace):
        if MANIFEST in names and PAIRS in names:
            yield Path(place)


def _lines(folder: Path) -> Iterator[dict[str, Any]]:
    """The entries of a snapshot; damaged lines are left out."""
    for name in (PAIRS, DEVELOPMENT, EVALUATION):
        path = folder / name
        for line in path.read_text(encoding="utf-8", errors="replace").split("\n") if path.is_file() else ():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                yield row


def _shows(line: dict[str, Any], ids: Set[str], hashes: Set[str]) -> bool:
    pictures = [line, *(one for one in line.get("earlier") or () if isinstance(one, dict))]
    return any(one.get("frame_id") in ids or one.get("image_sha256") in hashes for one in pictures)


def reports_showing(workspace: Path, frame_ids: Set[str]) -> list[str]:
    """The pages of reports below a workspace that have one of the frames among their pictures."""
    pages = sorted((workspace / "reports").glob("*/*.html"))
    return [str(page) for page in pages if frame_ids & set(_PICTURED.findall(_text(page)))]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def backups_before(session: Session, erased_at_us: int) -> list[str]:
    """The names of the backups that the trail knows from before an act, the latest first."""
    query = select(TrailEntry.subject).where(
        TrailEntry.act == TrailAct.WROTE_BACKUP, col(TrailEntry.at_us) <= erased_at_us
    )
    subjects = session.exec(query.order_by(col(TrailEntry.id).desc())).all()
    return list(dict.fromkeys(one.partition(":")[2] for one in subjects))
