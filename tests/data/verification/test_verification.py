from __future__ import annotations

from data.verification.policy import AdjudicationFact, ReviewFact, VerificationPolicy, verify
from data.vocabulary import Mode, Split, TriageLevel, VerificationState
from tests.builders import A, S, T


def a_review(
    review_id: int = 1,
    *,
    person: int = 1,
    level: TriageLevel = A,
    mode: Mode = Mode.ASSISTED,
    supersedes: int | None = None,
) -> ReviewFact:
    return ReviewFact(review_id, person, level, mode, supersedes)


def test_one_review_verifies_a_frame_that_nobody_calls_teleoperation() -> None:
    result = verify([a_review(7, level=S)], proposed=A, split=Split.TRAIN)
    assert (result.state, result.level, result.review_ids) == (VerificationState.VERIFIED, S, (7,))


def test_a_frame_without_a_review_awaits_one() -> None:
    result = verify([], proposed=A, split=Split.TRAIN)
    assert (result.state, result.level, result.reviews_needed) == (VerificationState.AWAITING, None, 1)


def test_a_review_that_says_teleoperation_asks_for_a_second_person() -> None:
    once = verify([a_review(level=T)], proposed=A, split=Split.TRAIN)
    assert (once.state, once.reviews_needed) == (VerificationState.AWAITING, 1)
    twice = verify([a_review(level=T), a_review(2, person=2, level=T)], proposed=A, split=Split.TRAIN)
    assert (twice.state, twice.level) == (VerificationState.VERIFIED, T)


def test_a_proposal_of_teleoperation_asks_for_two_reviews_whatever_the_first_says() -> None:
    assert verify([], proposed=T, split=Split.TRAIN).reviews_needed == 2
    assert verify([a_review(level=S)], proposed=T, split=Split.TRAIN).reviews_needed == 1


def test_second_dissent_sends_the_frame_to_adjudication() -> None:
    result = verify([a_review(level=T), a_review(2, person=2, level=S)], proposed=S, split=Split.TRAIN)
    assert (result.state, result.level, result.reviews_needed) == (VerificationState.CONTESTED, None, 0)


def test_two_against_one_is_still_contested() -> None:
    reviews = [a_review(n, person=n, level=level) for n, level in enumerate((T, T, A), start=1)]
    assert verify(reviews, proposed=S, split=Split.TRAIN).state is VerificationState.CONTESTED


def test_an_adjudication_settles_a_contested_frame() -> None:
    reviews = [a_review(level=T), a_review(2, person=2, level=S)]
    result = verify(reviews, proposed=S, split=Split.TRAIN, adjudication=AdjudicationFact(5, T))
    assert (result.state, result.level, result.adjudication_id) == (VerificationState.VERIFIED, T, 5)


def test_a_superseded_review_no_longer_counts() -> None:
    reviews = [a_review(1, level=A), a_review(2, level=S, supersedes=1)]
    result = verify(reviews, proposed=A, split=Split.TRAIN)
    assert (result.level, result.review_ids) == (S, (2,))


def test_the_same_person_twice_is_one_person() -> None:
    reviews = [a_review(1, level=T), a_review(2, level=T, supersedes=1)]
    assert verify(reviews, proposed=S, split=Split.TRAIN).state is VerificationState.AWAITING


def test_held_out_frames_need_two_blind_reviews() -> None:
    blind = [a_review(n, person=n, level=A, mode=Mode.BLIND) for n in (1, 2)]
    assert verify(blind[:1], proposed=A, split=Split.HELD_OUT).reviews_needed == 1
    assert verify(blind, proposed=A, split=Split.HELD_OUT).state is VerificationState.VERIFIED


def test_an_assisted_review_does_not_count_on_a_held_out_frame() -> None:
    result = verify([a_review(level=A)], proposed=A, split=Split.HELD_OUT)
    assert (result.review_ids, result.reviews_needed) == ((), 2)


def test_the_policy_can_ask_for_more() -> None:
    policy = VerificationPolicy(otherwise=3)
    assert verify([a_review()], proposed=A, split=Split.TRAIN, policy=policy).reviews_needed == 2
