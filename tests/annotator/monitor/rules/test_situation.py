from __future__ import annotations

import pytest

from annotator.monitor.rules.situation import NotNeeded, is_same_situation, still_not_needed
from data.vocabulary import TriageLevel

A, S, T = TriageLevel
OFFICER = "An officer directs the traffic at the crossing."
BLOCKED = "The lane is blocked by a stopped vehicle."
SAID = NotNeeded(T, (OFFICER,), at_s=100.0)


@pytest.mark.parametrize(
    ("shown", "said", "words", "now_s", "covered"),
    [
        (T, T, OFFICER, 103.0, T),  # the situation that was judged goes on
        (T, T, "The officer directs traffic at a crossing.", 103.0, T),  # in slightly other words
        (T, T, BLOCKED, 103.0, None),  # something else
        (T, T, OFFICER, 110.0, None),  # ten seconds are over
        (S, S, OFFICER, 103.0, S),  # a fall: what rises from there alerts
        (T, S, BLOCKED, 103.0, T),  # on its way down
        (T, A, "The road is clear.", 130.0, T),
    ],
)
def test_not_needed_covers_only_the_situation_that_was_judged(
    shown: TriageLevel, said: TriageLevel, words: str, now_s: float, covered: TriageLevel | None
) -> None:
    left = still_not_needed(SAID, shown, said, words, now_s, rearm_s=10.0)
    assert (left.level if left else None) is covered


def test_what_was_said_last_before_the_answer_belongs_to_the_situation() -> None:
    both = NotNeeded(T, (OFFICER, BLOCKED), at_s=100.0)
    assert still_not_needed(both, T, T, BLOCKED, 101.0, rearm_s=10.0) == both


def test_texts_without_a_telling_word_are_one_situation() -> None:
    assert is_same_situation("", "")
    assert not is_same_situation("", OFFICER)
