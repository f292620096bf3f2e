"""What the set says in words: `reasoning/ood_reasoning.parquet`, chains of causation at moments of rare clips.

A row is a clip (index `clip_id`) with its `event_cluster` and its `events`, JSON of a list of objects with
`event_start_timestamp`, microseconds from the clip's start, and the words, `coc` (`cot` in some releases). The words
name causes and what the vehicle does; the set gives no level to them, and none is made up here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.sources.physical_ai.tables import INDEX, columns, whole_number
from data.sources.unusable import SceneUnusable
from data.sources.wire.archive import Stored
from data.vocabulary import storable_text

PLACE = Path("reasoning/ood_reasoning.parquet")
_CLUSTER, _EVENTS, _AT, _WORDS = "event_cluster", "events", "event_start_timestamp", ("coc", "cot")
_LONGEST_US = 3_600_000_000
NEAR_US = 100_000
"""Three pictures of thirty a second: words belong to no picture that is further from their moment."""


@dataclass(frozen=True)
class Event:
    """Words on one moment of a clip, `at_us` from its start. `cluster`: the set's name for what happens."""

    clip: str
    at_us: int
    words: str
    cluster: str


@dataclass(frozen=True)
class UnreadRow:
    """A row or an event of which nothing can be used, and the reason as one sentence."""

    clip: str
    reason: str


def read_events(file: Path) -> Iterator[Event | UnreadRow]:
    """Every event in the table's order. Raises SceneUnusable where the table itself cannot be read."""
    clips, clusters, events = columns(Stored(file), [INDEX, _CLUSTER, _EVENTS])
    for row, (clip, cluster, found) in enumerate(zip(clips, clusters, events, strict=True), start=1):
        named = str(clip)[:64]
        try:
            yield from _events(storable_text(named), storable_text(str(cluster or "")), found)
        except (SceneUnusable, ValueError, RecursionError) as error:
            yield UnreadRow(storable_text(named), f"{file.name}, row {row}: {storable_text(str(error))}")


def _events(clip: str, cluster: str, found: object) -> Iterator[Event | UnreadRow]:
    value = json.loads(found) if isinstance(found, str) and found.strip() else found or []
    if not isinstance(value, list):
        raise SceneUnusable(f"its events are {value!r:.80}, which is no list.")
    for event in value:
        at_us = whole_number(event.get(_AT)) if isinstance(event, dict) else None
        if at_us is None or not 0 <= at_us <= _LONGEST_US:
            raise SceneUnusable(f"the event {event!r:.80} has no time in microseconds from the clip's start.")
        words = next((event[name] for name in _WORDS if name in event), None)
        if not isinstance(words, str) or not words.strip():
            raise SceneUnusable(f"the event at {at_us} µs has the words {words!r:.80}.")
        yield Event(clip, at_us, storable_text(words), cluster)
