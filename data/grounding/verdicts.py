"""What an assertion comes to. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether what is there bears an assertion out, denies it, or does not tell."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NOT_CHECKABLE = "not_checkable"


_TURNED = {Verdict.SUPPORTED: Verdict.CONTRADICTED, Verdict.CONTRADICTED: Verdict.SUPPORTED}


@dataclass(frozen=True)
class Judged:
    """A verdict and the evidence for it in words."""

    verdict: Verdict
    evidence: str

    def turned(self) -> Judged:
        """Of the opposite assertion."""
        return Judged(_TURNED.get(self.verdict, self.verdict), self.evidence)


def supported(evidence: str) -> Judged:
    return Judged(Verdict.SUPPORTED, evidence)


def contradicted(evidence: str) -> Judged:
    return Judged(Verdict.CONTRADICTED, evidence)


def not_checkable(evidence: str) -> Judged:
    return Judged(Verdict.NOT_CHECKABLE, evidence)


def decided(evidence: str, is_right: bool, is_wrong: bool) -> Judged:
    """Supported where it is right, contradicted where it is wrong, and open in between."""
    return (
        supported(evidence) if is_right else contradicted(evidence) if is_wrong else not_checkable(evidence)
    )


NOT_KNOWN = not_checkable("nothing here tells")
