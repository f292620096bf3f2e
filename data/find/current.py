"""The columns of one store, kept current by each process from the audit trail.

Every act and every sealed row enters the trail, so its last number tells whether anything changed, and its subjects
tell what. What a person did to a frame shows at once. What has to be read as a whole is read again when it changed, for
at most a tenth of the time and beside the questions: at half a million reviews it is some seconds old.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import Pool
from sqlmodel import Session, col, func, select

from data.errors import TeletriageError
from data.find.doubts import DoubtFacts, read_doubts
from data.find.duties import read_duties
from data.find.facets import Facets, Floats, Ints
from data.find.frame_facts import FrameFacts, read_frame_facts
from data.find.grounding import judged_so_far, read_grounding
from data.find.question import Sort
from data.find.said_facts import RunFacts, SaidFacts, read_run_facts, read_said_facts
from data.find.snapshots import snapshot_facet
from data.find.standing_facts import (
    StatusFacts,
    read_marks,
    read_requests,
    read_statuses,
    read_tags,
    with_statuses_of,
)
from data.store.opening import Store
from data.store.tables import Adjudication, Ranking, Review, SecondLook, TrailEntry
from data.suspicion.kept import FILE

REST = 10.0
"""What takes a second to read is not read again before ten seconds are over."""
LONG_S = 0.02
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
TAGS, REQUESTS, SNAPSHOTS, DOUBTS = "tags", "requests", "snapshots", "doubts"
GROUNDING, DUTIES = "grounding", "duties"
_OF_STATUSES = {
    "frame", "sampled_frame", "proposal", "audit_lot", "audit_end", "gold_frame", "answer_pause", "answer_release",
}  # fmt: skip
"""What changes the status of frames that it does not name. An act of `_OF_FRAMES` changes one, read at once."""
_CHANGING = {
    "frames": {"dataset", "scene", "frame", "sampled_frame", "generated_frame"},
    "runs": {"frame", "proposal", "model_run", "returned_frame"},
    "said": {"frame", "proposal", "model_run", "review", "gold_frame", "person"},
    "statuses": _OF_STATUSES,
    "marks": {
        "frame", "frame_note",
        "gold_frame", "audit_lot", "audit_frame", "audit_end", "returned_frame", "feed",
        "alert", "second_look", "adjudication", "adjudication_withdrawal",
    },
    TAGS: {"frame", "frame_mark"},
    REQUESTS: {"frame", "next_request"},
    DOUBTS: {*_OF_STATUSES, *_OF_FRAMES, "person"},
    GROUNDING: {"frame", "proposal", "model_run", "review"},
    DUTIES: {"frame", "proposal", "model_run", "probe_arm", "probe_answer"},
}  # fmt: skip
"""Which subjects of the trail change which part."""
_AT_ONCE = (TAGS, REQUESTS)
"""What a lead has just done to many frames is there when the next page comes."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """Frames in an order: `places` first to last, by `key` and then by id, largest first."""

    places: Ints
    key: Floats


def largest_first(key: Floats) -> Order:
    """Frames by a key; those with NaN are last."""
    lowest = np.nan_to_num(key, nan=-np.inf)
    return Order(np.argsort(lowest, kind="stable")[::-1], key)


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
        self._parts = {name: _Kept() for name in (*_CHANGING, SNAPSHOTS)}
        self._seen: tuple[int, int] = (-1, -1)
        self._judged: tuple[int, ...] = ()
        self._files: dict[str, Hashable] = {}
        self._columns: Columns | None = None
        self._is_reading = False
        self._touched_meanwhile: set[str] = set()

    def columns(self, store: Store, workspace: Path | None = None) -> Columns:
        """The columns as of now. workspace: whose snapshots and ranking of suspicious levels can be asked for.

        What takes long to read again is read beside the questions, which are answered from what is known until then.
        """
        with self._lock, store.read() as session:
            touched = self._hear(session)
            self._look_at(workspace)
            due = self._due()
            at_once = [name for name in due if self._parts[name].took_s < LONG_S or name in _AT_ONCE]
            if "frames" in at_once or self._columns is None:
                at_once = list(self._parts)
            values = self._read(session, store, workspace, at_once)
            columns = self._take_in(session, values, touched)
            if len(at_once) < len(due) and not self._is_reading:
                self._is_reading = True
                threading.Thread(target=self._read_beside, args=(store, workspace), daemon=True).start()
            return columns

    def _read_beside(self, store: Store, workspace: Path | None) -> None:
        """Read what is due, and put it in place of what is known. After an error that stays, and is due again."""
        with self._lock:
            due = self._due()
            due = list(self._parts) if "frames" in due else due
            frames, self._touched_meanwhile = self._parts["frames"].value, set()
            for name in due:
                self._parts[name].is_stale = False
        try:
            with store.read() as session:
                values = self._read(session, store, workspace, due)
        except TeletriageError as error:
            values = {}
            _log.warning("What frames are found by was not read again: %s", error)
        with self._lock, store.read() as session:
            self._is_reading = False
            if not values or self._parts["frames"].value is not frames:  # frames have other places by now
                for name in due:
                    self._parts[name].is_stale = True
                return
            for name, kept in values.items():
                kept.is_stale = self._parts[name].is_stale  # there was news while it was read
            self._take_in(session, values, sorted(self._touched_meanwhile))

    def _due(self) -> list[str]:
        """Parts that have to be read again."""
        now_s = self._clock_s()
        return [
            name
            for name, kept in self._parts.items()
            if kept.is_due(now_s) or (name in _AT_ONCE and kept.is_stale)
        ]

    def _hear(self, session: Session) -> list[str]:
        """Mark what the news of the trail make stale; returns the frames that people acted on."""
        trail = session.exec(select(func.max(TrailEntry.id))).one() or 0
        ranking = session.exec(select(func.max(Ranking.id))).one() or 0
        before, ranked_before = self._seen
        self._seen = (trail, ranking)
        judged = judged_so_far(session)
        if judged != self._judged:
            self._judged, self._parts[GROUNDING].is_stale = judged, True
        statuses = self._parts["statuses"]
        if ranking != ranked_before or self._clock_s() - statuses.read_at_s > OLDEST_S:
            statuses.is_stale = True
        if before < 0 or trail == before:
            return []
        subjects = session.exec(
            select(TrailEntry.subject).where(col(TrailEntry.id) > before).limit(MOST_ENTRIES)
        )
        touched = self._mark(session, [one.partition(":") for one in subjects])
        self._touched_meanwhile.update(touched)
        return touched

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

    def _look_at(self, workspace: Path | None) -> None:
        """Mark what rests on files that changed."""
        for name, file in ((SNAPSHOTS, SNAPSHOTS), (DOUBTS, FILE)):
            path = None if workspace is None else workspace / file
            seen = (path, path.stat().st_mtime_ns) if path is not None and path.exists() else None
            if seen != self._files.get(name):
                self._files[name], self._parts[name].is_stale = seen, True

    def _read(
        self, session: Session, store: Store, workspace: Path | None, names: Collection[str]
    ) -> dict[str, _Kept]:
        """Read these parts; each may rest on those before it."""
        done: dict[str, _Kept] = {}

        def value(name: str) -> Any:
            return (done.get(name) or self._parts[name]).value

        readers: dict[str, Callable[[], Any]] = {
            "frames": lambda: read_frame_facts(session),
            "runs": lambda: read_run_facts(session, value("frames")),
            "said": lambda: read_said_facts(
                session, value("frames"), value("runs").shown, now_us=store.now_us(session)
            ),
            "statuses": lambda: read_statuses(session, value("frames")),
            "marks": lambda: read_marks(session, value("frames")),
            TAGS: lambda: read_tags(session, value("frames")),
            REQUESTS: lambda: read_requests(session, value("frames")),
            SNAPSHOTS: lambda: snapshot_facet(workspace and workspace / SNAPSHOTS, value("frames")),
            GROUNDING: lambda: read_grounding(session, value("frames")),
            DUTIES: lambda: read_duties(session, value("frames")),
            DOUBTS: lambda: read_doubts(workspace, value("frames"), value("said"), value("statuses")),
        }
        for name in (one for one in readers if one in names):
            begun_s = self._clock_s()
            read = readers[name]()
            now_s = self._clock_s()
            done[name] = _Kept(read, now_s, now_s - begun_s, is_stale=False)
        return done

    def _take_in(self, session: Session, values: dict[str, _Kept], touched: list[str]) -> Columns:
        """Put what was read in its place, with the frames that were acted on since."""
        self._parts |= values
        if touched:
            statuses, frames = self._parts["statuses"], self._parts["frames"].value
            statuses.value = with_statuses_of(session, statuses.value, frames, touched)
        if values or touched or self._columns is None:
            self._columns = self._assembled()
        return self._columns

    def _assembled(self) -> Columns:
        frames: FrameFacts = self._parts["frames"].value
        runs: RunFacts = self._parts["runs"].value
        said: SaidFacts = self._parts["said"].value
        statuses: StatusFacts = self._parts["statuses"].value
        doubts: DoubtFacts = self._parts[DOUBTS].value
        requests = self._parts[REQUESTS].value
        one_each = (
            *frames.facets, *runs.facets, said.disagreement, *statuses.facets(requests), *self._parts["marks"].value,
            *self._parts[TAGS].value, self._parts[SNAPSHOTS].value, *doubts.facets,
            self._parts[GROUNDING].value, self._parts[DUTIES].value,
        )  # fmt: skip
        keys: dict[Sort, Floats] = {
            Sort.QUEUE: statuses.line(requests),
            Sort.TIME: frames.captured_at_us.astype(np.float64),
            Sort.DISAGREEMENT: said.spread.astype(np.float64),
            Sort.TELEOPERATION: runs.teleoperation,
            Sort.SECONDS: said.seconds,
            Sort.SUSPICION: doubts.score,
        }
        facets = Facets(len(frames.ids), {one.about: one for one in one_each}, said.reviews)
        return Columns(frames, runs, said, statuses, facets, keys)


_current: WeakKeyDictionary[Pool, Current] = WeakKeyDictionary()
_first = threading.Lock()


def current_columns(store: Store, workspace: Path | None = None) -> Columns:
    """The columns of a store; the first question of a process reads the whole store."""
    with _first:
        kept = _current.setdefault(store.engine.pool, Current())
    return kept.columns(store, workspace)
