"""Whether a text argues for another level than the one it is given with, as far as plain phrases can tell. Pure.

The same phrases, as data, decide in the browser before anything is saved; so there is one rule and one list.
It only points things out: a person may save all the same.
"""

from __future__ import annotations

import re

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
    return any(
        not re.search(NEGATION, text[: found.start()], re.I)
        for phrase in PHRASES[level]
        for found in re.finditer(phrase, text, re.I)
    )
