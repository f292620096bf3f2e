"""One text per value, one hash per file, one number per draw: names for what is frozen, and seeded chance."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any


def canonical_json(value: Any) -> str:
    """One text per value: sorted keys, no spaces, UTF-8 kept. What hashes are taken of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_hex(content: bytes) -> str:
    """SHA-256 of bytes, as hex."""
    return hashlib.sha256(content).hexdigest()


def seeded_chance(*parts: object) -> float:
    """A number in [0, 1) that is always the same for the same parts, so that a draw can be repeated and explained.

    >>> f"{seeded_chance('share', 'frame-1'):.6f}"
    '0.506295'
    """
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def signature(key: bytes, *parts: str | int) -> str:
    """HMAC-SHA256 of the parts under a key, as hex. Parts are kept apart: ("a", "b") and ("ab",) differ."""
    return hmac.new(key, canonical_json(parts).encode(), hashlib.sha256).hexdigest()


def keyed_chance(key: bytes, *parts: str | int) -> float:
    """A number in [0, 1) that is always the same for the same parts, and that nobody without the key can foresee."""
    return int(signature(key, *parts)[:16], 16) / 2**64


def is_same(given: str, expected: str) -> bool:
    """Whether two secrets are the same, in a time that says nothing about where they differ."""
    return hmac.compare_digest(given.encode(), expected.encode())
