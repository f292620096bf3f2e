"""The words about one frame, held against what is there and against their level. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from data.grounding.assertions import Assertion
from data.grounding.grammar import read_assertions
from data.grounding.judgement import Finding, check
from data.grounding.level_words import AgainstLevel, action_against, names_nothing, reason_against
from data.grounding.omissions import Omission, omitted
from data.grounding.scene_facts import SceneFacts
from data.grounding.verdicts import Verdict
from data.vocabulary import TriageLevel


@dataclass(frozen=True)
class Words:
    """What a model or a person said of a frame; `thought` is a chain of thought, empty where there is none."""

    level: TriageLevel
    reasoning: str
    action: str
    thought: str = ""

    def parts(self) -> dict[str, str]:
        """Its texts by name, thought first."""
        return {"thought": self.thought, "reasoning": self.reasoning, "action": self.action}


@dataclass(frozen=True)
class Grounding:
    """What words came to: findings by part, what they leave out (None without boxes), and what speaks against their
    level."""

    findings: dict[str, list[Finding]]
    omissions: list[Omission] | None
    reason_against: AgainstLevel | None
    action_against: AgainstLevel | None
    names_nothing: bool

    def count(self, verdict: Verdict) -> int:
        """Assertions of all parts with a verdict."""
        return sum(one.verdict is verdict for found in self.findings.values() for one in found)

    def contradictions(self, part: str) -> list[Finding]:
        """Of one part, by place."""
        return [one for one in self.findings.get(part, []) if one.verdict is Verdict.CONTRADICTED]


def ground_words(
    words: Words, facts: SceneFacts, cut: Mapping[str, Sequence[Assertion]] | None = None
) -> Grounding:
    """Hold words against a frame and against their level. cut: assertions by part, as they were cut elsewhere; the
    grammar cuts parts that it lacks."""
    parts = words.parts()
    known = cut or {}
    return Grounding(
        findings={
            part: check(known[part] if part in known else read_assertions(text), facts)
            for part, text in parts.items()
            if text
        },
        omissions=None if facts.things is None else omitted(" ".join(parts.values()), facts),
        reason_against=reason_against(words.level, words.reasoning),
        action_against=action_against(words.level, words.action),
        names_nothing=names_nothing(" ".join((words.thought, words.reasoning))),
    )


_RULES = (
    "assertions",
    "clauses",
    "driving_words",
    "frame_words",
    "grammar",
    "judgement",
    "level_words",
    "omissions",
    "scene_facts",
)


@cache
def rules_hash() -> str:
    """Names the rules that judge: the hash of this room's pure modules."""
    told = hashlib.sha256()
    for name in _RULES:
        told.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return told.hexdigest()[:16]
