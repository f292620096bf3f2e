"""Picking a few objects out of a very large JSON array by a text that they contain, without parsing the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

CHUNK_BYTES = 16 * 1024 * 1024


def write_objects_with(text: bytes, source: Path, target: Path, *, chunk_bytes: int = CHUNK_BYTES) -> int:
    """Write the objects of `source` that contain `text` into `target`, an array again; returns how many there are.

    For arrays of flat objects whose strings hold no braces, as nuScenes' large tables are, in whatever layout. Only
    what is found is looked at: the caller has to know whether that is everything.
    """
    found = 0
    with target.open("wb") as file:
        file.write(b"[")
        for found, one in enumerate(_objects_with(text, source, chunk_bytes), start=1):
            file.write(b"," + one if found > 1 else one)
        file.write(b"]")
    return found


def _objects_with(text: bytes, source: Path, chunk_bytes: int) -> Iterator[bytes]:
    rest = b""
    with source.open("rb") as file:
        while chunk := file.read(chunk_bytes):
            read = rest + chunk
            whole = read.rfind(b"}") + 1  # up to here every object is complete
            place = read.find(text, 0, whole)
            while place >= 0:
                end = read.find(b"}", place) + 1
                yield read[read.rfind(b"{", 0, place) : end]
                place = read.find(text, end, whole)
            rest = read[whole:]
