"""Which set's texts a file holds, by what it looks like."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from data.errors import SourceError
from data.sources.physical_ai.reasoning import Event, read_events
from data.sources.texts import coda_lm, drivelm
from data.sources.texts.said import Moment, Said, Texts
from data.sources.unusable import SceneUnusable

PHYSICAL_AI = "PhysicalAI-AV"
_HEAD_BYTES = 1_000_000


def texts_in(file: Path) -> Texts | None:
    """The texts of a file that looks like one of the sets'; None for any other, such as one of recorded replies."""
    if file.suffix == ".parquet":
        return Texts(PHYSICAL_AI, _chains_of_causation(file))
    try:
        with file.open("rb") as content:
            head = content.read(_HEAD_BYTES)
    except OSError:  # whoever reads replies says so
        return None
    first = head.lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0]
    if _is_line_of_coda_lm(first):
        return Texts(coda_lm.NAME, coda_lm.read_coda_lm(file))
    if f'"{drivelm.KEY_FRAMES}"'.encode() in head:
        return Texts(drivelm.NAME, drivelm.read_drivelm(file))
    return None


def _is_line_of_coda_lm(line: bytes) -> bool:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"image", "question"} <= set(found)


def _chains_of_causation(file: Path) -> Iterator[Said]:
    try:
        for one in read_events(file):
            if not isinstance(one, Event):
                raise SourceError(one.reason)
            yield Said(Moment(one.clip, one.at_us), one.words)
    except SceneUnusable as unusable:
        raise SourceError(str(unusable)) from unusable
