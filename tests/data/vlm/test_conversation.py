from __future__ import annotations

import pytest

from data.vlm.conversation import SYSTEM_TEXT, conversation, conversation_hash, question_text
from data.vocabulary import ReplyForm

FORMS = list(ReplyForm)
ORDER = {
    ReplyForm.LEVEL_FIRST: ['"level"', '"reasoning"', '"action"'],
    ReplyForm.WORDS_FIRST: ['"reasoning"', '"level"', '"action"'],
    ReplyForm.THOUGHT_FIRST: ['"level"', '"reasoning"', '"action"'],
}


@pytest.mark.parametrize("form", FORMS)
def test_the_question_names_the_levels_and_the_fields_in_the_form_s_order(form: ReplyForm) -> None:
    text = question_text(form)
    places = [text.rindex(word) for word in ORDER[form]]
    assert places == sorted(places)
    assert all(level in text for level in ("AUTONOMY", "SUPERVISION", "TELEOPERATION"))


@pytest.mark.parametrize("form", FORMS)
def test_only_thought_first_asks_for_a_think_tag(form: ReplyForm) -> None:
    asks = "<think>\nYour reasoning.\n</think>" in question_text(form)
    assert asks == (form is ReplyForm.THOUGHT_FIRST)


def test_the_conversation_is_a_system_turn_and_the_question() -> None:
    system, user = conversation(ReplyForm.LEVEL_FIRST)
    assert system == {"role": "system", "content": SYSTEM_TEXT}
    assert user == {"role": "user", "content": question_text(ReplyForm.LEVEL_FIRST)}


def test_every_form_has_a_hash_of_its_own() -> None:
    hashes = {conversation_hash(form) for form in FORMS}
    assert len(hashes) == 3
    assert {len(value) for value in hashes} == {16}


def test_the_hash_covers_the_system_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    before = conversation_hash(ReplyForm.LEVEL_FIRST)
    conversation_hash.cache_clear()
    monkeypatch.setattr("data.vlm.conversation.SYSTEM_TEXT", "You are a driver.")
    assert conversation_hash(ReplyForm.LEVEL_FIRST) != before
    conversation_hash.cache_clear()
