"""Each sentence of the security page names a test or the soak, and each test that it names exists."""

from __future__ import annotations

import re

from tests.repository import ROOT

PAGE = ROOT / "docs" / "running" / "security.md"
NAMED = re.compile(r"`(test_\w+)`")
MEASURED = "`make soak`"


def defined_tests() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {
        name
        for path in files
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M)
    }


def sentences() -> list[str]:
    """The items of the part that says what holds."""
    text = PAGE.read_text(encoding="utf-8").partition("## What holds\n")[2].partition("\n## ")[0]
    return [" ".join(one.split()) for one in re.split(r"^- ", text, flags=re.M)[1:]]


def test_every_sentence_of_the_security_page_names_what_would_fail() -> None:
    assert len(sentences()) > 50
    assert [one for one in sentences() if not NAMED.search(one) and MEASURED not in one] == []


def test_every_test_that_the_security_page_names_exists() -> None:
    assert sorted(set(NAMED.findall(PAGE.read_text(encoding="utf-8"))) - defined_tests()) == []
