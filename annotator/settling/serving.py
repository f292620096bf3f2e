"""What the settling card is told: the queue in a line per frame, and one frame with what people and the model said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from annotator.review_card.serving import Address, frame_context
from annotator.widgets.grounded_text import contradicted_pieces, faults
from annotator.widgets.page import frame_caption, review_marks
from annotator.widgets.text_differences import marked_runs, runs_with_reasons
from data.errors import ReviewRefused
from data.grounding.acts import Said, key_of, words_of
from data.grounding.cutting.kept import cut_of, kept_cuts
from data.grounding.cutting.reply import Cut
from data.grounding.frame_things import scene_facts
from data.grounding.scene_facts import SceneFacts
from data.grounding.words import Words, ground_words
from data.overview.contested import ContestedFrame, contested_frames, random_share_to_settle
from data.people.permissions import Act, require
from data.review.adjudication import last_settlement, other_leads
from data.review.second_looks import standing_looks
from data.store.opening import Store
from data.store.tables import Frame, Proposal, Review, Scene
from data.vocabulary import LEVELS, Mode, TriageLevel

LONGEST_QUEUE = 200
_MODES = {
    Mode.ASSISTED: "saw the proposal",
    Mode.DECIDE_FIRST: "decided first",
    Mode.BLIND: "blind",
    Mode.STACK: "judged with a look-alike",
}


def contested_queue(store: Store, person_id: int) -> dict[str, Any]:
    """The first contested frames, and how many there are. Raises NotAllowed."""
    _require_lead(store, person_id)
    contested = contested_frames(store)
    return {
        "total": len(contested),
        "wide": sum(one.spread > 1 for one in contested),
        "frames": [_line(one) for one in contested[:LONGEST_QUEUE]],
    }


def random_queue(store: Store, person_id: int) -> dict[str, Any]:
    """The next frames of the random share. Raises NotAllowed."""
    _require_lead(store, person_id)
    frames = random_share_to_settle(store)
    return {"total": len(frames), "wide": 0, "frames": [_line(one) for one in frames]}


def _require_lead(store: Store, person_id: int) -> None:
    with store.read() as session:
        require(session, person_id, Act.ADJUDICATE)


def _line(one: ContestedFrame) -> dict[str, Any]:
    ranks = sorted({review.level.rank for review, _ in one.reviews})
    levels = [LEVELS[rank].value for rank in ranks]
    return {"frame": one.frame.id, "caption": frame_caption(one.frame, one.scene), "levels": levels}


def to_settle(store: Store, person_id: int, frame_id: str, address: Address) -> dict[str, Any]:
    """One frame for a lead to settle. Raises NotAllowed, and ReviewRefused for a frame that is neither contested nor
    next in the random share; of the latter nobody's words are told."""
    _require_lead(store, person_id)
    found = contested_frames(store, frame_id) or [
        one for one in random_share_to_settle(store) if one.frame.id == frame_id
    ]
    if not found:
        raise ReviewRefused("This frame is not contested (any more).")
    (one,) = found
    acts: list[Said] = [review for review, _ in one.reviews]
    acts += [one.proposal] if one.proposal else []
    with store.read() as session:
        facts = scene_facts(session, [frame_id])[frame_id]
        rows = kept_cuts(session, [key_of(act) for act in acts])
        looks = standing_looks(session, frame_id)
    cuts = [cut_of(rows.get(key_of(act))) or {} for act in acts]
    return {
        **frame_context(one.frame, one.scene, address),
        "frame_caption": frame_caption(one.frame, one.scene),
        "description": one.scene.description,
        "said": _said(one, facts, cuts),
        "words": {level.value: words_for(one, level) for level in LEVELS},
        "sent_back": [{"who": who, "why": why} for who, why in looks],
        "warning": _warning(store, person_id, one),
        "is_random": not one.reviews,
    }


def _said(one: ContestedFrame, facts: SceneFacts, cuts: Sequence[Cut]) -> list[dict[str, Any]]:
    """A card for each person, with the words that differ from the first (of the first: from the second), and those that
    what is there denies; last the model's proposal. `faults`: what is there, or the level, says otherwise.

    cuts: what an endpoint cut each review's words into and last the proposal's, empty where the rules cut."""
    told = [(review, person, _words(one.proposal, review)) for review, person in one.reviews]
    proposed = cuts[-1] if one.proposal else {}
    cards = []
    for place, (review, person, (reasoning, action)) in enumerate(told):
        other = told[min(1, len(told) - 1) if place == 0 else 0][2]
        parts = (
            ("reasoning", cuts[place] if review.reasoning else proposed),
            ("action", cuts[place] if review.action else proposed),
        )
        cut = {part: known[part] for part, known in parts if part in known}
        who = f"{person.display_name}, {_MODES[review.mode]}{review_marks(review)}"
        cards.append(_card(who, Words(review.level, reasoning, action), other, facts, cut))
    words = words_of(one.proposal) if one.proposal else None
    if words is not None:
        cards.append(_card("Model's proposal", words, (words.reasoning, words.action), facts, proposed))
    return cards


def _card(who: str, words: Words, other: tuple[str, str], facts: SceneFacts, cut: Cut) -> dict[str, Any]:
    """What one said, as runs of text: whether `other`, reasoning and action, has other words there, and what there is
    against them."""
    found = ground_words(words, facts, cut)

    def runs(part: str, text: str, others: str) -> list[tuple[str, bool, str | None]]:
        return runs_with_reasons(marked_runs(text, others), contradicted_pieces(text, found, part))

    return {
        "who": who,
        "level": words.level.value,
        "reasoning": runs("reasoning", words.reasoning, other[0]),
        "action": runs("action", words.action, other[1]),
        "faults": faults(words.parts(), found),
    }


def _words(proposal: Proposal | None, review: Review) -> tuple[str, str]:
    """A review's words; those of the proposal where the person let them stand."""
    kept = ("", "") if proposal is None else (proposal.reasoning or "", proposal.action or "")
    return review.reasoning or kept[0], review.action or kept[1]


def words_for(one: ContestedFrame, level: TriageLevel) -> dict[str, str] | None:
    """The latest human wording of this level, else the proposal's; None where nobody worded it."""
    for review, _ in reversed(one.reviews):
        if review.level is level and review.reasoning and review.action:
            return {"reasoning": review.reasoning, "action": review.action}
    proposal = one.proposal
    if proposal and proposal.level is level and proposal.reasoning and proposal.action:
        return {"reasoning": proposal.reasoning, "action": proposal.action}
    return None


def _warning(store: Store, person_id: int, one: ContestedFrame) -> str | None:
    """What a lead is told who is one of those who disagree."""
    if person_id not in {who.id for _, who in one.reviews}:
        return None
    with store.read() as session:
        others = [lead.display_name for lead in other_leads(session, person_id)]
    if others:
        return f"You reviewed this frame, so another lead has to settle it: {', '.join(others)}."
    return "You reviewed this frame. You may settle it all the same, since you are the only lead."


def last_of(store: Store, person_id: int) -> dict[str, Any] | None:
    """The lead's last settlement, which can still be taken back; None where there is none. Raises NotAllowed."""
    with store.read() as session:
        require(session, person_id, Act.ADJUDICATE)
        row = last_settlement(session, person_id)
        if row is None:
            return None
        frame = session.get_one(Frame, row.frame_id)
        caption = frame_caption(frame, session.get_one(Scene, frame.scene_id))
        return {"id": row.id, "frame": row.frame_id, "caption": caption, "level": row.level.value}
