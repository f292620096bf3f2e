from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.monitor.rules.levels import FeedLevel, answered, lost
from data.vocabulary import TriageLevel

A, S, T = TriageLevel
LETTERS = {"A": A, "S": S, "T": T}


def shown(recording: str, *, agreeing: int = 3, calm_s: float = 1.0, every_s: float = 0.5) -> str:
    """What is shown after each answer of a recording; "?" stands for unknown, "x" in it for a loss of trust."""
    state, out = FeedLevel(), ""
    for number, letter in enumerate(recording):
        if letter == "x":
            state = lost(state)
        else:
            state = answered(state, LETTERS[letter], number * every_s, agreeing=agreeing, calm_s=calm_s)
        out += state.shown.value[0] if state.shown else "?"
    return out


@pytest.mark.parametrize(
    ("recording", "expected"),
    [
        ("AAASAAAA", "??ASSSAA"),  # up at once, down after three that agree
        ("SSTSSSS", "SSTTTSS"),
        ("TATATATA", "TTTTTTTT"),  # answers that flap do not make the level flap
        ("TAASAA", "TTTSSS"),  # a fall stops at the highest of what agreed
        ("AAAT", "??AT"),
        ("TTAA", "TTTT"),
        ("SSSxSS", "SSS?SS"),
        ("TTxSSS", "TT???S"),  # unknown does not shorten the way down
        ("AAAxA", "??A?A"),
        ("xxAAA", "????A"),
    ],
)
def test_recorded_answers_are_shown_as(recording: str, expected: str) -> None:
    assert shown(recording) == expected


def test_a_fall_takes_its_time_however_fast_the_answers_come() -> None:
    assert shown("TAAAAAAAAAA", calm_s=2.0, every_s=0.25) == "TTTTTTTTTAA"


@given(st.text(alphabet="ASTx", max_size=60))
def test_what_is_shown_is_never_below_the_answer_and_never_autonomy_from_unknown_at_once(
    recording: str,
) -> None:
    seen = shown(recording)
    for answer, level in zip(recording, seen, strict=True):
        if answer == "x":
            assert level == "?"
        elif level != "?":
            assert "AST".index(level) >= "AST".index(answer)
        else:
            assert answer != "T"


@given(st.text(alphabet="AST", min_size=2, max_size=60))
def test_every_fall_was_agreed_by_three_answers_in_a_row(recording: str) -> None:
    seen = shown(recording, calm_s=0.0)
    for place in range(1, len(seen)):
        before, now = seen[place - 1], seen[place]
        if before != "?" and "AST".index(now) < "AST".index(before):
            run = recording[place - 2 : place + 1]
            assert len(run) == 3
            assert max("AST".index(letter) for letter in run) < "AST".index(before)
