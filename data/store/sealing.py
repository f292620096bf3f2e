"""Seals: the audit trail covers what judgement rests on, such as proposals' words, frames' hashes and people's names.

Those rows are no acts, and some of them change. Each commit that writes some adds one entry to the trail per table
with the product of what it wrote and took away (`data.store.row_products`); all entries of a table multiply to what the
table must hold. A row that was changed past the app never divides out again, not even when the app writes it later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, Connection, Table, insert, tuple_, type_coerce
from sqlalchemy import select as select_columns
from sqlalchemy.orm import ORMExecuteState, UOWTransaction
from sqlalchemy.types import NullType
from sqlmodel import Session, SQLModel

from data.store import tables
from data.store.row_products import Seal
from data.store.trail_chain import row_sha256

SEALED: Mapping[type[SQLModel], str | None] = {
    tables.Dataset: None,
    tables.Scene: None,
    tables.Frame: None,
    tables.Sampling: None,
    tables.SampledFrame: None,
    tables.RandomShare: None,
    tables.ModelRun: None,
    tables.Proposal: "run_id",
    tables.ProbeArm: None,
    tables.ProbeAnswer: "arm_id",
    tables.Person: None,
    tables.SignIn: None,
    tables.ProviderIdentity: None,
    tables.Setting: None,
    tables.Secret: None,
    tables.AuditFrame: None,
    tables.LabelStudioAnnotation: None,
    tables.GeneratedClip: None,
    tables.GeneratedFrame: None,
    tables.ClipCritique: None,
    tables.Watch: None,
    tables.Feed: None,
    tables.FeedChange: None,
    tables.Alert: None,
    tables.AlertClip: None,
    tables.WatchMinute: None,
    tables.ReturnedFrame: None,
    tables.BlurredPicture: "blurring_id",
}
"""The tables that are sealed, each with the column by which its rows are sealed apart."""
LEFT_OUT: Mapping[type[SQLModel], str] = {
    tables.Lease: "lasts minutes; what it led to is a review",
    tables.FrameStatus: "follows from the acts, which `check` derives anew",
    tables.FrameStack: "is made anew by every `embed`; what was judged together stands in the reviews",
    tables.FrameThings: "is looked up in the dataroot again by `ground`",
    tables.CutAssertions: "is asked for again by `ground`; the words themselves stand in proposals and reviews",
    tables.GroundedWords: "is judged anew by `ground`; the words themselves stand in proposals and reviews",
    tables.Ranking: "says when frames were put in order; the order is made anew",
    tables.PersonSettings: "is how somebody wants the screen",
    tables.SignInAttempt: "slows guessing down and goes after a day",
    tables.UsedProviderAnswer: "matters for ten minutes",
}
"""The tables that are neither acts nor sealed, each with the reason why nothing rests on them."""
_SIGNS_OF_LIFE = {"watch": {"seen_at_us"}}
_SEALS = "seals of this act"
_CHANGING = "sealed rows that a flush is changing"
_IS_SEALED = "seals what it writes"
_AT_ONCE = 500


def raw_rows(connection: Connection, table: Table, where: Any = None) -> Iterator[dict[str, Any]]:
    """Rows as they stand in the database, for hashing: a changed byte may make them nothing that a model could read."""
    query = select_columns(*(type_coerce(one, NullType()).label(one.name) for one in table.columns))
    query = query if where is None else query.where(where)
    parsed = [one.name for one in table.columns if isinstance(one.type, JSON)]
    for row in connection.execute(query, execution_options={"yield_per": 2000}):
        values = dict(row._mapping)
        yield {**values, **{name: _parsed(values[name]) for name in parsed}}


def _parsed(value: Any) -> Any:
    """JSON as it was given to the database; SQLite keeps its text."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def seals_of(connection: Connection, kind: type[SQLModel]) -> dict[str, Seal]:
    """What a table's rows multiply to as they stand, by the subject under which the trail names them."""
    found: dict[str, Seal] = {}
    for row in raw_rows(connection, _table(kind)):
        found.setdefault(_subject(kind, row), Seal()).add(_row_hash(kind, row))
    return found


def insert_rows(session: Session, kind: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows at once, sealed where their table is; each names all columns but those without a value."""
    if not rows:
        return
    keys = list(_table(kind).primary_key)
    statement = insert(kind).returning(*keys, sort_by_parameter_order=True)
    made = session.execute(statement, rows, execution_options={_IS_SEALED: True}).all()
    for row, key in zip(rows, made, strict=True) if kind in SEALED else ():
        _note(session, kind, {**row, **key._mapping}, is_there=True)


def note_inserted(session: Session, kind: type[SQLModel], row: Mapping[str, Any]) -> None:
    """Seal a row that a statement of the database's own inserted."""
    _note(session, kind, row, is_there=True)


def note_changing(session: Session, *_: object) -> None:
    """Before a flush: divide out the sealed rows that it changes or deletes, as they stand in the database."""
    changing = [row for row in session.dirty if type(row) in SEALED and session.is_modified(row)]
    going = [row for row in session.deleted if type(row) in SEALED]
    session.info[_CHANGING] = changing
    for kind in {type(row) for row in (*changing, *going)}:
        for row in _as_they_stand(session, kind, [one for one in (*changing, *going) if type(one) is kind]):
            _note(session, kind, row, is_there=False)


def _as_they_stand(
    session: Session, kind: type[SQLModel], rows: Sequence[SQLModel]
) -> Iterator[dict[str, Any]]:
    table = _table(kind)
    keys = list(table.primary_key)
    wanted = [tuple(getattr(row, key.name) for key in keys) for row in rows]
    for start in range(0, len(wanted), _AT_ONCE):
        some = tuple_(*keys).in_(wanted[start : start + _AT_ONCE])
        held = select_columns(*keys).where(some).with_for_update(key_share=True)
        session.connection().execute(held).all()
        yield from raw_rows(session.connection(), table, some)


def note_written(session: Session, _context: UOWTransaction) -> None:
    """After a flush: multiply in the sealed rows that it wrote, as they are now."""
    new = [row for row in session.new if type(row) in SEALED]
    for row in (*new, *session.info.pop(_CHANGING, [])):
        columns = _table(type(row)).columns
        _note(session, type(row), {one.name: getattr(row, one.name) for one in columns}, is_there=True)


def refuse_unsealed(statement: ORMExecuteState) -> None:
    """A statement that changes sealed rows past the session would leave their seal behind: a fault of the code."""
    if not (statement.is_insert or statement.is_update or statement.is_delete):
        return
    kind = statement.bind_mapper.class_ if statement.bind_mapper else None
    if kind is None or kind not in SEALED or statement.execution_options.get(_IS_SEALED):
        return
    changed = {str(getattr(one, "key", one)) for one in getattr(statement.statement, "_values", None) or {}}
    if not changed or not changed <= _SIGNS_OF_LIFE.get(_table(kind).name, set()):
        raise TypeError(f"Rows of {_table(kind).name} are sealed: change them through the session.")


def taken_seals(session: Session) -> Iterable[tuple[str, Seal]]:
    """The seals of what this session wrote, each with its subject; they are handed out once."""
    return sorted(session.info.pop(_SEALS, {}).items())


def _note(session: Session, kind: type[SQLModel], row: Mapping[str, Any], *, is_there: bool) -> None:
    seals: dict[str, Seal] = session.info.setdefault(_SEALS, {})
    seal = seals.setdefault(_subject(kind, row), Seal())
    (seal.add if is_there else seal.remove)(_row_hash(kind, row))


def _row_hash(kind: type[SQLModel], row: Mapping[str, Any]) -> str:
    left_out = _SIGNS_OF_LIFE.get(_table(kind).name)
    if left_out is None:
        return row_sha256(row)
    return row_sha256({name: value for name, value in row.items() if name not in left_out})


def _subject(kind: type[SQLModel], row: Mapping[str, Any]) -> str:
    apart, name = SEALED[kind], _table(kind).name
    return f"{name}:{row[apart]}" if apart else name


def _table(kind: type[SQLModel]) -> Table:
    return kind.__table__  # type: ignore[attr-defined,no-any-return]
