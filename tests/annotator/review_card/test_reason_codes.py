from __future__ import annotations

import pytest

from annotator.review_card.reason_codes import REASON_TITLES, ReasonCode, composed_assessment
from data.vocabulary import LEVELS, TriageLevel


@pytest.mark.parametrize("code", ReasonCode)
@pytest.mark.parametrize("level", LEVELS)
def test_every_reason_and_level_makes_a_whole_sentence_and_an_action(
    code: ReasonCode, level: TriageLevel
) -> None:
    text = composed_assessment(code, level)
    assert text.level is level
    assert text.reasoning.endswith(".")
    assert text.action.endswith(".")


def test_no_two_levels_share_a_reasoning() -> None:
    texts = [composed_assessment(code, level).reasoning for code in ReasonCode for level in LEVELS]
    assert len(set(texts)) == len(texts)


def test_every_reason_has_a_title() -> None:
    assert set(REASON_TITLES) == set(ReasonCode)
