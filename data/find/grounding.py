"""Reading which frames have words that are contradicted, leave something out, or do not fit their level."""

from __future__ import annotations

import numpy as np
from sqlmodel import Session, col, func, select

from data.find.facets import Facet, many_codes
from data.find.frame_facts import FrameFacts
from data.find.question import About
from data.store.tables import GroundedWords, ModelRun, Proposal

CONTRADICTED, OMITS, AGAINST_LEVEL, GENERIC = "contradicted", "omits", "against_level", "generic"
FAULTS = (CONTRADICTED, OMITS, AGAINST_LEVEL, GENERIC)
PEOPLE = "people"
NOT_JUDGED = "No words have been judged yet: `teletriage ground` does it."


def judged_so_far(session: Session) -> tuple[int, ...]:
    """Changes whenever words were judged, and where they were judged anew as another cut them."""
    row = GroundedWords
    kept = (
        func.max(row.id),
        func.count(col(row.id)),
        func.count(col(row.cut_by)),
        func.sum(col(row.contradicted)),
    )
    return tuple(int(one or 0) for one in session.exec(select(*kept)).one())


def read_grounding(session: Session, frames: FrameFacts) -> Facet:
    """Frames by what is wrong with words about them: of anybody, of a run under `name:fault`, of people under
    `people:fault`."""
    row = GroundedWords
    columns = (
        row.frame_id, ModelRun.name, row.contradicted, row.omitted, row.reason_against_level, row.action_against_level,
        row.names_nothing,
    )  # fmt: skip
    query = (
        select(*columns)  # type: ignore[call-overload]  # SQLModel types up to four columns
        .select_from(row)
        .outerjoin(Proposal, col(Proposal.id) == row.proposal_id)
        .outerjoin(ModelRun, col(ModelRun.id) == Proposal.run_id)
    )
    pairs: set[tuple[int, str]] = set()
    names: set[str] = set()
    for frame_id, run, contradicted, omitted, reason, action, generic in session.exec(query):
        found = (contradicted, omitted, reason or action, generic)
        names.add(run or PEOPLE)
        if frame_id in frames.place:
            place = frames.place[frame_id]
            for fault in (name for name, is_so in zip(FAULTS, found, strict=True) if is_so):
                pairs |= {(place, fault), (place, f"{run or PEOPLE}:{fault}")}
    if not names:
        return Facet(About.GROUNDING, (), np.array([], np.int32), np.array([], np.int64), NOT_JUDGED)
    every = (f"{name}:{fault}" for name in sorted(names) for fault in FAULTS)
    return many_codes(About.GROUNDING, (*FAULTS, *every), pairs)
