"""Words against level: whether a text argues for another level than the one it is given with, as far as plain phrases
can tell, and whether it names anything that could be seen. Pure.

The phrases of `argued_level`, as data, decide in the browser too before anything is saved; so there is one rule and one
list. It only points things out: a person may save all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from data.grounding.assertions import Kind
from data.grounding.driving_words import EGO_PATTERN, NOUN_PATTERN
from data.grounding.grammar import read_assertions
from data.vocabulary import TriageLevel

_A, _S, _T = TriageLevel.AUTONOMY, TriageLevel.SUPERVISION, TriageLevel.TELEOPERATION

PHRASES: dict[TriageLevel, tuple[str, ...]] = {
    _A: (
        r"no action (?:is )?(?:needed|required)",
        r"no (?:operator )?(?:intervention|involvement) (?:is )?(?:needed|required)",
        r"no operator (?:is )?needed",
        r"(?:can|will) handle (?:this|it|the scene) (?:by itself|on its own|alone|autonomously)",
    ),
    _S: (
        r"(?:watch|monitor)(?: the)? (?:feed|scene|vehicle|situation) closely",
        r"(?:should|needs? to|must) be (?:watched|monitored|supervised)",
        r"be (?:ready|prepared) to (?:take over|intervene)",
    ),
    _T: (
        r"take (?:over )?(?:full |direct |immediate |remote )*control",
        r"take over (?:now|immediately|at once)",
        r"cannot (?:safely )?(?:proceed|go on|continue)",
        r"(?:lane|road|path|way) (?:ahead )?is (?:fully |completely )?blocked",
        r"direct human control",
        r"driving blind",
    ),
}
NEGATION = (
    r"(?:\bnot\b|\bnever\b|\bwithout\b|\bno need to\b|n't|\bready to\b|\bprepared to\b)\W*(?:\w+\W+){0,2}$"
)
"""What, shortly before a phrase, keeps it from counting: it is denied, or only prepared for."""


_DENY: dict[TriageLevel, re.Pattern[str]] = {
    _A: re.compile(
        r"\b(?:can(?:not|'t)|unable to) (?:safely )?(?:proceed|continue|go on)\b|\broad is (?:fully )?blocked\b"
        r"|\bneeds? (?:a |an )?(?:remote |human )?(?:operator|control|takeover)\b|\boverrid(?:es|ing) the signal",
        re.I,
    ),
    _T: re.compile(
        r"\bno hazards?\b|\b(?:road|lane) is (?:clear|free)\b|\bcan (?:proceed|continue) (?:normally|safely)\b"
        r"|\bno (?:operator|intervention|action) (?:is )?(?:needed|required)\b|\bnothing in the lane\b",
        re.I,
    ),
}
"""What a reason for a level cannot say; a reason for SUPERVISION may call the lane free."""


@dataclass(frozen=True)
class AgainstLevel:
    """A phrase, text[start:end], that speaks against the level it is given with."""

    start: int
    end: int
    phrase: str


def reason_against(level: TriageLevel, reasoning: str) -> AgainstLevel | None:
    """The first phrase of a reasoning that denies its level or argues for another one.

    >>> reason_against(TriageLevel.TELEOPERATION, "The road is clear.").phrase
    'road is clear'
    """
    denies = _DENY[level].search(reasoning) if level in _DENY else None
    return _against(denies or _arguing(level, reasoning))


def action_against(level: TriageLevel, action: str) -> AgainstLevel | None:
    """The first phrase of an action that is one of another level: “take over” at AUTONOMY."""
    return _against(_arguing(level, action))


def _against(found: re.Match[str] | None) -> AgainstLevel | None:
    return AgainstLevel(*found.span(), found[0]) if found else None


def _arguing(level: TriageLevel, text: str) -> re.Match[str] | None:
    argued = argued_level(level, text)
    return next(_phrases(argued, text), None) if argued else None


def names_nothing(text: str) -> bool:
    """Whether a text could stand below any picture: it names no thing and asserts nothing.

    >>> names_nothing("Normal traffic scene."), names_nothing("A pedestrian may step out.")
    (True, False)
    """
    others = EGO_PATTERN.sub(" ", text)
    return NOUN_PATTERN.search(others) is None and not any(
        one.kind is not Kind.EGO for one in read_assertions(text)
    )


def argued_level(level: TriageLevel, text: str) -> TriageLevel | None:
    """The level that a text argues for against `level`; None where it does not contradict it.

    Arguing for more than the level always contradicts it; arguing for less only where nothing argues for the level.

    >>> argued_level(TriageLevel.AUTONOMY, "A crane stands there; the lane is blocked.")
    <TriageLevel.TELEOPERATION: 'TELEOPERATION'>
    >>> argued_level(TriageLevel.AUTONOMY, "The lane is not blocked.") is None
    True
    """
    argued = [one for one in (_T, _S, _A) if _argues(one, text)]
    highest = next(iter(argued), None)
    return highest if highest and (highest > level or level not in argued) else None


def _argues(level: TriageLevel, text: str) -> bool:
    return next(_phrases(level, text), None) is not None


def _phrases(level: TriageLevel, text: str) -> Iterator[re.Match[str]]:
    for phrase in PHRASES[level]:
        for found in re.finditer(phrase, text, re.I):
            if not re.search(NEGATION, text[: found.start()], re.I):
                yield found
