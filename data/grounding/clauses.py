"""Sentences of a text, and which parts of them assert nothing: conditions, guesses, questions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from data.grounding.driving_words import HEDGE_PATTERN

_SENTENCE = re.compile(r"(?:[^.!?\n]|\.(?=\d)){1,1000}[.!?]*")
"""A text without full stops is read in pieces."""
_CONDITION_END = re.compile(r"[,;:]")
_GUESS_END = re.compile(r"[;:]|,| and | but | while | yet | although ")
_DEFINITE = re.compile(
    r"\b(?:the|this|that|these|those|both|two|three|four|its|our|another)\s+(?:[\w-]+\s+){0,2}$", re.I
)
_ARISES = re.compile(
    r"^\W*(?:\w+\W+)?(?:appear|emerge|come out|dart|step|jump|run|be (?:present|there|hidden|near|around)"
    r"|enter|cross|pull|cut|follow)\b",
    re.I,
)
_WORDS_TO_MODAL = 2
_WORDS_BEFORE_CHARS = 80
_INVERTED = re.compile(r"^\W*should\b", re.I)


@dataclass(frozen=True)
class Sentence:
    """Where a sentence stands in its text, and the parts of it, in places of the text, that assert nothing."""

    start: int
    end: int
    silent: tuple[tuple[int, int], ...]

    def back_from(self, place: int) -> int:
        """Where the few words before a place begin."""
        return max(self.start, place - _WORDS_BEFORE_CHARS)

    def asserts(self, place: int) -> bool:
        return not any(start <= place < end for start, end in self.silent)


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a text that are no questions.

    >>> [(one.start, one.end, one.silent) for one in sentences("A car. If it stops, brake.")]
    [(0, 6, ()), (6, 26, ((7, 18),))]
    """
    for found in _SENTENCE.finditer(text):
        if not found[0].rstrip().endswith("?"):
            yield Sentence(*found.span(), tuple(_silent(text, *found.span())))


def _silent(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    if _INVERTED.match(text[start:end]):
        yield start, _until(_CONDITION_END, text, start, end)
    for found in HEDGE_PATTERN.finditer(text, start, end):
        ends = _CONDITION_END if found["condition"] else _GUESS_END
        yield found.start(), _until(ends, text, found.end(), end)


def _until(ends: re.Pattern[str], text: str, start: int, end: int) -> int:
    found = ends.search(text, start, end)
    return found.start() if found else end


def need_not_be_there(text: str, sentence: Sentence, start: int, end: int) -> bool:
    """Whether the noun at these places is only what may come: “a pedestrian may step out”."""
    if _DEFINITE.search(text, sentence.back_from(start), start):
        return False
    for silent, _ in sentence.silent:
        between = text[end:silent]
        if silent >= end and len(between.split()) <= _WORDS_TO_MODAL and "," not in between:
            hedge = HEDGE_PATTERN.match(text, silent)
            return bool(hedge and hedge["modal"] and _ARISES.match(text[hedge.end() : sentence.end]))
    return False
