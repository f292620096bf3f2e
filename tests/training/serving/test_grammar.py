"""Replies are held to the schema token by token."""

from __future__ import annotations

import json
import random

import pytest

from data.vlm.reply import parse_reply, render_reply
from data.vocabulary import Assessment, ReplyForm, TriageLevel
from training.serving.grammar import ReplyGrammar, after

WHOLE = render_reply(
    Assessment(reasoning="A deer stands in the ego lane.", level=TriageLevel.TELEOPERATION, action="Stop."),
    ReplyForm.LEVEL_FIRST,
)
START, DONE = ReplyGrammar.start, (6, "")


def test_what_a_model_is_trained_to_write_is_a_whole_reply() -> None:
    assert after(START, WHOLE) == DONE


@pytest.mark.parametrize(
    "text",
    [
        '{"level": "AUTONOMY"',  # vLLM's grammar allows no space either
        '{"level":"CAUTION"',
        '{"level":"AUTONOMY","reasoning":""',
        '{"level":"AUTONOMY","action"',
        '{"level":"AUTONOMY","reasoning":"A\n',
        WHOLE + "}",
    ],
)
def test_no_reply_begins_so(text: str) -> None:
    assert after(START, text) is None


def test_any_walk_through_allowed_tokens_ends_in_an_assessment() -> None:
    words = [
        '{"',
        "level",
        '":"',
        "AUTONOMY",
        "SUPER",
        "VISION",
        '","',
        "reasoning",
        "action",
        " deer",
        '."}',
        ".",
        '"}',
    ]
    texts: list[str | None] = [None, *words, *'{}":,']
    grammar, dice = ReplyGrammar(texts, end=0), random.Random(0)
    for _ in range(50):
        state, written = grammar.start, ""
        while (allowed := [token for token, may in enumerate(grammar.allowed(state).tolist()) if may]) != [0]:
            token = dice.choice(allowed)
            written, state = written + str(texts[token]), grammar.next(state, token)
        assert set(json.loads(written)) == {"level", "reasoning", "action"}
        assert parse_reply(written).assessment is not None
