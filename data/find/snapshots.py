"""Which frames the snapshots in a folder hold. A snapshot never changes, so a process reads each of them once."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from data.find.facets import Facet, many_codes
from data.find.frame_facts import FrameFacts
from data.find.question import About
from data.snapshot.folder import EVALUATION, MANIFEST, PAIRS

_FRAME_ID = re.compile(
    rb'"frame_id": ?"([^"\\]+)"'
)  # a quotation mark inside a text stands behind a backslash


def snapshot_facet(folder: Path | None, frames: FrameFacts) -> Facet:
    """The frames of every snapshot, by the name of its folder."""
    found = [] if folder is None else sorted(one.parent for one in folder.glob(f"*/{MANIFEST}"))
    pairs = {
        (frames.place[frame_id], one.name)
        for one in found
        for frame_id in _frame_ids(one, (one / MANIFEST).stat().st_mtime_ns)
        if frame_id in frames.place
    }
    return many_codes(About.SNAPSHOT, [one.name for one in found], pairs)


@lru_cache(maxsize=64)
def _frame_ids(folder: Path, written_at_ns: int) -> frozenset[str]:
    """Read without parsing: a hundred thousand pairs in a fraction of a second."""
    del written_at_ns  # tells apart folders that were written anew under the same name
    files = [folder / name for name in (PAIRS, EVALUATION)]
    content = b"".join(one.read_bytes() for one in files if one.is_file())
    return frozenset(one.decode() for one in _FRAME_ID.findall(content))
