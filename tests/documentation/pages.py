"""The project's pages, and the commands that they tell people to type."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from tests.repository import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^( *)```[a-z]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_PROMPT = re.compile(r"^\s*\$ ")


@dataclass(frozen=True)
class Typed:
    """One command line of a page, as words; `words[0]` is `teletriage`."""

    page: Path
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {' '.join(self.words)}"


def blocks(page: Path) -> list[str]:
    """The contents of a page's fenced blocks."""
    return [found[2] for found in _BLOCK.finditer(page.read_text(encoding="utf-8"))]


def typed(page: Path) -> list[Typed]:
    """Every `teletriage …` line of a page's blocks, continued lines joined, comments and prompts taken off."""
    found = []
    for block in blocks(page):
        for line in block.replace("\\\n", " ").splitlines():
            words = _words(_PROMPT.sub("", line))
            if words[:1] == ["teletriage"]:
                found.append(Typed(page, tuple(words)))
    return found


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:  # a line of another language, with a lone quotation mark
        return []
