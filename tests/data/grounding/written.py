"""Reading assertions.txt, and how well the rules agree with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from data.grounding.assertions import Assertion
from data.grounding.grammar import read_assertions
from data.grounding.judgement import check
from data.grounding.verdicts import Verdict
from tests.data.grounding.frames import FRAMES

SENTENCES = Path(__file__).parent / "assertions.txt"
_VERDICTS = {"+": Verdict.SUPPORTED, "-": Verdict.CONTRADICTED, "?": Verdict.NOT_CHECKABLE}
DECIDED = (Verdict.SUPPORTED, Verdict.CONTRADICTED)


@dataclass(frozen=True)
class Written:
    """A sentence about a frame with its assertions as a person cut and judged them: quote, kind, verdict."""

    part: str
    frame: str
    text: str
    assertions: list[tuple[str, str, Verdict]]


@dataclass
class Agreement:
    """How the rules' supported and contradicted assertions agree with the written ones."""

    said: int = 0
    right: int = 0
    wanted: int = 0
    found: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / self.said

    @property
    def recall(self) -> float:
        return self.found / self.wanted


def written() -> Iterator[Written]:
    """Every sentence of the file."""
    part, frame, text = "", "", ""
    for line in SENTENCES.read_text(encoding="utf-8").splitlines():
        mark, rest = line[:2], line[2:].strip()
        if mark == "==":
            part = rest
        elif mark == "@ ":
            frame = rest
        elif mark == "> ":
            text = rest
        elif line and not line.startswith("#"):
            yield Written(
                part, frame, text, [_assertion(one) for one in line.split("|") if one.strip() != "-"]
            )


def _assertion(told: str) -> tuple[str, str, Verdict]:
    quote, kind, verdict = told.strip().rsplit(" ", 2)
    return quote, kind, _VERDICTS[verdict]


def agreement(part: str, *, verdict: Verdict | None = None) -> Agreement:
    """The agreement over a part; of one verdict, or of both that decide."""
    wanted = DECIDED if verdict is None else (verdict,)
    total = Agreement()
    for one in written():
        if one.part == part:
            _compare(one, wanted, total)
    return total


def _compare(one: Written, wanted: tuple[Verdict, ...], total: Agreement) -> None:
    said = [
        (found.assertion, found.verdict)
        for found in check(read_assertions(one.text), FRAMES[one.frame])
        if found.verdict in wanted
    ]
    truth = [told for told in one.assertions if told[2] in wanted]
    for assertion, verdict in said:
        is_right = any(_same(one.text, assertion, verdict, told) for told in one.assertions)
        total.said, total.right = total.said + 1, total.right + is_right
        if not is_right:
            quote = one.text[assertion.start : assertion.end]
            total.differences.append(f"@{one.frame} {one.text!r}: said {quote!r} {assertion.kind} {verdict}")
    for told in truth:
        is_found = any(_same(one.text, assertion, verdict, told) for assertion, verdict in said)
        total.wanted, total.found = total.wanted + 1, total.found + is_found
        if not is_found:
            total.differences.append(f"@{one.frame} {one.text!r}: missed {told}")


def _same(text: str, assertion: Assertion, verdict: Verdict, told: tuple[str, str, Verdict]) -> bool:
    quote, kind, truth = told
    places = [start for start in range(len(text)) if text.startswith(quote, start)]
    overlaps = any(start < assertion.end and assertion.start < start + len(quote) for start in places)
    return verdict is truth and assertion.kind.value == kind and overlaps
