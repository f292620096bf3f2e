from __future__ import annotations

import math
from typing import Any

import pytest

from data.vlm.level_probabilities import count_votes, most_voted, pooled_probabilities, token_probabilities
from tests.builders import A, S, T


def a_token(text: str, likely: dict[str, float] | None = None) -> dict[str, Any]:
    """A token with the probabilities of what could have stood there."""
    top = [{"token": token, "logprob": math.log(share)} for token, share in (likely or {text: 1.0}).items()]
    own = next((one["logprob"] for one in top if one["token"] == text), -9999.0)
    return {"token": text, "logprob": own, "top_logprobs": top}


def rounded(tokens: list[dict[str, Any]]) -> list[float] | None:
    values = token_probabilities(tokens)
    return None if values is None else [round(value, 4) for value in values]


def test_tokens_that_begin_a_level_are_summed() -> None:
    likely = {"A": 0.25, "AUT": 0.15, "AUTONOMY": 0.1, "S": 0.2, "SUPER": 0.1, "TELE": 0.2}
    tokens = [a_token('{"level": "'), a_token("S", likely), a_token('UPERVISION"}')]
    assert rounded(tokens) == [0.5, 0.3, 0.2]


def test_a_token_that_begins_before_the_value_is_read_from_there() -> None:
    tokens = [
        a_token('{"level":'),
        a_token(' "T', {' "T': 0.6, ' "S': 0.4, "\n": 0.0001}),
        a_token('ELEOPERATION"}'),
    ]
    assert rounded(tokens) == [0.0, 0.4, 0.6]


def test_a_token_that_runs_past_the_value_still_counts() -> None:
    tokens = [a_token('{"level": "'), a_token('AUTONOMY",', {'AUTONOMY",': 0.9, 'SUPERVISION",': 0.1})]
    assert rounded(tokens) == [0.9, 0.1, 0.0]


def test_padding_with_empty_tokens_adds_nothing() -> None:
    level = a_token("S", {"S": 0.7, "A": 0.3})
    level["top_logprobs"] += [{"token": "", "logprob": -9999.0}] * 5
    assert rounded([a_token('{"level": "'), level]) == [0.3, 0.7, 0.0]


def test_the_last_level_counts_since_a_chain_of_thought_may_hold_json() -> None:
    thought = [a_token('<think>{"level": "'), a_token("A", {"A": 1.0}), a_token('"}</think>')]
    answer = [a_token('{"level": "'), a_token("T", {"T": 0.8, "S": 0.2})]
    assert rounded(thought + answer) == [0.0, 0.2, 0.8]


def test_a_level_that_was_drawn_from_beyond_the_listed_tokens_is_counted() -> None:
    level = {
        "token": "T",
        "logprob": math.log(0.4),
        "top_logprobs": [{"token": "A", "logprob": math.log(0.6)}],
    }
    assert rounded([a_token('{"level": "'), level]) == [0.6, 0.0, 0.4]


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        [a_token("The road is clear.")],
        [a_token('{"level": "')],
        [a_token('{"level": "'), a_token("x", {"x": 0.9, "A": 0.1})],
    ],
)
def test_text_without_a_level_gives_none(tokens: list[dict[str, Any]]) -> None:
    assert token_probabilities(tokens) is None


def test_votes_count_samples_by_level_and_leave_failures_out() -> None:
    assert count_votes([S, None, T, S]) == [0, 2, 1]


def test_of_equal_votes_the_more_cautious_level_is_proposed() -> None:
    assert most_voted([1, 0, 1]) is T
    assert most_voted([2, 1, 0]) is A
    assert most_voted([0, 0, 0]) is None


def test_one_answer_without_logprobs_says_nothing_about_doubt() -> None:
    assert pooled_probabilities([None], [0, 1, 0]) is None
    assert pooled_probabilities([None, None], [0, 1, 1]) == [0.0, 0.5, 0.5]
    assert pooled_probabilities([[0.5, 0.5, 0.0], None], [1, 1, 0]) == [0.5, 0.5, 0.0]
