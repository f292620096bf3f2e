from __future__ import annotations

import pytest

from data.vocabulary import Failure, TriageLevel
from eval.metrics.structured_output import Reply, contradiction, sentences, structured_output, words_to_read
from eval.statistics.rate import Undefined
from tests.eval.builders import A, S, T, near


def a_reply(
    level: TriageLevel | None = S,
    *,
    failure: Failure | None = None,
    reasoning: str = "Cones narrow the lane.",
    action: str = "Watch the feed.",
) -> Reply:
    return Reply(frame_id="f1", level=level, failure=failure, reasoning=reasoning, action=action)


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("", 0),
        ("Clear road", 1),
        ("Clear road.", 1),
        ("Cones ahead. A worker steps out.", 2),
        ("A lorry 3.5 m ahead stops.", 1),
        ("One. Two! Three?", 3),
        ("Wait... then go", 2),
    ],
)
def test_sentences_are_counted_by_their_ends(text: str, n: int) -> None:
    assert sentences(text) == n


def test_valid_brief_and_readable_replies_are_counted_with_their_n() -> None:
    replies = [
        a_reply(),
        a_reply(reasoning="One. Two. Three."),
        a_reply(None, failure=Failure.NO_JSON, reasoning="", action=""),
        a_reply(None, failure=Failure.REQUEST_FAILED, reasoning="", action=""),
    ]
    found = structured_output(replies)
    # a request that failed is no reply
    assert (found.valid.count, found.valid.n) == (2, 3)
    assert (found.brief.count, found.brief.n) == (1, 2)
    assert found.words == (7.0, 8.0)
    # 238 words per minute: 7 words in 1.76 s, 8 in 2.02 s
    assert found.seconds == (near(60 * 7 / 238), near(60 * 8 / 238))
    assert (found.in_time.count, found.in_time.n) == (1, 2)


def test_words_to_read_are_level_reasoning_and_action() -> None:
    assert words_to_read(a_reply(reasoning="A worker's stop-sign is up.", action="Take over.")) == 1 + 5 + 2


@pytest.mark.parametrize(
    ("level", "reasoning", "phrase"),
    [
        (A, "A pedestrian lies in the lane, the vehicle cannot proceed.", "cannot proceed"),
        (A, "The road is blocked by a lorry.", "road is blocked"),
        (T, "The road is clear and traffic flows.", "road is clear"),
        (T, "There are no hazards.", "no hazards"),
        (S, "The vehicle cannot proceed.", "cannot proceed"),
        (S, "Cones narrow the lane.", None),
        (T, "A fallen tree means it cannot proceed.", None),
    ],
)
def test_a_reasoning_that_denies_its_level_is_found(
    level: TriageLevel, reasoning: str, phrase: str | None
) -> None:
    found = contradiction(a_reply(level, reasoning=reasoning))
    assert (found.phrase if found else None) == phrase


def test_a_run_with_only_failures_has_no_valid_reply_and_nothing_to_read() -> None:
    found = structured_output([a_reply(None, failure=Failure.EMPTY, reasoning="", action="")] * 3)
    assert (found.valid.count, found.valid.n) == (0, 3)
    assert found.brief.share == Undefined("no such replies")
    assert found.words == Undefined("no such replies")
