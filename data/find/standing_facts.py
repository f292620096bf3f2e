"""Reading where every frame stands: its status and place in the queue, and what was noted, tested and returned."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import String, type_coerce
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from data.find.facets import NONE, Codes, Facet, Flags, Floats, Ints, many_codes
from data.find.frame_facts import YES_NO, FrameFacts
from data.find.question import About
from data.find.reading import parts
from data.find.said_facts import LEVEL_VALUES
from data.review.line.next_requests import standing_requests
from data.store.tables import (
    Adjudication,
    Alert,
    AuditEnd,
    AuditFrame,
    Feed,
    FrameMark,
    FrameNote,
    FrameStatus,
    GoldFrame,
    ReturnedFrame,
    SecondLook,
)
from data.verification.standing import not_withdrawn
from data.vocabulary import MarkKind, NoteKind, ReturnedFor, VerificationState

NOT_IN_REVIEW = "not_in_review"
STATES = (*(one.value for one in VerificationState), NOT_IN_REVIEW)
QUEUE_ENDS = (10, 100, 1_000)
WAITING = "waiting"
ANYBODY, EVERYBODY = "anybody", "everybody"
"""A request to review a frame next, of whomever it is made; and one that is made of everybody."""
Requests = Set[tuple[int, str]]
"""Frames that leads want next, each with `everybody` or `by:` and the account that is to review it."""
_AT_ONCE = 500
_STATE_CODES = {value: place for place, value in enumerate(STATES)}
_LEVEL_CODES: dict[str | None, int] = {None: NONE, **{one: place for place, one in enumerate(LEVEL_VALUES)}}


@dataclass(frozen=True)
class StatusFacts:
    """(n,) each: state and verified level as codes, reviews needed, priority, and whether an open audit has it."""

    state: Codes
    level: Codes
    needed: Ints
    priority: Floats
    is_audit: Flags

    def facets(self, requests: Requests) -> tuple[Facet, ...]:
        """`requests`: what leads want reviewed next."""
        return (
            Facet(About.STATE, STATES, self.state),
            Facet(About.LEVEL, LEVEL_VALUES, self.level),
            self._queue(requests),
            many_codes(About.NEXT, (ANYBODY, EVERYBODY), self._next(requests)),
        )

    def line(self, requests: Requests) -> Floats:
        """(n,) where frames stand in the queue, the next one largest: those that leads want next for anybody, then as
        the order has them; -1 for a frame that waits for no review."""
        wanted = np.zeros(len(self.needed), dtype=np.bool_)
        wanted[[frame for frame, _ in self._next(requests)]] = True
        before_others = np.where(wanted, 1.0 + self.priority.max(initial=0.0), 0.0)
        return np.where(self.needed > 0, self.priority + before_others, -1.0)

    def _next(self, requests: Requests) -> set[tuple[int, str]]:
        """The requests that are served: of frames that wait for a review and stand in no open audit."""
        served = {one for one in requests if self.needed[one[0]] > 0 and not self.is_audit[one[0]]}
        return served | {(frame, ANYBODY) for frame, _ in served}

    def _queue(self, requests: Requests) -> Facet:
        """The frames that wait, in the order in which they are served, under every end that they are before."""
        waiting, line = np.flatnonzero(self.needed > 0), self.line(requests)
        served = waiting[np.lexsort((waiting, line[waiting]))][::-1]
        groups = [*(served[:end] for end in QUEUE_ENDS), served]
        codes = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        values = (*(f"first_{end}" for end in QUEUE_ENDS), WAITING)
        return Facet(About.QUEUE, values, codes.astype(np.int32), np.concatenate(groups))


def read_statuses(session: Session, frames: FrameFacts) -> StatusFacts:
    """Read every status."""
    n = len(frames.ids)
    nothing = StatusFacts(
        state=np.full(n, _STATE_CODES[NOT_IN_REVIEW], dtype=np.int32),
        level=np.full(n, NONE, dtype=np.int32),
        needed=np.zeros(n, dtype=np.int64),
        priority=np.zeros(n),
        is_audit=np.zeros(n, dtype=np.bool_),
    )
    for some in parts(session, _status_query()):
        _take_in(nothing, frames, some)
    return nothing


def with_statuses_of(
    session: Session, known: StatusFacts, frames: FrameFacts, frame_ids: Sequence[str]
) -> StatusFacts:
    """The same with the statuses of some frames read anew."""
    fresh = replace(known, **{name: column.copy() for name, column in vars(known).items()})
    for start in range(0, len(frame_ids), _AT_ONCE):
        some = frame_ids[start : start + _AT_ONCE]
        query = _status_query().where(col(FrameStatus.frame_id).in_(some))
        _take_in(fresh, frames, session.connection().execute(query).all())
    return fresh


def _status_query() -> Any:
    return select_columns(
        col(FrameStatus.frame_id),
        type_coerce(col(FrameStatus.state), String),
        type_coerce(col(FrameStatus.level), String),
        col(FrameStatus.reviews_needed),
        col(FrameStatus.priority),
        col(FrameStatus.is_audit),
    )


def _take_in(facts: StatusFacts, frames: FrameFacts, rows: Sequence[Any]) -> None:
    """Writes the rows into the columns."""
    known = [row for row in rows if row[0] in frames.place]
    if known:
        frame_ids, states, levels, needed, priorities, audits = zip(*known, strict=True)
        at = [frames.place[one] for one in frame_ids]
        facts.state[at] = [_STATE_CODES[one] for one in states]
        facts.level[at] = [_LEVEL_CODES[one] for one in levels]
        facts.needed[at] = needed
        facts.priority[at] = priorities
        facts.is_audit[at] = audits


def read_marks(session: Session, frames: FrameFacts) -> tuple[Facet, ...]:
    """What was noted about frames, which are gold or audited, which came from a feed or were sent back."""
    return (
        _notes(session, frames),
        _gold(session, frames),
        many_codes(About.AUDIT, ("open",), _audits(session, frames)),
        many_codes(About.FEED, (), _pairs(session, frames, _feeds())),
        many_codes(About.RETURNED, [one.value for one in ReturnedFor], _pairs(session, frames, _returned())),
        many_codes(About.ALERT, LEVEL_VALUES, _alerts(session, frames)),
        many_codes(About.SECOND_LOOK, ("asked", "open"), _second_looks(session, frames)),
    )


def _pairs(session: Session, frames: FrameFacts, query: Any) -> set[tuple[int, str]]:
    rows = session.connection().execute(query).all()
    return {(frames.place[frame], str(value)) for frame, value in rows if frame in frames.place}


def _audits(session: Session, frames: FrameFacts) -> set[tuple[int, str]]:
    """Every lot by its number, and `open` for the one that has not ended."""
    ended = {str(lot) for lot in session.exec(select(AuditEnd.lot_id))}
    lots = _pairs(session, frames, select_columns(col(AuditFrame.frame_id), col(AuditFrame.lot_id)))
    unended = {(frame, "open") for frame, lot in lots if lot not in ended}
    return {(frame, f"lot_{lot}") for frame, lot in lots} | unended


def _feeds() -> Any:
    return select_columns(col(ReturnedFrame.frame_id), col(Feed.name)).join(
        Feed, col(Feed.id) == ReturnedFrame.feed_id
    )


def _returned() -> Any:
    return select_columns(col(ReturnedFrame.frame_id), type_coerce(col(ReturnedFrame.why), String))


def _alerts(session: Session, frames: FrameFacts) -> set[tuple[int, str]]:
    """Of alerts that brought a frame back, and of those that a replayed frame raised: the level, and which alert it is
    by its second and feed."""
    about = (type_coerce(col(Alert.level), String), col(Alert.raised_at_us), col(Feed.name))
    returned = select_columns(col(ReturnedFrame.frame_id), *about).join(
        Alert, col(Alert.id) == ReturnedFrame.alert_id
    )
    replayed = select_columns(col(Alert.source_frame_id), *about).where(
        col(Alert.source_frame_id).is_not(None)
    )
    pairs: set[tuple[int, str]] = set()
    for query in (returned, replayed):
        rows = session.connection().execute(query.join(Feed, col(Feed.id) == Alert.feed_id)).all()
        for frame, level, raised_at_us, feed in rows:
            if frame is not None and frame in frames.place:
                pairs |= {(frames.place[frame], value) for value in (level, alert_name(raised_at_us, feed))}
    return pairs


def alert_name(raised_at_us: int, feed: str) -> str:
    """How one alert is asked for.

    >>> alert_name(1_790_000_000_000_000, "car 7")
    '2026-09-21T14:13:20Z car 7'
    """
    return f"{datetime.fromtimestamp(raised_at_us // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ} {feed}"


def _notes(session: Session, frames: FrameFacts) -> Facet:
    """Every kind of note, and `open` where a question or a picture that does not show waits for a lead."""
    query = select_columns(
        col(FrameNote.frame_id), type_coerce(col(FrameNote.kind), String), func.max(col(FrameNote.id))
    ).group_by(col(FrameNote.frame_id), col(FrameNote.kind))
    latest: dict[int, dict[str, int]] = {}
    for frame_id, kind, note_id in session.connection().execute(query):
        if frame_id in frames.place:
            latest.setdefault(frames.place[frame_id], {})[kind] = int(note_id or 0)
    pairs = {(frame, kind) for frame, kinds in latest.items() for kind in kinds}
    pairs |= {(frame, "open") for frame, kinds in latest.items() if _is_open(kinds)}
    return many_codes(About.FLAG, ("open", *(one.value for one in NoteKind)), pairs)


def _is_open(kinds: dict[str, int]) -> bool:
    asked = max(kinds.get(NoteKind.FLAG.value, 0), kinds.get(NoteKind.UNREADABLE.value, 0))
    return asked > kinds.get(NoteKind.CLOSED.value, 0)


def _gold(session: Session, frames: FrameFacts) -> Facet:
    codes = np.ones(len(frames.ids), dtype=np.int32)
    query = select_columns(col(GoldFrame.frame_id))
    codes[frames.places([one for (one,) in session.connection().execute(query)])] = 0
    return Facet(About.GOLD, YES_NO, codes)


def read_tags(session: Session, frames: FrameFacts) -> tuple[Facet, Facet]:
    """Tags and named lists."""
    query = select_columns(
        col(FrameMark.frame_id),
        type_coerce(col(FrameMark.kind), String),
        col(FrameMark.name),
        col(FrameMark.is_set),
    ).order_by(col(FrameMark.id))
    latest: dict[tuple[int, str, str], bool] = {
        (frames.place[frame_id], kind, name): is_set
        for frame_id, kind, name, is_set in session.connection().execute(query)
        if frame_id in frames.place
    }
    marked = {
        kind: {(at, name) for (at, one, name), is_set in latest.items() if is_set and one == kind}
        for kind in MarkKind
    }
    return many_codes(About.TAG, (), marked[MarkKind.TAG]), many_codes(About.LIST, (), marked[MarkKind.LIST])


def read_requests(session: Session, frames: FrameFacts) -> Requests:
    """What leads want reviewed next."""
    return {
        (frames.place[frame_id], f"by:{name}" if name else EVERYBODY)
        for frame_id, name in standing_requests(session)
        if frame_id in frames.place
    }


def _second_looks(session: Session, frames: FrameFacts) -> set[tuple[int, str]]:
    latest = select_columns(col(Adjudication.frame_id), func.max(col(Adjudication.id)))
    sent_back = select(SecondLook.frame_id)
    latest = latest.where(not_withdrawn(), col(Adjudication.frame_id).in_(sent_back)).group_by(
        col(Adjudication.frame_id)
    )
    settled = {frame_id: int(last or 0) for frame_id, last in session.connection().execute(latest)}
    query = select_columns(col(SecondLook.frame_id), col(SecondLook.after_adjudication_id))
    pairs: set[tuple[int, str]] = set()
    for sent_back_id, after in session.connection().execute(query):
        if sent_back_id in frames.place:
            pairs.add((frames.place[sent_back_id], "asked"))
            if settled.get(sent_back_id, 0) <= after:
                pairs.add((frames.place[sent_back_id], "open"))
    return pairs
