"""Standing reviews as NumPy columns, cached per process, from which the lead screens are computed.

Half a million reviews take a second or two to read. Reviews are only ever appended, so a process reads each of them
once and from then on only those that came since.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from sqlalchemy import Pool, String, type_coerce
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func

from data.store.tables import Frame, GoldFrame, Review
from data.verification.standing import standing_flags
from data.vocabulary import LEVELS, Mode, Verdict

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MODES: tuple[Mode, ...] = tuple(Mode)
VERDICTS: tuple[Verdict, ...] = tuple(Verdict)
NONE = -1
"""In a column of ranks or verdicts: none."""
SETTLED_AFTER_US = 10 * 60 * 1_000_000
"""Younger reviews are read again: writers of a shared database commit in another order than they count."""

AT_ONCE = 1_000


@dataclass(frozen=True)
class ReviewColumns:
    """Every standing review, oldest first, one entry per column each.

    frame, scene: places in `frame_ids` and `scene_ids`; person: ids; mode: places in `MODES`; level: ranks; first:
    ranks of the own level of decide-first reviews, NONE without one; verdict: places in `VERDICTS`, NONE where nothing
    was shown; reason: places in `reason_codes`, NONE without one; seconds: NaN where not measured; is_test: the frame
    was gold by then, so that the review tests the person and says nothing of the frame.
    """

    frame_ids: Sequence[str]
    scene_ids: Sequence[str]
    reason_codes: Sequence[str]
    id: Ints
    frame: Ints
    scene: Ints
    person: Ints
    mode: Ints
    level: Ints
    first: Ints
    verdict: Ints
    reason: Ints
    seconds: Floats
    reviewed_at_us: Ints
    is_test: Flags

    def __len__(self) -> int:
        return len(self.level)

    def where(self, wanted: Flags | Ints) -> ReviewColumns:
        """Those reviews alone; frames, scenes and reason codes keep their places."""
        names = [name for name in vars(self) if name not in ("frame_ids", "scene_ids", "reason_codes")]
        return replace(self, **{name: getattr(self, name)[wanted] for name in names})

    def without_frames(self, frame_ids: Collection[str]) -> ReviewColumns:
        """Those reviews that are of none of these frames."""
        left_out = np.array([frame_id in frame_ids for frame_id in self.frame_ids], dtype=np.bool_)
        return self.where(~left_out[self.frame]) if left_out.any() else self

    def given_in(self, mode: Mode) -> Flags:
        """Which reviews were given in a mode."""
        return np.asarray(self.mode == MODES.index(mode))

    @property
    def own_level(self) -> Ints:
        """Ranks of the levels chosen without seeing a proposal, NONE where there is none."""
        decided_first = np.where(self.given_in(Mode.DECIDE_FIRST), self.first, NONE)
        return np.where(self.given_in(Mode.BLIND), self.level, decided_first)


@dataclass(frozen=True)
class _Columns:
    """Reviews as read, superseded ones included."""

    id: Ints
    supersedes: Ints
    frame: Ints
    person: Ints
    mode: Ints
    level: Ints
    first: Ints
    verdict: Ints
    reason: Ints
    seconds: Floats
    reviewed_at_us: Ints
    taken_back: Flags

    def before(self, time_us: int) -> _Columns:
        """Those before the first review that is as young as that."""
        young = np.flatnonzero(self.reviewed_at_us >= time_us)
        end = int(young[0]) if len(young) else len(self.id)
        return _Columns(**{name: values[:end] for name, values in vars(self).items()})

    def and_then(self, later: _Columns) -> _Columns:
        return _Columns(
            **{name: np.concatenate([values, getattr(later, name)]) for name, values in vars(self).items()}
        )


@dataclass
class _Frames:
    """`reason`: the place of each reason code that was read."""

    place: dict[str, int]
    scene_ids: list[str]
    scene: Ints
    reason: dict[str | None, int]


@dataclass
class _Read:
    """What a process has read of one store."""

    frames: _Frames
    settled: _Columns


_RANKS = {"": NONE, **{level.value: level.rank for level in LEVELS}}
_VERDICTS = {"": NONE, **{verdict.value: place for place, verdict in enumerate(VERDICTS)}}
_MEANINGS = {
    f"{mode.value}|{level.value}|{first}|{verdict}": (place, level.rank, rank, at)
    for place, mode in enumerate(MODES)
    for level in LEVELS
    for first, rank in _RANKS.items()
    for verdict, at in _VERDICTS.items()
}
_read: WeakKeyDictionary[Pool, _Read] = WeakKeyDictionary()
"""By connection pool: a session may see its engine under other options, which is another object each time."""
_reading = threading.Lock()


def standing_reviews(session: Session, *, now_us: int | None = None) -> ReviewColumns:
    """Every standing review. now_us: the store's clock; without it everything is read anew."""
    pool = session.connection().engine.pool
    with _reading:
        known = _read.get(pool) if now_us is not None else None
        frames = _frames(session, known)
        settled = known.settled if known else None
        columns = _new_columns(session, frames, int(settled.id[-1]) if settled and len(settled.id) else 0)
        if settled is not None:
            columns = settled.and_then(columns)
        if now_us is not None:
            _read[pool] = _Read(frames, columns.before(now_us - SETTLED_AFTER_US))
    return _standing(columns, frames, _gold_since_us(session, frames))


def _standing(columns: _Columns, frames: _Frames, gold_since_us: Ints) -> ReviewColumns:
    stands = standing_flags(columns.id, columns.supersedes) & ~columns.taken_back
    kept = {
        name: values[stands]
        for name, values in vars(columns).items()
        if name not in ("supersedes", "taken_back")
    }
    return ReviewColumns(
        frame_ids=list(frames.place),
        scene_ids=frames.scene_ids,
        reason_codes=[one for one in frames.reason if one is not None],
        scene=frames.scene[kept["frame"]],
        is_test=kept["reviewed_at_us"] >= gold_since_us[kept["frame"]],
        **kept,
    )


def _frames(session: Session, known: _Read | None) -> _Frames:
    """Every frame's place and scene; frames are added, never moved to another scene."""
    n = session.connection().execute(select_columns(func.count(col(Frame.id)))).scalar_one()
    if known is not None and len(known.frames.place) == n:
        return known.frames
    query = select_columns(col(Frame.id), col(Frame.scene_id))
    places = {} if known is None else dict(known.frames.place)
    scenes = dict(_rows(session, query))
    for frame_id in scenes:
        places.setdefault(frame_id, len(places))
    scene_ids, scene = np.unique([scenes[frame_id] for frame_id in places] or [""], return_inverse=True)
    reasons: dict[str | None, int] = {None: NONE} if known is None else known.frames.reason
    return _Frames(places, scene_ids.tolist(), np.asarray(scene, dtype=np.int64), reasons)


def _new_columns(session: Session, frames: _Frames, after_id: int) -> _Columns:
    """The reviews behind an id, oldest first. One text holds what was said: reading is what takes the time."""
    meaning = (
        type_coerce(col(Review.mode), String)
        + "|"
        + type_coerce(col(Review.level), String)
        + "|"
        + func.coalesce(type_coerce(col(Review.first_level), String), "")
        + "|"
        + func.coalesce(type_coerce(col(Review.verdict), String), "")
    )
    query = (
        select_columns(
            col(Review.id),
            func.coalesce(Review.supersedes_id, -1),
            col(Review.frame_id),
            col(Review.person_id),
            meaning,
            col(Review.reason_code),
            col(Review.seconds_shown),
            col(Review.reviewed_at_us),
            col(Review.is_taken_back),
        )
        .where(col(Review.id) > after_id)
        .order_by(col(Review.id))
    )
    read = session.connection().execute(query)
    # Few rows at a time: half a million live tuples would cost more to collect than to read.
    parts = [_part(rows, frames) for rows in read.partitions(AT_ONCE)] or [_part([], frames)]
    return _Columns(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])}
    )


def _part(rows: Sequence[Any], frames: _Frames) -> _Columns:
    ids, supersedes, frame_ids, people, meanings, reasons, seconds, times, taken_back = (
        zip(*rows, strict=True) if rows else [()] * 9
    )
    for one in reasons:
        frames.reason.setdefault(one, len(frames.reason) - 1)  # None is there, and has no place
    meant = np.array([_MEANINGS[one] for one in meanings], dtype=np.int64).reshape(-1, 4)
    return _Columns(
        id=_ints(ids),
        supersedes=_ints(supersedes),
        frame=_ints([frames.place[one] for one in frame_ids]),
        person=_ints(people),
        mode=meant[:, 0],
        level=meant[:, 1],
        first=meant[:, 2],
        verdict=meant[:, 3],
        reason=_ints([frames.reason[one] for one in reasons]),
        seconds=np.array(seconds, dtype=np.float64),
        reviewed_at_us=_ints(times),
        taken_back=np.array([bool(one) for one in taken_back], dtype=np.bool_),
    )


def _gold_since_us(session: Session, frames: _Frames) -> Ints:
    """(frames,) when each became gold; later than any review where it did not."""
    since = np.full(max(1, len(frames.place)), np.iinfo(np.int64).max)
    query = select_columns(col(GoldFrame.frame_id), col(GoldFrame.made_at_us))
    for frame_id, made_at_us in _rows(session, query):
        since[frames.place[frame_id]] = made_at_us
    return since


def _rows(session: Session, query: Any) -> list[Any]:
    return list(session.connection().execute(query).all())


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)
