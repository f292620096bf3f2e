"""Reading what words came to, as `data.grounding` keeps it, and a few contradicted texts with their marks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from data.grounding.frame_things import scene_facts
from data.grounding.grounded_words import Said, words_of
from data.grounding.tallies import PEOPLE
from data.grounding.words import ground_words
from data.store.tables import Adjudication, FrameThings, GroundedWords, ModelRun, Proposal, Review
from data.verification.standing import not_withdrawn, standing
from data.vocabulary import TriageLevel
from eval.grounding.figures import GroundedTexts, GroundingFigures, JudgedText, MarkedText, grounded_texts

EXAMPLES = 24
_IDS_AT_ONCE = 500
Frames = Mapping[str, tuple[str, TriageLevel]]
"""Scene and verified level by frame id."""


def grounding_figures(
    session: Session, run_names: Sequence[str], frames: Frames, reasons: dict[str, str], *, confidence: float
) -> GroundingFigures | None:
    """What runs and people said of frames. None where nothing was judged."""
    judged = {name: _of_run(session, name, frames) for name in run_names}
    people = _of_people(session, frames)
    if not people and not any(judged.values()):
        return None
    examples = _marked(session, [*(one for rows in judged.values() for one in rows), *people])
    looked_up, with_boxes = _looked_up(session, frames)

    def told(name: str, rows: Sequence[GroundedWords]) -> GroundedTexts:
        return grounded_texts(name, [_judged(one, frames) for one in rows], confidence)

    return GroundingFigures(
        frames=looked_up,
        with_boxes=with_boxes,
        reasons=reasons,
        runs=[told(name, rows) for name, rows in judged.items()],
        people=told(PEOPLE, people) if people else None,
        examples=examples[:EXAMPLES],
        left_out=max(len(examples) - EXAMPLES, 0),
    )


def _of_run(session: Session, name: str, frames: Frames) -> list[GroundedWords]:
    query = (
        select(GroundedWords)
        .join(Proposal, col(Proposal.id) == GroundedWords.proposal_id)
        .join(ModelRun, col(ModelRun.id) == Proposal.run_id)
        .where(ModelRun.name == name)
        .order_by(col(GroundedWords.frame_id))
    )
    return [one for one in session.exec(query) if one.frame_id in frames]


def _of_people(session: Session, frames: Frames) -> list[GroundedWords]:
    """The latest words of each person, leads among them; words that were replaced or taken back do not count."""
    query = select(GroundedWords, Review).join(Review, col(Review.id) == GroundedWords.review_id)
    rows = [(one, review) for one, review in session.exec(query) if one.frame_id in frames]
    stands = {one.id for one in standing(review for _, review in rows)}
    settled = select(GroundedWords).join(Adjudication, col(Adjudication.id) == GroundedWords.adjudication_id)
    leads = [one for one in session.exec(settled.where(not_withdrawn())) if one.frame_id in frames]
    return sorted(
        (*(one for one, review in rows if review.id in stands), *leads), key=lambda one: one.frame_id
    )


def _judged(row: GroundedWords, frames: Frames) -> JudgedText:
    scene, level = frames[row.frame_id]
    return JudgedText(
        scene_id=scene,
        level=level,
        supported=row.supported,
        contradicted=row.contradicted,
        not_checkable=row.not_checkable,
        omitted=row.omitted,
        has_boxes=row.has_boxes,
        reason_against_level=row.reason_against_level,
        action_against_level=row.action_against_level,
        names_nothing=row.names_nothing,
    )


def _looked_up(session: Session, frames: Frames) -> tuple[int, int]:
    found: list[bool] = []
    ids = sorted(frames)
    for start in range(0, len(ids), _IDS_AT_ONCE):
        some = col(FrameThings.frame_id).in_(ids[start : start + _IDS_AT_ONCE])
        found += [one.things is not None for one in session.exec(select(FrameThings).where(some))]
    return len(found), sum(found)


def _marked(session: Session, rows: Sequence[GroundedWords]) -> list[MarkedText]:
    """Contradicted texts, those with most contradictions first; only as many as are shown are judged again."""
    wrong = sorted(
        (one for one in rows if one.contradicted), key=lambda one: (-one.contradicted, one.frame_id)
    )
    shown = wrong[:EXAMPLES]
    facts = scene_facts(session, sorted({one.frame_id for one in shown}))
    marked: list[MarkedText] = []
    for row in shown:
        said, name = _said(session, row)
        words = words_of(said)
        if words is not None:
            marked += _marks(row.frame_id, name, words.parts(), ground_words(words, facts[row.frame_id]))
    return marked


def _said(session: Session, row: GroundedWords) -> tuple[Said, str]:
    if row.adjudication_id is not None:
        return session.get_one(Adjudication, row.adjudication_id), PEOPLE
    if row.review_id is not None:
        return session.get_one(Review, row.review_id), PEOPLE
    proposal = session.get_one(Proposal, row.proposal_id)
    return proposal, session.get_one(ModelRun, proposal.run_id).name


def _marks(frame_id: str, name: str, parts: Mapping[str, str], found: Any) -> Iterator[MarkedText]:
    for part, text in parts.items():
        wrong = found.contradictions(part)
        if wrong:
            marks = [(one.assertion.start, one.assertion.end, one.evidence) for one in wrong]
            yield MarkedText(frame_id=frame_id, name=name, part=part, text=text, marks=marks)
