from __future__ import annotations

from data.store.tables import Adjudication, Proposal, Review
from data.verification.chosen_text import chosen_text
from data.vocabulary import Mode, TriageLevel
from tests.builders import A, S, T


def a_proposal(level: TriageLevel | None = S) -> Proposal:
    return Proposal(
        id=1,
        run_id="r",
        frame_id="f",
        raw="",
        chain_of_thought="thinking",
        level=level,
        reasoning="teacher reasoning" if level else None,
        action="teacher action" if level else None,
        answered_at_us=0,
    )


def a_review(review_id: int, level: TriageLevel, words: str | None = None) -> Review:
    return Review(
        id=review_id,
        token=f"token-{review_id}",
        frame_id="f",
        person_id=review_id,
        mode=Mode.ASSISTED,
        level=level,
        reasoning=words,
        action=words,
        guideline_version="v",
        reviewed_at_us=0,
    )


def test_the_teachers_words_and_thought_stand_where_people_kept_them() -> None:
    chosen = chosen_text(S, teacher=a_proposal(S), reviews=[a_review(1, S)])
    assert chosen is not None
    assert (chosen.assessment.reasoning, chosen.chain_of_thought) == ("teacher reasoning", "thinking")


def test_the_latest_human_wording_wins_and_drops_the_chain_of_thought() -> None:
    chosen = chosen_text(S, teacher=a_proposal(S), reviews=[a_review(1, S, "older"), a_review(2, S, "newer")])
    assert chosen is not None
    assert (chosen.assessment.reasoning, chosen.chain_of_thought) == ("newer", None)


def test_words_that_argue_for_another_level_never_stand() -> None:
    settled = Adjudication(
        id=1,
        frame_id="f",
        person_id=9,
        level=T,
        reasoning="lead",
        action="lead",
        reason="why",
        adjudicated_at_us=0,
    )
    reviews = [a_review(1, S, "for supervision"), a_review(2, T, "for teleoperation")]
    assert chosen_text(T, teacher=a_proposal(S), reviews=reviews).assessment.reasoning == "for teleoperation"  # type: ignore[union-attr]
    chosen = chosen_text(T, teacher=a_proposal(S), reviews=reviews, adjudication=settled)
    assert chosen is not None
    assert chosen.assessment.reasoning == "lead"


def test_a_level_that_nobody_worded_has_no_text() -> None:
    assert chosen_text(A, teacher=a_proposal(S), reviews=[a_review(1, A)]) is None
    assert chosen_text(A, teacher=a_proposal(None)) is None
    assert chosen_text(A, teacher=None) is None
