"""Whose layouts a snapshot's pairs can be written in."""

from __future__ import annotations

from enum import StrEnum


class Layout(StrEnum):
    """A trainer that reads its own files. TRL reads the snapshot itself."""

    LLAMA_FACTORY = "llama-factory"
    MS_SWIFT = "ms-swift"
