"""Characters that nobody sees, written out: one set for screens, reports and, as a character class, the browser."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator
from functools import cache

_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Control and format characters and the two separators: they hide text, reorder it or break its line."""
_LAYOUT = "\t\n"


def is_invisible(char: str) -> bool:
    """Whether a character is of those categories and neither a tab nor a newline."""
    return unicodedata.category(char) in _CATEGORIES and char not in _LAYOUT


def visible(text: str) -> str:
    r"""Text with each invisible character as ‹U+202E›. Escaping for HTML is for whoever writes HTML.

    >>> visible("stop\u202e, \U000e0041go")
    'stop‹U+202E›, ‹U+E0041›go'
    """
    if text.isprintable():  # false for each of the categories, and quick
        return text
    return "".join(f"‹U+{ord(char):04X}›" if is_invisible(char) else char for char in text)


@cache
def invisible_class() -> str:
    r"""The same characters as a class of a JavaScript regular expression with the flag `u`, as ranges.

    >>> print(invisible_class()[:37])
    [\u{0}-\u{8}\u{b}-\u{1f}\u{7f}-\u{9f}
    """
    return "[" + "".join(f"\\u{{{first:x}}}-\\u{{{last:x}}}" for first, last in _ranges()) + "]"


def _ranges() -> Iterator[tuple[int, int]]:
    first = None
    for code in range(sys.maxunicode + 2):
        found = code <= sys.maxunicode and is_invisible(chr(code))
        if found and first is None:
            first = code
        elif not found and first is not None:
            yield first, code - 1
            first = None
