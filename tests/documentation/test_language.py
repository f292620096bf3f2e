"""Words that say less than the trade's own, wherever people read: pages, help, errors, screens.

Each entry is a phrase that reads as translated or personified, with what an engineer writes. New text is held to it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.documentation.pages import PAGES
from tests.repository import ROOT

INSTEAD = {
    r"\baddress that is there\b": "URL",
    r"\banswers leave at once\b": "responses are not delayed",
    r"\bnothing is told\b": "say who does not see what",
    r"\bthe store (refuses|cannot do)\b": "the database is unavailable, or the rule that refuses",
    r"\blet (somebody|someone) in no more\b": "disable the account",
    r"\bnobody who can sign in is called\b": "there is no account named",
    r"\bare left to the eye\b": "fall back to manual monitoring",
    r"\bof which nothing may be trusted\b": "that cannot be trusted",
    r"\bwhat everybody said\b": "all reviews",
    r"\bwhere the search ends\b": "the largest number to try",
    r"\bdatabase address\b": "database URL",
    r"\bin the shape of\b": "as",
    r"\bgoes on where it was cut\b": "resumes",
    r"\bpeople bend\b|\bbends (people|them)\b": "bias",
}
_PACKAGES = ("annotator", "data", "eval", "training")


def _prose(path: Path) -> Iterator[str]:
    """What of a file people read: a page, a template or guideline whole; of a module its docstrings and sentences."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield text
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


def _files() -> list[Path]:
    kinds = ("*.py", "*.jinja", "*.md", "*.js", "*.html")
    ours = [path for package in _PACKAGES for kind in kinds for path in (ROOT / package).rglob(kind)]
    return sorted([*PAGES, *(path for path in ours if "migrations" not in path.parts)])


@cache
def texts() -> list[tuple[Path, str]]:
    return [(path, " ".join(" ".join(_prose(path)).split())) for path in _files()]


@pytest.mark.parametrize("phrase", INSTEAD)
def test_no_text_says_what_the_trade_has_a_word_for(phrase: str) -> None:
    pattern = re.compile(phrase, re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}: …{_around(match)}…"
        for path, text in texts()
        for match in pattern.finditer(text)
    ]
    assert found == [], f"write instead: {INSTEAD[phrase]}"


def _around(match: re.Match[str]) -> str:
    return match.string[max(0, match.start() - 40) : match.end() + 40]


def test_the_texts_that_people_read_are_found() -> None:
    assert len(texts()) > 300
    assert any("Ctrl-C" in text for _, text in texts())
