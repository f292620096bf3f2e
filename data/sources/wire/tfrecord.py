"""TFRecord files without TensorFlow: records, each with its length and the checksums of both.

Form: tensorflow.org/tutorials/load_data/tfrecord.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from data.sources.wire.crc32c import masked_crc32c
from data.sources.wire.errors import WireError

MOST_RECORD_BYTES = 64_000_000
_HEAD, _CHECK = struct.Struct("<QI"), struct.Struct("<I")
_LENGTH_BYTES = 8


def records(path: Path) -> Iterator[tuple[int, memoryview]]:
    """(where its content begins, content) of every record. A content is not held against its checksum: only what is
    looked at is read from the disk. Raises WireError and OSError."""
    if not path.stat().st_size:
        raise WireError("it is empty")
    with path.open("rb") as file:
        # Never closed by hand: whoever still holds a field of a record would keep it from closing.
        whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    at = 0
    while at < len(whole):
        start, end = _bounds(whole, at)
        yield start, whole[start:end]
        at = end + _CHECK.size


def record_at(path: Path, start: int) -> bytes:
    """The content that begins there, held against its checksum. Raises WireError and OSError."""
    with path.open("rb") as file:
        file.seek(start - _HEAD.size)
        length = _length(file.read(_HEAD.size), start - _HEAD.size)
        content, check = file.read(length), file.read(_CHECK.size)
    if len(check) < _CHECK.size:
        raise WireError(f"the record at byte {start - _HEAD.size:,} is cut")
    if _CHECK.unpack(check)[0] != masked_crc32c(content):
        raise WireError(f"the record at byte {start - _HEAD.size:,} is damaged: its checksum differs")
    return content


def _bounds(whole: memoryview, at: int) -> tuple[int, int]:
    start = at + _HEAD.size
    end = start + _length(whole[at:start], at)
    if end + _CHECK.size > len(whole):
        raise WireError(f"the record at byte {at:,} is cut")
    return start, end


def _length(head: bytes | memoryview, at: int) -> int:
    if len(head) < _HEAD.size:
        raise WireError(f"the record at byte {at:,} is cut")
    length, check = _HEAD.unpack(head)
    if check != masked_crc32c(head[:_LENGTH_BYTES]):
        raise WireError(f"there is no record at byte {at:,}: the checksum of its length differs")
    if length > MOST_RECORD_BYTES:
        raise WireError(f"the record at byte {at:,} says {length:,} bytes, more than {MOST_RECORD_BYTES:,}")
    return int(length)
