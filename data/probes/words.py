"""Comparing what was said of two pictures: the words without their marks, and which sides they name. Pure."""

from __future__ import annotations

import re
from itertools import pairwise

_WORD = re.compile(r"[^\W_]+")
_OTHER_SIDE = {"left": "right", "right": "left"}
_NO_SIDE = frozenset({"away", "now", "of"})
"""Before these "right" is no side."""


def plain_words(text: str) -> tuple[str, ...]:
    """The words alone, in lower case: neither marks nor spaces make two texts differ.

    >>> plain_words("A deer, 12 m ahead!") == plain_words("a deer 12 m ahead")
    True
    """
    return tuple(_WORD.findall(text.lower()))


def other_way_round(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words with left and right exchanged.

    >>> other_way_round(("a", "van", "on", "the", "left"))
    ('a', 'van', 'on', 'the', 'right')
    """
    return tuple(_OTHER_SIDE.get(word, word) for word in words)


def side_named(text: str) -> str | None:
    """The one side that a text names: None where it names none, or both. "Right of way", "right away" and "right now"
    name none.

    >>> side_named("A van on the left."), side_named("Yield the right of way."), side_named("Left and right.")
    ('left', None, None)
    """
    words = plain_words(text)
    named = {
        word
        for word, after in pairwise((*words, ""))
        if word == "left" or (word == "right" and after not in _NO_SIDE)
    }
    return named.pop() if len(named) == 1 else None
