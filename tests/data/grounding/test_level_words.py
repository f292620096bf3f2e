from __future__ import annotations

import pytest

from annotator.review_card.reason_codes import REASON_KEYS, ReasonCode, composed_assessment
from data.grounding.level_words import action_against, argued_level, names_nothing, reason_against
from data.people.card_settings import DEFAULT_KEYS
from data.vocabulary import LEVELS, TriageLevel

A, S, T = TriageLevel


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("code", ReasonCode)
def test_no_composed_text_contradicts_its_own_level(code: ReasonCode, level: TriageLevel) -> None:
    text = composed_assessment(code, level)
    assert argued_level(level, f"{text.reasoning} {text.action}") is None


@pytest.mark.parametrize(
    ("level", "text", "argued"),
    [
        (A, "A tree lies there and the road is blocked. No action needed.", T),
        (A, "The scene is busy. Watch the feed closely.", S),
        (S, "The vehicle cannot proceed. Watch the feed closely.", T),
        (T, "Nothing happens here. No action needed.", A),
        (S, "Normal traffic. No action needed.", A),
    ],
)
def test_a_text_that_argues_for_another_level_is_found(
    level: TriageLevel, text: str, argued: TriageLevel
) -> None:
    assert argued_level(level, text) is argued


@pytest.mark.parametrize(
    ("level", "text"),
    [
        (A, "The lane is not blocked. No action needed."),
        (S, "Cones narrow the lane. Be ready to take over control."),
        (S, "Watch the feed closely; no need to take control."),
        (T, "The lane is blocked. Take control now."),
        (A, "A quiet street."),
    ],
)
def test_denied_or_prepared_phrases_do_not_count(level: TriageLevel, text: str) -> None:
    assert argued_level(level, text) is None


def test_reason_keys_are_distinct_and_no_key_of_the_screen() -> None:
    keys = list(REASON_KEYS.values())
    assert set(REASON_KEYS) == set(ReasonCode)
    assert len(set(keys)) == len(keys)
    assert not set(keys) & {key.lower() for key in DEFAULT_KEYS.values()}


@pytest.mark.parametrize(
    ("level", "action", "phrase"),
    [
        (A, "Take over control.", "Take over control"),
        (T, "No action needed.", "No action needed"),
        (S, "Watch the feed.", None),
    ],
)
def test_an_action_of_another_level_is_found(level: TriageLevel, action: str, phrase: str | None) -> None:
    found = action_against(level, action)
    assert (found.phrase if found else None) == phrase


def test_a_reason_is_held_against_its_level_by_what_it_denies_and_by_what_it_argues_for() -> None:
    denied = reason_against(T, "The lane is clear and markings are good.")
    assert denied is not None
    assert denied.phrase == "lane is clear"
    assert reason_against(S, "The lane is free, but glare hides the kerb.") is None
    argued = reason_against(S, "The lane is blocked by a lorry.")
    assert argued is not None
    assert argued.phrase == "lane is blocked"


@pytest.mark.parametrize(
    ("text", "is_generic"),
    [
        ("The road ahead looks normal. The vehicle can continue.", True),
        ("There is some risk ahead, so attention is needed.", True),
        ("Drive carefully and follow the rules.", True),
        ("A worker may step out.", False),
        ("It rains.", False),
        ("The lane ahead is clear.", False),
    ],
)
def test_words_that_name_nothing_in_the_picture_are_generic(text: str, is_generic: bool) -> None:
    assert names_nothing(text) is is_generic
