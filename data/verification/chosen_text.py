"""Whose words stand for a verified level: the latest human wording that argues for it, else the teacher's. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.store.tables import Adjudication, Proposal, Review
from data.vocabulary import Assessment, TriageLevel


@dataclass(frozen=True)
class ChosenText:
    """The chosen side of a pair. `chain_of_thought` is the teacher's, and only where the teacher's own words
    stand unchanged: a corrected frame never carries a chain of thought that argued for something else."""

    assessment: Assessment
    chain_of_thought: str | None


def chosen_text(
    level: TriageLevel,
    *,
    teacher: Proposal | None,
    reviews: Sequence[Review] = (),
    adjudication: Adjudication | None = None,
) -> ChosenText | None:
    """The text for a verified level, or None where nobody worded it. `reviews`: those that count, oldest first."""
    acts: list[Review | Adjudication] = [*reviews, *([adjudication] if adjudication else [])]
    for act in reversed(acts):
        if act.level is level and act.reasoning and act.action:
            said = Assessment(reasoning=act.reasoning, level=level, action=act.action)
            return ChosenText(said, None)
    if teacher is None or teacher.level is not level or not teacher.reasoning or not teacher.action:
        return None
    said = Assessment(reasoning=teacher.reasoning, level=level, action=teacher.action)
    return ChosenText(said, teacher.chain_of_thought)
