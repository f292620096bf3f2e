"""Where words stand: proposals, reviews and adjudications, each known by the column that names it and its number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from data.errors import ProposalError
from data.grounding.words import Words
from data.store.tables import Adjudication, CutAssertions, GroundedWords, ModelRun, Proposal, Review

Said = Proposal | Review | Adjudication
Key = tuple[str, int]
KINDS: tuple[tuple[str, type[Any]], ...] = (
    ("proposal_id", Proposal),
    ("review_id", Review),
    ("adjudication_id", Adjudication),
)
"""Where words stand, each with the column of `GroundedWords` and `CutAssertions` that names it."""


def words_of(said: Said) -> Words | None:
    """The words of a proposal, or a person's own; None where it has none."""
    if said.level is None or said.reasoning is None:
        return None
    thought = said.chain_of_thought if isinstance(said, Proposal) else None
    return Words(said.level, said.reasoning, said.action or "", thought or "")


def key_of(said: Said) -> Key:
    """By what a stored act is known."""
    return next((name, int(said.id or 0)) for name, table in KINDS if isinstance(said, table))


def key_of_columns(row: GroundedWords | CutAssertions) -> Key:
    """The act that a row of either table is about."""
    return next((name, getattr(row, name)) for name, _ in KINDS if getattr(row, name) is not None)


def columns_of(key: Key) -> dict[str, int | None]:
    """The columns that name an act."""
    return {name: key[1] if name == key[0] else None for name, _ in KINDS}


def rows_of(session: Session, keys: Sequence[Key]) -> dict[Key, Said]:
    """The acts with these keys."""
    found: dict[Key, Said] = {}
    for name, table in KINDS:
        ids = [number for one, number in keys if one == name]
        found |= {(name, row.id): row for row in session.exec(select(table).where(col(table.id).in_(ids)))}
    return found


def require_runs(session: Session, names: Sequence[str]) -> None:
    """Raises ProposalError for a run that there is not."""
    known = sorted(session.exec(select(ModelRun.name)))
    for name in names:
        if name not in known:
            raise ProposalError(f"There is no run called {name}; the store has {', '.join(known) or 'none'}.")
