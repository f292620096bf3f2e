"""Two texts side by side with what differs marked, as safe HTML. Pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from annotator.widgets.page import plain

_LONGEST_WORDS = 400
_ALIKE = 0.4
"""With fewer words in common these are two sentences, not two versions of one: marking nearly all helps nobody."""


def marked(text: str, other: str) -> str:
    """HTML of `text` with the words that `other` does not have in their place marked.

    >>> marked("A dog waits.", "A cat waits.")
    'A <mark>dog</mark> waits.'
    >>> marked("The lane is open.", "Cones narrow the road ahead.")
    'The lane is open.'
    """
    if SequenceMatcher(None, text.split()[:_LONGEST_WORDS], other.split()[:_LONGEST_WORDS]).ratio() < _ALIKE:
        return plain(text)
    mine, theirs = (re.findall(r"\s+|\S+", one)[:_LONGEST_WORDS] for one in (text, other))
    parts = []
    for kind, start, end, _, _ in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        said = plain("".join(mine[start:end]))
        if said:
            parts.append(said if kind == "equal" or not said.strip() else f"<mark>{said}</mark>")
    return "".join(parts)
