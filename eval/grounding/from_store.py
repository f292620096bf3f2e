"""Reading what words came to, as `data.grounding` keeps it, and a few contradicted texts with their marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlmodel import Session, col, select

from data.grounding.acts import Key, Said, key_of, key_of_columns, rows_of, words_of
from data.grounding.cutting.kept import cut_of, kept_cuts
from data.grounding.cutting.reply import Cut
from data.grounding.frame_things import scene_facts
from data.grounding.said import ground_said
from data.grounding.tallies import PEOPLE
from data.grounding.words import Grounding, Words, ground_words, rules_hash
from data.store.tables import (
    Adjudication,
    CutAssertions,
    FrameThings,
    GroundedWords,
    ModelRun,
    Proposal,
    Review,
)
from data.verification.standing import not_withdrawn, standing
from data.vocabulary import TriageLevel
from eval.grounding.figures import (
    Cutter,
    GroundedTexts,
    GroundingFigures,
    JudgedText,
    MarkedText,
    Marks,
    grounded_texts,
)

EXAMPLES = 24
"""Texts, those with most contradictions first."""
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
    every = [*(one for rows in judged.values() for one in rows), *people]
    wrong = sorted(
        (one for one in every if one.contradicted), key=lambda one: (-one.contradicted, one.frame_id)
    )
    looked_up, with_boxes = _looked_up(session, frames)

    def told(name: str, rows: Sequence[GroundedWords]) -> GroundedTexts:
        return grounded_texts(name, [_judged(one, frames) for one in rows], confidence)

    return GroundingFigures(
        frames=looked_up,
        with_boxes=with_boxes,
        reasons=reasons,
        runs=[told(name, rows) for name, rows in judged.items()],
        people=told(PEOPLE, people) if people else None,
        examples=_marked(session, wrong[:EXAMPLES]),
        left_out=len(wrong[EXAMPLES:]),
        rules=rules_hash(),
        cutters=_cutters(session, {**judged, PEOPLE: people}),
    )


def _cutters(session: Session, judged: Mapping[str, Sequence[GroundedWords]]) -> list[Cutter]:
    """Of words by whose they are."""
    by: dict[str | None, dict[str, list[Key]]] = {}
    for name, rows in judged.items():
        for row in rows:
            by.setdefault(row.cut_by, {}).setdefault(name, []).append(key_of_columns(row))
    return [_cutter(session, who, by[who]) for who in sorted(by, key=lambda one: one or "")]


def _cutter(session: Session, who: str | None, of: Mapping[str, Sequence[Key]]) -> Cutter:
    unusable, dropped = 0, Counter[str]()
    keys = [key for some in of.values() for key in some] if who is not None else []
    for start in range(0, len(keys), _IDS_AT_ONCE):
        for cut in kept_cuts(session, keys[start : start + _IDS_AT_ONCE]).values():
            unusable += cut.failure is not None
            dropped.update(cut.dropped)
    texts = {name: len(some) for name, some in of.items()}
    return Cutter(by=who, texts=texts, unusable=unusable, dropped=dict(sorted(dropped.items())))


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


def _marked(session: Session, wrong: Sequence[GroundedWords]) -> list[MarkedText]:
    """Contradicted texts, judged again. What two people wrote alike stands once."""
    said = {(name, key_of(row)): row for row, name in (_said(session, one) for one in wrong)}
    found = ground_said(session, list(said.values()))
    marked: list[MarkedText] = []
    for (name, key), row in said.items():
        words = words_of(row)
        if words is not None:
            marked += [
                one for one in _marks(row.frame_id, name, words.parts(), found[key]) if one not in marked
            ]
    return marked


def _said(session: Session, row: GroundedWords) -> tuple[Said, str]:
    if row.adjudication_id is not None:
        return session.get_one(Adjudication, row.adjudication_id), PEOPLE
    if row.review_id is not None:
        return session.get_one(Review, row.review_id), PEOPLE
    proposal = session.get_one(Proposal, row.proposal_id)
    return proposal, session.get_one(ModelRun, proposal.run_id).name


def _marks(frame_id: str, name: str, parts: Mapping[str, str], found: Grounding) -> Iterator[MarkedText]:
    for part, marks in marks_of(found).items():
        yield MarkedText(frame_id=frame_id, name=name, part=part, text=parts[part], marks=marks)


def marks_of(found: Grounding) -> dict[str, Marks]:
    """What is contradicted, by part of the words; parts without are left out."""
    marks = {
        part: [(one.assertion.start, one.assertion.end, one.evidence) for one in found.contradictions(part)]
        for part in found.findings
    }
    return {part: some for part, some in marks.items() if some}


class ShownWords(NamedTuple):
    """Words as a report prints them, which may be a run's or people's."""

    frame_id: str
    level: TriageLevel
    reasoning: str
    action: str


def marks_in_shown_words(session: Session, shown: Iterable[ShownWords]) -> dict[ShownWords, dict[str, Marks]]:
    """What is contradicted in words that a report prints, by part; words without are left out. Where an endpoint cut
    words of the frame that say the same, its assertions are held against the frame."""
    texts = set(shown)
    ids = sorted({one.frame_id for one in texts})
    marked: dict[ShownWords, dict[str, Marks]] = {}
    for start in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[start : start + _IDS_AT_ONCE]
        facts, cuts = scene_facts(session, some), _cuts_by_words(session, some)
        for one in (text for text in texts if text.frame_id in facts):
            words = Words(one.level, one.reasoning, one.action)
            found = ground_words(
                words, facts[one.frame_id], cuts.get((one.frame_id, one.reasoning, one.action))
            )
            if marks := marks_of(found):
                marked[one] = marks
    return marked


def _cuts_by_words(session: Session, frame_ids: Sequence[str]) -> dict[tuple[str, str, str], Cut]:
    rows = session.exec(select(CutAssertions).where(col(CutAssertions.frame_id).in_(frame_ids))).all()
    keys = [key_of_columns(row) for row in rows]
    said = rows_of(session, keys)
    cuts = {}
    for key, row in zip(keys, rows, strict=True):
        words, cut = words_of(said[key]), cut_of(row)
        if words is not None and cut is not None:
            cuts[said[key].frame_id, words.reasoning, words.action] = cut
    return cuts
