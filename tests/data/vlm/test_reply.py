from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.vlm.reply import MAX_REPLY_CHARS, parse_reply, render_reply, reply_schema
from data.vocabulary import LEVELS, Assessment, Failure, ReplyForm, TriageLevel
from tests.builders import A, S, T, a_raw_reply

texts = st.text(min_size=1, max_size=80).filter(lambda text: bool(text.strip()))
assessments = st.builds(Assessment, reasoning=texts, level=st.sampled_from(LEVELS), action=texts)


def test_a_reply_with_a_chain_of_thought_gives_both_parts() -> None:
    reply = parse_reply("<think>\nA cone.\n</think>\n\n" + a_raw_reply(T))
    assert reply.chain_of_thought == "A cone."
    assert reply.assessment == Assessment(
        reasoning="Cones narrow the lane.", level=T, action="Watch the feed."
    )
    assert reply.failure is None


@given(assessments)
def test_rendering_and_parsing_are_inverses(assessment: Assessment) -> None:
    for form in (ReplyForm.LEVEL_FIRST, ReplyForm.WORDS_FIRST):
        reply = parse_reply(render_reply(assessment, form))
        assert (reply.assessment, reply.form) == (assessment, form)


@given(assessments, texts.filter(lambda text: "think>" not in text).map(str.strip))
def test_rendering_and_parsing_are_inverses_with_a_chain_of_thought(said: Assessment, thought: str) -> None:
    reply = parse_reply(render_reply(said, ReplyForm.THOUGHT_FIRST, thought))
    assert (reply.assessment, reply.chain_of_thought, reply.form) == (said, thought, ReplyForm.THOUGHT_FIRST)


def test_a_chain_of_thought_that_holds_a_tag_is_not_rendered() -> None:
    said = Assessment(reasoning="x", level=A, action="y")
    with pytest.raises(ValueError, match="think tag"):
        render_reply(said, ReplyForm.THOUGHT_FIRST, "a </think> b")


@pytest.mark.parametrize(
    ("form", "thought"), [(ReplyForm.THOUGHT_FIRST, None), (ReplyForm.LEVEL_FIRST, "A cone.")]
)
def test_a_chain_of_thought_belongs_to_its_form_and_to_no_other(form: ReplyForm, thought: str | None) -> None:
    said = Assessment(reasoning="x", level=A, action="y")
    with pytest.raises(ValueError, match="do not go together"):
        render_reply(said, form, thought)


@pytest.mark.parametrize(
    ("raw", "failure"),
    [
        ("", Failure.EMPTY),
        ("<think>done</think>", Failure.EMPTY),
        ("<think>The lorry enters from", Failure.TRUNCATED),
        ('{"reasoning": "Cones narr', Failure.TRUNCATED),
        ('{"reasoning": "Cones", "level": "AUTONOMY"', Failure.TRUNCATED),
        ("The road is clear, so AUTONOMY.", Failure.NO_JSON),
        ('{"reasoning": x}', Failure.INVALID_JSON),
        (
            '{"level": "AUTONOMY", "level": "TELEOPERATION", "reasoning": "x", "action": "y"}',
            Failure.INVALID_JSON,
        ),
        ('{"reasoning": NaN, "level": "AUTONOMY", "action": "y"}', Failure.INVALID_JSON),
        ('{"reasoning": "x", "level": "CAUTION", "action": "y"}', Failure.UNKNOWN_LEVEL),
        ('{"reasoning": "x", "level": "autonomy", "action": "y"}', Failure.UNKNOWN_LEVEL),
        ('{"reasoning": "x", "action": "y"}', Failure.UNKNOWN_LEVEL),
        ('{"reasoning": " ", "level": "AUTONOMY", "action": "y"}', Failure.INVALID_FIELDS),
        ('{"reasoning": "x", "level": "AUTONOMY"}', Failure.INVALID_FIELDS),
        ('{"reasoning": "x", "level": "AUTONOMY", "action": "y", "speed": 3}', Failure.INVALID_FIELDS),
        ('{"reasoning": "' + "x" * 601 + '", "level": "AUTONOMY", "action": "y"}', Failure.INVALID_FIELDS),
        ("x" * (MAX_REPLY_CHARS + 1), Failure.TOO_LONG),
        ("[" * 50_000, Failure.NO_JSON),
        ('{"a":' * 30_000, Failure.INVALID_JSON),
    ],
)
def test_a_reply_without_an_assessment_says_why(raw: str, failure: Failure) -> None:
    reply = parse_reply(raw)
    assert reply.assessment is None
    assert reply.failure is failure
    assert reply.detail is not None
    assert reply.detail.endswith(".")


def test_a_reply_cut_at_the_token_limit_fails_even_if_it_parses() -> None:
    assert parse_reply(a_raw_reply(), finish_reason="length").failure is Failure.TRUNCATED
    assert parse_reply(a_raw_reply(), finish_reason="stop").failure is None


def test_a_code_fence_and_a_byte_order_mark_are_read_through() -> None:
    assert parse_reply(f"\ufeff```json\n{a_raw_reply(S)}\n```").assessment is not None


def test_think_tags_inside_the_strings_of_a_constrained_reply_mean_nothing() -> None:
    said = a_raw_reply(S, reasoning="A sign reads <think> and </think>.")
    assert parse_reply(said).chain_of_thought is None
    behind = parse_reply("<think>\nA sign.\n</think>\n\n" + said)
    assert behind.chain_of_thought == "A sign."
    assert behind.assessment is not None
    assert behind.assessment.reasoning == "A sign reads <think> and </think>."


def test_control_characters_that_constrained_decoding_lets_through_are_read() -> None:
    reply = parse_reply('{"reasoning": "A\tcone\x0c\n.", "level": "SUPERVISION", "action": "Wa\x04tch."}')
    assert reply.assessment == Assessment(reasoning="A\tcone\x0c\n.", level=S, action="Wa\x04tch.")


@given(st.text(max_size=300))
def test_no_text_makes_the_parser_raise(raw: str) -> None:
    reply = parse_reply(raw)
    assert (reply.assessment is None) != (reply.failure is None)


@pytest.mark.parametrize(
    "raw",
    [
        "```json" + "\n" * (MAX_REPLY_CHARS - 8) + "x",
        "```json" + " \n" * ((MAX_REPLY_CHARS - 10) // 2) + "```",
        "</think>" * (MAX_REPLY_CHARS // 8),
        "<think>" * (MAX_REPLY_CHARS // 8),
        '{"reasoning": "' + "\n\t " * (MAX_REPLY_CHARS // 4),
        '{"a":' * (MAX_REPLY_CHARS // 5),
        "{" + " " * (MAX_REPLY_CHARS - 12) + "</think>}",
        "{" + '"a": 1, ' * (MAX_REPLY_CHARS // 9),
    ],
)
def test_the_longest_reply_is_read_within_50_ms(raw: str) -> None:
    assert len(raw) <= MAX_REPLY_CHARS
    took = []
    for _ in range(3):
        begun = time.process_time()
        assert parse_reply(raw).assessment is None
        took.append(time.process_time() - begun)
    assert min(took) < 0.05


@pytest.mark.parametrize(
    ("form", "order"),
    [
        (ReplyForm.LEVEL_FIRST, ["level", "reasoning", "action"]),
        (ReplyForm.WORDS_FIRST, ["reasoning", "level", "action"]),
        (ReplyForm.THOUGHT_FIRST, ["level", "reasoning", "action"]),
    ],
)
def test_the_schema_asks_in_the_form_s_order_and_bounds_no_string(form: ReplyForm, order: list[str]) -> None:
    schema = reply_schema(form)
    assert list(schema["properties"]) == order
    assert schema["properties"]["level"]["enum"] == ["AUTONOMY", "SUPERVISION", "TELEOPERATION"]
    assert "Length" not in json.dumps(schema)


def test_levels_are_ordered() -> None:
    assert TriageLevel.AUTONOMY < TriageLevel.SUPERVISION < TriageLevel.TELEOPERATION
    assert max(S, T, A) is T
    assert [level.rank for level in LEVELS] == [0, 1, 2]
