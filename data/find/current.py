"""The columns of one store, kept current by each process from the audit trail.

Every act and every sealed row enters the trail, so its last number tells whether anything changed, and its subjects
tell what. What a person did to a frame shows at once. What has to be read as a whole is read again when it changed, but
for at most a tenth of the time: with half a million reviews and 25 people at work it is a few seconds old.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import Pool
from sqlmodel import Session, col, func, select

from data.find.facets import Facets, Floats, Ints
from data.find.frame_facts import FrameFacts, read_frame_facts
from data.find.question import Sort
from data.find.said_facts import RunFacts, SaidFacts, read_run_facts, read_said_facts
from data.find.snapshots import snapshot_facet
from data.find.standing_facts import StatusFacts, read_marks, read_statuses, with_statuses_of
from data.store.opening import Store
from data.store.tables import Adjudication, Ranking, Review, SecondLook, TrailEntry

REST = 10.0
"""What takes a second to read is not read again before ten seconds are over."""
LONG_S = 0.1
"""What takes less is read whenever it changed."""
OLDEST_S = 60.0
"""Statuses are read again after that even if the trail says nothing: deriving all of them is no act."""
MOST_ENTRIES = 2_000
"""More news than that is not looked at one by one."""
_OF_FRAMES: dict[str, type[Review] | type[Adjudication] | type[SecondLook]] = {
    "review": Review,
    "adjudication": Adjudication,
    "adjudication_withdrawal": Adjudication,
    "second_look": SecondLook,
}
_CHANGING = {
    "frames": {"dataset", "scene", "frame", "sampled_frame", "generated_frame"},
    "runs": {"frame", "proposal", "model_run", "returned_frame"},
    "said": {"frame", "proposal", "model_run", "review", "gold_frame", "person"},
    "statuses": {
        "frame", "sampled_frame", "proposal", *_OF_FRAMES, "audit_lot", "audit_end", "gold_frame", "answer_pause",
        "answer_release",
    },
    "marks": {
        "frame", "frame_mark", "frame_note",
        "gold_frame", "audit_lot", "audit_frame", "audit_end", "returned_frame", "feed",
        "alert", "second_look", "adjudication", "adjudication_withdrawal",
    },
}  # fmt: skip
"""Which subjects of the trail change which part."""

Part = TypeVar("Part")


@dataclass(frozen=True)
class Order:
    """Frames in an order: `places` first to last, by `key` and then by id, largest first."""

    places: Ints
    key: Floats


def largest_first(key: Floats) -> Order:
    """Frames by a key; those with NaN are last."""
    lowest = np.nan_to_num(key, nan=-np.inf)
    return Order(np.lexsort((np.arange(len(key)), lowest))[::-1], key)


@dataclass(frozen=True)
class Columns:
    """Everything that questions are answered from, as of one moment."""

    frames: FrameFacts
    runs: RunFacts
    said: SaidFacts
    statuses: StatusFacts
    facets: Facets
    keys: dict[Sort, Floats]
    orders: dict[Sort, Order] = field(default_factory=dict)

    def order(self, sort: Sort) -> Order:
        """The order by a key, largest first; frames without one (NaN) are last. Made once."""
        if sort not in self.orders:
            self.orders[sort] = largest_first(np.nan_to_num(self.keys[sort], nan=-1.0))
        return self.orders[sort]


@dataclass
class _Kept:
    """A part as it was read: when, and how long that took."""

    value: Any = None
    read_at_s: float = float("-inf")
    took_s: float = 0.0
    is_stale: bool = True

    def is_due(self, now_s: float) -> bool:
        return self.is_stale and (self.took_s < LONG_S or now_s - self.read_at_s >= REST * self.took_s)


class Current:
    """The columns of one store in one process. Safe from several threads."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._parts = {name: _Kept() for name in (*_CHANGING, "snapshots")}
        self._seen: tuple[int, int] = (-1, -1)
        self._snapshots: Hashable = None
        self._columns: Columns | None = None

    def columns(self, store: Store, snapshots: Path | None = None) -> Columns:
        """The columns as of now. snapshots: the folder whose snapshots can be asked for."""
        with self._lock, store.read() as session:
            touched = self._hear(session)
            self._look_at(snapshots)
            before = [kept.value for kept in self._parts.values()]
            self._read_due(session, store, snapshots)
            if touched and any(self._parts["statuses"].value is one for one in before):
                self._touch(session, touched)
            now = [kept.value for kept in self._parts.values()]
            if self._columns is None or any(one is not other for one, other in zip(before, now, strict=True)):
                self._columns = self._assembled()
            return self._columns

    def _hear(self, session: Session) -> list[str]:
        """Mark what the news of the trail make stale; returns the frames that people acted on."""
        trail = session.exec(select(func.max(TrailEntry.id))).one() or 0
        ranking = session.exec(select(func.max(Ranking.id))).one() or 0
        before, ranked_before = self._seen
        self._seen = (trail, ranking)
        statuses = self._parts["statuses"]
        if ranking != ranked_before or self._clock_s() - statuses.read_at_s > OLDEST_S:
            statuses.is_stale = True
        if before < 0 or trail == before:
            return []
        subjects = session.exec(
            select(TrailEntry.subject).where(col(TrailEntry.id) > before).limit(MOST_ENTRIES)
        )
        return self._mark(session, [one.partition(":") for one in subjects])

    def _mark(self, session: Session, subjects: Iterable[tuple[str, str, str]]) -> list[str]:
        news = list(subjects)
        kinds = (
            {kind for kind, _, _ in news} if len(news) < MOST_ENTRIES else set().union(*_CHANGING.values())
        )
        for name, changing in _CHANGING.items():
            if kinds & changing:
                self._parts[name].is_stale = True
        touched: set[str] = set()
        for kind, table in _OF_FRAMES.items():
            ids = [int(number) for one, _, number in news if one == kind]
            if ids:
                touched.update(session.exec(select(table.frame_id).where(col(table.id).in_(ids))))
        return sorted(touched)

    def _look_at(self, folder: Path | None) -> None:
        there = folder is not None and folder.is_dir()
        seen = (folder, folder.stat().st_mtime_ns) if there and folder is not None else None
        if seen != self._snapshots:
            self._snapshots, self._parts["snapshots"].is_stale = seen, True

    def _read_due(self, session: Session, store: Store, snapshots: Path | None) -> None:
        """Read the stale parts that are due again; everything follows the frames' places."""
        before = self._parts["frames"].value
        frames = self._read("frames", lambda: read_frame_facts(session))
        if frames is not before:
            for kept in self._parts.values():
                if kept is not self._parts["frames"]:
                    kept.value = None
        runs = self._read("runs", lambda: read_run_facts(session, frames))
        now_us = store.now_us(session)
        self._read("said", lambda: read_said_facts(session, frames, runs.shown, now_us=now_us))
        self._read("statuses", lambda: read_statuses(session, frames))
        self._read("marks", lambda: read_marks(session, frames))
        self._read("snapshots", lambda: snapshot_facet(snapshots, frames))

    def _read(self, name: str, read: Callable[[], Part]) -> Part:
        kept, now_s = self._parts[name], self._clock_s()
        if kept.value is None or kept.is_due(now_s):
            kept.value = read()
            kept.read_at_s, kept.is_stale = self._clock_s(), False
            kept.took_s = kept.read_at_s - now_s
        return kept.value  # type: ignore[no-any-return]  # each part is kept under the name of what read it

    def _touch(self, session: Session, frame_ids: list[str]) -> None:
        statuses, frames = self._parts["statuses"], self._parts["frames"].value
        statuses.value = with_statuses_of(session, statuses.value, frames, frame_ids)

    def _assembled(self) -> Columns:
        frames: FrameFacts = self._parts["frames"].value
        runs: RunFacts = self._parts["runs"].value
        said: SaidFacts = self._parts["said"].value
        statuses: StatusFacts = self._parts["statuses"].value
        one_each = (
            *frames.facets, *runs.facets, said.disagreement, *statuses.facets, *self._parts["marks"].value,
            self._parts["snapshots"].value,
        )  # fmt: skip
        keys: dict[Sort, Floats] = {
            Sort.QUEUE: np.where(statuses.needed > 0, statuses.priority, -1.0),
            Sort.TIME: frames.captured_at_us.astype(np.float64),
            Sort.DISAGREEMENT: said.spread.astype(np.float64),
            Sort.TELEOPERATION: runs.teleoperation,
            Sort.SECONDS: said.seconds,
        }
        facets = Facets(len(frames.ids), {one.about: one for one in one_each}, said.reviews)
        return Columns(frames, runs, said, statuses, facets, keys)


_current: WeakKeyDictionary[Pool, Current] = WeakKeyDictionary()
_first = threading.Lock()


def current_columns(store: Store, snapshots: Path | None = None) -> Columns:
    """The columns of a store; the first question of a process reads the whole store."""
    with _first:
        kept = _current.setdefault(store.engine.pool, Current())
    return kept.columns(store, snapshots)
