"""Four vehicles for the demo's operator: calm stretches of its drives one after another, and now and then a situation.

Everything is replayed from the demo's frames. A round takes about three minutes; the vehicles take turns, so that an
operator has something to decide about once a minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from annotator.monitor.sources.feed_sheet import FeedEntry, FeedSheet
from annotator.monitor.sources.recorded import Recorded, Replay, recorded_scene
from data.store import Store

CALM = (
    ("scene-9003", 0, 11), ("scene-9010", 0, 9), ("scene-9002", 0, 7), ("scene-9011", 0, 8), ("scene-9009", 0, 9),
    ("scene-9012", 0, 7), ("scene-9004", 0, 8), ("scene-9001", 13, 19),
)  # fmt: skip
"""Stretches (scene, first and last frame) about which the script says AUTONOMY."""
VEHICLES = (
    ("van-3", "scene-9006"),
    ("van-5", "scene-9005"),
    ("shuttle-1", "scene-9007"),
    ("shuttle-2", "scene-9001"),
)
"""Names and the scene with each one's situation, which ends calmly."""
CALM_ROUNDS = 5
FIRST_AFTER_S, APART_S = 12.0, 40.0
"""When the first vehicle's situation begins, and how much later the next one's does."""
_FRAME_US = 500_000


@dataclass(frozen=True)
class Vehicles:
    """What the monitor watches: the feeds as they are called, and where their pictures come from."""

    sheet: FeedSheet
    sources: Sequence[Replay]

    @property
    def frames(self) -> list[Recorded]:
        """Every frame that is shown, once."""
        shown = {frame.image: frame for source in self.sources for frame in source.frames}
        return list(shown.values())


def vehicles(store: Store) -> Vehicles:
    """The demo's vehicles. Raises FeedError for a store without the demo's scenes."""
    calm = [frame for name, first, last in CALM for frame in recorded_scene(store, name)[first : last + 1]]
    entries, sources = [], []
    for place, (name, scene) in enumerate(VEHICLES):
        turned = calm[place * len(calm) // len(VEHICLES) :] + calm[: place * len(calm) // len(VEHICLES)]
        before_s = len(turned) * CALM_ROUNDS * _FRAME_US / 1e6
        begin_s = max(0.0, before_s - FIRST_AFTER_S - place * APART_S)
        entries.append(FeedEntry(name=name, scene=scene, begin_s=begin_s))
        sources.append(
            Replay(list(_in_a_row([*turned * CALM_ROUNDS, *recorded_scene(store, scene)])), begin_s=begin_s)
        )
    return Vehicles(FeedSheet(feeds=entries), sources)


def _in_a_row(frames: Iterable[Recorded]) -> Iterator[Recorded]:
    """The frames as if they had been taken one after another, two a second."""
    for place, frame in enumerate(frames):
        yield Recorded(frame.frame_id, frame.image, place * _FRAME_US)
