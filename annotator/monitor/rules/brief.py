"""A model's words, made short enough to be understood in under two seconds. Pure; the words stay untrusted."""

from __future__ import annotations

import re

REASON_WORDS, REASON_SENTENCES, ACTION_WORDS = 40, 2, 14
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")


def brief_reason(text: str) -> str:
    """The first two sentences, 40 words at most.

    >>> brief_reason("A man waves. He stands in the lane. The light is red.")
    'A man waves. He stands in the lane.'
    """
    sentences = _SENTENCE_END.split(" ".join(text.split()))
    return _cut(" ".join(sentences[:REASON_SENTENCES]), REASON_WORDS)


def brief_action(text: str) -> str:
    """The action's first sentence, 14 words at most."""
    return _cut(_SENTENCE_END.split(" ".join(text.split()))[0], ACTION_WORDS)


def _cut(text: str, words: int) -> str:
    parts = text.split(" ")
    return text if len(parts) <= words else " ".join(parts[:words]).rstrip(",;:") + " …"
