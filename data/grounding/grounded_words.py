"""Use case: hold what models and people said of frames against what is there, and keep what it came to.

Rows of other rules are judged anew; what is kept serves filters, the order of review and reports, and can be thrown
away at any time. Screens judge the few texts they show themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert
from sqlmodel import Session, col, select

from data.errors import ProposalError
from data.grounding.frame_things import look_up_things, scene_facts
from data.grounding.verdicts import Verdict
from data.grounding.words import Grounding, Words, ground_words, rules_hash
from data.store.opening import Store
from data.store.tables import Adjudication, GroundedWords, ModelRun, Proposal, Review

Progress = Callable[[int, int], None]
"""Called with (done, total)."""
_AT_ONCE = 500


@dataclass
class Grounded:
    """What a `ground` did: texts judged, frames looked up, and why frames could not be, by data set."""

    texts: int = 0
    seconds: float = 0.0
    frames_looked_up: int = 0
    not_looked_up: dict[str, str] = field(default_factory=dict)


def ground(
    store: Store,
    run_names: Sequence[str] = (),
    *,
    frame_ids: frozenset[str] | None = None,
    progress: Progress | None = None,
) -> Grounded:
    """Judge the proposals of runs (of all, if none is named) and people's own words, as far as that was not done by
    these rules. frame_ids: only the words about these frames. Raises ProposalError for a run that there is not."""
    begun = time.perf_counter()
    _require_runs(store, run_names)
    looked_up = look_up_things(store)
    _forget_other_rules(store)
    due = _due(store, run_names, frame_ids)
    for start in range(0, len(due), _AT_ONCE):
        some = due[start : start + _AT_ONCE]
        with store.read() as session:
            rows = list(_judged(session, some))
        with store.write(alone=True) as session:
            _keep(session, rows)
        if progress:
            progress(start + len(some), len(due))
    return Grounded(len(due), time.perf_counter() - begun, looked_up.frames, looked_up.reasons)


def _require_runs(store: Store, run_names: Sequence[str]) -> None:
    with store.read() as session:
        known = sorted(session.exec(select(ModelRun.name)))
    for name in run_names:
        if name not in known:
            raise ProposalError(f"There is no run called {name}; the store has {', '.join(known) or 'none'}.")


def _forget_other_rules(store: Store) -> None:
    others = col(GroundedWords.rules) != rules_hash()
    with store.read() as session:
        stale = session.exec(select(GroundedWords.id).where(others).limit(1)).first()
    if stale is not None:
        with store.write(alone=True) as session:
            session.exec(delete(GroundedWords).where(others))


Said = Proposal | Review | Adjudication
_KINDS: tuple[tuple[str, type[Any]], ...] = (
    ("proposal_id", Proposal),
    ("review_id", Review),
    ("adjudication_id", Adjudication),
)
"""Where words stand, each with the column of `GroundedWords` that names it."""
Key = tuple[str, int]


def _due(store: Store, run_names: Sequence[str], frame_ids: frozenset[str] | None) -> list[Key]:
    """Everything with words that was not judged yet, in the order in which it came."""
    found: list[Key] = []
    with store.read() as session:
        for name, table in _KINDS:
            query = (
                select(table.id, table.frame_id)
                .outerjoin(GroundedWords, col(getattr(GroundedWords, name)) == table.id)
                .where(col(GroundedWords.id).is_(None), col(table.level).is_not(None))
                .where(col(table.reasoning).is_not(None))
                .order_by(col(table.id))
            )
            if run_names and table is Proposal:
                query = query.join(ModelRun, col(ModelRun.id) == Proposal.run_id)
                query = query.where(col(ModelRun.name).in_(run_names))
            rows = session.exec(query).all()
            found += [(name, one) for one, frame in rows if frame_ids is None or frame in frame_ids]
    return found


def _judged(session: Session, keys: Sequence[Key]) -> Iterator[dict[str, Any]]:
    said: dict[Key, Said] = {}
    for kind in _KINDS:
        said |= _rows(session, kind, keys)
    facts = scene_facts(session, sorted({one.frame_id for one in said.values()}))
    for key in keys:
        words = words_of(said[key])
        if words is not None and said[key].frame_id in facts:
            names = {name: key[1] if name == key[0] else None for name, _ in _KINDS}
            counts = _counts(ground_words(words, facts[said[key].frame_id]))
            yield {"frame_id": said[key].frame_id, **names, **counts}


def _rows(session: Session, kind: tuple[str, type[Any]], keys: Sequence[Key]) -> dict[Key, Said]:
    name, table = kind
    ids = [number for one, number in keys if one == name]
    return {(name, row.id): row for row in session.exec(select(table).where(col(table.id).in_(ids)))}


def words_of(said: Said) -> Words | None:
    """The words of a proposal, or a person's own; None where it has none."""
    if said.level is None or said.reasoning is None:
        return None
    thought = said.chain_of_thought if isinstance(said, Proposal) else None
    return Words(said.level, said.reasoning, said.action or "", thought or "")


def _counts(found: Grounding) -> dict[str, Any]:
    in_thought = len(found.contradictions("thought"))
    contradicted = found.count(Verdict.CONTRADICTED)
    return {
        "supported": found.count(Verdict.SUPPORTED),
        "contradicted": contradicted,
        "contradicted_in_answer": contradicted - in_thought,
        "not_checkable": found.count(Verdict.NOT_CHECKABLE),
        "omitted": len(found.omissions or []),
        "has_boxes": found.omissions is not None,
        "reason_against_level": found.reason_against is not None,
        "action_against_level": found.action_against is not None,
        "names_nothing": found.names_nothing,
        "rules": rules_hash(),
    }


def _keep(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Leave out what another process has judged meanwhile."""
    there: set[Key] = set()
    for name, _ in _KINDS:
        column = col(getattr(GroundedWords, name))
        ids = [row[name] for row in rows if row[name] is not None]
        there |= {(name, one) for one in session.exec(select(column).where(column.in_(ids)))}
    new = [dict(row) for row in rows if not any((name, row[name]) in there for name, _ in _KINDS)]
    if new:
        session.connection().execute(insert(GroundedWords), new)
