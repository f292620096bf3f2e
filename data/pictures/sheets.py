"""Contact sheets that say, in a JPEG comment, which pictures they show: so that they go when one of those does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_MARK = b"teletriage contact sheet of "
_HEAD_BYTES = 65_536 + 1024
"""A comment is at most 64 KiB long and comes before the pixels."""
_LISTED = re.compile(rb"[0-9a-f ]*")
_HASH = re.compile(rb"[0-9a-f]{64}")


def sheet_comment(hashes: Iterable[str | None]) -> bytes:
    """The comment of a sheet that shows pictures of these hashes."""
    return _MARK + b" ".join(one.encode() for one in hashes if one)


def pictures_on_sheet(path: Path) -> frozenset[str]:
    """The hashes of the pictures on a sheet; nothing for any other file. Raises OSError."""
    with path.open("rb") as file:
        _, mark, rest = file.read(_HEAD_BYTES).partition(_MARK)
    if not mark:
        return frozenset()
    listed = _LISTED.match(rest)
    return frozenset(one.decode() for one in _HASH.findall(listed[0])) if listed else frozenset()
