from __future__ import annotations

from data.vlm.question import question_hash, question_text


def test_both_forms_of_the_question_name_the_levels_and_the_fields_in_order() -> None:
    for thinking in (True, False):
        text = question_text(thinking=thinking)
        places = [text.rindex(word) for word in ('"reasoning"', '"level"', '"action"')]
        assert places == sorted(places)
        assert all(level in text for level in ("AUTONOMY", "SUPERVISION", "TELEOPERATION"))


def test_only_the_thinking_form_asks_for_a_think_tag() -> None:
    assert "<think>\nYour reasoning.\n</think>" in question_text(thinking=True)
    assert "<think>" not in question_text(thinking=False)


def test_the_version_is_a_hash_of_the_template() -> None:
    assert len(question_hash()) == 16
    assert int(question_hash(), 16) >= 0
