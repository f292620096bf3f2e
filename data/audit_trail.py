"""The audit trail: every act appended in the act's own transaction, with the store's time, chained by SHA-256.

An act that is a row (a review, an adjudication) is written down by itself when its session commits; one that is not
(a sign-in, a change of role) is noted by its use case with `note_act`. `data.store` closes the list at each commit.

The chain proves that what stands there is what was written, as long as its head, which `teletriage audit verify`
prints, is kept somewhere else: whoever owns the database could otherwise write a whole new chain. (The blind audit of
unreviewed frames is another thing: `data.audit`.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, Text, type_coerce
from sqlalchemy import select as select_columns
from sqlmodel import Session, SQLModel, col, select

from data import tables
from data.tables import TrailEntry
from data.trail_chain import (
    FIRST,
    Break,
    Link,
    chain_breaks,
    entry_sha256,
    row_breaks,
    row_sha256,
    standing_breaks,
    standings,
)
from data.vocabulary import TrailAct, canonical_json

if TYPE_CHECKING:
    from data.store import Store

ROW_ACTS: Mapping[type[SQLModel], tuple[TrailAct, str]] = {
    tables.Review: (TrailAct.REVIEWED, "person_id"),
    tables.Adjudication: (TrailAct.ADJUDICATED, "person_id"),
    tables.SecondLook: (TrailAct.SENT_BACK, "person_id"),
    tables.FrameNote: (TrailAct.NOTED, "person_id"),
    tables.TourAnswer: (TrailAct.ANSWERED_TOUR, "person_id"),
    tables.GuidelineText: (TrailAct.WROTE_GUIDELINE, "person_id"),
    tables.GoldFrame: (TrailAct.MADE_GOLD, "made_by_id"),
    tables.AuditLot: (TrailAct.OPENED_AUDIT, "opened_by_id"),
    tables.RewriteConfirmation: (TrailAct.CONFIRMED_REWRITE, "person_id"),
    tables.ClipJudgement: (TrailAct.JUDGED_CLIP, "person_id"),
    tables.OperatorAnswer: (TrailAct.ANSWERED_ALERT, "person_id"),
}
"""The tables whose rows are acts: what is done there, and the column that says by whom."""
_NOTED = "acts of the trail"


@dataclass(frozen=True)
class _Act:
    act: TrailAct
    person_id: int | None
    subject: str
    details: Mapping[str, Any] = field(default_factory=dict)
    row_sha256: str | None = None


def note_act(
    session: Session, act: TrailAct, *, by: int | None, subject: str, details: Mapping[str, Any] | None = None
) -> None:
    """Have an act written down when the session commits; nothing is written if it does not.

    by: the person, None for somebody at the command line or who is not signed in. details: values that JSON has;
    no secret, no password, no free text.
    """
    session.info.setdefault(_NOTED, []).append(_Act(act, by, subject, details or {}))


def note_rows(session: Session, *_: object) -> None:
    """Note the rows of a flush that are acts themselves."""
    for row in session.new:
        if type(row) in ROW_ACTS:
            act, who = ROW_ACTS[type(row)]
            session.info.setdefault(_NOTED, []).append(
                _Act(act, getattr(row, who), _subject(row), row_sha256=row_sha256(row.model_dump()))
            )


def _subject(row: SQLModel) -> str:
    table = _table(type(row))
    keys = [str(getattr(row, column.name)) for column in table.primary_key]
    return f"{table.name}:{':'.join(keys)}"


def _table(kind: type[SQLModel]) -> Table:
    return kind.__table__  # type: ignore[attr-defined,no-any-return]


def write_noted(session: Session, queue: Callable[[], int]) -> None:
    """Append what was noted in this session. `queue` waits for this writer's turn and gives the store's time."""
    acts: list[_Act] = session.info.pop(_NOTED, [])
    if not acts:
        return
    now_us = queue()
    last = session.exec(select(TrailEntry).order_by(col(TrailEntry.id).desc()).limit(1)).first()
    place, before = (last.id, last.sha256) if last else (0, FIRST)
    for act in acts:
        place += 1
        link = Link(
            id=place,
            act=act.act.value,
            person_id=act.person_id,
            subject=act.subject,
            details=canonical_json(act.details),
            row_sha256=act.row_sha256,
            at_us=now_us,
            previous_sha256=before,
        )
        before = entry_sha256(link)
        session.add(TrailEntry(**{**vars(link), "act": act.act}, sha256=before))


@dataclass(frozen=True)
class TrailState:
    """What a verification found. `head` is the hash of the latest entry, which stands for all before it."""

    entries: int
    rows: int
    head: str
    breaks: list[Break]

    @property
    def is_whole(self) -> bool:
        return not self.breaks

    def as_dict(self) -> dict[str, object]:
        broken = [{"where": one.where, "what": one.what} for one in self.breaks]
        return {
            "entries": self.entries,
            "rows": self.rows,
            "head": self.head,
            "whole": self.is_whole,
            "breaks": broken,
        }


def verify_trail(session: Session, *, known_head: str | None = None) -> TrailState:
    """Check every entry against its hash and its predecessor, every act's row against its entry, and everybody's role
    against the acts that gave it.

    known_head: a head that an earlier verification printed; it must still stand in the chain.
    """
    connection = session.connection()
    heads: set[str] = set()
    vouched: dict[str, str] = {}
    doubled: list[Break] = []
    about_people: list[Link] = []
    count, head = 0, FIRST

    def entries() -> Iterator[tuple[Link, str]]:
        nonlocal count, head
        for link, stored in _links(connection):
            count, head = count + 1, stored
            heads.add(stored)
            if link.subject.startswith("person:"):
                about_people.append(link)
            if link.row_sha256 is not None:
                if link.subject in vouched:
                    doubled.append(Break(f"entry {link.id}", f"{link.subject} stands in the trail already"))
                vouched[link.subject] = link.row_sha256
            yield link, stored

    breaks = [*chain_breaks(entries()), *doubled]
    rows = dict(_rows(connection))
    breaks += row_breaks(vouched, rows)
    if not breaks:  # acts that are not what was written say nothing about people
        breaks += standing_breaks(standings(about_people), _people(connection))
    if known_head is not None and known_head not in heads:
        breaks.append(Break("the head", f"no entry has the hash {known_head[:64]}"))
    return TrailState(count, len(rows), head, breaks)


def _people(connection: Connection) -> dict[str, tuple[str, bool]]:
    """Role and whether disabled of everybody, by subject."""
    table = _table(tables.Person)
    rows = connection.execute(select_columns(table.c.name, _as_text(table.c.role), table.c.is_disabled))
    return {f"person:{name}": (role, bool(is_disabled)) for name, role, is_disabled in rows}


def _links(connection: Connection) -> Iterator[tuple[Link, str]]:
    table = _table(TrailEntry)
    raw = [
        column.label(column.name) if column.name != "act" else _as_text(column) for column in table.columns
    ]
    for row in connection.execution_options(yield_per=2000).execute(
        select_columns(*raw).order_by(table.c.id)
    ):
        values = dict(row._mapping)
        stored = values.pop("sha256")
        yield Link(**values), stored


def _as_text(column: Any) -> Any:
    """An enum's column as the text that stands there: a changed byte may make it no member at all."""
    return type_coerce(column, Text).label(column.name)


def _rows(connection: Connection) -> Iterator[tuple[str, str]]:
    """Subject and hash of every row that is an act."""
    for kind in ROW_ACTS:
        table = _table(kind)
        raw = [_as_text(one) if isinstance(one.type, tables.EnumText) else one for one in table.columns]
        for row in connection.execution_options(yield_per=2000).execute(select_columns(*raw)):
            values = dict(row._mapping)
            keys = [str(values[column.name]) for column in table.primary_key]
            yield f"{table.name}:{':'.join(keys)}", row_sha256(values)


def latest_entries(store: Store, n: int) -> list[dict[str, str]]:
    """The last n entries, oldest first, each with its time (UTC), who, act, subject and details."""
    with store.read() as session:
        query = select(TrailEntry).order_by(col(TrailEntry.id).desc()).limit(n)
        names = {person.id: person.name for person in session.exec(select(tables.Person))}
        return [
            {
                "at": datetime.fromtimestamp(entry.at_us / 1e6, tz=UTC).isoformat(timespec="seconds"),
                "who": names.get(entry.person_id, "-"),
                "act": entry.act.value,
                "subject": entry.subject,
                "details": entry.details if entry.details != "{}" else "",
            }
            for entry in reversed(list(session.exec(query)))
        ]
