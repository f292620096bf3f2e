"""Untrusted text in pieces, so that a template can mark some of them: plain text in, plain text out."""

from __future__ import annotations

from collections.abc import Iterable

Piece = tuple[str, str | None]
"""A piece of a text and why it is marked, None where it is not."""


def pieces(text: str, marks: Iterable[tuple[int, int, str]]) -> list[Piece]:
    """The whole text in order; marks that overlap an earlier one are left out.

    >>> pieces("A red car.", [(2, 5, "no red thing"), (4, 9, "never")])
    [('A ', None), ('red', 'no red thing'), (' car.', None)]
    """
    found: list[Piece] = []
    done = 0
    for start, end, why in sorted(marks):
        if start >= done:
            found += [(text[done:start], None), (text[start:end], why)]
            done = end
    return [one for one in (*found, (text[done:], None)) if one[0]]
