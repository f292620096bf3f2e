"""What was cut at an endpoint, as rows: one per act, kept as it arrives, read by everything that judges words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from data.grounding.acts import KINDS, Key, columns_of, key_of_columns
from data.grounding.assertions import Assertion, Kind, Mention
from data.grounding.cutting.reply import Cut, ReadCut
from data.grounding.cutting.values import fits
from data.store.opening import Store
from data.store.tables import CutAssertions, GroundedWords, ModelRun, Proposal
from data.vocabulary import storable_text

MAX_REASON_CHARS = 300
Rows = dict[str, list[list[Any]]]
"""Assertions by part, each as a list: kind, value, start, end, amount, whether it is denied, and the thing that it is
said of as noun, start, end and whether that is denied, or None."""


def as_rows(cut: Cut) -> Rows:
    """For the store."""
    return {part: [_as_row(one) for one in some] for part, some in cut.items()}


def _as_row(one: Assertion) -> list[Any]:
    who = one.mention
    thing = None if who is None else [who.noun, who.start, who.end, who.is_negated]
    return [one.kind.value, one.value, one.start, one.end, one.amount, one.is_negated, thing]


def from_rows(rows: Rows) -> Cut:
    """Back from `as_rows`; what today's rules know no more is left out."""
    return {part: _assertions(some) for part, some in rows.items()}


def _assertions(rows: Sequence[list[Any]]) -> list[Assertion]:
    known: dict[tuple[Any, ...], Mention] = {}
    found = []
    for kind, value, start, end, amount, is_negated, thing in rows:
        mention = None if thing is None else known.setdefault(tuple(thing), Mention(*thing))
        if fits(Kind(kind), value, mention.noun if mention else None):
            found.append(Assertion(Kind(kind), value, start, end, mention, amount, is_negated))
    return found


def kept_cuts(session: Session, keys: Sequence[Key]) -> dict[Key, CutAssertions]:
    """What was cut of these acts, replies that could not be used among them."""
    found: dict[Key, CutAssertions] = {}
    for name, _ in KINDS:
        column = col(getattr(CutAssertions, name))
        ids = [number for one, number in keys if one == name]
        if ids:
            rows = session.exec(select(CutAssertions).where(column.in_(ids)))
            found |= {(name, getattr(row, name)): row for row in rows}
    return found


def cut_of(row: CutAssertions | None) -> Cut | None:
    """The assertions of a row; None where the rules have to cut."""
    return None if row is None or row.failure is not None else from_rows(row.parts)


def keep_cuts(store: Store, cutter: str, cuts: Mapping[Key, tuple[str, ReadCut | str]]) -> None:
    """Write what was cut of acts (frame id, and the cut or why there is none) in one commit, in place of what was kept
    before; what they came to is judged anew."""
    with store.write(alone=True) as session:
        _forget(session, list(cuts))
        for key, (frame_id, cut) in cuts.items():
            row = {"frame_id": frame_id, **columns_of(key), "cut_by": cutter, **_columns(cut)}
            session.add(CutAssertions.model_validate(row))


def _columns(cut: ReadCut | str) -> dict[str, Any]:
    if isinstance(cut, str):
        return {"failure": storable_text(cut[:MAX_REASON_CHARS])}
    return {"parts": as_rows(cut.parts), "dropped": dict(cut.dropped)}


def forget_cuts(store: Store, run_names: Sequence[str] = ()) -> int:
    """Go back to the rules for the words of runs, and of people; of everything if no run is named. Returns how many
    texts that were."""
    with store.write(alone=True) as session:
        query = select(CutAssertions)
        if run_names:
            query = (
                query.outerjoin(Proposal, col(Proposal.id) == CutAssertions.proposal_id)
                .outerjoin(ModelRun, col(ModelRun.id) == Proposal.run_id)
                .where(col(ModelRun.name).in_(run_names) | col(CutAssertions.proposal_id).is_(None))
            )
        keys = [key_of_columns(row) for row in session.exec(query)]
        _forget(session, keys)
    return len(keys)


_AT_ONCE = 500


def _forget(session: Session, keys: Sequence[Key]) -> None:
    for name, _ in KINDS:
        ids = [number for one, number in keys if one == name]
        for start in range(0, len(ids), _AT_ONCE):
            for table in (CutAssertions, GroundedWords):
                some = col(getattr(table, name)).in_(ids[start : start + _AT_ONCE])
                session.exec(delete(table).where(some))
