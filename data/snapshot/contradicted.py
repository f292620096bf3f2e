"""Which words of frames are contradicted by what is there, as `data.grounding` has judged and kept it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from data.store.tables import Adjudication, GroundedWords, Proposal, Review
from data.verification.chosen_text import ChosenText

CONTRADICTED = "contradicted_words"
"""Why a frame is left out of a snapshot without contradicted words."""
Contradicted = frozenset[tuple[str, str]]
"""(frame id, reasoning) of contradicted words."""


def contradicted_words(session: Session, frame_ids: Sequence[str]) -> Contradicted:
    """Of these frames, the reasonings that are contradicted, in themselves or in the action that goes with them; those
    that were not judged are not among them."""
    found: set[tuple[str, str]] = set()
    kinds: tuple[tuple[Any, Any], ...] = (
        (Proposal, GroundedWords.proposal_id),
        (Review, GroundedWords.review_id),
        (Adjudication, GroundedWords.adjudication_id),
    )
    for table, of in kinds:
        query = (
            select(GroundedWords.frame_id, table.reasoning)
            .join(table, table.id == of)
            .where(col(GroundedWords.contradicted_in_answer) > 0, col(GroundedWords.frame_id).in_(frame_ids))
        )
        found |= set(session.exec(query).all())
    return frozenset(found)


def is_contradicted(frame_id: str, text: ChosenText | None, contradicted: Contradicted) -> bool:
    """Whether the words that stand for a frame are among them."""
    return text is not None and (frame_id, text.assessment.reasoning) in contradicted
