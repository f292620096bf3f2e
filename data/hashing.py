"""One text per value, one hash per file: what everything that is frozen or chained is named by."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any


def canonical_json(value: Any) -> str:
    """One text per value: sorted keys, no spaces, UTF-8 kept. What hashes are taken of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def signature(key: bytes, *parts: str | int) -> str:
    """HMAC-SHA256 of the parts under a key, as hex. Parts are kept apart: ("a", "b") and ("ab",) differ."""
    return hmac.new(key, canonical_json(parts).encode(), hashlib.sha256).hexdigest()


def is_same(given: str, expected: str) -> bool:
    """Whether two secrets are the same, in a time that says nothing about where they differ."""
    return hmac.compare_digest(given.encode(), expected.encode())
