"""What the kept judgements add up to, by run and for people's own words. Rates with intervals are a report's."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import case, func
from sqlalchemy import select as select_columns
from sqlmodel import col

from data.store.opening import Store
from data.store.tables import GroundedWords, ModelRun, Proposal
from data.text.phrases import counted

PEOPLE = "people's own words"


@dataclass(frozen=True)
class Tally:
    """Counts over the texts of a run, or of people."""

    name: str
    texts: int
    supported: int
    contradicted: int
    not_checkable: int
    texts_contradicted: int
    texts_omitting: int
    reason_against_level: int
    action_against_level: int
    names_nothing: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def in_words(self) -> str:
        """In one line for a command."""
        decided = self.supported + self.contradicted
        return (
            f"{self.contradicted:,} of {counted(decided, 'checkable assertion')} contradicted, in "
            f"{self.texts_contradicted:,} of {counted(self.texts, 'text')}; {self.texts_omitting:,} leave out "
            f"what is in the path, {self.reason_against_level:,} reasons and {self.action_against_level:,} actions "
            f"speak against their level, {self.names_nothing:,} name nothing"
        )


def tallies(store: Store) -> list[Tally]:
    """By run in the order of their names, people last."""

    def times(condition: Any) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    row = GroundedWords
    name = func.coalesce(col(ModelRun.name), PEOPLE)
    query = (
        select_columns(
            name,
            func.count(),
            func.sum(col(row.supported)),
            func.sum(col(row.contradicted)),
            func.sum(col(row.not_checkable)),
            times(col(row.contradicted) > 0),
            times(col(row.omitted) > 0),
            times(col(row.reason_against_level)),
            times(col(row.action_against_level)),
            times(col(row.names_nothing)),
        )
        .select_from(row)
        .outerjoin(Proposal, col(Proposal.id) == row.proposal_id)
        .outerjoin(ModelRun, col(ModelRun.id) == Proposal.run_id)
        .group_by(name)
    )
    with store.read() as session:
        found = [Tally(str(one), *map(int, counts)) for one, *counts in session.connection().execute(query)]
    return sorted(found, key=lambda one: (one.name == PEOPLE, one.name))
