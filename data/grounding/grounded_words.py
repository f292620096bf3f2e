"""Use case: hold what models and people said of frames against what is there, and keep what it came to.

Rows of other rules, and of words that were cut otherwise since, are judged anew; what is kept serves filters, the order
of review and reports, and can be thrown away at any time. Screens judge the few texts they show themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert
from sqlmodel import Session, col, func, select

from data.grounding.acts import KINDS, Key, columns_of, require_runs, rows_of
from data.grounding.cutting.kept import kept_cuts
from data.grounding.frame_things import look_up_things
from data.grounding.said import ground_said
from data.grounding.verdicts import Verdict
from data.grounding.words import Grounding, rules_hash
from data.store.opening import Store
from data.store.tables import CutAssertions, GroundedWords, ModelRun, Proposal

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
    with store.read() as session:
        require_runs(session, run_names)
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


def _forget_other_rules(store: Store) -> None:
    others = col(GroundedWords.rules) != rules_hash()
    with store.read() as session:
        stale = session.exec(select(GroundedWords.id).where(others).limit(1)).first()
    if stale is not None:
        with store.write(alone=True) as session:
            session.exec(delete(GroundedWords).where(others))


def _due(store: Store, run_names: Sequence[str], frame_ids: frozenset[str] | None) -> list[Key]:
    """Everything with words that was not judged yet as it is cut now, in the order in which it came."""
    found: list[Key] = []
    with store.read() as session:
        for name, table in KINDS:
            query = (
                select(table.id, table.frame_id)
                .outerjoin(GroundedWords, col(getattr(GroundedWords, name)) == table.id)
                .outerjoin(CutAssertions, col(getattr(CutAssertions, name)) == table.id)
                .where(col(table.level).is_not(None), col(table.reasoning).is_not(None))
                .where(
                    col(GroundedWords.id).is_(None)
                    | (_or_rules(GroundedWords.cut_by) != _or_rules(CutAssertions.cut_by))
                )
                .order_by(col(table.id))
            )
            if run_names and table is Proposal:
                query = query.join(ModelRun, col(ModelRun.id) == Proposal.run_id)
                query = query.where(col(ModelRun.name).in_(run_names))
            rows = session.exec(query).all()
            found += [(name, one) for one, frame in rows if frame_ids is None or frame in frame_ids]
    return found


def _or_rules(cut_by: Any) -> Any:
    return func.coalesce(col(cut_by), "")


def _judged(session: Session, keys: Sequence[Key]) -> Iterator[dict[str, Any]]:
    said = rows_of(session, keys)
    cuts, found = kept_cuts(session, keys), ground_said(session, list(said.values()))
    for key in keys:
        if key in found:
            cut_by = cuts[key].cut_by if key in cuts else None
            act = {"frame_id": said[key].frame_id, **columns_of(key), "cut_by": cut_by}
            yield {**act, **_counts(found[key])}


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
    """In place of what was kept of the same words; another process may have judged them meanwhile."""
    for name, _ in KINDS:
        ids = [row[name] for row in rows if row[name] is not None]
        if ids:
            session.exec(delete(GroundedWords).where(col(getattr(GroundedWords, name)).in_(ids)))
    if rows:
        session.connection().execute(insert(GroundedWords), [dict(row) for row in rows])
