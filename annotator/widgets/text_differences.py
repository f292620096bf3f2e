"""Texts with what differs marked: two sentences word by word as safe HTML, two long texts line by line. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

from annotator.widgets.page import plain
from data.text.marked import Piece

_LONGEST_WORDS = 400
_ALIKE = 0.4
"""With fewer words in common these are two sentences, not two versions of one: marking nearly all helps nobody."""

Run = tuple[Literal["same", "removed", "added"], str]


def marked_runs(text: str, other: str) -> list[tuple[str, bool]]:
    """`text` cut into runs, each with whether `other` has other words in its place.

    >>> marked_runs("A dog waits.", "A cat waits.")
    [('A ', False), ('dog', True), (' waits.', False)]
    >>> marked_runs("The lane is open.", "Cones narrow the road ahead.")
    [('The lane is open.', False)]
    """
    if SequenceMatcher(None, text.split()[:_LONGEST_WORDS], other.split()[:_LONGEST_WORDS]).ratio() < _ALIKE:
        return [(text, False)]
    mine, theirs = (re.findall(r"\s+|\S+", one) for one in (text, other))
    matcher = SequenceMatcher(None, mine[:_LONGEST_WORDS], theirs[:_LONGEST_WORDS], autojunk=False)
    runs = [
        (said, kind != "equal" and bool(said.strip()))
        for kind, start, end, _, _ in matcher.get_opcodes()
        if (said := "".join(mine[start:end]))
    ]
    return [*runs, *([(rest, False)] if (rest := "".join(mine[_LONGEST_WORDS:])) else [])]


def runs_with_reasons(
    runs: Iterable[tuple[str, bool]], pieces: Iterable[Piece]
) -> list[tuple[str, bool, str | None]]:
    """Two cuts of one text as one: each run with whether it differs and why it is marked, None where it is not.

    >>> runs_with_reasons([("A ", False), ("red car", True)], [("A red ", None), ("car", "no car here")])
    [('A ', False, None), ('red ', True, None), ('car', True, 'no car here')]
    """
    differs = [(letter, is_other) for text, is_other in runs for letter in text]
    reasons = [why for text, why in pieces for _ in text]
    letters = ((*one, why) for one, why in zip(differs, reasons, strict=True))
    return [
        ("".join(letter for letter, _, _ in run), is_other, why)
        for (is_other, why), run in groupby(letters, key=lambda one: one[1:])
    ]


def differences(before: str, now: str) -> list[list[Run]]:
    """The paragraphs of both texts in order, each as runs of words that stayed, went or came; paragraphs that stayed
    are left out. Line breaks inside a paragraph mean nothing, as in Markdown.

    >>> differences("Look.\\n\\nStop at cones.", "Look.\\n\\nWatch at cones.\\n\\nRest.")
    [[('removed', 'Stop'), ('added', 'Watch'), ('same', 'at cones.')], [('added', 'Rest.')]]
    """
    old, new = _paragraphs(before), _paragraphs(now)
    found: list[list[Run]] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        paired = min(b - a, d - c)
        found += [_words(old[a + place], new[c + place]) for place in range(paired)]
        found += [[("removed", text)] for text in old[a + paired : b]]
        found += [[("added", text)] for text in new[c + paired : d]]
    return found


def differences_html(before: str, now: str) -> str:
    """The same as HTML."""
    tags = {"same": "span", "removed": "del", "added": "ins"}
    return "".join(
        f"<p>{' '.join(f'<{tags[kind]}>{plain(text)}</{tags[kind]}>' for kind, text in runs)}</p>"
        for runs in differences(before, now)
    )


def _paragraphs(text: str) -> list[str]:
    """Paragraphs with their spaces made one; each item of a list is one."""
    blocks = re.split(r"\n\s*\n|\n(?=[-*] )", text.strip())
    return [" ".join(block.split()) for block in blocks if block.strip()]


def _words(before: str, now: str) -> list[Run]:
    old, new = before.split(), now.split()
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return [("removed", before), ("added", now)]
    runs: list[Run] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            runs.append(("same", " ".join(old[a:b])))
            continue
        runs += [("removed", " ".join(old[a:b]))] if b > a else []
        runs += [("added", " ".join(new[c:d]))] if d > c else []
    return runs
