"""Picking a few objects out of a very large JSON array by a text that they contain, without parsing the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

CHUNK_BYTES = 1024 * 1024
"""Small enough to be searched while the processor still holds it."""


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
    read, held = bytearray(2 * chunk_bytes), 0
    with source.open("rb", buffering=0) as file:
        while got := file.readinto(memoryview(read)[held:]):
            end = held + got
            whole = read.rfind(b"}", 0, end) + 1  # up to here every object is complete
            place = read.find(text, 0, whole)
            while place >= 0:
                after = read.find(b"}", place) + 1
                yield bytes(read[read.rfind(b"{", 0, place) : after])
                place = read.find(text, after, whole)
            held = end - whole
            read[:held] = read[whole:end]
            if held == len(read):
                read.extend(bytes(held))  # an object that is longer than the buffer
